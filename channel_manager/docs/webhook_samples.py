"""Sample answers of webhook endpoints and the feed; tests hold them against real ones."""

from __future__ import annotations

from typing import Any

_AT = "2026-11-20T09:15:04.102Z"
_EVENT_ID = "evt_01a1fb7b60127d0a9d6c1f2b7a30c55e"
_ORDER_ID = "01a1fb7b-5fb2-7166-9bcf-83268a68999a"
_CURSOR = "48213-1f2b7a30c55e"

_ENDPOINT: dict[str, Any] = {
    "webhookId": "01a1fb70-2f0e-7b64-8d35-50c8a3f0a6d1",
    "url": "https://shop.example.com/webhooks/tickets",
    "description": "Web shop",
    "eventTypes": [],
    "testMode": False,
    "status": "Active",
    "statusReason": None,
    "statusSince": "2026-11-19T14:02:11.530Z",
    "failingSince": None,
    "lastSuccessAt": _AT,
    "notBefore": None,
    "oldSecretUntil": None,
    "createdAt": "2026-11-19T14:02:11.530Z",
    "updatedAt": "2026-11-19T14:02:11.530Z",
}
_NEW = {
    **_ENDPOINT,
    "lastSuccessAt": None,
    "secret": "whsec_" + "c2FtcGxlLXNlY3JldC1ub3QtYS1yZWFsLW9uZS4uLi4=",
}
_DELIVERY: dict[str, Any] = {
    "eventId": _EVENT_ID,
    "type": "ota_cm_order_processed",
    "orderId": _ORDER_ID,
    "timestamp": _AT,
    "status": "Delivered",
    "attempts": 1,
    "nextAttemptAt": None,
    "endedAt": "2026-11-20T09:15:04.290Z",
    "lastAttempt": {
        "number": 1,
        "startedAt": "2026-11-20T09:15:04.121Z",
        "durationMs": 164,
        "statusCode": 204,
        "error": None,
        "answer": "",
    },
}
_EVENT: dict[str, Any] = {
    "type": "ota_cm_order_processed",
    "eventId": _EVENT_ID,
    "timestamp": _AT,
    "testMode": False,
    "orderId": _ORDER_ID,
    "partnerId": "01a1fb73-4824-7c2a-bad7-dca9f72c4126",
    "buyFromOrderReference": "CM26-0000042",
    "sellToOrderReference": "WEB-10042",
    "status": "Issued",
    "statusMessage": None,
    "cursor": _CURSOR,
}

WEBHOOK_ANSWERS: dict[str, dict[str, Any]] = {
    "listWebhooks": {"data": [_ENDPOINT]},
    "createWebhook": _NEW,
    "getWebhook": _ENDPOINT,
    "replaceWebhook": _ENDPOINT,
    "deleteWebhook": _ENDPOINT,
    "testWebhook": {"eventId": _EVENT_ID},
    "rotateWebhook": {**_NEW, "oldSecretUntil": "2026-11-21T09:15:04.102Z"},
    "pauseWebhook": {**_ENDPOINT, "status": "Paused", "statusReason": "Moving house"},
    "resumeWebhook": _ENDPOINT,
    "replayWebhook": {"events": 3},
    "listDeliveries": {
        "data": [_DELIVERY],
        "morePages": False,
        "nextPageKey": None,
        "nextPageURL": None,
    },
    "listEvents": {"data": [_EVENT], "cursor": _CURSOR, "moreEvents": False},
}
