"""Writing down what a partner is to be told, in the transaction of the change."""

from __future__ import annotations

import datetime
import json
import uuid
from collections.abc import Mapping
from typing import Any

from django.db import connection

from channel_manager.lib import jobs
from channel_manager.lib.identity import time_ordered_uuid
from partners.models import EndpointStatus, EventType, WebhookEndpoint, WebhookEvent

PUBLISH_TASK = "partners.publish_events"
# What numbers events and hands them out is quick, and waits for no receiver.
QUEUE = "events"
SENDING_QUEUE = "webhooks"


def record_event(
    *,
    event_type: EventType,
    partner_id: uuid.UUID,
    test_mode: bool,
    order_id: uuid.UUID | None,
    data: Mapping[str, Any],
    now: datetime.datetime,
    is_feed_only: bool = False,
) -> None:
    """Write an event in the open transaction; have it sent where the partner has an endpoint.

    data: ids, numbers and states as the API writes them, no person. One statement, and a job.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO partners_webhookevent"
            " (event_id, partner_id, test_mode, type, order_id, data, at, is_feed_only)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"
            " RETURNING EXISTS (SELECT 1 FROM partners_webhookendpoint e"
            " WHERE e.partner_id = %s AND e.test_mode = %s AND e.status <> %s)",
            [
                *(
                    time_ordered_uuid(),
                    partner_id,
                    test_mode,
                    event_type,
                    order_id,
                    json.dumps(data),
                ),
                *(now, is_feed_only, partner_id, test_mode, EndpointStatus.OFF),
            ],
        )
        (has_endpoint,) = cursor.fetchone()
    if has_endpoint and not is_feed_only:
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
