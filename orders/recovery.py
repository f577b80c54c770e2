"""Bringing orders home that stand still: stalled ones, ones without a job, expired drafts."""

import datetime
import functools
import logging
from collections.abc import Callable

from django.conf import settings
from django.db import transaction
from django.db.models import DurationField, Exists, ExpressionWrapper, F, OuterRef, Value
from procrastinate.contrib.django.models import ProcrastinateJob

from channel_manager.history import runner
from channel_manager.history.runner import WORKER, Change
from orders import cancellation, issuance, places
from orders.models import Allocation, Order, OrderQuerySet, OrderStatus
from orders.queueing import enqueue_issuance

# What one run takes on; the next one follows within seconds.
_BATCH = 200
_log = logging.getLogger(__name__)


def recover_orders(*, now: datetime.datetime) -> None:
    """Recover whatever stands still (contract section 5).

    Scheduled for 5 minutes: Submitted again. Processing for an hour: Error. In flight without a
    live job: given one. Drafts past their lifetime: removed. Orders in Error past theirs: their
    places go back. Every order in a transaction of its own; one that fails, or that somebody works
    on, is left for the next run.
    """
    orders = Order.objects
    _each(_resubmit, orders.stalled(OrderStatus.SCHEDULED, now), now)
    _each(_give_up, orders.stalled(OrderStatus.PROCESSING, now), now)
    _each(_employ, _without_job(now), now)
    _each(_expire, orders.expired(now), now)
    _each(_release_places, _keeping_places(now), now)


def _each(
    recover: Callable[[Order, datetime.datetime], None],
    orders: OrderQuerySet,
    now: datetime.datetime,
) -> None:
    """Recover a batch of orders, each under its lock if it still qualifies and is free."""
    for order_id in orders.order_by("status_since").values_list("pk", flat=True)[:_BATCH]:
        try:
            with transaction.atomic():
                for order in runner.lock_if_free(orders.filter(pk=order_id)):
                    recover(order, now)
        except Exception:
            _log.exception("Order %s could not be recovered", order_id)


def _without_job(now: datetime.datetime) -> OrderQuerySet:
    """Find orders in flight whose job was lost, or has failed for good."""
    grace = now - datetime.timedelta(seconds=settings.SUBMITTED_GRACE_SECONDS)
    live = ProcrastinateJob.objects.filter(pk=OuterRef("job_id"), status__in=("todo", "doing"))
    return Order.objects.in_flight().standing_since(grace).filter(~Exists(live))


def _keeping_places(now: datetime.datetime) -> OrderQuerySet:
    """Find orders in Error that have places although a draft's lifetime has passed."""
    days = F("partner__draft_lifetime_days") * Value(datetime.timedelta(days=1))
    lifetime = ExpressionWrapper(days, output_field=DurationField())
    return Order.objects.filter(status=OrderStatus.ERROR, status_since__lte=now - lifetime).filter(
        Exists(Allocation.objects.filter(line__order=OuterRef("pk")))
    )


def _resubmit(order: Order, now: datetime.datetime) -> None:
    job_id = enqueue_issuance(order.pk)
    runner.apply_to(
        [order],
        functools.partial(Order.recover, now=now, job_id=job_id),
        change=Change(name="recovered", actor=WORKER, now=now),
    )


def _give_up(order: Order, now: datetime.datetime) -> None:
    issuance.give_up(order_id=order.pk, now=now)


def _employ(order: Order, now: datetime.datetime) -> None:
    """Give the order a job; it goes on where it stopped."""
    order.job_id = enqueue_issuance(order.pk)
    order.save(update_fields=["job_id"])


def _expire(order: Order, now: datetime.datetime) -> None:
    cancellation.remove_order(
        order=order,
        actor=WORKER,
        now=now,
        reason="Its lifetime as a draft has passed.",
    )


def _release_places(order: Order, now: datetime.datetime) -> None:
    """Give back the places of an order that stands in Error; the order stays (contract section 5)."""
    places.give_back(places.of_order(order))
    change = Change(
        name="places_returned",
        actor=WORKER,
        now=now,
        reason="It has been in Error for longer than a draft lives.",
    )
    runner.note(order, change=change)
