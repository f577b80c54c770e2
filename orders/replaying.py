"""Replaying every order that failed for one cause: listed at once, worked off in the background.

An order's outcome is written in the transaction that submits it again, so a worker may die at any
moment: what is done is done once, and the next worker takes the orders that still wait.
"""

from __future__ import annotations

import datetime
import logging
import uuid
from collections.abc import Callable

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from procrastinate.contrib.django.models import ProcrastinateJob

from channel_manager.history import runner
from channel_manager.history.runner import WORKER, Change
from channel_manager.lib.database import DATABASE_AWAY, broken_constraint
from channel_manager.lib.errors import ErrorCode, Refusal
from orders import lifecycle
from orders.models import Order, OrderStatus
from orders.models.replay import Replay, ReplayOrder, ReplayOutcome
from orders.queueing import enqueue_replaying

# What one job works off before it queues again, so that others get their turn.
BATCH = 50
# Until an order that somebody else is at is looked at again.
_WAIT_SECONDS = 2
_log = logging.getLogger(__name__)

_Result = tuple[ReplayOutcome, str]


class NothingToReplay(Refusal):
    """No order stands in Error for the cause, or a replay of it is running already."""

    code = ErrorCode.ORDER_STATE_CONFLICT


def failed_for(fingerprint: str) -> QuerySet[Order]:
    """Return the live orders that stand in Error for a cause."""
    return Order.objects.live().filter(status=OrderStatus.ERROR, failure_fingerprint=fingerprint)


def start_replay(
    *,
    replay_id: uuid.UUID,
    fingerprint: str,
    title: str,
    reason: str,
    actor: str,
    now: datetime.datetime,
) -> Replay:
    """List every live order that failed for a cause and enqueue their replay, in one transaction.

    Asked again with the same id, nothing happens and the first is returned. Raises NothingToReplay
    when there is no such order, or while another replay of the cause runs.
    """
    replay = Replay(
        pk=replay_id,
        fingerprint=fingerprint,
        title=title,
        reason=reason,
        started_by=actor,
        started_at=now,
    )
    try:
        with transaction.atomic():
            return _start(replay)
    except IntegrityError as error:
        match broken_constraint(error):
            case "one_replay_at_a_time":
                raise NothingToReplay("These orders are being replayed already.") from error
            case "orders_replay_pkey":
                return Replay.objects.get(pk=replay_id)
        raise


def _start(replay: Replay) -> Replay:
    replay.job_id = enqueue_replaying(replay.pk)
    replay.save(force_insert=True)
    found = failed_for(replay.fingerprint).order_by("received_at", "id")
    rows = [
        ReplayOrder(
            replay=replay, order_id=order_id, buy_from_order_reference=number, failed_at=failed_at
        )
        for order_id, number, failed_at in found.values_list(
            "pk", "buy_from_order_reference", "status_since"
        )
    ]
    if not rows:
        raise NothingToReplay("No order stands in Error for this cause any more.")
    ReplayOrder.objects.bulk_create(rows, batch_size=2_000)
    runner.record(
        [replay],
        change=Change(
            name="replay_started",
            actor=replay.started_by,
            now=replay.started_at,
            reason=replay.reason,
            data={"fingerprint": replay.fingerprint, "orders": len(rows)},
        ),
        before=[None],
    )
    return replay


def work_off(*, replay_id: uuid.UUID, clock: Callable[[], datetime.datetime]) -> None:
    """Replay some of the orders, and queue again until every one has its outcome."""
    replay = Replay.objects.running().filter(pk=replay_id).first()
    if replay is None:
        return
    waiting = replay.orders.filter(outcome=ReplayOutcome.WAITING).order_by("pk")
    keys = list(waiting.values_list("pk", flat=True)[:BATCH])
    settled = 0
    for key in keys:
        try:
            settled += _settle(replay, key, clock())
        except DATABASE_AWAY:
            _log.warning("Order row %s of replay %s is left for later", key, replay.pk)
    with transaction.atomic():
        for row in runner.lock(Replay.objects.running().filter(pk=replay.pk)):
            if waiting.exists():
                wait = 0 if settled else _WAIT_SECONDS
                _give_job(row, wait=wait)
            else:
                _finish(row, clock())


def recover_replays() -> None:
    """Give a job to every running replay whose job was lost, or has failed for good."""
    with transaction.atomic():
        for replay in runner.lock_if_free(Replay.objects.running()):
            jobs = ProcrastinateJob.objects.filter(pk=replay.job_id, status__in=("todo", "doing"))
            if not jobs.exists():
                _give_job(replay)


def _give_job(replay: Replay, *, wait: int = 0) -> None:
    replay.job_id = enqueue_replaying(replay.pk, wait=wait)
    replay.save(update_fields=["job_id"])


def _finish(replay: Replay, now: datetime.datetime) -> None:
    replay.finished_at = now
    replay.save(update_fields=["finished_at"])
    runner.record(
        [replay],
        change=Change(name="replay_finished", actor=WORKER, now=now),
        before=["Running"],
    )


def _settle(replay: Replay, key: int, now: datetime.datetime) -> bool:
    """Give one order its outcome, unless somebody else is at it; tell whether it has one."""
    waiting = ReplayOrder.objects.filter(pk=key, outcome=ReplayOutcome.WAITING)
    with transaction.atomic():
        for row in runner.lock_if_free(waiting):
            row.outcome, row.message = _outcome(replay, row, now)
            if row.outcome != ReplayOutcome.WAITING:
                row.settled_at = now
            row.save(update_fields=["outcome", "message", "settled_at"])
            return row.outcome != ReplayOutcome.WAITING
    return False


def _outcome(replay: Replay, row: ReplayOrder, now: datetime.datetime) -> _Result:
    try:
        with transaction.atomic():
            return _replay(replay, row, now)
    except Refusal as refusal:
        told = " ".join(fault.detail for fault in refusal.faults) or refusal.detail
        return (ReplayOutcome.WAITING if refusal.retryable else ReplayOutcome.FAILED), told
    except DATABASE_AWAY:
        raise
    except Exception:
        _log.exception("Order %s of replay %s could not be replayed", row.order_id, replay.pk)
        return ReplayOutcome.FAILED, "This failed for a reason of ours."


def _replay(replay: Replay, row: ReplayOrder, now: datetime.datetime) -> _Result:
    """Submit the order again if it stands as it did when it was listed."""
    for order in runner.lock(Order.objects.filter(pk=row.order_id)):
        if order.status != OrderStatus.ERROR or order.status_since != row.failed_at:
            if order.status == OrderStatus.ERROR:
                return ReplayOutcome.SKIPPED, "It failed again meanwhile."
            return ReplayOutcome.SKIPPED, f"It is {order.status} by now."
        lifecycle.replay_order(
            orders=Order.objects.all(),
            order_id=order.pk,
            actor=replay.started_by,
            now=now,
            reason=replay.reason,
        )
        return ReplayOutcome.REPLAYED, ""
    return ReplayOutcome.SKIPPED, "It was removed meanwhile."
