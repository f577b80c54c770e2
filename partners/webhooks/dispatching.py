"""Deciding what is sent next: a few deliveries of each endpoint at a time, each as a job.

However many events wait for an endpoint that hangs, one sender at most is busy with it.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q

from channel_manager.history import runner
from channel_manager.lib import jobs
from partners.models import (
    DeliveryStatus,
    EndpointStatus,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
)
from partners.webhooks.recording import QUEUE

DELIVER_TASK = "partners.deliver_webhook"
# Longer than an attempt, its wait for a sender and the hand-over from a worker that died.
_CLAIM = datetime.timedelta(minutes=5)


def dispatch_to(*, endpoint_ids: set[uuid.UUID], now: datetime.datetime) -> None:
    """Send the endpoints what is due, as much of it as each may get at once."""
    for endpoint_id in sorted(endpoint_ids):
        with transaction.atomic():
            for endpoint in runner.lock(WebhookEndpoint.objects.filter(pk=endpoint_id)):
                dispatch_next(endpoint=endpoint, now=now)


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
    free = endpoint.at_once - ours.filter(status=DeliveryStatus.SENDING).count()
    if free <= 0:
        return
    due = ours.filter(status=DeliveryStatus.PENDING, next_attempt_at__lte=now)
    claimed = list(due.order_by("next_attempt_at", "id")[:free])
    if claimed:
        _claim(claimed, now)


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
            queue=QUEUE,
            delivery_id=str(delivery.pk),
            attempt=str(delivery.attempts),
        )


def _reclaim(now: datetime.datetime) -> None:
    """Let attempts that nobody ended be made again; they do not count against the schedule."""
    WebhookDelivery.objects.filter(status=DeliveryStatus.SENDING, claimed_until__lt=now).update(
        status=DeliveryStatus.PENDING, claimed_until=None, next_attempt_at=now, step=F("step") - 1
    )
