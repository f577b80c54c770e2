"""Forgetting events that nobody will ask for any more."""

from __future__ import annotations

import datetime
import uuid

from django.conf import settings
from django.db import connection, transaction
from django.db.models import BigIntegerField, QuerySet, Subquery
from django.db.models.functions import Coalesce

from partners.models import DeliveryStatus, WebhookAttempt

_AT_ONCE = 5000
# The oldest event that is kept ends the search, so that what is kept is not read through.
_OLD = """
SELECT e.id FROM partners_webhookevent e
WHERE e.position IS NOT NULL
    AND e.id < coalesce(
        (SELECT id FROM partners_webhookevent WHERE at >= %s ORDER BY id LIMIT 1), 9223372036854775807
    )
    AND e.id > %s
    AND NOT EXISTS (
        SELECT 1 FROM partners_webhookdelivery d WHERE d.event_id = e.id AND d.status IN (%s, %s)
    )
ORDER BY e.id LIMIT %s
"""
_FORGET = (
    "DELETE FROM partners_webhookattempt a USING partners_webhookdelivery d"
    " WHERE a.delivery_id = d.id AND d.event_id = ANY(%s)",
    "DELETE FROM partners_webhookdelivery WHERE event_id = ANY(%s)",
    "DELETE FROM partners_webhookevent WHERE id = ANY(%s)",
)


def prune_events(*, now: datetime.datetime) -> int:
    """Forget events older than EVENT_RETENTION_DAYS with their deliveries; return how many.

    What still waits for an endpoint stays, however old. Each five thousand are a transaction.
    """
    before = now - datetime.timedelta(days=settings.EVENT_RETENTION_DAYS)
    forgotten, last = 0, 0
    while old := _forget_some(before, last):
        forgotten, last = forgotten + len(old), old[-1]
    return forgotten


def forget_answers(*, order_id: uuid.UUID) -> None:
    """Forget what endpoints answered when they were told of an order: they may have named guests.

    Our own sentence about an attempt that had no answer stays.
    """
    _answered().filter(delivery__event__order_id=order_id).update(answer="")


def has_answers(*, order_id: uuid.UUID) -> bool:
    """Tell whether anything is kept of what endpoints answered when they were told of an order."""
    return _answered().filter(delivery__event__order_id=order_id).exists()


def answers_since(moment: datetime.datetime) -> QuerySet[WebhookAttempt]:
    """Return the attempts since a moment whose answer is kept, to events of orders.

    Attempts are in order of time: it is read back from the newest.
    """
    before = WebhookAttempt.objects.filter(started_at__lt=moment).order_by("-pk").values("pk")[:1]
    since = _answered().filter(pk__gt=Coalesce(Subquery(before), 0, output_field=BigIntegerField()))
    return since.exclude(delivery__event__order_id=None)


def _answered() -> QuerySet[WebhookAttempt]:
    return WebhookAttempt.objects.filter(error="").exclude(answer="")


def _forget_some(before: datetime.datetime, last: int) -> list[int]:
    with transaction.atomic(), connection.cursor() as cursor:
        waiting = (DeliveryStatus.PENDING, DeliveryStatus.SENDING)
        cursor.execute(_OLD, [before, last, *waiting, _AT_ONCE])
        old = [row[0] for row in cursor.fetchall()]
        if old:
            for statement in _FORGET:
                cursor.execute(statement, [old])
    return old
