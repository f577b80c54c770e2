"""Another channel's things do not exist: each of its ids is answered as one that nobody has."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from catalog.models import Package, SeatPlan, Session
from orders.models import Order
from partners.models import Partner, Venue
from tests.dialects.onebox.channel import CATALOGUE, EMAIL, MANAGEMENT, Channel, order_of
from tests.factories import PartnerFactory, VenueFactory
from tests.orders.sessions import counters, seated

pytestmark = pytest.mark.django_db
Issue = Callable[[str], Order]


def told(response: Any) -> tuple[int, str]:
    """Return an answer without the numbers that it names."""
    return response.status_code, re.sub(r"\d+", "#", response.content.decode())


@pytest.fixture(params=["rival", "test mode", "another park"])
def theirs(
    request: pytest.FixtureRequest, channel: Channel, other_channel: Channel, partner: Partner
) -> Channel:
    """A channel of somebody else, of our own in the other mode, or of another park."""
    if request.param == "rival":
        return other_channel
    if request.param == "test mode":
        return Channel(partner, test_mode=True)
    park: Venue = VenueFactory.create()
    return Channel(PartnerFactory.create(venue=park))


def test_ids_of_another_channel_mean_nothing(
    channel: Channel,
    theirs: Channel,
    matinee: Session,
    theatre: Any,
    play: Package,
    hall: SeatPlan,
    issue: Issue,
) -> None:
    seated(theatre, hall)
    confirmed = channel.confirmed(1, "2026-11-23T13")
    issue(str(order_of(confirmed).pk))
    basket = channel.basket()
    show_id, play_id = channel.session_id("2026-11-23T13"), channel.session_id("2026-11-23T18")
    places, seats = channel.places(show_id), channel.seats(play_id, "A1")["seats"]
    event_id = channel.get(f"{CATALOGUE}/events").json()["data"][0]["id"]
    before = counters()

    for real, unknown in ((basket, "0" * 32), (confirmed["id"], "1" * 32)):
        for path, body in (
            ("/seats", {"seats": seats}),
            ("/seats-auto", places),
            ("/buyer-data", {"email": EMAIL}),
            ("/pre-confirm", {}),
            ("/confirm", {}),
        ):
            answers = [told(theirs.post(path, key, body)) for key in (real, unknown)]
            assert answers[0] == answers[1]
            assert answers[0][0] == 404

    own = theirs.basket()
    for name, unknown_id in (("session_id", 3), ("price_type_id", 4)):
        answers = [
            told(theirs.post("/seats-auto", own, {**places, name: key}))
            for key in (places[name], unknown_id)
        ]
        assert answers[0] == answers[1]
        assert answers[0][0] == 400
    unknown_seat = {"id": 5, "session_id": play_id}
    answers = [
        told(theirs.post("/seats", own, {"seats": [seat]})) for seat in (seats[0], unknown_seat)
    ]
    assert answers[0] == answers[1]

    code, item_id = confirmed["code"], confirmed["items"][0]["id"]
    refund = {"items": [{"id": item_id}]}
    for real, unknown in (
        (f"{MANAGEMENT}/{code}", f"{MANAGEMENT}/BQ73MK20ZT4H"),
        (f"{CATALOGUE}/sessions/{show_id}", f"{CATALOGUE}/sessions/3"),
        (f"{CATALOGUE}/sessions/{show_id}/availability", f"{CATALOGUE}/sessions/3/availability"),
        (f"{CATALOGUE}/events/{event_id}", f"{CATALOGUE}/events/3"),
    ):
        answers = [told(theirs.get(path)) for path in (real, unknown)]
        assert answers[0] == answers[1]
        assert answers[0][0] == 404
    answers = [
        told(theirs.request("POST", f"{MANAGEMENT}/{key}/refund", refund))
        for key in (code, "BQ73MK20ZT4H")
    ]
    assert answers[0] == answers[1]
    assert answers[0][0] == 404
    assert counters() == before


def test_seats_of_ours_mean_nothing_to_another_channel_of_the_same_hall(
    channel: Channel, other_channel: Channel, theatre: Any, play: Package, hall: SeatPlan
) -> None:
    seated(theatre, hall)
    ours = channel.seats(channel.session_id(), "A1")["seats"][0]["id"]
    session_id = other_channel.session_id()
    order_id = other_channel.basket()
    answers = [
        told(
            other_channel.post(
                "/seats", order_id, {"seats": [{"id": key, "session_id": session_id}]}
            )
        )
        for key in (ours, 6)
    ]
    assert answers[0] == answers[1]
    assert answers[0][0] == 400


def test_items_of_another_order_are_not_refunded(
    channel: Channel, other_channel: Channel, matinee: Session, issue: Issue
) -> None:
    ours, others = channel.confirmed(), other_channel.confirmed()
    for answer in (ours, others):
        issue(str(order_of(answer).pk))
    path = f"{MANAGEMENT}/{ours['code']}/refund"
    answers = [
        told(channel.request("POST", path, {"items": [{"id": key}]}))
        for key in (others["items"][0]["id"], 7)
    ]
    assert answers[0] == answers[1]
    assert answers[0][0] == 400
