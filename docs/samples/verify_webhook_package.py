# Check a webhook with the package standardwebhooks (pip install standardwebhooks).
from collections.abc import Mapping
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

NotGenuine = WebhookVerificationError


def verify(secret: str, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """Return the event; `body` is what arrived, byte for byte, before anything parses it."""
    event: dict[str, Any] = Webhook(secret).verify(body, dict(headers))
    return event
