"""Working off a closed day in the background: its holds, then its orders, each on its own.

An order's outcome is written in the transaction that moves or cancels it, so a worker may die at
any moment: what is done is done once, and the next worker takes the orders that still wait.
"""

from __future__ import annotations

import datetime
import logging
import uuid
from collections.abc import Callable

from django.db import connection, transaction

from catalog.opening import read_opening_times
from channel_manager.history import runner
from channel_manager.history.models import Event
from channel_manager.history.runner import WORKER, Change
from channel_manager.lib.database import DATABASE_AWAY
from channel_manager.lib.errors import NotFound, Refusal
from orders import cancellation, moving, places
from orders.affected import Affected
from orders.closing import day_of, list_orders
from orders.models import (
    Allocation,
    Closure,
    ClosureOrder,
    ClosureOutcome,
    ClosurePlan,
    ClosureStatus,
    Hold,
    HoldStatus,
    Order,
    OrderStatus,
)
from orders.models.closure import CLOSURE_KIND
from orders.queueing import enqueue_clearing

# What one job works off before it queues again, so that others get their turn.
BATCH = 100
# Until orders that were being issued are looked at again.
WAIT_SECONDS = 3
# A sale that began before the day was closed has ended by then, one way or the other.
_LONGEST_SALE = datetime.timedelta(minutes=2)
_STARTS = ("closed", "resumed", "retried")
_log = logging.getLogger(__name__)

_Result = tuple[ClosureOutcome, str]


def clear_day(
    *,
    closure_id: uuid.UUID,
    clock: Callable[[], datetime.datetime],
    since: datetime.datetime | None = None,
    after: int = 0,
) -> None:
    """Work off some of the orders of a closed day, and queue again until every one has its outcome.

    since: when this was done first, by the database's clock; after: the last row that was seen.
    """
    closure = _find(closure_id)
    if closure is None or closure.status != ClosureStatus.RUNNING:
        return
    began = since or _database_clock()
    _release_holds(closure, clock())
    waiting = closure.closure_orders.waiting().filter(pk__gt=after).order_by("pk")
    keys = list(waiting.values_list("pk", flat=True)[:BATCH])
    affected = Affected(day=day_of(closure), now=closure.started_at)
    for key in keys:
        try:
            _settle(closure, affected, key, clock())
        except DATABASE_AWAY:
            _log.warning("Order %s of %s is left for the next run", key, closure, exc_info=True)
    if len(keys) == BATCH:
        _go_on(closure, began, after=keys[-1])
    else:
        _finish_or_wait(closure, began, clock())


def _find(closure_id: uuid.UUID) -> Closure | None:
    rows = Closure.objects.select_related("venue", "attraction").defer("venue__logo")
    return rows.filter(pk=closure_id).first()


def _settle(closure: Closure, affected: Affected, key: int, now: datetime.datetime) -> None:
    """Give one order its outcome, unless somebody else is at it or staff have stopped."""
    running = ClosureOrder.objects.waiting().filter(pk=key, closure__status=ClosureStatus.RUNNING)
    with transaction.atomic():
        for row in runner.lock_if_free(running):
            row.outcome, row.message = _outcome(closure, affected, row, now)
            if row.outcome != ClosureOutcome.WAITING:
                row.settled_at = now
            row.save(update_fields=["outcome", "message", "settled_at"])


def _outcome(
    closure: Closure, affected: Affected, row: ClosureOrder, now: datetime.datetime
) -> _Result:
    """Do what the closure plans with one order; return what became of it."""
    try:
        with transaction.atomic():
            return _act(closure, affected, row, now)
    except (NotFound, moving.NothingToMove) as refusal:
        return ClosureOutcome.SKIPPED, _in_words(refusal)
    except Refusal as refusal:
        waits = refusal.retryable
        outcome = ClosureOutcome.WAITING if waits else ClosureOutcome.FAILED
        return outcome, _in_words(refusal)
    except DATABASE_AWAY:
        raise
    except Exception:
        _log.exception("Order %s of %s could not be worked off", row.order_id, closure)
        return ClosureOutcome.FAILED, "This failed for a reason of ours."


def _act(
    closure: Closure, affected: Affected, row: ClosureOrder, now: datetime.datetime
) -> _Result:
    orders = Order.objects.filter(venue=closure.venue_id)
    for order in runner.lock(orders.filter(pk=row.order_id)):
        if order.status == OrderStatus.CANCELLED:
            return ClosureOutcome.SKIPPED, "It was cancelled meanwhile."
        if not affected.includes(order.pk):
            return ClosureOutcome.SKIPPED, "It has no visit on that day any more."
        if closure.plan == ClosurePlan.CANCEL:
            cancellation.cancel_order(
                orders=orders,
                order_id=order.pk,
                actor=_actor(closure),
                now=now,
                reason=closure.reason,
            )
            was_issued = order.status == OrderStatus.ISSUED
            return ClosureOutcome.CANCELLED if was_issued else ClosureOutcome.REMOVED, ""
        if closure.plan == ClosurePlan.MOVE and closure.to_date is not None:
            moving.move_order(
                orders=orders,
                order_id=order.pk,
                from_date=closure.date,
                to_date=closure.to_date,
                actor=_actor(closure),
                now=now,
                reason=closure.reason,
            )
            return ClosureOutcome.MOVED, ""
        return ClosureOutcome.KEPT, ""
    return ClosureOutcome.SKIPPED, "It was removed meanwhile."


def _actor(closure: Closure) -> str:
    """Return who wants it: who started it, or went on with it last."""
    events = Event.objects.filter(kind=CLOSURE_KIND, subject_id=closure.pk, name__in=_STARTS)
    return events.order_by("-id").values_list("actor", flat=True).first() or closure.started_by


def _release_holds(closure: Closure, now: datetime.datetime) -> None:
    """Give back the places that holds have of the day; none can become an order any more.

    Not while the day was being closed: holds are locked before sessions.
    """
    sessions = [
        session.pk
        for session in day_of(closure).sessions(closure.started_at)
        if not session.is_on_sale  # staff may have opened the day again
    ]
    held = Hold.objects.filter(status=HoldStatus.HELD)
    with_places = held.filter(allocations__session__in=sessions).distinct()
    change = Change(name="released", actor=_actor(closure), now=now, reason=closure.reason)
    for key in with_places.values_list("pk", flat=True):
        with transaction.atomic():
            holds = runner.lock(held.filter(pk=key))
            places.give_back(Allocation.objects.filter(hold__in=holds))
            runner.apply_to(holds, lambda hold: hold.release(now=now), change=change)


def _go_on(closure: Closure, began: datetime.datetime, *, after: int = 0, wait: int = 0) -> None:
    """Queue again, unless staff have stopped."""
    with transaction.atomic():
        running = Closure.objects.filter(pk=closure.pk, status=ClosureStatus.RUNNING)
        for row in runner.lock(running):
            row.job_id = enqueue_clearing(row.pk, since=began.isoformat(), after=after, wait=wait)
            row.save(update_fields=["job_id"])


def _finish_or_wait(closure: Closure, began: datetime.datetime, now: datetime.datetime) -> None:
    """End the closure once every order has its outcome and no late one can follow."""
    quiet = closure.attraction_id is not None or _is_quiet(began)
    if closure.attraction_id is None and _is_closed(closure):
        # Its sessions refuse late orders; a visit without a session is known once it commits.
        list_orders(closure)
    if not quiet or closure.closure_orders.waiting().exists():
        _go_on(closure, began, wait=WAIT_SECONDS)
        return
    with transaction.atomic():
        running = Closure.objects.filter(pk=closure.pk, status=ClosureStatus.RUNNING)
        for row in runner.lock(running):
            if row.closure_orders.waiting().exists():
                # Somebody has asked for another try since; the next run finds them.
                row.job_id = enqueue_clearing(row.pk, since=began.isoformat())
                row.save(update_fields=["job_id"])
                return
            runner.apply_to(
                [row],
                lambda one: one.finish(now=now),
                change=Change(name="finished", actor=WORKER, now=now),
            )


def _is_closed(closure: Closure) -> bool:
    """Tell whether the calendar still says so: what is sold of a day opened again stays sold."""
    day = closure.date
    return read_opening_times(venue=closure.venue, first=day, last=day).on(day) is None


def _is_quiet(began: datetime.datetime) -> bool:
    """Tell whether every sale that may have looked at the open calendar has ended."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT NOT EXISTS (
                SELECT 1 FROM pg_stat_activity
                WHERE datname = current_database() AND usename = current_user
                    AND pid <> pg_backend_pid() AND xact_start < %(began)s
                    AND clock_timestamp() < %(latest)s
            )
            """,
            {"began": began, "latest": began + _LONGEST_SALE},
        )
        return bool(cursor.fetchone()[0])


def _database_clock() -> datetime.datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime.datetime = cursor.fetchone()[0]
        return moment


def _in_words(refusal: Refusal) -> str:
    return " ".join(fault.detail for fault in refusal.faults) or refusal.detail
