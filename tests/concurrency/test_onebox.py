"""Many shops that speak Onebox want the same place or seat at once, over real HTTP: one has it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.stack import Stack
from tests.traffic import Answer, Caller, at_once

CLIENTS = 20
ORDERS = "/onebox/distribution-api/v1/orders"
_KEY = "SELECT key FROM partners_outwardid WHERE kind = 'session' AND value = %s"


class Shop(Caller):
    """A connection of the demo's channel with an order of its own."""

    order_id = ""

    def call(self, path: str, body: Any = None) -> Answer:
        """Send a call of the distribution API."""
        headers = {"Authorization": f"Bearer {self.key}", "ob-order-id": self.order_id}
        return self.send("POST", f"{ORDERS}{path}", body, **headers)


@pytest.fixture
def demo(working_stack: Stack) -> dict[str, Any]:
    """What the demo says of its channel."""
    return dict(working_stack.demo["dialects"]["onebox"])


@pytest.fixture
def shops(working_stack: Stack, demo: dict[str, Any]) -> Iterator[list[Shop]]:
    """Twenty connections, each with an empty basket."""
    form = urlencode(
        {
            "grant_type": "client_credentials",
            "channel_id": demo["channelId"],
            "client_id": demo["clientId"],
            "client_secret": demo["clientSecret"],
        }
    )
    with ExitStack() as open_ones:
        first = open_ones.enter_context(Caller(working_stack.port, ""))
        first._connection.request(
            "POST",
            f"{demo['path']}/oauth/token",
            form,
            {"Content-Type": "application/x-www-form-urlencoded"},
        )
        token = _read(first)["access_token"]
        shops = [open_ones.enter_context(Shop(working_stack.port, token)) for _ in range(CLIENTS)]
        for shop in shops:
            shop.order_id = shop.call("").body["id"]
        yield shops


def _read(caller: Caller) -> dict[str, Any]:
    response = caller._connection.getresponse()
    assert response.status == 200
    return dict(json.loads(response.read()))


def _places(stack: Stack, session_id: int) -> tuple[int, int, int]:
    """Return the capacity of a session, and how many of its places are held and sold."""
    [row] = stack.sql(
        f"SELECT capacity, held, sold FROM catalog_session WHERE id::text = ({_KEY})",
        str(session_id),
    )
    return int(row[0]), int(row[1]), int(row[2])


def _buy(shop: Shop) -> int:
    """Buy what is in a shop's basket, each step sent twice at once; return the last status."""
    assert shop.call("/buyer-data", {"email": "email@email.com"}).status == 200
    for path in ("/pre-confirm", "/confirm"):
        with Shop(shop.port, shop.key) as twin:
            twin.order_id = shop.order_id
            answers = at_once([partial(one.call, path, {}) for one in (shop, twin)])
        assert [answer.status for answer in answers] == [200, 200]
        assert answers[0].body == answers[1].body
    return answers[0].status


def test_of_twenty_who_want_the_last_place_one_has_it(
    working_stack: Stack, demo: dict[str, Any], shops: list[Shop]
) -> None:
    session_id = demo["sessionId"]
    capacity, held, sold = _places(working_stack, session_id)
    resize = f"UPDATE catalog_session SET capacity = %s WHERE id::text = ({_KEY})"
    working_stack.sql(resize, held + sold + 1, str(session_id))
    try:
        body = {"price_type_id": demo["priceTypeId"], "session_id": session_id, "quantity": 1}
        answers = at_once([partial(shop.call, "/seats-auto", body) for shop in shops])
        told = Counter((answer.status, answer.body.get("code")) for answer in answers)
        assert told == {(200, None): 1, (409, "SOLD_OUT"): CLIENTS - 1}
        (winner,) = [s for s, a in zip(shops, answers, strict=True) if a.status == 200]
        assert _buy(winner) == 200
        assert _places(working_stack, session_id) == (held + sold + 1, held, sold + 1)
    finally:
        working_stack.sql(resize, capacity, str(session_id))


def test_of_twenty_who_name_the_same_seat_one_has_it(
    working_stack: Stack, demo: dict[str, Any], shops: list[Shop]
) -> None:
    session_id, seat_id = demo["seatedSessionId"], demo["seatIds"][0]
    capacity, held, sold = _places(working_stack, session_id)
    body = {"seats": [{"id": seat_id, "session_id": session_id}]}
    answers = at_once([partial(shop.call, "/seats", body) for shop in shops])
    told = Counter((answer.status, answer.body.get("code")) for answer in answers)
    assert told == {(200, None): 1, (409, "SEAT_TAKEN"): CLIENTS - 1}
    (winner,) = [s for s, a in zip(shops, answers, strict=True) if a.status == 200]
    assert _buy(winner) == 200
    assert _places(working_stack, session_id) == (capacity, held, sold + 1)
