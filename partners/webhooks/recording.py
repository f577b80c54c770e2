"""Writing down what a partner is to be told, in the transaction of the change."""

from __future__ import annotations

import dataclasses
import datetime
import itertools
import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection

from channel_manager.lib import jobs
from channel_manager.lib.identity import time_ordered_uuid
from partners.models import EndpointStatus, EventType, WebhookEndpoint, WebhookEvent

PUBLISH_TASK = "partners.publish_events"
# What numbers events and hands them out is quick, and waits for no receiver.
QUEUE = "events"
_INTO = """
INSERT INTO partners_webhookevent AS n
    (event_id, partner_id, test_mode, type, order_id, data, at, is_feed_only)
"""
_ROW = "(%s, %s, %s, %s, %s, %s, %s, %s)"
_WHETHER_SENT = """
RETURNING NOT n.is_feed_only AND EXISTS (
    SELECT 1 FROM partners_webhookendpoint e
    WHERE e.partner_id = n.partner_id AND e.test_mode = n.test_mode AND e.status <> %s
)
"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class NewEvent:
    """What a partner is to be told: ids, numbers and states as the API writes them, no person."""

    event_type: EventType
    partner_id: uuid.UUID
    test_mode: bool
    order_id: uuid.UUID | None
    data: Mapping[str, Any]
    is_feed_only: bool = False


def record_events(events: Sequence[NewEvent], *, now: datetime.datetime) -> None:
    """Write events in the open transaction; have them sent where their partners have an endpoint.

    One statement, and a job if any is to be sent.
    """
    if not events:
        return
    rows = [
        (
            *(time_ordered_uuid(), event.partner_id, event.test_mode, event.event_type),
            *(event.order_id, json.dumps(event.data), now, event.is_feed_only),
        )
        for event in events
    ]
    with connection.cursor() as cursor:
        places = ", ".join([_ROW] * len(rows))
        cursor.execute(
            f"{_INTO} VALUES {places} {_WHETHER_SENT}",
            [*itertools.chain.from_iterable(rows), EndpointStatus.OFF],
        )
        is_sent = any(found for (found,) in cursor.fetchall())
    if is_sent:
        jobs.defer(PUBLISH_TASK, queue=QUEUE)


def record_test(*, endpoint: WebhookEndpoint, now: datetime.datetime) -> WebhookEvent:
    """Write a test event for one endpoint in the open transaction, and have it sent."""
    event = WebhookEvent.objects.create(
        type=EventType.TEST,
        partner_id=endpoint.partner_id,
        test_mode=endpoint.test_mode,
        data={"partnerId": str(endpoint.partner_id)},
        at=now,
        endpoint=endpoint,
    )
    jobs.defer(PUBLISH_TASK, queue=QUEUE)
    return event
