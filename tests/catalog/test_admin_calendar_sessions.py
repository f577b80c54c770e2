"""The admin of sessions, seats and allotments, and the month."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.utils import timezone

from catalog import scheduling
from catalog.admin.sessions import SessionAdmin
from catalog.models import Allotment, Attraction, Item, SeatPlan, Session, SessionRule
from channel_manager.history.models import Event
from orders.models import Allocation, Hold
from partners.models import Partner, Venue
from tests.catalog.calendars import NOW, clock, day, hold, sell
from tests.factories import (
    AttractionFactory,
    CalendarDayFactory,
    ItemFactory,
    PackageFactory,
    SeatPlanFactory,
    SessionFactory,
    SessionRuleFactory,
    VenueFactory,
)
from tests.staff import messages_of, person, signed_in, text_of, viewer

SESSIONS = "/admin/catalog/session/"
PLANS = "/admin/catalog/seatplan/"
ALLOTMENTS = "/admin/catalog/allotment/"
MONTH = f"{SESSIONS}month/"


@pytest.fixture(autouse=True)
def horizon(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is NOW, and sessions are made for today and three days more."""
    settings.SESSION_HORIZON_DAYS = 3
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.fixture
def desk(order_desk: User) -> Client:
    return signed_in(order_desk)


@pytest.fixture
def cinema(venue: Venue) -> Attraction:
    return AttractionFactory.create(venue=venue, code="cinema", name="Cinema")


@pytest.fixture
def show(cinema: Attraction) -> Session:
    """Tomorrow's show at 14:00 for 500 guests: 412 are sold and 12 held."""
    SessionRuleFactory.create(
        attraction=cinema, first_start=clock("14:00"), duration_minutes=60, capacity=500
    )
    scheduling.extend_horizon(now=NOW)
    show = Session.objects.get(date=day(1))
    sell(show, 412)
    hold(show, 12)
    return Session.objects.get(pk=show.pk)


def page_of(session: Session) -> str:
    return f"{SESSIONS}{session.pk}/change/"


def errors_of(page: Any) -> dict[str, list[str]]:
    assert page.status_code == 200
    return dict(page.context["adminform"].form.errors)


def test_the_list_shows_what_is_coming_and_how_full_it_is(desk: Client, show: Session) -> None:
    SessionFactory.create(attraction=show.attraction, date=day(-1))
    page = text_of(desk.get(SESSIONS))
    assert "Sun 22 Nov 2026, 14:00 Cinema" in page
    assert "412 of 500 · 12 held" in page
    assert "Fri 20 Nov 2026" not in page


def test_sessions_are_found_by_their_state(desk: Client, cinema: Attraction) -> None:
    made = {
        "on_sale": SessionFactory.create(attraction=cinema, date=day(1)),
        "off_sale": SessionFactory.create(attraction=cinema, date=day(2), is_on_sale=False),
        "full": SessionFactory.create(attraction=cinema, date=day(3), capacity=5, sold=5),
        "past": SessionFactory.create(attraction=cinema, date=day(-1)),
    }
    made["adjusted"] = made["off_sale"]
    Session.objects.filter(pk=made["adjusted"].pk).update(is_adjusted=True)

    def found(**query: str) -> list[Session]:
        return list(desk.get(SESSIONS, query).context["cl"].result_list)

    for state, session in made.items():
        assert found(state=state) == [session]
    assert len(found(state="all")) == 4
    assert found() == [made[state] for state in ("on_sale", "off_sale", "full")]
    assert found(date_from=day(2).isoformat(), date_to=day(2).isoformat()) == [made["off_sale"]]
    assert found(attraction__id__exact=str(AttractionFactory.create().pk)) == []


def test_one_session_is_changed_by_hand_and_the_history_says_by_whom(
    desk: Client, order_desk: User, show: Session
) -> None:
    assert desk.post(page_of(show), {"capacity": 424}).status_code == 302
    show.refresh_from_db()
    assert (show.capacity, show.is_on_sale, show.is_adjusted) == (424, False, True)
    assert (show.sold, show.held) == (412, 12)
    page = text_of(desk.get(page_of(show)))
    assert "Changed by hand" in page
    assert "Capacity : 500 → 424" in page or "Capacity 500 → 424" in page
    assert Event.objects.get(kind="session").actor == f"staff:{order_desk.pk}"


def test_fewer_places_than_are_taken_are_refused_with_the_numbers(
    desk: Client, show: Session
) -> None:
    page = desk.post(page_of(show), {"capacity": 423, "is_on_sale": "on"})
    assert errors_of(page) == {"capacity": ["Sold 412, held 12, so at least 424."]}
    assert Session.objects.get(pk=show.pk).capacity == 500


@pytest.mark.django_db(transaction=True)
def test_a_sale_while_the_capacity_is_saved_is_told_in_the_form(
    desk: Client, show: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The form was valid when it was checked; somebody bought before it was stored."""
    store = SessionAdmin.save_model

    def buy() -> None:
        sell(show, 420)
        connection.close()

    def store_too_late(*arguments: Any) -> None:
        monkeypatch.setattr(SessionAdmin, "save_model", store)
        guest = threading.Thread(target=buy)
        guest.start()
        guest.join()
        store(*arguments)

    monkeypatch.setattr(SessionAdmin, "save_model", store_too_late)
    page = desk.post(page_of(show), {"capacity": 424, "is_on_sale": "on"})
    assert errors_of(page) == {"capacity": ["Sold 420, held 12, so at least 432."]}
    assert Session.objects.get(pk=show.pk).capacity == 500


def test_what_is_over_is_only_looked_at(desk: Client, cinema: Attraction) -> None:
    over = SessionFactory.create(attraction=cinema, date=day(-1))
    page = desk.get(page_of(over))
    assert "It has ended; nothing about it changes any more." in text_of(page)
    assert b'name="capacity"' not in page.content
    assert desk.post(page_of(over), {"capacity": 1}).status_code == 403


def test_sessions_are_neither_added_nor_deleted_by_hand(desk: Client, show: Session) -> None:
    assert desk.get(f"{SESSIONS}add/").status_code == 403
    assert desk.post(f"{SESSIONS}{show.pk}/delete/", {"post": "yes"}).status_code == 403


def test_a_session_changed_by_hand_follows_the_rules_again_after_a_look(
    desk: Client, show: Session
) -> None:
    address = f"{SESSIONS}{show.pk}/follow-rules/"
    Session.objects.filter(pk=show.pk).update(is_adjusted=True, capacity=700, is_on_sale=False)
    bar = desk.get(page_of(show)).context["state_bar"]
    assert [(button.label, button.url) for button in bar.buttons] == [
        ("Follow the rules again", address)
    ]
    page = desk.get(address)
    assert "700 → 500 places, on sale again, sold 412, held 12 stay" in text_of(page)
    assert Session.objects.get(pk=show.pk).is_adjusted
    shown = page.context["change"].fingerprint
    done = desk.post(address, {"_agreed": shown}, follow=True)
    assert messages_of(done) == [
        "Sessions: 1 changed.",
        "By the rules again: Cinema 2026-11-22 14:00.",
    ]
    show.refresh_from_db()
    assert (show.capacity, show.is_on_sale, show.is_adjusted) == (500, True, False)
    assert list(Event.objects.order_by("id").values_list("kind", "name")) == [
        ("session", "follows_rules"),
        ("attraction", "sessions_changed"),
    ]


def test_a_session_that_the_rules_do_not_want_is_gone_when_it_follows_them(
    desk: Client, show: Session
) -> None:
    extra = SessionFactory.create(
        attraction=show.attraction, date=day(1), time=clock("20:00"), is_adjusted=True
    )
    address = f"{SESSIONS}{extra.pk}/follow-rules/"
    shown = desk.get(address).context["change"].fingerprint
    done = desk.post(address, {"_agreed": shown})
    assert done.headers["Location"] == SESSIONS
    assert not Session.objects.filter(pk=extra.pk).exists()
    again = desk.get(address, follow=True)
    assert messages_of(again)[-1] == (
        "The rules decide about these sessions already, or they are over."
    )


def test_many_sessions_follow_the_rules_again_at_once(desk: Client, show: Session) -> None:
    """As after a day that was closed and is opened again."""
    Session.objects.update(is_adjusted=True, is_on_sale=False)
    chosen = {
        "action": "follow_rules_again",
        "index": 0,
        "_selected_action": list(Session.objects.values_list("pk", flat=True)),
    }
    page = desk.post(SESSIONS, chosen)
    assert "By the rules again: 4 sessions" in text_of(page)
    assert Session.objects.filter(is_adjusted=True).count() == 4
    sent = {name for name, _value in page.context["answers"]}
    assert sent == {"action", "index", "_selected_action"}
    agreed = {**chosen, "_agreed": page.context["change"].fingerprint}
    done = desk.post(SESSIONS, agreed, follow=True)
    assert messages_of(done) == ["Sessions: 4 changed.", "By the rules again: 4 sessions."]
    assert not Session.objects.filter(is_adjusted=True).exists()
    assert not Session.objects.filter(is_on_sale=False).exists()
    SessionFactory.create(date=day(1), is_adjusted=True)
    Session.objects.update(is_adjusted=True)
    chosen["_selected_action"] = list(Session.objects.values_list("pk", flat=True))
    refused = desk.post(SESSIONS, chosen, follow=True)
    assert messages_of(refused) == ["Choose sessions of one venue."]


def test_following_the_rules_takes_the_right_to_change(show: Session) -> None:
    client = signed_in(viewer())
    address = f"{SESSIONS}{show.pk}/follow-rules/"
    assert client.get(address).status_code == 403
    assert client.post(address, {"_agreed": "x"}).status_code == 403
    page = client.get(page_of(show))
    assert "412" in text_of(page)
    assert b'name="_save"' not in page.content


def test_a_session_with_seats_shows_which_are_taken(
    desk: Client, cinema: Attraction, partner: Partner
) -> None:
    hall = SeatPlanFactory.create(venue=cinema.venue, rows={"A": 3, "B": 2})
    session = SessionFactory.create(
        attraction=cinema, date=day(1), time=clock("14:00"), seat_plan=hall, capacity=5
    )
    owner = Hold.objects.create(partner=partner, lines=[], created_at=NOW, expires_at=NOW)
    seat = hall.seats.get(label="A2")
    Allocation.objects.create(session=session, hold=owner, seat=seat, quantity=1)
    page = desk.get(page_of(session))
    assert [(row.name, row.seats) for row in page.context["seat_rows"]] == [
        ("A", [("A1", False), ("A2", True), ("A3", False)]),
        ("B", [("B1", False), ("B2", False)]),
    ]
    assert b'name="capacity"' not in page.content


def test_a_hall_is_made_from_its_rows_and_stays_once_it_is_used(
    desk: Client, venue: Venue, cinema: Attraction
) -> None:
    made = desk.post(f"{PLANS}add/", {"name": "Hall", "venue": venue.pk, "rows": "A-C: 2\n1, 7: 1"})
    assert made.status_code == 302
    hall = SeatPlan.objects.get()
    labels = list(hall.seats.values_list("label", flat=True))
    assert labels == ["A1", "A2", "B1", "B2", "C1", "C2", "1-1", "7-1"]
    assert "8 5 Dune Park" in text_of(desk.get(PLANS))
    address = f"{PLANS}{hall.pk}/change/"
    assert desk.post(address, {"name": "Hall", "rows": ""}).status_code == 302
    assert hall.seats.count() == 8
    assert desk.post(address, {"name": "Great hall", "rows": "A: 4"}).status_code == 302
    assert list(hall.seats.values_list("label", flat=True)) == ["A1", "A2", "A3", "A4"]
    SessionRuleFactory.create(
        attraction=cinema, first_start=clock("14:00"), duration_minutes=60, seat_plan=hall
    )
    page = desk.get(address)
    assert "Rules or sessions use these seats" in text_of(page)
    assert b'name="rows"' not in page.content
    assert desk.post(address, {"name": "Old hall", "rows": "A: 1"}).status_code == 302
    assert hall.seats.count() == 4
    assert desk.get(f"{PLANS}{hall.pk}/delete/").status_code == 403


@pytest.mark.parametrize(
    ("rows", "error"),
    [
        ("", "Which rows are there?"),
        ("A-F", "“A-F” is not like “A-F: 10”: rows, a colon, and the seats of each."),
        ("A: 0", "“A: 0” is not like “A-F: 10”: rows, a colon, and the seats of each."),
        ("A: 2\nA-B: 3", "Row A stands twice."),
        ("F-A: 2", "“F-A” does not go from a first row to a later one."),
        ("Ä: 2", "“Ä” in “Ä: 2” is not a row: letters and digits, at most six."),
        ("1-200: 999", "At most 5,000 seats in 200 rows."),
    ],
)
def test_rows_that_make_no_hall_are_refused_beside_the_field(
    desk: Client, venue: Venue, rows: str, error: str
) -> None:
    page = desk.post(f"{PLANS}add/", {"name": "Hall", "venue": venue.pk, "rows": rows})
    assert errors_of(page) == {"rows": [error]}
    assert not SeatPlan.objects.exists()


def test_an_allotment_is_made_and_shows_its_use(
    desk: Client, show: Session, partner: Partner
) -> None:
    package = PackageFactory.create(venue=partner.venue)
    answers = {"partner": partner.pk, "package": package.pk, "places": 20}
    assert desk.post(f"{ALLOTMENTS}add/", answers).status_code == 302
    allotment = Allotment.objects.get()
    assert "Nothing is taken under it yet." in text_of(
        desk.get(f"{ALLOTMENTS}{allotment.pk}/change/")
    )
    owner = Hold.objects.create(partner=partner, lines=[], created_at=NOW, expires_at=NOW)
    Allocation.objects.create(session=show, hold=owner, allotment=allotment, quantity=15)
    page = desk.get(f"{ALLOTMENTS}{allotment.pk}/change/")
    assert "Sun 22 Nov 2026, 14:00 Cinema 15 of 20" in text_of(page)
    assert "15 of 20" in text_of(desk.get(ALLOTMENTS))
    fewer = desk.post(f"{ALLOTMENTS}{allotment.pk}/change/", {"places": 10}, follow=True)
    assert messages_of(fewer)[0] == (
        "In 1 session more than 10 places are taken already. They stay; the partner cannot take "
        "others there."
    )


def test_an_allotment_of_another_venues_package_is_refused(desk: Client, partner: Partner) -> None:
    answers = {"partner": partner.pk, "package": PackageFactory.create().pk, "places": 20}
    page = desk.post(f"{ALLOTMENTS}add/", answers)
    assert errors_of(page) == {"package": ["This package belongs to another venue."]}


def test_the_month_shows_hours_closed_days_and_how_full_each_is(
    desk: Client, show: Session, partner: Partner
) -> None:
    closed = CalendarDayFactory.create(venue=partner.venue, date=day(2), reason="Storm")
    page = desk.get(MONTH)
    days = {one.date: one for week in page.context["weeks"] for one in week}
    assert (min(days), max(days)) == (datetime.date(2026, 10, 26), datetime.date(2026, 12, 6))
    tomorrow = days[day(1)]
    assert (tomorrow.hours, tomorrow.is_closed, tomorrow.is_today) == ("08:00–20:00", False, False)
    assert [(row.attraction, row.said, row.off_sale) for row in tomorrow.rows] == [
        ("Cinema", "14:00", 0)
    ]
    assert "412 of 500 · 12 held" in str(tomorrow.rows[0].bar)
    stormy = days[day(2)]
    assert (stormy.hours, stormy.reason, stormy.special_url) == (
        "Closed",
        "Storm",
        f"/admin/catalog/calendarday/{closed.pk}/change/",
    )
    new = desk.get(tomorrow.special_url)
    assert new.context["adminform"].form.initial["date"] == day(1).isoformat()
    listed = desk.get(tomorrow.rows[0].url).context["cl"].result_list
    assert [session.pk for session in listed] == [show.pk]


def test_the_month_goes_to_other_months_venues_and_attractions(desk: Client, show: Session) -> None:
    far = VenueFactory.create(name="Far park", timezone="Pacific/Auckland")
    park = AttractionFactory.create(venue=far, name="Far ride")
    SessionFactory.create(attraction=park, date=datetime.date(2027, 1, 31))
    page = desk.get(MONTH, {"venue": str(far.pk), "month": "2027-01"})
    assert "January 2027" in text_of(page)
    assert "Far ride" in text_of(page)
    chosen = desk.get(MONTH, {"attraction": str(show.attraction_id)})
    assert chosen.context["attraction"] == show.attraction
    for odd in ("2027-13", "0000-01", "soon", "2027-1", "9999-12"):
        assert desk.get(MONTH, {"month": odd, "venue": "x"}).context["month"] == day(0).replace(
            day=1
        )


def test_the_month_takes_as_many_statements_for_many_attractions_as_for_one(
    desk: Client, venue: Venue, statements: Callable[[], Any]
) -> None:
    taken = []
    for number in range(6):
        attraction = AttractionFactory.create(venue=venue)
        for offset in range(3):
            SessionFactory.create(attraction=attraction, date=day(offset))
        if number in (0, 5):
            with statements() as count:
                assert desk.get(MONTH).status_code == 200
            taken.append(len(count))
    assert taken[0] == taken[1] <= 12


def test_who_may_not_see_sessions_sees_no_month(venue: Venue) -> None:
    assert signed_in(person("cook", "catalog.view_item")).get(MONTH).status_code == 403
    seeing = signed_in(person("guide", "catalog.view_session"))
    page = seeing.get(MONTH)
    assert page.status_code == 200
    assert b"calendarday" not in page.content


def test_there_is_a_month_without_any_venue(desk: Client) -> None:
    assert "There is no venue yet." in text_of(desk.get(MONTH))


def test_an_attraction_shows_its_rules_what_comes_next_and_its_items(
    desk: Client, show: Session
) -> None:
    ItemFactory.create(venue=show.attraction.venue, number="CINEMA-4D", attraction=show.attraction)
    page = text_of(desk.get(f"/admin/catalog/attraction/{show.attraction_id}/change/"))
    assert "every day at 14:00 60 min always 500" in page
    assert "Sun 22 Nov 2026, 14:00 412 of 500 · 12 held On sale" in page
    assert "CINEMA-4D Description of CINEMA-4D" in page
    assert "None. An exception gives one day other sessions" in page
    listed = text_of(desk.get("/admin/catalog/attraction/"))
    assert "Cinema cinema CINEMA-4D 1 24 Nov 2026 Dune Park" in listed


def test_an_item_takes_places_of_an_attraction_of_its_own_venue(
    desk: Client, cinema: Attraction
) -> None:
    item = ItemFactory.create(venue=cinema.venue, number="CINEMA-4D")
    form = {"number": "CINEMA-4D", "description": "4D", "type": "ticket", "vat_rate": "9"}
    address = f"/admin/catalog/item/{item.pk}/change/"
    assert desk.post(address, {**form, "attraction": cinema.pk}).status_code == 302
    assert Item.objects.get().attraction == cinema
    far = AttractionFactory.create()
    page = desk.post(address, {**form, "attraction": far.pk})
    assert errors_of(page) == {"attraction": ["This attraction belongs to another venue."]}


def test_an_attraction_with_sessions_cannot_be_deleted(desk: Client, show: Session) -> None:
    address = f"/admin/catalog/attraction/{show.attraction_id}/delete/"
    assert desk.get(address).status_code == 403
    assert desk.post(address, {"post": "yes"}).status_code == 403
    SessionRule.objects.all().delete()
    Allocation.objects.all().delete()
    Session.objects.all().delete()
    assert desk.post(address, {"post": "yes"}).status_code == 302
    assert not Attraction.objects.exists()
