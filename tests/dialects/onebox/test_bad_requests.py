"""Every fault in Onebox's own shape, all of a request at once; never a page, never a 5xx."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as tries
from hypothesis import strategies as st

from catalog.models import Session
from orders.models import Checkout
from tests.dialects.onebox.channel import (
    CATALOGUE,
    EMAIL,
    MANAGEMENT,
    ORDERS,
    Channel,
    assert_refused,
)
from tests.orders.sessions import counters

pytestmark = pytest.mark.django_db
NOBODY = "0" * 32
SIX = ("", "/seats", "/seats-auto", "/buyer-data", "/pre-confirm", "/confirm")
CALLS = SIX[1:]
SEAT = {"id": 1, "session_id": 1}
PLACES = {"price_type_id": 1, "session_id": 1, "quantity": 1}


@pytest.mark.parametrize("path", CALLS)
def test_every_call_but_the_first_needs_the_order(channel: Channel, path: str) -> None:
    assert_refused(channel.post(path, "", {"email": EMAIL}), 400, "DIST0006", "ob-order-id")
    for wrong in ("x", "BQ73MK20ZT4H", "g" * 32, "0" * 33):
        refused = channel.post(path, wrong, {"email": EMAIL})
        assert_refused(refused, 400, "DIST0004", f"Invalid 'ob-order-id' format: '{wrong}'.")
    bodies = {"/seats": {"seats": [SEAT]}, "/seats-auto": PLACES, "/buyer-data": {"email": EMAIL}}
    assert_refused(channel.post(path, NOBODY, bodies.get(path, {})), 404, "ORDER_NOT_FOUND")


@pytest.mark.parametrize("path", SIX)
def test_a_body_is_json(channel: Channel, path: str) -> None:
    order_id = channel.basket()

    def send(raw: bytes, kind: str = "application/json") -> Any:
        return channel.request(
            "POST", f"{ORDERS}{path}", raw=raw, ob_order_id=order_id, content_type=kind
        )

    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        assert_refused(send(b'{"email": 1}', kind), 415, "DIST0003")
    for raw in (b"{", b"\xff", b"{'a': 1}", b'{"a": NaN}', b"[" * 100, b'{"a": 1, "a": 2}'):
        assert_refused(send(raw), 400, "DIST0002")
    for raw in (b"[]", b"1", b'"text"', b"null"):
        assert_refused(send(raw), 400, "DIST0002", "JSON object")


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        ({}, "DIST0006", ["seats"]),
        ({"seats": None}, "DIST0006", ["seats"]),
        ({"seats": {}}, "DIST0004", ["seats"]),
        ({"seats": []}, "DIST0005", ["seats", "1 to 100"]),
        ({"seats": [SEAT] * 101}, "DIST0005", ["1 to 100"]),
        ({"seats": [SEAT, SEAT]}, "DIST0005", ["seats[1]", "second time"]),
        ({"seats": [1]}, "DIST0004", ["seats[0]"]),
        ({"seats": [{}]}, "DIST0006", ["seats[0].id", "seats[0].session_id"]),
        ({"seats": [{"id": 0, "session_id": 0}]}, "DIST0005", ["greater than 0"]),
        ({"seats": [{"id": "1", "session_id": True}]}, "DIST0004", ["'seats[0].id'", "'1'"]),
        ({"seats": [{"id": 1.0, "session_id": 2**63}]}, "DIST0004", ["id", "session_id"]),
        ({"seats": [SEAT]}, "DIST0005", ["1 is no session of this channel"]),
    ],
)
def test_seats_that_are_wrong_are_told_all_at_once(
    channel: Channel, body: Any, code: str, words: list[str]
) -> None:
    assert_refused(channel.post("/seats", channel.basket(), body), 400, code, *words)


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        ({}, "DIST0006", ["price_type_id", "session_id", "quantity"]),
        ({**PLACES, "quantity": 0}, "DIST0005", ["quantity", "greater than 0"]),
        ({**PLACES, "quantity": 101}, "DIST0005", ["quantity", "100 or less"]),
        ({**PLACES, "quantity": "2", "session_id": -1}, "DIST0005", ["session_id", "quantity"]),
        ({**PLACES, "price_type_id": []}, "DIST0004", ["an array"]),
        (PLACES, "DIST0005", ["no session", "no price type"]),
    ],
)
def test_places_that_are_wrong_are_told_all_at_once(
    channel: Channel, body: Any, code: str, words: list[str]
) -> None:
    assert_refused(channel.post("/seats-auto", channel.basket(), body), 400, code, *words)


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        ({}, "DIST0006", ["email"]),
        ({"email": None}, "DIST0006", ["email"]),
        ({"email": "nobody"}, "DIST0004", ["Invalid 'email' format: 'nobody'."]),
        ({"email": 1}, "DIST0004", ["email"]),
        ({"email": f"{'a' * 250}@example.com"}, "DIST0004", ["email"]),
        ({"phone": {"prefix": "+31"}, "tags": []}, "DIST0005", ["phone", "tags"]),
        ({"note": "x" * 1001}, "DIST0005", ["1000"]),
        ({"note": "\0"}, "DIST0005", ["note"]),
        ({"note": "\ud800"}, "DIST0005", ["note"]),
        ({"a b": 1, "email": "x"}, "DIST0004", ["'a b'", "'x'"]),
        ({f"a{n}": n for n in range(101)}, "DIST0005", ["100"]),
    ],
)
def test_buyers_that_are_wrong_are_told_all_at_once(
    channel: Channel, body: Any, code: str, words: list[str]
) -> None:
    order_id = channel.basket()
    assert_refused(channel.post("/buyer-data", order_id, body), 400, code, *words)
    assert channel.done("/buyer-data", order_id, {"email": EMAIL})["buyer_data"] == {"email": EMAIL}


def test_members_that_nobody_knows_are_ignored(channel: Channel, matinee: Session) -> None:
    order_id, places = channel.basket(), channel.places(channel.session_id())
    answer = channel.done("/seats-auto", order_id, {**places, "promotion": {"id": 1}})
    assert len(answer["items"]) == 1


def test_seats_where_none_are_numbered_are_refused(channel: Channel, matinee: Session) -> None:
    seat = {"seats": [{"id": 5, "session_id": channel.session_id()}]}
    refused = channel.post("/seats", channel.basket(), seat)
    assert_refused(refused, 400, "DIST0005", "5 is no seat of session")


def test_an_order_has_so_many_items_at_most(channel: Channel, matinee: Session) -> None:
    Session.objects.update(capacity=1000)
    order_id, places = channel.basket(), channel.places(channel.session_id(), 100)
    for _ in range(5):
        channel.done("/seats-auto", order_id, places)
    refused = channel.post("/seats-auto", order_id, {**places, "quantity": 1})
    assert_refused(refused, 400, "DIST0005", "more than 500 items")
    assert counters() == {"cinema 14:00": "500+0"}


def test_a_session_that_is_over_is_not_for_sale(
    channel: Channel, clock: Any, matinee: Session
) -> None:
    places = channel.places(channel.session_id())
    package = matinee.attraction.items.first().components.first().package  # type: ignore[union-attr]
    package.cut_off_minutes = 60
    package.save()
    clock.now = matinee.starts_at
    channel.renew()
    refused = channel.post("/seats-auto", channel.basket(), places)
    assert_refused(refused, 409, "NOT_FOR_SALE")


@pytest.mark.parametrize(
    "path",
    [
        "/onebox",
        "/onebox/",
        "/onebox/nothing",
        "/onebox/distribution-api/v1/orders/",
        "/onebox/distribution-api/v1/orders/remove",
        "/onebox/distribution-api/v2/orders",
        "/onebox/catalog-api/v1",
        "/onebox/orders-mgmt-api/v1/orders",
        "/onebox/onebox-rest2/rest",
    ],
)
def test_addresses_that_nothing_is_served_at_are_told_in_the_same_shape(path: str) -> None:
    for method in ("GET", "POST", "DELETE"):
        response = Client().generic(method, path, headers={"accept": "text/html"})
        assert_refused(response, 404, "NOT_FOUND")


def test_methods_that_are_not_taken_are_told_in_the_same_shape(channel: Channel) -> None:
    for method, path in (
        ("GET", ORDERS),
        ("DELETE", f"{ORDERS}/seats"),
        ("OPTIONS", f"{ORDERS}/confirm"),
        ("POST", f"{CATALOGUE}/sessions"),
        ("PUT", f"{MANAGEMENT}/BQ73MK20ZT4H"),
    ):
        response = channel.request(method, path)
        assert_refused(response, 405, "METHOD_NOT_ALLOWED")
        assert response["Allow"]


def test_a_body_that_is_too_large_is_told_in_the_same_shape(channel: Channel) -> None:
    raw = b'{"email": "' + b"x" * 1024 * 1024 + b'"}'
    response = channel.request("POST", f"{ORDERS}/buyer-data", raw=raw, ob_order_id=NOBODY)
    assert_refused(response, 413, "PAYLOAD_TOO_LARGE")


def test_a_fault_of_ours_is_told_in_the_same_shape(
    channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr("orders.dialects.onebox.baskets.open_basket", fail)
    response = channel.post("")
    assert response.status_code == 500
    assert response.json() == {"code": "DIST0000", "message": "Generic error."}


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
KNOWN = st.sampled_from(
    ["seats", "id", "session_id", "price_type_id", "quantity", "email", "items", "type", "name"]
)


@tries(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    path=st.sampled_from(["/seats", "/seats-auto", "/buyer-data"]),
    body=st.dictionaries(
        KNOWN | st.text(max_size=5), JSON | st.lists(st.dictionaries(KNOWN, JSON))
    ),
)
def test_whatever_is_sent_is_answered_in_the_same_shape(
    channel: Channel, path: str, body: Any
) -> None:
    order_id = channel.basket()
    response = channel.post(path, order_id, body)
    if response.status_code != 200:
        assert 400 <= response.status_code < 500
        assert set(response.json()) == {"code", "message"}
    Checkout.objects.all().delete()
