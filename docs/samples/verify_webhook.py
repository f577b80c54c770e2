# Check a webhook with Python's standard library alone (Python 3.9 or newer).
import base64
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

TOLERANCE = 5 * 60  # seconds that a message may be old, or your clock wrong


class NotGenuine(Exception):
    """The message is not ours, was changed on its way, or is a copy of an old one."""


def verify(secret: str, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """Return the event; `body` is what arrived, byte for byte, before anything parses it."""
    sent = {name.lower(): value for name, value in headers.items()}
    message_id = sent.get("webhook-id", "")
    timestamp = sent.get("webhook-timestamp", "")
    if not timestamp.isdecimal() or abs(time.time() - int(timestamp)) > TOLERANCE:
        raise NotGenuine("The timestamp is missing or too far from now.")

    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{message_id}.{timestamp}.".encode() + body
    expected = base64.b64encode(hmac.digest(key, signed, "sha256"))
    # While a secret is being changed, the header carries two signatures: one that fits will do.
    for signature in sent.get("webhook-signature", "").split():
        if hmac.compare_digest(signature.encode(), b"v1," + expected):
            event: dict[str, Any] = json.loads(body)
            return event
    raise NotGenuine("No signature fits.")
