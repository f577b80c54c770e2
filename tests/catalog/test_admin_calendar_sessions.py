"""The admin of sessions: how full they are, and changes of single ones by hand."""

from __future__ import annotations

import re
import threading
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from catalog.admin.sessions import SessionAdmin
from catalog.models import Attraction, Session
from channel_manager.history.models import Event
from orders.models import Allocation, Hold
from partners.models import Partner
from tests.catalog.calendar_forms import errors_of
from tests.catalog.calendars import NOW, clock, day, sell
from tests.factories import (
    AttractionFactory,
    SeatPlanFactory,
    SessionFactory,
)
from tests.staff import messages_of, signed_in, text_of, viewer

SESSIONS = "/admin/catalog/session/"
pytestmark = pytest.mark.usefixtures("four_days")


def page_of(session: Session) -> str:
    return f"{SESSIONS}{session.pk}/change/"


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
    shown = {"initial-capacity": "500", "initial-is_on_sale": "True"}
    assert desk.post(page_of(show), {**shown, "capacity": 424}).status_code == 302
    show.refresh_from_db()
    assert (show.capacity, show.is_on_sale, show.is_adjusted) == (424, False, True)
    assert (show.sold, show.held) == (412, 12)
    page = text_of(desk.get(page_of(show)))
    assert "Changed by hand" in page
    assert "Capacity : 500 → 424" in page or "Capacity 500 → 424" in page
    assert Event.objects.get(kind="session").actor == f"staff:{order_desk.pk}"


def test_a_page_that_stood_open_changes_only_what_was_changed_there(
    desk: Client, show: Session
) -> None:
    """Somebody closes the day while a colleague types another capacity."""
    page = desk.get(page_of(show)).content.decode()
    shown = dict(re.findall(r'name="(initial-\w+)" value="(\w+)"', page))
    assert shown == {"initial-capacity": "500", "initial-is_on_sale": "True"}
    Session.objects.filter(pk=show.pk).update(is_on_sale=False)
    answers = {**shown, "capacity": 600, "is_on_sale": "on"}
    assert desk.post(page_of(show), answers).status_code == 302
    show.refresh_from_db()
    assert (show.capacity, show.is_on_sale) == (600, False)


def test_fewer_places_than_are_taken_are_refused_with_the_numbers(
    desk: Client, show: Session
) -> None:
    page = desk.post(page_of(show), {"capacity": 423})
    assert errors_of(page) == {"capacity": ["Sold 412, held 12, so at least 424."]}
    assert Session.objects.get(pk=show.pk).capacity == 500
    # What was typed is not what is so: the session is on sale.
    assert page.context["state_bar"].text == "On sale"


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


def test_who_may_only_look_is_not_invited_to_change(desk: Client, show: Session) -> None:
    assert "Change this session only" in text_of(desk.get(page_of(show)))
    looking = text_of(signed_in(viewer()).get(page_of(show)))
    assert "Change this session only" not in looking
    assert "Places 500" in looking


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
