"""VoordeMensen over real HTTP: the last place has one winner, a cart becomes one order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from tests.stack import Stack
from tests.traffic import Answer, Caller, at_once

PAYMENTS = "orders_payment p JOIN orders_checkout c ON c.id = p.checkout_id"
RACERS = 20


@dataclass
class Shop:
    """A client's shop; each test takes a show that nobody has a place of."""

    stack: Stack
    name: str
    shows: Iterator[int]

    def callers(self, exits: ExitStack, count: int = RACERS) -> Sequence[Caller]:
        return [exits.enter_context(Caller(self.stack.port, "")) for _ in range(count)]

    def send(self, caller: Caller, method: str, path: str, body: Any = None) -> Answer:
        return caller.send(method, f"/voordemensen/v1/{self.name}/{path}", body)

    def cart(self, caller: Caller) -> str:
        return str(self.send(caller, "POST", "cart/").body["cart_id"])

    def wish(self, caller: Caller, show: int) -> dict[str, Any]:
        (kind,) = self.send(caller, "GET", f"tickettypes/{show}").body
        return {"event_id": show, "numberoftickets": 1, "discount_id": kind["discount_id"]}

    def purchase(self, caller: Caller, cart: str) -> dict[str, Any]:
        method = self.send(caller, "GET", "paymentmethods").body[0]
        return {
            "cart_id": cart,
            "payment_id": method["payment_id"],
            "redirectURL": "https://shop.example/thanks",
            "email": "jo@example.org",
            "firstname": "Jo",
            "lastname": "Smit",
        }

    def count(self, query: str) -> int:
        [(count,)] = self.stack.sql(
            f"SELECT count(*) FROM {query} JOIN partners_storefront s ON s.id = storefront_id"
            " WHERE s.public_id = %s",
            self.name,
        )
        return int(count)


@pytest.fixture(scope="session")
def only_chairs(only_stack: Stack) -> Shop:
    """The shop, with its shows."""
    name = only_stack.django("tests.concurrency.voordemensen_shop", "4").strip()
    with Caller(only_stack.port, "") as caller:
        (main,) = caller.send("GET", f"/voordemensen/v1/{name}/events").body
    return Shop(only_stack, name, iter([sub["event_id"] for sub in main["sub_events"]]))


@pytest.fixture
def shop(stack: Stack, only_chairs: Shop) -> Shop:
    """The shop; when a test is done every invariant holds."""
    return only_chairs


def test_the_last_place_is_put_into_one_of_twenty_carts(shop: Shop) -> None:
    show = next(shop.shows)
    with ExitStack() as exits:
        callers = shop.callers(exits)
        wish = shop.wish(callers[0], show)
        carts = [shop.cart(caller) for caller in callers]
        answers = at_once(
            [
                partial(shop.send, caller, "POST", f"cart/{cart}", wish)
                for caller, cart in zip(callers, carts, strict=True)
            ]
        )
        contents = [
            shop.send(caller, "GET", f"cart/{cart}").body
            for caller, cart in zip(callers, carts, strict=True)
        ]
    assert Counter(one.status for one in answers) == {200: 1, 409: RACERS - 1}
    assert {frozenset(one.body) for one in answers if one.status == 409} == {frozenset({"message"})}
    won = next(one.body for one in answers if one.status == 200)
    assert Counter(map(str, contents)) == {str(won): 1, str([{"cart": 0}]): RACERS - 1}


def test_twenty_at_once_put_one_place_into_one_cart_once(shop: Shop) -> None:
    show = next(shop.shows)
    with ExitStack() as exits:
        callers = shop.callers(exits)
        wish, cart = shop.wish(callers[0], show), shop.cart(callers[0])
        answers = at_once(
            [partial(shop.send, caller, "POST", f"cart/{cart}", wish) for caller in callers]
        )
        content = shop.send(callers[0], "GET", f"cart/{cart}").body
    assert Counter(one.status for one in answers) == {200: 1, 409: RACERS - 1}
    assert len(content) == 2


def test_a_cart_that_is_ordered_by_ten_at_once_becomes_one_order(shop: Shop) -> None:
    show = next(shop.shows)
    before = shop.count("orders_checkout c"), shop.count(PAYMENTS)
    with ExitStack() as exits:
        callers = shop.callers(exits, 10)
        wish, cart = shop.wish(callers[0], show), shop.cart(callers[0])
        shop.send(callers[0], "POST", f"cart/{cart}", wish)
        body = shop.purchase(callers[0], cart)
        answers = at_once(
            [partial(shop.send, caller, "POST", "order/create", body) for caller in callers]
        )
    assert Counter(one.status for one in answers) == {200: 10}
    (told,) = {str(one.body) for one in answers}
    assert len(answers[0].body) == 1, told
    now = shop.count("orders_checkout c"), shop.count(PAYMENTS)
    assert now == (before[0] + 1, before[1] + 1)


def test_a_seat_that_is_taken_out_while_it_is_ordered_is_in_one_of_both(shop: Shop) -> None:
    show = next(shop.shows)
    with ExitStack() as exits:
        callers = shop.callers(exits, 2)
        wish, cart = shop.wish(callers[0], show), shop.cart(callers[0])
        (seat, _total) = shop.send(callers[0], "POST", f"cart/{cart}", wish).body
        body = shop.purchase(callers[0], cart)
        ordered, removed = at_once(
            [
                partial(shop.send, callers[0], "POST", "order/create", body),
                partial(shop.send, callers[1], "DELETE", f"cart/{cart}/{seat['seat_id']}"),
            ]
        )
    assert (ordered.status, removed.status) in {(200, 409), (404, 200)}
