"""Bringing orders home that stand still: stalled ones, ones without a job, expired drafts."""

import datetime
import functools
import logging
import uuid
from collections.abc import Callable

from django.conf import settings
from django.db import transaction
from procrastinate.contrib.django.models import ProcrastinateJob

from channel_manager.history import runner
from channel_manager.history.runner import Change
from orders import issuance, lifecycle
from orders.models import FailureCode, Order, OrderStatus
from orders.queueing import enqueue_issuance

_Recovery = Callable[[uuid.UUID, datetime.datetime], None]

# What one run takes on; the next one follows within seconds.
_BATCH = 200
_log = logging.getLogger(__name__)


def recover_orders(*, now: datetime.datetime) -> None:
    """Recover whatever stands still (contract section 5).

    Scheduled for 5 minutes: Submitted again. Processing for an hour: Error. Submitted without a
    live job: given one. Drafts past their lifetime: removed. Every order in a transaction of its
    own, so that one that fails, or is locked, keeps no other waiting.
    """
    for order_id in _standing(OrderStatus.SCHEDULED, now, settings.SCHEDULED_STALL_SECONDS):
        _try(_resubmit, order_id, now)
    for order_id in _standing(OrderStatus.PROCESSING, now, settings.PROCESSING_STALL_SECONDS):
        _try(_give_up, order_id, now)
    for order_id in _standing(OrderStatus.SUBMITTED, now, settings.SUBMITTED_GRACE_SECONDS):
        _try(_ensure_job, order_id, now)
    expired = Order.objects.filter(status=OrderStatus.DRAFT, draft_expires_at__lte=now)
    for order_id in expired.values_list("pk", flat=True)[:_BATCH]:
        _try(_expire, order_id, now)


def _try(recover: _Recovery, order_id: uuid.UUID, now: datetime.datetime) -> None:
    """Recover one order; a fault is logged, and the next run tries again."""
    try:
        recover(order_id, now)
    except Exception:
        _log.exception("Order %s could not be recovered", order_id)


def _standing(status: OrderStatus, now: datetime.datetime, seconds: int) -> list[uuid.UUID]:
    since = now - datetime.timedelta(seconds=seconds)
    orders = Order.objects.filter(status=status).standing_since(since)
    return list(orders.order_by("status_since").values_list("pk", flat=True)[:_BATCH])


def _resubmit(order_id: uuid.UUID, now: datetime.datetime) -> None:
    since = now - datetime.timedelta(seconds=settings.SCHEDULED_STALL_SECONDS)
    stalled = Order.objects.filter(pk=order_id, status=OrderStatus.SCHEDULED)
    with transaction.atomic():
        for order in runner.lock(stalled.standing_since(since)):
            job_id = enqueue_issuance(order.pk)
            runner.apply_to(
                [order],
                functools.partial(Order.recover, now=now, job_id=job_id),
                change=Change(name="recovered", actor=issuance.WORKER, now=now),
            )


def _give_up(order_id: uuid.UUID, now: datetime.datetime) -> None:
    issuance.fail_order(
        order_id=order_id,
        failure_code=FailureCode.STALLED,
        message="Issuing made no progress for too long.",
        now=now,
    )


def _expire(order_id: uuid.UUID, now: datetime.datetime) -> None:
    lifecycle.expire_draft(order_id=order_id, now=now)


def _ensure_job(order_id: uuid.UUID, now: datetime.datetime) -> None:
    """Give a Submitted order a job unless it has one that waits or runs."""
    with transaction.atomic():
        submitted = Order.objects.filter(pk=order_id, status=OrderStatus.SUBMITTED)
        for order in runner.lock(submitted):
            live = ProcrastinateJob.objects.filter(pk=order.job_id, status__in=("todo", "doing"))
            if not live.exists():
                order.job_id = enqueue_issuance(order.pk)
                order.save(update_fields=["job_id"])
