"""Working off a worklist in the background: its orders one by one; stopping, going on, recovery.

An order's outcome is written in the transaction that acts on it, so a worker may die at any
moment: what is done is done once, and the next worker takes the orders that still wait.
"""

from __future__ import annotations

import datetime
import logging
from collections.abc import Callable, Mapping

from django.db import IntegrityError, models, transaction
from django.db.models import Exists

from channel_manager.history import runner
from channel_manager.history.models import Event
from channel_manager.history.runner import WORKER, Change
from channel_manager.lib import jobs
from channel_manager.lib.database import DATABASE_AWAY
from channel_manager.lib.errors import ErrorCode, NotFound, Refusal
from orders.models import (
    Batch,
    Closure,
    Order,
    OrderStatus,
    Outcome,
    Worklist,
    WorklistOrder,
    WorklistOrderQuerySet,
    WorklistStatus,
)
from orders.moving import NothingToMove
from orders.queueing import enqueue_work

# What one job works off before it queues again, so that others get their turn.
AT_A_TIME = 50
# Until orders that somebody else is at, or that are being issued, are looked at again.
WAIT_SECONDS = 3
_KINDS: tuple[type[Worklist], ...] = (Closure, Batch)
# After these events somebody wants it done.
_STARTS = ("closed", "started", "replay_started", "resumed", "retried")
# What events call a batch, beside its own name: events stay as they were written.
_CALLED: Mapping[type[Worklist], tuple[str, ...]] = {Batch: ("replay",)}
_log = logging.getLogger(__name__)

Result = tuple[Outcome, str]
# Does with one order what the worklist says, at a moment; refusals are outcomes, too.
Act = Callable[[WorklistOrder, datetime.datetime], Result]


class WorklistConflict(Refusal):
    """The worklist does not exist, or is not in a state for what was asked."""

    code = ErrorCode.ORDER_STATE_CONFLICT


def rows_of(worklist: Worklist) -> WorklistOrderQuerySet:
    """Return the orders of a worklist."""
    rows: WorklistOrderQuerySet = worklist.rows.all()  # type: ignore[attr-defined]
    return rows


def events_of(worklist: Worklist) -> models.QuerySet[Event]:
    """Return what happened to a worklist, of whatever name it was at the time."""
    kinds = (worklist._meta.model_name, *_CALLED.get(type(worklist), ()))
    return Event.objects.filter(kind__in=kinds, subject_id=worklist.pk)


def actor_of(worklist: Worklist) -> str:
    """Return who wants it: who started it, or went on with it last."""
    events = events_of(worklist).filter(name__in=_STARTS)
    return events.order_by("-id").values_list("actor", flat=True).first() or worklist.started_by


def work_off_some(
    *, worklist: Worklist, act: Act, clock: Callable[[], datetime.datetime], after: int = 0
) -> int | None:
    """Give some orders of a worklist their outcome, each in a transaction of its own.

    after: the last row that was seen. Returns the last that is seen now, None at the end of the
    list. An order that somebody else is at, or that is still being issued, waits.
    """
    waiting = rows_of(worklist).waiting().filter(pk__gt=after).order_by("pk")
    keys = list(waiting.values_list("pk", flat=True)[:AT_A_TIME])
    for key in keys:
        try:
            _settle(worklist, key, act, clock())
        except DATABASE_AWAY:
            _log.warning("Row %s of %s is left for the next run", key, worklist, exc_info=True)
    return keys[-1] if len(keys) == AT_A_TIME else None


def _settle(worklist: Worklist, key: int, act: Act, now: datetime.datetime) -> None:
    """Give one order its outcome, unless somebody else is at it or staff have stopped."""
    is_running = Exists(_running(worklist))
    with transaction.atomic():
        for row in runner.lock_if_free(rows_of(worklist).waiting().filter(is_running, pk=key)):
            row.outcome, row.message = _outcome(worklist, row, act, now)
            if row.outcome != Outcome.WAITING:
                row.settled_at = now
            row.save(update_fields=["outcome", "message", "settled_at"])


def _outcome(worklist: Worklist, row: WorklistOrder, act: Act, now: datetime.datetime) -> Result:
    try:
        with transaction.atomic():
            return act(row, now)
    except (NotFound, NothingToMove) as refusal:
        return Outcome.SKIPPED, _in_words(refusal)
    except Refusal as refusal:
        return (Outcome.WAITING if refusal.retryable else Outcome.FAILED), _in_words(refusal)
    except DATABASE_AWAY:
        raise
    except Exception:
        _log.exception("Order %s of %s could not be worked off", row.order_id, worklist)
        return Outcome.FAILED, "This failed for a reason of ours."


def go_on(*, worklist: Worklist, since: str = "", after: int = 0, wait: int = 0) -> None:
    """Queue again, unless staff have stopped.

    since, after, wait: as `enqueue_work` takes them.
    """
    with transaction.atomic():
        for row in runner.lock(_running(worklist)):
            row.job_id = enqueue_work(row, since=since, after=after, wait=wait)
            row.save(update_fields=["job_id"])


def finish_or_wait(*, worklist: Worklist, now: datetime.datetime, since: str = "") -> None:
    """End a worklist once every order has its outcome; until then, look again in a moment."""
    if rows_of(worklist).waiting().exists():
        go_on(worklist=worklist, since=since, wait=WAIT_SECONDS)
        return
    with transaction.atomic():
        for row in runner.lock(_running(worklist)):
            if rows_of(row).waiting().exists():
                # Somebody has asked for another try since; the next run finds them.
                row.job_id = enqueue_work(row, since=since)
                row.save(update_fields=["job_id"])
                return
            runner.apply_to(
                [row],
                lambda one: one.finish(now=now),
                change=Change(name="finished", actor=WORKER, now=now),
            )


def stop(*, worklist: Worklist, actor: str, now: datetime.datetime) -> None:
    """Leave the orders that still wait as they are.

    The order that is being worked on at this moment is finished. Raises WorklistConflict.
    """
    with transaction.atomic():
        locked = _lock(worklist, WorklistStatus.RUNNING)
        runner.apply_to(
            [locked],
            lambda row: row.stop(now=now),
            change=Change(name="stopped", actor=actor, now=now),
        )


def resume(*, worklist: Worklist, actor: str, now: datetime.datetime) -> None:
    """Go on with the orders that wait since it was stopped. Raises WorklistConflict."""
    with transaction.atomic():
        locked = _lock(worklist, WorklistStatus.STOPPED)
        _resume(locked, "resumed", actor, now, orders=rows_of(locked).waiting().count())


def retry_failed(*, worklist: Worklist, actor: str, now: datetime.datetime) -> int:
    """Try the orders again that failed; return how many.

    Not while it is stopped: those that were left alone would go on, too. Raises WorklistConflict.
    """
    with transaction.atomic():
        locked = _lock(worklist, WorklistStatus.RUNNING, WorklistStatus.DONE)
        count = (
            rows_of(locked).failed().update(outcome=Outcome.WAITING, message="", settled_at=None)
        )
        if count and not locked.is_running:
            _resume(locked, "retried", actor, now, orders=count)
        elif count:
            change = Change(name="retried", actor=actor, now=now, data={"orders": count})
            runner.note(locked, change=change)
        return count


def recover_worklists() -> None:
    """Give a job to every running worklist whose job was lost, or has failed for good."""
    for kind in _KINDS:
        running = kind._default_manager.filter(status=WorklistStatus.RUNNING)
        with transaction.atomic():
            for worklist in runner.lock_if_free(running):
                # Asked under its lock, so that the job is the last.
                if not jobs.is_live(worklist.job_id):
                    worklist.job_id = enqueue_work(worklist)
                    worklist.save(update_fields=["job_id"])


def _resume(
    worklist: Worklist, name: str, actor: str, now: datetime.datetime, *, orders: int
) -> None:
    job_id = enqueue_work(worklist)
    try:
        with transaction.atomic():
            runner.apply_to(
                [worklist],
                lambda row: row.resume(job_id=job_id),
                change=Change(name=name, actor=actor, now=now, data={"orders": orders}),
            )
    except IntegrityError as clash:
        # One replay of a cause at a time.
        raise WorklistConflict("Somebody else is at these orders already.") from clash


def ended_as(order: Order) -> Outcome:
    """Return what becomes of an order that is cancelled as it stands."""
    return Outcome.CANCELLED if order.status == OrderStatus.ISSUED else Outcome.REMOVED


def _running(worklist: Worklist) -> models.QuerySet[Worklist]:
    kind = type(worklist)
    return kind._default_manager.filter(pk=worklist.pk, status=WorklistStatus.RUNNING)


def _lock(worklist: Worklist, *statuses: WorklistStatus) -> Worklist:
    locked = runner.lock(type(worklist)._default_manager.filter(pk=worklist.pk))
    if not locked:
        raise WorklistConflict("It does not exist any more.")
    (row,) = locked
    if row.status not in statuses:
        raise WorklistConflict(f"Somebody else was faster: it is {row.status} now.")
    return row


def _in_words(refusal: Refusal) -> str:
    return " ".join(fault.detail for fault in refusal.faults) or refusal.detail
