"""The requests of Onebox's purchase tutorial, changed only in host and ids, and what becomes of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from catalog.models import Package, SeatPlan, Session
from orders.models import Checkout, LedgerEntry, Order
from tests.dialects.onebox.channel import (
    CODE,
    EMAIL,
    MANAGEMENT,
    MINUTE,
    NUMBER,
    Channel,
    item,
    order,
    order_of,
)
from tests.factories import sellable_package
from tests.orders.expected import (
    ASSET_NUMBER,
    DOCUMENT_NUMBER,
    NOON,
    ORDER_MANIFEST,
    WALLET_MANIFEST,
    WALLET_NUMBER,
    Clock,
    moment,
)
from tests.orders.sessions import counters, seated

pytestmark = pytest.mark.django_db
Issue = Callable[[str], Order]


def test_the_tutorial_ends_in_tickets(
    channel: Channel,
    clock: Clock,
    matinee: Session,
    theatre: Any,
    play: Package,
    hall: SeatPlan,
    issue: Issue,
) -> None:
    seated(theatre, hall)
    show_id, play_id = (
        channel.session_id("2026-11-23T13:00"),
        channel.session_id("2026-11-23T18:30"),
    )

    # POST /orders - Create an order
    created = channel.done("")
    assert created == order()
    order_id = created["id"]

    # POST /orders/seats - Adding numbered seats
    clock.forward(minutes=1)
    seats = channel.seats(play_id, "A2")
    named = item(session_id=play_id, seat_id=seats["seats"][0]["id"], price={"final": 29})
    assert channel.done("/seats", order_id, seats) == order(
        named, id=order_id, expires_at=moment(NOON + 11 * MINUTE)
    )

    # POST /orders/seats-auto - Adding not numbered or numbered seats automatically
    clock.forward(minutes=1)
    places = channel.places(show_id)
    place = item(session_id=show_id, price_type_id=places["price_type_id"])
    assert channel.done("/seats-auto", order_id, places) == order(
        named, place, id=order_id, expires_at=moment(NOON + 12 * MINUTE)
    )

    # POST /orders/buyer-data - Buyer data attributes
    clock.forward(minutes=1)
    buyer = {"email": EMAIL}
    assert channel.done("/buyer-data", order_id, buyer) == order(
        named, place, id=order_id, buyer_data=buyer, expires_at=moment(NOON + 13 * MINUTE)
    )

    # POST /orders/pre-confirm - Pre confirm a BASKET order
    clock.forward(minutes=1)
    pre_confirmed = channel.done("/pre-confirm", order_id, {})
    assert pre_confirmed == order(
        named,
        place,
        id=order_id,
        status="PRE_CONFIRM",
        code=CODE,
        buyer_data=buyer,
        expires_at=moment(NOON + 14 * MINUTE),
    )
    assert counters() == {"cinema 14:00": "1+0", "theatre 19:30": "1+0"}
    assert not Order.objects.exists()

    # POST /orders/confirm - Confirm a PRE_CONFIRM order
    clock.forward(minutes=1)
    confirmed = channel.done("/confirm", order_id, {})
    code = pre_confirmed["code"]
    sold = [{**named, "state": "PURCHASED"}, {**place, "state": "PURCHASED"}]
    assert confirmed == order(
        *sold, id=order_id, status="CONFIRM", code=code, buyer_data=buyer, expires_at=None
    )
    assert counters() == {"cinema 14:00": "0+1", "theatre 19:30": "0+1"}

    # For confirmed orders, you are ready to interact with api-orders with this code
    ours = issue(str(order_of(confirmed).pk))
    assert channel.get(f"{MANAGEMENT}/{code}").json() == {
        "code": code,
        "status": "CONFIRM",
        "date": moment(NOON + 5 * MINUTE),
        "channel": {"id": int(channel.storefront.public_id)},
        "currency": "EUR",
        "items": [
            {**sold[0], **admitted("PLAY", "18:30", "19:30", seat="A2")},
            {**sold[1], **admitted("SHOW", "13:00", "14:00")},
        ],
        "buyer_data": buyer,
        "price": {"final": 41, "refunded": 0},
        "buyFromOrderReference": ours.buy_from_order_reference,
        "orderStatus": "Issued",
        "manifestUrl": ORDER_MANIFEST,
    }
    assert (
        ours.status,
        ours.partner,
        ours.buy_from_order_reference,
        ours.sell_to_order_reference,
        ours.payment_reference,
        ours.sell_to_email,
        str(ours.total_incl_vat),
    ) == (
        "Issued",
        channel.partner,
        DOCUMENT_NUMBER,
        code,
        f"ONEBOX-{code}",
        EMAIL,
        "41.000",
    )
    assert LedgerEntry.objects.filter(order_id=ours.pk).exists()


def admitted(package: str, start: str, end: str, **members: Any) -> dict[str, Any]:
    """Return what an item is admitted with: one ticket."""
    ticket = {
        "number": ASSET_NUMBER,
        "barcode": ASSET_NUMBER,
        "type": "ticket",
        "description": f"{package} entry",
        "status": "Valid",
        "valid_from": f"2026-11-23T{start}:00.000Z",
        "valid_until": f"2026-11-23T{end}:00.000Z",
        **members,
    }
    return {
        "walletReferenceNumber": WALLET_NUMBER,
        "manifestUrl": WALLET_MANIFEST,
        "tickets": [ticket],
    }


def test_until_it_is_confirmed_a_purchase_is_no_order(channel: Channel, matinee: Session) -> None:
    answer = channel.pre_confirmed(2)
    assert not Order.objects.exists()
    checkout = Checkout.objects.get()
    assert (checkout.status, checkout.code, str(checkout.amount)) == (
        "AwaitingPayment",
        answer["code"],
        "24.000",
    )


def test_places_of_a_hall_are_chosen_side_by_side(
    channel: Channel, theatre: Any, play: Package, hall: SeatPlan
) -> None:
    seated(theatre, hall)
    session_id = channel.session_id()
    answer = channel.done("/seats-auto", channel.basket(), channel.places(session_id, 3))
    (sector,) = channel.availability(session_id)["sectors"]
    names = {seat["id"]: seat["name"] for seat in sector["seats"]}
    assert [names[one["seat_id"]] for one in answer["items"]] == ["A1", "A2", "A3"]
    taken = [seat["name"] for seat in sector["seats"] if seat["status"] == "TAKEN"]
    assert taken == ["A1", "A2", "A3"]


def test_each_seat_that_was_told_is_on_the_ticket_of_its_item(
    channel: Channel, theatre: Any, play: Package, hall: SeatPlan, issue: Issue
) -> None:
    seated(theatre, hall)
    order_id, session_id = channel.basket(), channel.session_id()
    seats = channel.seats(session_id, "B6", "A1", "B1")
    channel.done("/seats", order_id, seats)
    channel.done("/buyer-data", order_id, {"email": EMAIL})
    channel.done("/pre-confirm", order_id, {})
    answer = channel.done("/confirm", order_id, {})
    issue(str(order_of(answer).pk))
    items = channel.get(f"{MANAGEMENT}/{answer['code']}").json()["items"]
    assert [(one["seat_id"], one["tickets"][0]["seat"]) for one in items] == [
        (seat["id"], label) for seat, label in zip(seats["seats"], ("B6", "A1", "B1"), strict=True)
    ]


def test_what_has_no_day_is_sold_as_a_session_without_a_start(
    channel: Channel, venue: Any, issue: Issue
) -> None:
    sellable_package(venue, "ANYDAY", "39.00", dating="open")
    session_id = channel.session_id()
    assert channel.availability(session_id)["availability"] == {
        "type": "UNBOUNDED",
        "total": None,
        "available": None,
    }
    answer = channel.confirmed(2)
    assert answer["items"] == [
        item(session_id=session_id, price={"final": 39}, state="PURCHASED") for _ in range(2)
    ]
    issue(str(order_of(answer).pk))
    assert [len(one["tickets"]) for one in details(channel, answer)["items"]] == [1, 1]


def test_attributes_of_a_buyer_are_kept_whatever_they_are(
    channel: Channel, matinee: Session
) -> None:
    order_id = channel.basket()
    channel.done("/buyer-data", order_id, {"email": EMAIL, "name": "Ana", "surname": "Mena"})
    more = {"age": 41, "score": 1.5, "newsletter": False, "note": None, "locale": "es_ES"}
    answer = channel.done("/buyer-data", order_id, more)
    assert answer["buyer_data"] == {"email": EMAIL, "name": "Ana", "surname": "Mena", **more}
    channel.done("/seats-auto", order_id, channel.places(channel.session_id()))
    channel.done("/pre-confirm", order_id)
    ours = order_of(channel.done("/confirm", order_id))
    assert (ours.sell_to_email, ours.sell_to_name, ours.sell_to_language) == (
        EMAIL,
        "Ana Mena",
        "es-ES",
    )


def details(channel: Channel, answer: dict[str, Any]) -> dict[str, Any]:
    """Read a confirmed order by its code."""
    response = channel.get(f"{MANAGEMENT}/{answer['code']}")
    assert response.status_code == 200, response.content
    return dict(response.json())


def test_a_channel_in_test_mode_buys_tests_and_takes_no_places(
    partner: Any, clock: Clock, matinee: Session, issue: Issue
) -> None:
    tester = Channel(partner, test_mode=True)
    assert tester.availability(tester.session_id())["availability"] == {
        "type": "UNBOUNDED",
        "total": None,
        "available": None,
    }
    answer = tester.confirmed(20)
    ours = issue(str(order_of(answer).pk))
    assert (ours.test_mode, ours.status, len(answer["items"])) == (True, "Issued", 20)
    assert counters() == {}
    assert details(tester, answer)["items"][0]["id"] == NUMBER
