"""An event as partners read it, in a webhook's body and in the feed (contract section 7)."""

from __future__ import annotations

import json
from typing import Any

from channel_manager.lib.moments import in_utc
from partners.models import WebhookEvent


def render_event(event: WebhookEvent) -> dict[str, Any]:
    """Return what an event says; the same in every attempt and in the feed."""
    return {
        "type": event.type,
        "eventId": event.public_id,
        "timestamp": in_utc(event.at),
        "testMode": event.test_mode,
        **event.data,
    }


def body_of(event: WebhookEvent) -> str:
    """Return the body that is signed and sent."""
    return json.dumps(render_event(event), ensure_ascii=False, separators=(",", ":"))
