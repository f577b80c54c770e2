"""Webhook endpoints and deliveries as the API answers them."""

from __future__ import annotations

import datetime
from typing import Any

from channel_manager.lib.moments import in_utc
from partners.models import EndpointStatus, WebhookAttempt, WebhookDelivery, WebhookEndpoint


def render_endpoint(endpoint: WebhookEndpoint) -> dict[str, Any]:
    """Return an endpoint; its secret is never among it."""
    return {
        "webhookId": str(endpoint.pk),
        "url": endpoint.url,
        "description": endpoint.description,
        "eventTypes": list(endpoint.event_types),
        "testMode": endpoint.test_mode,
        "status": endpoint.status,
        "statusReason": endpoint.status_reason or None,
        "statusSince": in_utc(endpoint.status_since),
        "failingSince": _or_none(endpoint.failing_since),
        "lastSuccessAt": _or_none(endpoint.last_success_at),
        "notBefore": _or_none(endpoint.not_before),
        "oldSecretUntil": _or_none(endpoint.old_secret_until),
        "createdAt": in_utc(endpoint.created_at),
        "updatedAt": in_utc(endpoint.updated_at),
    }


def render_delivery(delivery: WebhookDelivery, endpoint: WebhookEndpoint) -> dict[str, Any]:
    """Return a delivery with its last attempt; event and last attempt must be at hand."""
    tries = list(delivery.tries.all())
    return {
        "eventId": delivery.event.public_id,
        "type": delivery.event.type,
        "orderId": delivery.event.order_id and str(delivery.event.order_id),
        "timestamp": in_utc(delivery.event.at),
        "status": delivery.status,
        "attempts": delivery.attempts,
        "nextAttemptAt": _or_none(_next_attempt(delivery, endpoint)),
        "endedAt": _or_none(delivery.ended_at),
        "lastAttempt": _attempt(tries[-1]) if tries else None,
    }


def _next_attempt(delivery: WebhookDelivery, endpoint: WebhookEndpoint) -> datetime.datetime | None:
    """Return when a waiting delivery goes out at the earliest; None while nothing is sent there."""
    if delivery.next_attempt_at is None or endpoint.status != EndpointStatus.ACTIVE:
        return None
    return max(delivery.next_attempt_at, endpoint.not_before or delivery.next_attempt_at)


def _attempt(attempt: WebhookAttempt) -> dict[str, Any]:
    return {
        "number": attempt.number,
        "startedAt": in_utc(attempt.started_at),
        "durationMs": attempt.duration_ms,
        "statusCode": attempt.status_code,
        "error": attempt.error or None,
        "answer": attempt.answer,
    }


def _or_none(moment: datetime.datetime | None) -> str | None:
    return None if moment is None else in_utc(moment)
