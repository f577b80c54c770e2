"""How endpoints stand: what waits for them, what failed, and which of them need somebody."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import OuterRef, Q, QuerySet, Subquery

from channel_manager.history.models import Event
from channel_manager.history.runner import WORKER
from partners.models import DeliveryStatus, EndpointStatus, WebhookEndpoint

# A partner that deploys or restarts is back by then.
GRACE = datetime.timedelta(hours=1)
# Nobody counts further than this: an endpoint that is paused may have millions waiting.
MOST_COUNTED = 1000
_COUNT = """
SELECT e.id, (
    SELECT count(*) FROM (
        SELECT FROM partners_webhookdelivery d
        WHERE d.endpoint_id = e.id AND d.status = %(pending)s LIMIT %(most)s
    ) AS counted
), (
    SELECT count(*) FROM (
        SELECT FROM partners_webhookdelivery d
        WHERE d.endpoint_id = e.id AND d.status = %(failed)s LIMIT %(most)s
    ) AS counted
)
FROM unnest(%(endpoints)s::uuid[]) AS e (id)
"""


class Backlog(NamedTuple):
    """How many deliveries of an endpoint wait, and how many failed; beyond 1,000 it says so."""

    waiting: int = 0
    failed: int = 0

    @property
    def waiting_in_words(self) -> str:
        """Return how many wait, such as 12, or over 1,000."""
        return _in_words(self.waiting)

    @property
    def failed_in_words(self) -> str:
        """Return how many failed, such as 12, or over 1,000."""
        return _in_words(self.failed)


def count_backlogs(endpoint_ids: Collection[uuid.UUID]) -> Mapping[uuid.UUID, Backlog]:
    """Count what waits and what failed for each endpoint, on partial indexes: one statement."""
    with connection.cursor() as cursor:
        values: dict[str, Any] = {
            "most": MOST_COUNTED + 1,
            "pending": DeliveryStatus.PENDING,
            "failed": DeliveryStatus.FAILED,
            "endpoints": list(endpoint_ids),
        }
        cursor.execute(_COUNT, values)
        return {key: Backlog(waiting, failed) for key, waiting, failed in cursor.fetchall()}


def needing_somebody(
    endpoints: QuerySet[WebhookEndpoint], *, now: datetime.datetime
) -> QuerySet[WebhookEndpoint]:
    """Keep the endpoints that failed for over an hour, or that we stopped sending to.

    One that a person paused or switched off is nobody's surprise, and is left out.
    """
    stops = Event.objects.filter(
        kind=WebhookEndpoint._meta.model_name,
        subject_id=OuterRef("pk"),
        name__in=("paused", "switched_off"),
    ).order_by("-id")
    failing = Q(status=EndpointStatus.ACTIVE, failing_since__lte=now - GRACE)
    stopped = Q(status__in=(EndpointStatus.PAUSED, EndpointStatus.OFF), stopped_by=WORKER)
    return endpoints.annotate(stopped_by=Subquery(stops.values("actor")[:1])).filter(
        failing | stopped
    )


def _in_words(count: int) -> str:
    return f"over {MOST_COUNTED:,}" if count > MOST_COUNTED else f"{count:,}"
