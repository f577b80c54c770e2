"""The life of a Onebox order: how long its places are kept, and what it takes in which status."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from catalog.models import Package, SeatPlan, Session
from orders import checkouts, holds
from orders.models import Checkout, Order
from tests.dialects.onebox.channel import EMAIL, Channel, assert_refused, order_of
from tests.factories import sellable_package
from tests.orders.expected import Clock
from tests.orders.racing import at_once
from tests.orders.sessions import counted, counters, seated

pytestmark = pytest.mark.django_db
SIX = ("", "/seats", "/seats-auto", "/buyer-data", "/pre-confirm", "/confirm")


def expire() -> None:
    """Do what the task does every few seconds."""
    checkouts.expire_checkouts(now=timezone.now())
    holds.expire_holds(now=timezone.now())


@pytest.mark.derived
def test_every_successful_call_keeps_a_basket_for_ten_minutes(
    channel: Channel, clock: Clock, matinee: Session
) -> None:
    order_id, places = channel.basket(), channel.places(channel.session_id())
    channel.done("/seats-auto", order_id, places)
    clock.forward(minutes=9, seconds=59)
    channel.done("/buyer-data", order_id, {"email": EMAIL})
    clock.forward(minutes=9, seconds=59)
    expire()
    channel.done("/seats-auto", order_id, places)
    clock.forward(minutes=9, seconds=59)
    expire()
    assert len(channel.done("/pre-confirm", order_id)["items"]) == 2
    assert counters() == {"cinema 14:00": "2+0"}


@pytest.mark.derived
def test_a_basket_that_nothing_was_done_with_for_ten_minutes_is_gone(
    channel: Channel, clock: Clock, matinee: Session
) -> None:
    order_id, places = channel.basket(), channel.places(channel.session_id(), 5)
    channel.done("/seats-auto", order_id, places)
    clock.forward(minutes=10)
    calls = {"/seats-auto": places, "/buyer-data": {"email": EMAIL}, "/pre-confirm": {}}
    for path, body in calls.items():
        assert_refused(channel.post(path, order_id, body), 404, "ORDER_NOT_FOUND")
    expire()
    assert counters() == {}
    assert_refused(channel.post("/seats-auto", order_id, places), 404, "ORDER_NOT_FOUND")
    channel.done("/seats-auto", channel.basket(), places)


def test_a_call_that_is_refused_keeps_a_basket_no_longer(
    channel: Channel, clock: Clock, matinee: Session
) -> None:
    order_id, places = channel.basket(), channel.places(channel.session_id())
    channel.done("/seats-auto", order_id, places)
    clock.forward(minutes=9)
    refused = channel.post("/seats-auto", order_id, {**places, "quantity": 6})
    assert_refused(refused, 409, "SOLD_OUT")
    clock.forward(minutes=1)
    assert_refused(channel.post("/pre-confirm", order_id), 404, "ORDER_NOT_FOUND")


@pytest.mark.derived
@pytest.mark.parametrize(("seconds", "status"), [(599, 200), (600, 404)])
def test_a_pre_confirm_is_kept_for_ten_minutes_whatever_is_sent(
    channel: Channel, clock: Clock, matinee: Session, seconds: int, status: int
) -> None:
    answer = channel.pre_confirmed()
    clock.forward(seconds=300)
    assert channel.done("/pre-confirm", answer["id"]) == answer
    clock.forward(seconds=seconds - 300)
    expire()
    assert channel.post("/confirm", answer["id"]).status_code == status
    assert counters() == ({"cinema 14:00": "0+1"} if status == 200 else {})
    assert Order.objects.count() == (1 if status == 200 else 0)


@pytest.mark.derived
def test_how_long_orders_are_kept_are_settings(
    channel: Channel, clock: Clock, matinee: Session, settings: Any
) -> None:
    settings.ONEBOX_BASKET_SECONDS, settings.ONEBOX_PRE_CONFIRM_SECONDS = 60, 120
    gone = channel.basket()
    answer = channel.pre_confirmed()
    clock.forward(seconds=119)
    assert_refused(channel.post("/pre-confirm", gone), 404, "ORDER_NOT_FOUND")
    channel.done("/confirm", answer["id"])


def test_pre_confirm_and_confirm_repeat_their_answer(
    channel: Channel, clock: Clock, matinee: Session
) -> None:
    pre_confirmed = channel.pre_confirmed(2)
    clock.forward(minutes=1)
    assert channel.done("/pre-confirm", pre_confirmed["id"], {}) == pre_confirmed
    confirmed = channel.done("/confirm", pre_confirmed["id"], {})
    clock.forward(days=300)
    channel.renew()
    assert channel.done("/confirm", pre_confirmed["id"], {}) == confirmed
    assert Order.objects.count() == 1


def test_what_does_not_go_with_the_status_is_refused(channel: Channel, matinee: Session) -> None:
    order_id, places = channel.basket(), channel.places(channel.session_id())
    assert_refused(channel.post("/confirm", order_id), 409, "ORDER_STATUS_INVALID", "BASKET")
    channel.done("/seats-auto", order_id, places)
    channel.done("/buyer-data", order_id, {"email": EMAIL})
    channel.done("/pre-confirm", order_id)
    seats = {"seats": [{"id": 1, "session_id": 1}]}
    calls = {"/seats": seats, "/seats-auto": places, "/buyer-data": {"email": EMAIL}}
    for path, body in calls.items():
        refused = channel.post(path, order_id, body)
        assert_refused(refused, 409, "ORDER_STATUS_INVALID", "PRE_CONFIRM")
    channel.done("/confirm", order_id)
    for path, body in {**calls, "/pre-confirm": {}}.items():
        assert_refused(channel.post(path, order_id, body), 409, "ORDER_STATUS_INVALID", "CONFIRM")
    assert counters() == {"cinema 14:00": "0+1"}


@pytest.mark.derived
def test_an_empty_basket_cannot_be_pre_confirmed(channel: Channel) -> None:
    order_id = channel.basket()
    refused = channel.post("/pre-confirm", order_id)
    assert_refused(refused, 409, "ORDER_EMPTY", "no items", "email")
    channel.done("/buyer-data", order_id, {"email": EMAIL})
    assert_refused(channel.post("/pre-confirm", order_id), 409, "ORDER_EMPTY", "no items")


@pytest.mark.derived
def test_somebody_must_buy_before_pre_confirm(channel: Channel, matinee: Session) -> None:
    order_id = channel.basket()
    channel.done("/seats-auto", order_id, channel.places(channel.session_id()))
    channel.done("/buyer-data", order_id, {"name": "Ana"})
    assert_refused(channel.post("/pre-confirm", order_id), 400, "DIST0006", "email")


def test_places_that_are_not_there_are_refused(channel: Channel, matinee: Session) -> None:
    order_id, session_id = channel.basket(), channel.session_id()
    channel.done("/seats-auto", order_id, channel.places(session_id, 3))
    refused = channel.post("/seats-auto", order_id, channel.places(session_id, 3))
    assert_refused(refused, 409, "SOLD_OUT", "2")
    assert counters() == {"cinema 14:00": "3+0"}


def test_a_session_that_is_sold_out_is_shown_and_refused(
    channel: Channel, other_channel: Channel, matinee: Session
) -> None:
    places = channel.places(channel.session_id(), 5)
    other_channel.confirmed(5)
    assert channel.availability(channel.session_id())["availability"] == {
        "type": "BOUNDED",
        "total": 5,
        "available": 0,
    }
    refused = channel.post("/seats-auto", channel.basket(), {**places, "quantity": 1})
    assert_refused(refused, 409, "SOLD_OUT")


def test_a_seat_is_had_once(
    channel: Channel, other_channel: Channel, theatre: Any, play: Package, hall: SeatPlan
) -> None:
    seated(theatre, hall)
    order_id, session_id = channel.basket(), channel.session_id()
    channel.done("/seats", order_id, channel.seats(session_id, "A1"))
    both = channel.seats(session_id, "A1", "A2")
    assert_refused(channel.post("/seats", order_id, both), 409, "SEAT_TAKEN", "A1")
    theirs = other_channel.seats(other_channel.session_id(), "A1")
    refused = other_channel.post("/seats", other_channel.basket(), theirs)
    assert_refused(refused, 409, "SEAT_TAKEN", "A1")
    assert counters() == {"theatre 19:30": "1+0"}


def test_seats_of_several_sessions_are_taken_all_or_none(
    channel: Channel, theatre: Any, play: Package, hall: SeatPlan
) -> None:
    seated(theatre, hall)
    seated(theatre, hall, "21:30")
    early, late = channel.session_id("2026-11-23T18"), channel.session_id("2026-11-23T20")
    first, second = channel.seats(early, "A1"), channel.seats(late, "A1", "A2")
    together = {"seats": [*second["seats"], *first["seats"]]}
    answer = channel.done("/seats", channel.basket(), together)
    assert [one["session_id"] for one in answer["items"]] == [late, late, early]
    third = {"seats": [*channel.seats(early, "B1")["seats"], *second["seats"]]}
    assert_refused(channel.post("/seats", channel.basket(), third), 409, "SEAT_TAKEN")
    assert counters() == {"theatre 19:30": "1+0", "theatre 21:30": "2+0"}


def test_a_bundle_in_a_hall_is_ordered_on_the_seats_it_holds(
    channel: Channel,
    venue: Any,
    bundle: Package,
    theatre: Any,
    cinema: Any,
    hall: SeatPlan,
    issue: Callable[[str], Order],
) -> None:
    counted(counted(bundle, theatre, "DINO"), cinema, "CINEMA")
    seated(theatre, hall, "10:00")
    seated(cinema, hall, "10:00")
    answer = channel.confirmed(2)
    assert issue(str(order_of(answer).pk)).status == "Issued"
    assert [one["seat_id"] for one in answer["items"]] == [None, None]
    assert counters() == {"cinema 10:00": "0+2", "theatre 10:00": "0+2"}


def test_places_that_go_at_the_last_moment_are_told_and_kept_for_staff(
    channel: Channel, matinee: Session
) -> None:
    answer = channel.pre_confirmed()
    Session.objects.update(is_on_sale=False)
    for _ in range(2):
        refused = channel.post("/confirm", answer["id"])
        assert_refused(refused, 409, "SOLD_OUT", "places are gone", "money back")
    checkout = Checkout.objects.get()
    assert (checkout.status, str(checkout.paid_amount)) == ("PaidLate", "12.000")
    refused = channel.post("/buyer-data", answer["id"], {"email": EMAIL})
    assert_refused(refused, 409, "ORDER_STATUS_INVALID", "places are gone")
    assert not Order.objects.exists()


def test_holds_that_staff_released_are_noticed_before_the_guest_pays(
    channel: Channel, matinee: Session
) -> None:
    order_id = channel.basket()
    channel.done("/seats-auto", order_id, channel.places(channel.session_id()))
    channel.done("/buyer-data", order_id, {"email": EMAIL})
    checkout = Checkout.objects.get()
    held = checkouts.holds_of(checkout)
    holds.release_holds(holds=held, actor="staff:1", now=timezone.now())
    assert_refused(channel.post("/pre-confirm", order_id), 409, "SOLD_OUT")


@pytest.mark.derived
def test_a_seat_that_is_named_is_sold_at_the_full_price(
    channel: Channel, venue: Any, theatre: Any, play: Package, hall: SeatPlan
) -> None:
    counted(sellable_package(venue, "CHILD", "9.50", dating="timed"), theatre)
    seated(theatre, hall)
    session_id = channel.session_id()
    answer = channel.done("/seats", channel.basket(), channel.seats(session_id, "A1"))
    assert answer["price"] == {"final": 29}
    (sector,) = channel.availability(session_id)["sectors"]
    prices = {one["id"]: one["price"]["final"] for one in sector["price_types"]}
    assert sorted(prices.values()) == [9.5, 29]
    assert {prices[seat["price_type_id"]] for seat in sector["seats"]} == {29}


@pytest.mark.django_db(transaction=True)
def test_of_two_who_pre_confirm_and_two_who_confirm_at_once_all_are_told_the_same(
    channel: Channel, matinee: Session
) -> None:
    order_id, token = channel.basket(), channel.token
    channel.done("/seats-auto", order_id, channel.places(channel.session_id(), 2))
    channel.done("/buyer-data", order_id, {"email": EMAIL})
    for path in ("/pre-confirm", "/confirm"):
        answers: list[Any] = []

        def send(path: str = path, answers: list[Any] = answers) -> None:
            answers.append(channel.post(path, order_id, {}, bearer=token))

        at_once(send, send)
        assert [answer.status_code for answer in answers] == [200, 200]
        assert answers[0].json() == answers[1].json()
    assert Order.objects.count() == 1
    assert counters() == {"cinema 14:00": "0+2"}
