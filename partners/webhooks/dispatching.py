"""Deciding what is sent next: a few deliveries of each endpoint at a time, each as a job.

However many events wait for an endpoint that hangs, one sender at most is busy with it.
"""

from __future__ import annotations

import datetime
import logging
import uuid
from collections.abc import Sequence

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q

from channel_manager.history import runner
from channel_manager.lib import jobs
from channel_manager.lib.database import DATABASE_AWAY
from channel_manager.lib.queues import SENDER_QUEUE
from partners.models import (
    DeliveryStatus,
    EndpointStatus,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
)

DELIVER_TASK = "partners.deliver_webhook"
# How many deliveries are on their way at once: of an endpoint, which gets a single one while it
# fails; of a partner; and of a partner's failing endpoints. Else one partner took all the senders.
MOST_AT_ONCE, MOST_OF_A_PARTNER, MOST_FAILING_OF_A_PARTNER = 4, 8, 2
# Longer than an attempt, its wait for a sender and the hand-over from a worker that died.
_CLAIM = datetime.timedelta(minutes=30)
_log = logging.getLogger(__name__)


def dispatch_to(*, endpoint_ids: set[uuid.UUID], now: datetime.datetime) -> None:
    """Send the endpoints what is due, as much of it as each may get at once."""
    for endpoint_id in sorted(endpoint_ids):
        try:
            with transaction.atomic():
                for endpoint in runner.lock(WebhookEndpoint.objects.filter(pk=endpoint_id)):
                    dispatch_next(endpoint=endpoint, now=now)
        except DATABASE_AWAY:
            # Somebody works on this one for long; the others need not wait for him.
            _log.warning("Webhook endpoint %s was busy", endpoint_id, exc_info=True)


def dispatch_due(*, now: datetime.datetime) -> None:
    """Take up what has become due, and what a sender was lost with."""
    _reclaim(now)
    due = WebhookDelivery.objects.filter(
        endpoint=OuterRef("pk"), status=DeliveryStatus.PENDING, next_attempt_at__lte=now
    )
    open_now = Q(not_before=None) | Q(not_before__lte=now)
    endpoints = WebhookEndpoint.objects.filter(open_now, Exists(due), status=EndpointStatus.ACTIVE)
    dispatch_to(endpoint_ids=set(endpoints.values_list("pk", flat=True)), now=now)


def dispatch_next(*, endpoint: WebhookEndpoint, now: datetime.datetime) -> None:
    """Claim what is due at a locked endpoint, with a job and an attempt row for each."""
    if not endpoint.is_open(now):
        return
    ours = WebhookDelivery.objects.filter(endpoint=endpoint)
    free = _free(endpoint)
    if free <= 0:
        return
    due = ours.filter(status=DeliveryStatus.PENDING, next_attempt_at__lte=now)
    claimed = list(due.order_by("next_attempt_at", "id")[:free])
    if claimed:
        _claim(claimed, now)


def _free(endpoint: WebhookEndpoint) -> int:
    """Return how many more may be sent to a locked endpoint now, its partner's others considered."""
    partners = WebhookDelivery.objects.filter(
        endpoint__partner=endpoint.partner_id, status=DeliveryStatus.SENDING
    )
    counted: dict[str, int] = partners.aggregate(
        own=Count("pk", filter=Q(endpoint=endpoint)),
        failing=Count("pk", filter=Q(endpoint__failing_since__isnull=False)),
        all=Count("pk"),
    )
    if endpoint.failing_since is None:
        return min(MOST_AT_ONCE - counted["own"], MOST_OF_A_PARTNER - counted["all"])
    return min(1 - counted["own"], MOST_FAILING_OF_A_PARTNER - counted["failing"])


def _claim(deliveries: Sequence[WebhookDelivery], now: datetime.datetime) -> None:
    """Write down that each is about to be attempted, and have it done."""
    for delivery in deliveries:
        delivery.status = DeliveryStatus.SENDING
        delivery.next_attempt_at = None
        delivery.claimed_until = now + _CLAIM
        delivery.attempts += 1
        delivery.step += 1
        if delivery.step == 1:
            delivery.begun_at = now
    fields = ["status", "next_attempt_at", "claimed_until", "attempts", "step", "begun_at"]
    WebhookDelivery.objects.bulk_update(deliveries, fields)
    WebhookAttempt.objects.bulk_create(
        WebhookAttempt(delivery=delivery, number=delivery.attempts, started_at=now)
        for delivery in deliveries
    )
    for delivery in deliveries:
        jobs.defer(
            DELIVER_TASK,
            queue=SENDER_QUEUE,
            delivery_id=str(delivery.pk),
            attempt=str(delivery.attempts),
        )


def _reclaim(now: datetime.datetime) -> None:
    """Let attempts that nobody ended be made again."""
    with transaction.atomic():
        lost = runner.lock_if_free(
            WebhookDelivery.objects.filter(status=DeliveryStatus.SENDING, claimed_until__lt=now)
        )
        WebhookDelivery.objects.filter(pk__in=[delivery.pk for delivery in lost]).update(
            status=DeliveryStatus.PENDING, claimed_until=None, next_attempt_at=now
        )
