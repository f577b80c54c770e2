"""Onebox's webhooks: verified, told once, and a hint only (contract 9, C10)."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping

from catalog.models import Connection
from wallets.connectors.base import BadSignature, ConnectorError, PushedNotice
from wallets.connectors.credentials import secret_of
from wallets.connectors.onebox_orders import code_or_none

HOOK_ID, HOOK_KEY = "webhook_hook_id", "webhook_key"
# Tells whether a body, with the hook's key, has a signature.
Verifier = Callable[[bytes, str, str], bool]
_LONGEST_EVENT = 60


def is_hmac_sha256(body: bytes, key: str, signature: str) -> bool:
    """Tell whether a signature is the body's HMAC-SHA256 in hex ([D]: theirs is not public)."""
    expected = hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
    return _is_same(signature.strip().lower(), expected)


def read_notice(
    connection: Connection, headers: Mapping[str, str], body: bytes, is_signed: Verifier
) -> PushedNotice:
    """Return what a push tells; raises BadSignature, also where the connection has no hook's key.

    A body that names no order is told with an empty reference: nothing is read back then.
    """
    hook = headers.get("ob-hook-id", "")
    _verify(connection, hook, headers.get("ob-signature", ""), body, is_signed)
    event, action = headers.get("ob-event", ""), headers.get("ob-action", "")
    code = _code_of(body)
    # `ob-delivery-id` differs from attempt to attempt.
    told = json.dumps([hook, event, action, code, hashlib.sha256(body).hexdigest()])
    return PushedNotice(
        dedupe_key=hashlib.sha256(told.encode()).hexdigest(),
        event=_printable(f"{event} {action}".strip())[:_LONGEST_EVENT],
        outside_reference=code,
    )


def _verify(
    connection: Connection, hook: str, signature: str, body: bytes, is_signed: Verifier
) -> None:
    try:
        known, key = secret_of(connection, HOOK_ID), secret_of(connection, HOOK_KEY)
    except ConnectorError as error:
        raise BadSignature(error.detail) from error
    if not known or not key:
        raise BadSignature("No webhook is agreed with this channel.")
    if not _is_same(hook, known) or not is_signed(body, key, signature):
        raise BadSignature("The webhook is not signed with the key of its hook.")


def _code_of(body: bytes) -> str:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    return (code_or_none(document) or "") if isinstance(document, dict) else ""


def _is_same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(errors="replace"), other.encode())


def _printable(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable())
