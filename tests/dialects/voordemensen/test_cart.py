"""The cart: made, filled, read, emptied, and given up when its time is over."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.conf import settings

from catalog.models import Attraction, Package, Session
from orders import checkouts, holds
from orders.models import Checkout, Hold
from partners.models import Partner, Venue
from tests.dialects.voordemensen.shop import (
    CART_ID,
    DISCOUNT_ID,
    SEAT_ID,
    Number,
    Shop,
)
from tests.factories import sellable_package
from tests.orders.expected import Clock
from tests.orders.sessions import counters, session

pytestmark = pytest.mark.usefixtures("clock", "matinee")

EMPTY = [{"cart": 0}]


def seat(**members: Any) -> dict[str, Any]:
    """Return a seat in a cart as it is answered: for the show at 14:00."""
    return {
        "seat_id": SEAT_ID,
        "seat_row_nr": "0",
        "seat_nr": "0",
        "pmp_name": None,
        "event_id": Number(),
        "event_name": "Cinema",
        "location_name": "Dune Park",
        "event_date": "23-11-2026",
        "event_time": "14:00",
        "numberoftickets": 1,
        "seat_price": "12.50",
        "category_name": "standard",
        "discount_id": DISCOUNT_ID,
        "discount_name": "Name of SHOW",
        **members,
    }


@pytest.mark.parametrize("path", ["cart", "cart/"])
def test_a_cart_is_made_under_an_id_nobody_can_guess(shop: Shop, path: str) -> None:
    response = shop.post(path)
    body = shop.ok(response, 201)
    assert body == {"cart_id": CART_ID}
    assert response["Location"] == f"{settings.PUBLIC_URL}{shop.base}/cart/{body['cart_id']}"
    assert shop.ok(shop.get(f"cart/{body['cart_id']}")) == EMPTY
    assert shop.ok(shop.post(path), 201) != body


def test_seats_are_put_in_one_item_each_and_the_whole_cart_is_answered(
    shop: Shop, clock: Clock
) -> None:
    cart, wish = shop.cart(), shop.wish(2)
    found = shop.ok(shop.post(f"cart/{cart}", wish))
    own = {"event_id": wish["event_id"], "discount_id": wish["discount_id"]}
    assert found == [seat(**own), seat(**own), {"totalprice": "25.00"}]
    assert found[0]["seat_id"] != found[1]["seat_id"]
    assert shop.ok(shop.get(f"cart/{cart}")) == found
    assert shop.ok(shop.get(f"cart/{cart}/")) == found
    assert counters() == {"cinema 14:00": "2+0"}
    clock.forward(seconds=1)
    more = shop.ok(shop.post(f"cart/{cart}/", {**wish, "numberoftickets": 1}))
    assert more == [*found[:2], seat(**own), {"totalprice": "37.50"}]


@pytest.mark.usefixtures("play")
def test_numbered_seats_have_row_and_number_and_are_neighbours(shop: Shop) -> None:
    cart = shop.cart()
    wish = shop.wish(3, "19:30:00", "Name of PLAY")
    evening = {
        "event_name": "Theatre",
        "location_name": "Great hall",
        "event_time": "19:30",
        "seat_price": "29.00",
        "discount_name": "Name of PLAY",
        "seat_row_nr": "A",
    }
    assert shop.ok(shop.post(f"cart/{cart}", wish)) == [
        *(seat(**evening, seat_nr=number) for number in "123"),
        {"totalprice": "87.00"},
    ]


def test_a_ticket_of_any_day_has_no_date(shop: Shop, venue: Venue) -> None:
    sellable_package(venue, "ANYDAY", "39.00", dating="open")
    wish = shop.wish(1, "00:00:00", "Name of ANYDAY")
    found = shop.ok(shop.post(f"cart/{shop.cart()}", wish))
    assert found == [
        seat(
            event_id=wish["event_id"],
            event_name="Name of ANYDAY",
            event_date="00-00-0000",
            event_time="00:00",
            seat_price="39.00",
            discount_name="Name of ANYDAY",
        ),
        {"totalprice": "39.00"},
    ]


def test_a_session_of_the_whole_day_is_told_from_its_opening(
    shop: Shop, cinema: Attraction, show: Package
) -> None:
    show.dating = "dated"
    show.save()
    session(cinema, None, day="2026-11-25")
    wish = shop.wish(1, "08:00:00")
    (found, _total) = shop.ok(shop.post(f"cart/{shop.cart()}", wish))
    assert found == seat(event_date="25-11-2026", event_time="08:00")


def test_a_seat_is_taken_out_and_on_sale_again(shop: Shop) -> None:
    cart = shop.cart(shop.wish(3))
    first, second, third, _total = shop.ok(shop.get(f"cart/{cart}"))
    left = shop.ok(shop.delete(f"cart/{cart}/{second['seat_id']}"))
    assert left == [first, third, {"totalprice": "25.00"}]
    assert counters() == {"cinema 14:00": "2+0"}
    assert shop.ok(shop.get(f"cart/{cart}")) == left
    shop.ok(shop.delete(f"cart/{cart}/{first['seat_id']}/"))
    assert shop.ok(shop.delete(f"cart/{cart}/{third['seat_id']}")) == EMPTY
    assert counters() == {}
    assert Checkout.objects.get().amount == 0


@pytest.mark.usefixtures("play")
def test_the_other_numbered_seats_stay_as_they_are(shop: Shop) -> None:
    cart = shop.cart(shop.wish(3, "19:30:00", "Name of PLAY"))
    first, second, third, _total = shop.ok(shop.get(f"cart/{cart}"))
    left = shop.ok(shop.delete(f"cart/{cart}/{second['seat_id']}"))
    assert left == [first, third, {"totalprice": "58.00"}]


def test_a_seat_of_another_cart_cannot_be_taken_out(shop: Shop) -> None:
    theirs, ours = shop.cart(shop.wish()), shop.cart(shop.wish())
    taken = shop.ok(shop.get(f"cart/{theirs}"))[0]["seat_id"]
    for seat_id in (taken, "unknown", "%00"):
        refused = shop.delete(f"cart/{ours}/{seat_id}")
        assert shop.ok(refused, 404) == {"message": "Seat not found"}
    assert counters() == {"cinema 14:00": "2+0"}


def test_what_is_sold_out_is_refused_and_nothing_is_put_in(shop: Shop) -> None:
    wish = shop.wish(3)
    shop.cart(wish)
    cart = shop.cart()
    shop.refused(shop.post(f"cart/{cart}", wish), 409, "2 places are left")
    assert shop.ok(shop.get(f"cart/{cart}")) == EMPTY
    assert counters() == {"cinema 14:00": "3+0"}
    assert Hold.objects.count() == 1


def test_an_order_has_at_most_so_many_tickets_of_an_event(
    shop: Shop, matinee: Session, cinema: Attraction
) -> None:
    Session.objects.update(capacity=500)
    wish = shop.wish(20)
    cart = shop.cart(wish)
    one_more = {**wish, "numberoftickets": 1}
    refused = shop.post(f"cart/{cart}", one_more)
    assert shop.ok(refused, 409) == {
        "message": "An order may have at most 20 tickets of this event."
    }
    assert shop.ok(shop.get(f"cart/{cart}"))[-1] == {"totalprice": "250.00"}
    assert shop.ok(shop.get(f"tickettypes/{wish['event_id']}")) != []
    session(cinema, "16:00")
    other = {**wish, "event_id": shop.sub_event("16:00:00")}
    assert shop.ok(shop.post(f"cart/{cart}", other))[-1] == {"totalprice": "500.00"}
    shop.ok(shop.post(f"cart/{shop.cart()}", one_more))


def test_an_order_has_at_most_a_hundred_tickets(shop: Shop, cinema: Attraction) -> None:
    times = ["09:00", "10:00", "11:00", "12:00", "13:00", "16:00"]
    for time in times:
        session(cinema, time)
    shown = {time: shop.wish(20, f"{time}:00") for time in times}
    cart = shop.cart(*(shown[time] for time in times[:5]))
    refused = shop.post(f"cart/{cart}", {**shown["16:00"], "numberoftickets": 1})
    assert shop.ok(refused, 409) == {"message": "An order may have at most 100 tickets."}


@pytest.mark.derived
def test_a_cart_keeps_its_seats_for_a_quarter_of_an_hour_and_no_longer(
    shop: Shop, clock: Clock
) -> None:
    wish = shop.wish(5)
    cart = shop.cart(wish)
    clock.forward(minutes=14, seconds=59)
    assert shop.ok(shop.get(f"cart/{cart}"))[-1] == {"totalprice": "62.50"}
    end(clock)
    assert counters() == {"cinema 14:00": "5+0"}
    clock.forward(seconds=2)
    assert shop.ok(shop.get(f"cart/{cart}")) == EMPTY
    one = {**wish, "numberoftickets": 1}
    assert shop.ok(shop.post(f"cart/{cart}", one), 404) == {"message": "Cart not found"}
    refused = shop.post("order/create", shop.purchase(cart))
    assert shop.ok(refused, 404) == {"message": "Cart not found"}
    end(clock)
    assert counters() == {}
    assert shop.ok(shop.get(f"cart/{cart}")) == EMPTY
    shop.ok(shop.post(f"cart/{shop.cart()}", wish))


@pytest.mark.derived
def test_a_cart_lasts_anew_from_each_seat_put_in_but_not_from_looking(
    shop: Shop, clock: Clock
) -> None:
    wish = shop.wish()
    cart = shop.cart(wish)
    clock.forward(minutes=14)
    shop.ok(shop.post(f"cart/{cart}", wish))
    clock.forward(minutes=14)
    end(clock)
    assert shop.ok(shop.get(f"cart/{cart}"))[-1] == {"totalprice": "25.00"}
    assert counters() == {"cinema 14:00": "2+0"}
    clock.forward(minutes=1, seconds=1)
    assert shop.ok(shop.get(f"cart/{cart}")) == EMPTY


@pytest.mark.derived
def test_a_cart_lasts_for_an_hour_at_most(shop: Shop, clock: Clock) -> None:
    wish = shop.wish()
    cart = shop.cart(wish)
    for _ in range(4):
        clock.forward(minutes=14)
        shop.ok(shop.post(f"cart/{cart}", wish))
    clock.forward(minutes=3, seconds=59)
    assert len(shop.ok(shop.get(f"cart/{cart}"))) == 6
    clock.forward(seconds=2)
    assert shop.ok(shop.get(f"cart/{cart}")) == EMPTY
    end(clock)
    assert counters() == {}


@pytest.mark.parametrize("cart_id", ["x" * 32, "x", "%00", "y" * 300])
def test_an_unknown_cart_is_not_found(shop: Shop, cart_id: str) -> None:
    for refused in (
        shop.get(f"cart/{cart_id}"),
        shop.post(f"cart/{cart_id}", shop.wish()),
        shop.delete(f"cart/{cart_id}/hB7"),
    ):
        assert shop.ok(refused, 404) == {"message": "Cart not found"}


def test_what_is_unknown_cannot_be_put_in(shop: Shop) -> None:
    cart, wish = shop.cart(), shop.wish()
    main = shop.ok(shop.get("events"))[0]["event_id"]
    for event_id in (main, 1, 0, -1, 10**30):
        refused = shop.post(f"cart/{cart}", {**wish, "event_id": event_id})
        assert shop.ok(refused, 404) == {"message": "sub_event not found"}
    refused = shop.post(f"cart/{cart}", {**wish, "discount_id": "2ePdA8q3BN"})
    assert shop.ok(refused, 404) == {"message": "discount not found"}
    assert shop.ok(shop.get(f"cart/{cart}")) == EMPTY


def test_a_paused_client_sells_nothing_and_lets_go_of_what_it_held(
    shop: Shop, partner: Partner
) -> None:
    wish = shop.wish()
    cart = shop.cart(wish)
    Partner.objects.filter(pk=partner.pk).update(status="Paused")
    for refused in (
        shop.post("cart/"),
        shop.post(f"cart/{cart}", wish),
        shop.post("order/create", shop.purchase(cart)),
    ):
        shop.refused(refused, 403, "Paused")
    (held, _total) = shop.ok(shop.get(f"cart/{cart}"))
    assert shop.ok(shop.delete(f"cart/{cart}/{held['seat_id']}")) == EMPTY


def end(clock: Clock) -> None:
    """Do what the worker does every few seconds."""
    holds.expire_holds(now=clock.now)
    checkouts.expire_checkouts(now=clock.now)


def test_a_cart_ends_like_any_checkout(shop: Shop, clock: Clock) -> None:
    shop.cart(shop.wish())
    clock.now += datetime.timedelta(minutes=16)
    end(clock)
    assert [one.status for one in Checkout.objects.all()] == ["Expired"]
