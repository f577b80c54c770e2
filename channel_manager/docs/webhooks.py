"""The page for whoever is told of changes: webhooks, their signatures, their schedule, the feed."""

from __future__ import annotations

import base64
import dataclasses
import datetime
import hmac
import json
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from channel_manager.docs import sample_files, samples
from channel_manager.docs.pages import PATHS
from channel_manager.docs.views import page
from partners.webhooks.schedule import WAITS


@dataclasses.dataclass(frozen=True)
class EventType:
    """One `type` of event: when it is sent, and which statuses the order may then have."""

    name: str
    when: str
    statuses: tuple[str, ...] = ()


EVENT_TYPES = (
    EventType(
        "ota_cm_order_processed",
        "The order has settled: it was issued, or could not be, by whatever path.",
        ("Issued", "Draft", "Error"),
    ),
    EventType("ota_cm_order_confirmed", "A draft was confirmed.", ("Issued",)),
    EventType("ota_cm_order_cancelled", "An order was cancelled or deleted.", ("Cancelled",)),
    EventType(
        "ota_cm_order_changed",
        "The venue's staff changed an issued order: cancelled some of its wallets, moved it to "
        "another day, reissued a ticket. Read it again: numbers of tickets may be new, those of "
        "wallets stay.",
        ("Issued",),
    ),
    EventType(
        "ota_cm_asset_admitted", "The gate admitted a guest or redeemed a coupon.", ("Issued",)
    ),
    EventType(
        "ota_cm_asset_admission_undone",
        "The gate took an admission back.",
        ("Issued", "Cancelled"),
    ),
    EventType(
        "ota_cm_test", "You asked for it, with `POST …/webhooks/{id}/test`. Not in the feed."
    ),
)
# How long after the last attempt each one follows; some per cent of chance are added.
SCHEDULE = tuple(datetime.timedelta(seconds=seconds) for seconds in WAITS)
EVENT: dict[str, Any] = {
    "type": "ota_cm_order_processed",
    "eventId": "evt_01a1fb7b60127d0a9d6c1f2b7a30c55e",
    "timestamp": "2026-11-20T09:15:04.102Z",
    "testMode": False,
    "orderId": samples.ISSUED_ORDER["orderId"],
    "partnerId": samples.ISSUED_ORDER["partnerId"],
    "buyFromOrderReference": samples.ISSUED_ORDER["buyFromOrderReference"],
    "sellToOrderReference": samples.ISSUED_ORDER["sellToOrderReference"],
    "status": "Issued",
    "statusMessage": None,
}
ADMISSION_MEMBERS = {
    "walletReferenceNumber": "The wallet the ticket or coupon is in.",
    "assetReferenceNumber": "The number of the ticket or coupon.",
    "quantity": "How many guests were admitted.",
    "admittedAt": "When.",
}
MEMBERS = {
    "type": "What happened; see above. Ignore types that you do not know.",
    "eventId": "Names the event, and is the same as in the header `webhook-id`.",
    "timestamp": "When it happened.",
    "testMode": "True for an order of a test key.",
    "orderId": "Read the order with `GET /channelManager/{orderId}`; a deleted one is gone.",
    "partnerId": "Your own id.",
    "buyFromOrderReference": "Our document number.",
    "sellToOrderReference": "Your order number.",
    "status": "The order's status after the event.",
    "statusMessage": "Why, when the status is `Error`.",
}
# A message as it is sent, to check an implementation of the scheme against.
SECRET = "whsec_" + base64.b64encode(b"only an example: never use it").decode()
MESSAGE_BODY = json.dumps(
    {"type": "ota_cm_test", "eventId": EVENT["eventId"], "testMode": False}, separators=(",", ":")
)
MESSAGE_TIMESTAMP = "1795166104"
_CURSOR = "1042-1f2b7a30c55e"
FEED: dict[str, Any] = {
    "data": [{**EVENT, "cursor": _CURSOR}],
    "cursor": _CURSOR,
    "moreEvents": False,
}
VERIFIERS = (
    ("Python", "verify_webhook.py", "Standard library only."),
    ("Python, package", "verify_webhook_package.py", "With the package `standardwebhooks`."),
    ("JavaScript", "verify_webhook.mjs", "With `node:crypto`, nothing to install."),
    ("JavaScript, package", "verify_webhook_package.mjs", "With the package `standardwebhooks`."),
)


def signature() -> str:
    """Return the signature of the example."""
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    signed = f"{EVENT['eventId']}.{MESSAGE_TIMESTAMP}.{MESSAGE_BODY}".encode()
    return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()


def in_words(time: datetime.timedelta) -> str:
    """Say a time such as `2 h` or `75 h 35 min`; seconds are left out of hours."""
    hours, rest = divmod(int(time.total_seconds()), 3600)
    minutes, seconds = divmod(rest, 60)
    if hours:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{minutes} min" if minutes else f"{seconds} s"


def attempts() -> list[tuple[int, str, str]]:
    """Return each attempt: its number, how long after the one before, how long after the event."""
    rows, elapsed = [], datetime.timedelta()
    for number, pause in enumerate(SCHEDULE, start=1):
        elapsed += pause
        rows.append((number, in_words(pause) if pause else "at once", in_words(elapsed)))
    return rows


@page
def webhooks(request: HttpRequest) -> HttpResponse:
    """Show the page."""
    context = {
        "active": PATHS["Webhooks"],
        "base_url": settings.PUBLIC_URL,
        "demo": settings.DEMO,
        "types": EVENT_TYPES,
        "event": json.dumps(EVENT, indent=2),
        "members": MEMBERS,
        "secret": SECRET,
        "message_id": EVENT["eventId"],
        "message_timestamp": MESSAGE_TIMESTAMP,
        "message_signature": signature(),
        "message_body": MESSAGE_BODY,
        "admission_members": ADMISSION_MEMBERS,
        "kept_days": settings.EVENT_RETENTION_DAYS,
        "feed": json.dumps(FEED, indent=2),
        "attempts": attempts(),
        "attempt_count": len(SCHEDULE),
        "all_attempts": in_words(sum(SCHEDULE, datetime.timedelta())),
        "verifiers": [
            (label, name, text, sample_files.text(name)) for label, name, text in VERIFIERS
        ],
        "receiver": sample_files.text("webhook_receiver.py"),
    }
    return render(request, "docs/webhooks.html", context)
