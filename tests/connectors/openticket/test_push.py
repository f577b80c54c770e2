"""What a webhook tells: whoever does not know the hook's nonce tells nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from catalog.models import Connection
from tests.connectors.openticket.cast import CONNECTOR
from wallets.connectors.base import BadSignature, PushedNotice

HEADERS = {
    "openticket-identifier": "a-nonce",
    "openticket-trigger": "order.ticket.scanned",
    "openticket-dedupe-key": "key-1",
    "user-agent": "OpenTicket/Webhook",
}
ORDER = "f7c30000-0000-4000-8000-000000000099"


def hooked(nonce: str) -> Connection:
    """Return a connection whose webhook has a nonce."""
    connection = Connection(system="openticket")
    connection.set_credentials({"webhook_identifier": nonce})
    return connection


@pytest.fixture
def connection() -> Connection:
    """Our account there; nothing is stored, and nobody asked."""
    return hooked("a-nonce")


def test_a_push_tells_what_happened_to_which_order(connection: Connection) -> None:
    """C10"""
    body = json.dumps({"order_id": ORDER}).encode()
    notice = CONNECTOR.read_push(connection, HEADERS, body)
    assert notice == PushedNotice(
        dedupe_key="key-1", event="order.ticket.scanned", outside_reference=ORDER
    )


@pytest.mark.parametrize("told", ["a-nonce ", "A-NONCE", "", "another", "ä-nonce", None])
def test_a_push_with_another_nonce_is_refused(connection: Connection, told: str | None) -> None:
    """C10"""
    headers = {**HEADERS, "openticket-identifier": told}
    if told is None:
        del headers["openticket-identifier"]
    with pytest.raises(BadSignature):
        CONNECTOR.read_push(connection, headers, b"{}")  # type: ignore[arg-type]


@pytest.mark.parametrize("told", ["", "anything"])
def test_a_connection_without_a_nonce_takes_no_push(told: str) -> None:
    """C10"""
    with pytest.raises(BadSignature):
        CONNECTOR.read_push(hooked(""), {**HEADERS, "openticket-identifier": told}, b"{}")


@pytest.mark.derived
@pytest.mark.parametrize(
    ("document", "order"),
    [
        ({"order": ORDER}, ORDER),
        ({"order": {"guid": ORDER}}, ORDER),
        ({"guid": ORDER}, ORDER),
        ({"order_id": ORDER, "guid": "another"}, ORDER),
        ({"order": {"guid": ["x"]}}, ""),
        ({"order_id": "x" * 101}, ""),
        ({}, ""),
        ([ORDER], ""),
        (ORDER, ""),
    ],
)
def test_the_order_is_looked_for_where_it_may_stand(
    connection: Connection, document: Any, order: str
) -> None:
    notice = CONNECTOR.read_push(connection, HEADERS, json.dumps(document).encode())
    assert notice.outside_reference == order


@pytest.mark.parametrize("body", [b"", b"order=1", b"\xff\xfe", b"[" * 100_000])
def test_a_body_that_cannot_be_read_is_a_push_all_the_same(
    connection: Connection, body: bytes
) -> None:
    notice = CONNECTOR.read_push(connection, HEADERS, body)
    assert (notice.dedupe_key, notice.outside_reference) == ("key-1", "")


def test_an_event_is_told_in_characters_that_can_be_kept(connection: Connection) -> None:
    headers = {**HEADERS, "openticket-trigger": "order\x00.paid\ud800" + "d" * 100}
    assert CONNECTOR.read_push(connection, headers, b"{}").event == "order.paid" + "d" * 50


@pytest.mark.derived
@pytest.mark.parametrize("key", [None, "", "k" * 121, "k\x00", "k\ud800"])
def test_a_push_without_a_usable_key_is_known_by_what_it_says(
    connection: Connection, key: str | None
) -> None:
    headers = {name: value for name, value in HEADERS.items() if name != "openticket-dedupe-key"}
    if key is not None:
        headers["openticket-dedupe-key"] = key
    keys = [
        CONNECTOR.read_push(connection, headers, body).dedupe_key
        for body in (b'{"guid":1}', b'{"guid":1}', b'{"guid":2}')
    ]
    assert keys[0] == keys[1] != keys[2]
    assert len(keys[0]) == 64
