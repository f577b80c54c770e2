"""Giving committed events their position in the feed, and a delivery for each endpoint.

Transactions commit in another order than they drew their ids in, so a reader who remembers the last
id skips what commits late. Here one sequencer at a time, by the lock of a single row, looks at what
is committed and numbers it: a position is visible only together with all smaller ones. The last
position stands in that row and is dumped and restored with the events.
"""

from __future__ import annotations

import datetime
import uuid

from django.db import connection, transaction

from partners.models import DeliveryStatus, EndpointStatus, WebhookEvent

_AT_ONCE = 1000
# Locks the row; one that was lost comes back as the events tell.
_LOCK = """
INSERT INTO partners_eventsequence AS s (id, last_position)
VALUES (1, (SELECT coalesce(max(position), 0) FROM partners_webhookevent))
ON CONFLICT (id) DO UPDATE SET last_position = s.last_position
RETURNING last_position
"""
_NUMBER = """
WITH fresh AS (
    SELECT id, row_number() OVER (ORDER BY id) AS place
    FROM (SELECT id FROM partners_webhookevent WHERE position IS NULL ORDER BY id LIMIT %s) first
), numbered AS (
    UPDATE partners_webhookevent e SET position = %s + fresh.place FROM fresh WHERE e.id = fresh.id
    RETURNING e.*
), last AS (
    UPDATE partners_eventsequence SET last_position = last_position + (SELECT count(*) FROM fresh)
), wanting AS (
    -- Locked against being deleted before we commit.
    SELECT w.* FROM partners_webhookendpoint w
    WHERE w.status <> %s AND EXISTS (
        SELECT 1 FROM fresh JOIN partners_webhookevent e ON e.id = fresh.id
        WHERE e.partner_id = w.partner_id AND e.test_mode = w.test_mode
    )
    ORDER BY w.id FOR KEY SHARE
), made AS (
    INSERT INTO partners_webhookdelivery
        (event_id, endpoint_id, status, attempts, step, next_attempt_at)
    SELECT n.id, w.id, %s, 0, 0, %s
    FROM numbered n JOIN wanting w
        ON w.partner_id = n.partner_id AND w.test_mode = n.test_mode
    WHERE NOT n.is_feed_only AND w.created_at <= n.at
        AND (n.endpoint_id IS NULL OR n.endpoint_id = w.id)
        AND (w.event_types = '{}' OR n.type = ANY(w.event_types) OR n.endpoint_id = w.id)
    ORDER BY n.position
    RETURNING endpoint_id
)
SELECT (SELECT count(*) FROM fresh), ARRAY(SELECT DISTINCT endpoint_id FROM made)
"""


def sequence_events(*, now: datetime.datetime) -> set[uuid.UUID]:
    """Number every committed event that has no position; return the endpoints to be told.

    Each thousand is a transaction of its own. Where nothing is new it is one statement.
    """
    told: set[uuid.UUID] = set()
    while WebhookEvent.objects.filter(position=None).exists():
        told |= _sequence_some(now)
    return told


def _sequence_some(now: datetime.datetime) -> set[uuid.UUID]:
    with transaction.atomic(), connection.cursor() as cursor:
        # A statement of its own: the next one must see what was committed while we waited.
        cursor.execute(_LOCK)
        (last,) = cursor.fetchone()
        cursor.execute(_NUMBER, [_AT_ONCE, last, EndpointStatus.OFF, DeliveryStatus.PENDING, now])
        _count, endpoints = cursor.fetchone()
    return set(endpoints)
