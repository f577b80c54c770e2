"""The admin of attractions, halls and allotments, and the month."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from catalog.models import Allotment, Attraction, Item, SeatPlan, Session, SessionRule
from orders.models import Allocation, Hold
from partners.models import Partner, Venue
from tests.catalog.calendar_forms import errors_of
from tests.catalog.calendars import NOW, clock, day
from tests.factories import (
    AttractionFactory,
    CalendarDayFactory,
    ItemFactory,
    PackageFactory,
    SessionFactory,
    SessionRuleFactory,
    VenueFactory,
)
from tests.staff import messages_of, person, signed_in, text_of

SESSIONS = "/admin/catalog/session/"
PLANS = "/admin/catalog/seatplan/"
ALLOTMENTS = "/admin/catalog/allotment/"
MONTH = f"{SESSIONS}month/"
pytestmark = pytest.mark.usefixtures("four_days")


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
    assert "No sessions in" not in text_of(page)
    before = desk.get(MONTH, {"venue": str(far.pk), "month": "2026-12"})
    assert "No sessions in December 2026." in text_of(before)
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
