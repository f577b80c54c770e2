"""Sending events again: one, those of a time, or all that failed."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from channel_manager.history import runner
from channel_manager.history.runner import Change
from channel_manager.lib.errors import Fault, InvalidRequest
from partners.models import (
    DeliveryStatus,
    EndpointStatus,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookEvent,
)
from partners.webhooks import dispatching
from partners.webhooks.endpoints import conflict, lock_endpoint

# What one call may send again; the rest by the feed, or by calling again for a shorter time.
MOST_REPLAYED = 10_000
_AGAIN = """
INSERT INTO partners_webhookdelivery
    (event_id, endpoint_id, status, attempts, step, next_attempt_at)
SELECT id, %(endpoint)s, %(pending)s, 0, 0, %(now)s FROM unnest(%(events)s::bigint[]) AS id
ON CONFLICT (endpoint_id, event_id) DO UPDATE
    SET status = %(pending)s, step = 0, next_attempt_at = %(now)s, ended_at = NULL
    WHERE partners_webhookdelivery.status <> %(sending)s
RETURNING id
"""


def replay_event(
    *,
    endpoints: QuerySet[WebhookEndpoint],
    endpoint_id: uuid.UUID,
    event_id: uuid.UUID,
    actor: str,
    now: datetime.datetime,
) -> int:
    """Send an endpoint one event again, or for the first time; return how many are sent.

    None where it is on its way already. Raises NotFound, EndpointStateConflict, and InvalidRequest
    for an event that is not one of the partner's in this mode.
    """
    with transaction.atomic():
        endpoint = _lock(endpoints, endpoint_id)
        found = _events_of(endpoint).filter(event_id=event_id)
        if not found:
            fault = Fault("/eventId", "unknown_event", "There is no such event in this mode.")
            raise InvalidRequest([fault])
        return _send_again(endpoint, found, actor, now)


def replay_range(
    *,
    endpoints: QuerySet[WebhookEndpoint],
    endpoint_id: uuid.UUID,
    since: datetime.datetime,
    until: datetime.datetime,
    actor: str,
    now: datetime.datetime,
) -> int:
    """Send an endpoint every event of a time that it wants again; return how many are sent.

    since, until: aware moments, both inclusive. Raises NotFound, EndpointStateConflict, and
    InvalidRequest when there are more than 10,000.
    """
    with transaction.atomic():
        endpoint = _lock(endpoints, endpoint_id)
        events = _events_of(endpoint).filter(at__gte=since, at__lte=until, is_feed_only=False)
        if endpoint.event_types:
            events = events.filter(type__in=endpoint.event_types)
        return _send_again(endpoint, events, actor, now)


def replay_failed(
    *,
    endpoints: QuerySet[WebhookEndpoint],
    endpoint_id: uuid.UUID,
    actor: str,
    now: datetime.datetime,
) -> int:
    """Send an endpoint again what was given up or waits after an attempt; return how many are sent.

    The oldest 10,000 at most. Raises NotFound, EndpointStateConflict.
    """
    with transaction.atomic():
        endpoint = _lock(endpoints, endpoint_id)
        tried_in_vain = Q(status=DeliveryStatus.FAILED) | Q(
            status=DeliveryStatus.PENDING, step__gt=0
        )
        failed = WebhookDelivery.objects.filter(tried_in_vain, endpoint=endpoint)
        some = failed.order_by("event_id").values("event")[:MOST_REPLAYED]
        return _send_again(endpoint, WebhookEvent.objects.filter(pk__in=some), actor, now)


def _lock(endpoints: QuerySet[WebhookEndpoint], endpoint_id: uuid.UUID) -> WebhookEndpoint:
    """Lock an endpoint that something may still be sent to."""
    endpoint = lock_endpoint(endpoints, endpoint_id)
    if endpoint.status == EndpointStatus.OFF:
        raise conflict(endpoint, "resume it before events are sent again")
    return endpoint


def _events_of(endpoint: WebhookEndpoint) -> QuerySet[WebhookEvent]:
    """Return what the endpoint may be sent: its partner's events of its mode."""
    return WebhookEvent.objects.filter(
        partner_id=endpoint.partner_id,
        test_mode=endpoint.test_mode,
        endpoint=None,
        position__isnull=False,
    )


def _send_again(
    endpoint: WebhookEndpoint,
    events: QuerySet[WebhookEvent],
    actor: str,
    now: datetime.datetime,
) -> int:
    chosen = list(events.order_by("id").values_list("pk", flat=True)[: MOST_REPLAYED + 1])
    if len(chosen) > MOST_REPLAYED:
        detail = f"These are more than {MOST_REPLAYED} events; choose a shorter time."
        raise InvalidRequest([Fault("/since", "too_many_events", detail)])
    values: dict[str, Any] = {
        "endpoint": endpoint.pk,
        "events": chosen,
        "now": now,
        "pending": DeliveryStatus.PENDING,
        "sending": DeliveryStatus.SENDING,
    }
    with connection.cursor() as cursor:
        cursor.execute(_AGAIN, values)
        sent: int = cursor.rowcount
    if sent:
        change = Change(name="replayed", actor=actor, now=now, data={"events": sent})
        runner.note(endpoint, change=change)
    dispatching.dispatch_next(endpoint=endpoint, now=now)
    return sent
