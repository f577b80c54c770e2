"""Onebox's webhooks: verified, told once however often they come, and nothing is asked (C10)."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest

from catalog.models import Connection
from tests.connectors.conftest import make_connection
from tests.connectors.onebox.conftest import CREDENTIALS
from wallets.connectors.base import BadSignature, PushedNotice
from wallets.connectors.onebox import OneboxConnector

pytestmark = pytest.mark.django_db
HOOK, KEY = "hook-7", "key-of-the-hook"
BODY = json.dumps({"code": "BQ73MK20ZT4H", "url": "http://169.254.169.254/"}).encode()


@pytest.fixture
def connection() -> Connection:
    """An account with a webhook, at a host that nobody could ask."""
    secrets = {**CREDENTIALS, "webhook_hook_id": HOOK, "webhook_key": KEY}
    return make_connection("onebox", "https://api.oneboxtds.net", credentials=secrets)


def signed(body: bytes = BODY, key: str = KEY, **headers: str) -> dict[str, str]:
    """Return the headers of a push; None leaves one out."""
    return {
        "ob-event": "ORDER",
        "ob-action": "REFUND",
        "ob-hook-id": HOOK,
        "ob-delivery-id": "d-1",
        "ob-signature": hmac.new(key.encode(), body, hashlib.sha256).hexdigest(),
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }


def read(connection: Connection, headers: dict[str, str], body: bytes = BODY) -> PushedNotice:
    return OneboxConnector().read_push(connection, headers, body)


@pytest.mark.derived
def test_a_signed_push_tells_its_order(connection: Connection) -> None:
    """C10: a hint by its code; its `url` is not looked at."""
    notice = read(connection, signed())
    assert (notice.event, notice.outside_reference) == ("ORDER REFUND", "BQ73MK20ZT4H")
    assert len(notice.dedupe_key) == 64


@pytest.mark.derived
def test_attempts_of_one_push_are_the_same(connection: Connection) -> None:
    """C10: `ob-delivery-id` differs, and what happened is one thing."""
    first = read(connection, signed())
    assert read(connection, signed(ob_delivery_id="d-2")) == first
    other = json.dumps({"code": "BQ73MK20ZT4H", "previous_code": "X"}).encode()
    keys = {
        first.dedupe_key,
        read(connection, signed(ob_action="UPDATE")).dedupe_key,
        read(connection, signed(ob_event="ACCESS")).dedupe_key,
        read(connection, signed(other), other).dedupe_key,
    }
    assert len(keys) == 4


@pytest.mark.derived
@pytest.mark.parametrize(
    "headers",
    [
        {},
        signed(key="another"),
        signed(b"another body"),
        signed(ob_hook_id="hook-8"),
        signed(ob_hook_id=""),
        signed(ob_signature=""),
        signed(ob_signature="é" * 64),
        signed(ob_signature="0" * 64),
    ],
)
def test_a_push_that_proves_nothing_is_refused(
    connection: Connection, headers: dict[str, str]
) -> None:
    """C10: a bad signature; sockets are blocked, so nothing was fetched."""
    with pytest.raises(BadSignature):
        read(connection, headers)


@pytest.mark.parametrize(
    "secrets", [{}, {"webhook_hook_id": HOOK}, {"webhook_key": KEY}, {"webhook_key": ""}]
)
def test_pushes_are_refused_where_none_are_agreed(
    connection: Connection, secrets: dict[str, str]
) -> None:
    connection.set_credentials({**CREDENTIALS, **secrets})
    for headers in (signed(), signed(key="", ob_hook_id="")):
        with pytest.raises(BadSignature):
            read(connection, headers)


def test_a_push_is_refused_when_our_key_cannot_be_opened(connection: Connection) -> None:
    connection.sealed_credentials = "gone"
    with pytest.raises(BadSignature):
        read(connection, signed())


@pytest.mark.parametrize(
    "body",
    [b"", b"no json", b"[1]", b'{"code":5}', b'{"code":"../x"}', b"[" * 100_000, b"\xff\xfe"],
)
def test_a_signed_push_about_no_order_is_a_notice_about_none(
    connection: Connection, body: bytes
) -> None:
    notice = read(connection, signed(body), body)
    assert (notice.outside_reference, len(notice.dedupe_key)) == ("", 64)


def test_what_a_push_is_about_is_short_and_printable(connection: Connection) -> None:
    notice = read(connection, signed(ob_event="A\x00\x1b" * 50, ob_action="B" * 99))
    assert notice.event == ("A" * 50 + " " + "B" * 99)[:60]


def test_another_way_to_sign_can_be_plugged_in(connection: Connection) -> None:
    asked: list[Any] = []

    def always(body: bytes, key: str, signature: str) -> bool:
        asked.append((body, key, signature))
        return True

    notice = OneboxConnector(always).read_push(connection, signed(ob_signature="theirs"), BODY)
    assert (notice.outside_reference, asked) == ("BQ73MK20ZT4H", [(BODY, KEY, "theirs")])
