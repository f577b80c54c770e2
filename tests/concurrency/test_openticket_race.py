"""OpenTicket over real HTTP: the last place has one winner, a reservation makes one checkout."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from tests.stack import Stack
from tests.traffic import Answer, Caller, at_once

RACERS = 20


@dataclass
class Shop:
    """A shop of the stack; each test takes tickets that nobody has reserved."""

    stack: Stack
    guid: str
    token: str
    tickets: Iterator[str]

    def callers(self, exits: ExitStack, count: int) -> Sequence[Caller]:
        return [exits.enter_context(Caller(self.stack.port, "")) for _ in range(count)]

    def reserve(self, caller: Caller, ticket: str) -> Answer:
        return caller.send("GET", f"/openticket/{self.guid}/reserve/ticket/{ticket}")

    def order(self, caller: Caller, body: Any) -> Answer:
        return caller.send("POST", f"/openticket/{self.guid}/order", body)

    def body(self, caller: Caller, reservation: Any, firstname: str = "Jane") -> dict[str, Any]:
        path = f"/openticket/shop/{self.guid}/payment_methods"
        (method, *_) = caller.send("GET", path, Authorization=f"Bearer {self.token}").body
        line = {name: reservation[name] for name in ("guid", "reservation", "products")}
        return {
            "receiver": {
                "locale": "nl_NL",
                "email": "jane.appleseed@example.com",
                "firstname": firstname,
                "lastname": "Appleseed",
            },
            "paymentProvider": method["guid"],
            "currency": "EUR",
            "tickets": [line],
        }

    def checkouts(self) -> int:
        [(count,)] = self.stack.sql(
            "SELECT count(*) FROM orders_checkout c"
            " JOIN partners_storefront s ON s.id = c.storefront_id WHERE s.public_id = %s",
            self.guid,
        )
        return int(count)


@pytest.fixture(scope="session")
def only_shop(only_stack: Stack) -> Shop:
    """The shop, with its tickets."""
    made = json.loads(only_stack.django("tests.concurrency.openticket_shop", "3"))
    with Caller(only_stack.port, "") as caller:
        tickets = caller.send("GET", f"/openticket/{made['shop']}/data").body["tickets"]
    return Shop(only_stack, made["shop"], made["token"], iter(tickets))


@pytest.fixture
def shop(stack: Stack, only_shop: Shop) -> Shop:
    """The shop; when a test is done every invariant holds."""
    return only_shop


def test_the_last_place_is_reserved_by_one_of_twenty(shop: Shop) -> None:
    ticket = next(shop.tickets)
    with ExitStack() as exits:
        callers = shop.callers(exits, RACERS)
        answers = at_once([partial(shop.reserve, caller, ticket) for caller in callers])
    assert Counter(one.status for one in answers) == {200: 1, 409: RACERS - 1}
    losers = [one.body["errors"] for one in answers if one.status == 409]
    assert {entry["code"] for errors in losers for entry in errors} == {"sold_out"}


def test_the_same_order_at_once_makes_one_checkout(shop: Shop) -> None:
    before = shop.checkouts()
    with ExitStack() as exits:
        callers = shop.callers(exits, 8)
        body = shop.body(callers[0], shop.reserve(callers[0], next(shop.tickets)).body)
        answers = at_once([partial(shop.order, caller, body) for caller in callers])
    assert {one.status for one in answers} == {200}
    assert len({one.text for one in answers}) == 1
    assert shop.checkouts() == before + 1


def test_two_orders_of_one_reservation_have_one_winner(shop: Shop) -> None:
    before = shop.checkouts()
    with ExitStack() as exits:
        callers = shop.callers(exits, 8)
        reservation = shop.reserve(callers[0], next(shop.tickets)).body
        bodies = [shop.body(callers[0], reservation, f"Jane {n}") for n in range(8)]
        pairs = zip(callers, bodies, strict=True)
        answers = at_once([partial(shop.order, caller, body) for caller, body in pairs])
    assert Counter(one.status for one in answers) == {200: 1, 422: 7}
    assert {len(one.body["errors"]) for one in answers if one.status == 422} == {1}
    assert shop.checkouts() == before + 1
