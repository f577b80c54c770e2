"""Signing by the Standard Webhooks scheme (contract section 7)."""

from __future__ import annotations

import base64
import datetime
import secrets
from collections.abc import Sequence

from standardwebhooks import Webhook

_SECRET_BYTES = 32


def new_secret() -> str:
    """Return a new endpoint secret, `whsec_` and 256 random bits in base 64."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def signed_headers(
    *, event_id: str, body: str, secret_list: Sequence[str], now: datetime.datetime
) -> dict[str, str]:
    """Return the headers of a delivery, with a signature by each secret."""
    moment = now.replace(microsecond=0)
    signatures = [Webhook(secret).sign(event_id, moment, body) for secret in secret_list]
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
