"""Closing a day: it goes off sale, and every order it touches is listed; starting, stopping, going on."""

from __future__ import annotations

import datetime
import uuid

from django.db import transaction
from procrastinate.contrib.django.models import ProcrastinateJob

from catalog.closing import Day, close_calendar
from catalog.opening import read_opening_times
from catalog.rescheduling import in_words
from catalog.visits import MAX_DAYS_AHEAD
from channel_manager.history import runner
from channel_manager.history.runner import Change
from channel_manager.lib.errors import ErrorCode, Fault, InvalidRequest, Refusal
from orders.affected import Affected
from orders.models import Closure, ClosureOrder, ClosureOutcome, ClosurePlan, ClosureStatus
from orders.queueing import enqueue_clearing

_BATCH = 2_000


class NoSuchClosure(Refusal):
    """The closure does not exist, or is not in a state for what was asked."""

    code = ErrorCode.ORDER_STATE_CONFLICT


def close_day(
    *,
    closure_id: uuid.UUID,
    day: Day,
    plan: ClosurePlan,
    to_date: datetime.date | None,
    reason: str,
    actor: str,
    now: datetime.datetime,
) -> Closure:
    """Close a day and enqueue what becomes of its orders; return the closure.

    One transaction: the calendar, its sessions off sale, the list of every order it touches, the
    event and the job. Asked again with the same id, nothing happens and the first is returned.
    Raises InvalidRequest for days that cannot be.
    """
    _require_sane(day, plan, to_date, now)
    with transaction.atomic():
        closure, is_new = Closure.objects.get_or_create(
            pk=closure_id,
            defaults={
                "venue": day.venue,
                "date": day.date,
                "attraction": day.attraction,
                "plan": plan,
                "to_date": to_date,
                "reason": reason,
                "started_by": actor,
                "started_at": now,
            },
        )
        if not is_new:
            return closure
        sessions = close_calendar(day=day, actor=actor, now=now, reason=reason)
        orders = list_orders(closure)
        closure.job_id = enqueue_clearing(closure.pk)
        closure.save(update_fields=["job_id"])
        data = {"plan": plan, "sessions": len(sessions), "orders": orders}
        if to_date:
            data["toDate"] = to_date.isoformat()
        runner.record(
            [closure],
            change=Change(name="closed", actor=actor, now=now, reason=reason, data=data),
            before=[None],
        )
        return closure


def day_of(closure: Closure) -> Day:
    """Return the day that a closure closed."""
    return Day(venue=closure.venue, date=closure.date, attraction=closure.attraction)


def list_orders(closure: Closure) -> int:
    """List the orders that a closure touches and has not listed yet; return how many."""
    found = Affected(day=day_of(closure), now=closure.started_at).orders()
    known = set(closure.closure_orders.values_list("order_id", flat=True))
    keeps = closure.plan == ClosurePlan.KEEP
    rows = [
        ClosureOrder(
            closure=closure,
            order_id=order_id,
            buy_from_order_reference=number,
            outcome=ClosureOutcome.KEPT if keeps else ClosureOutcome.WAITING,
            settled_at=closure.started_at if keeps else None,
        )
        for order_id, number in found
        if order_id not in known
    ]
    ClosureOrder.objects.bulk_create(rows, batch_size=_BATCH, ignore_conflicts=True)
    return len(rows)


def stop_closing(*, closure_id: uuid.UUID, actor: str, now: datetime.datetime) -> Closure:
    """Leave the orders that still wait as they are; the day stays closed.

    The order that is being worked on at this moment is finished. Raises NoSuchClosure.
    """
    with transaction.atomic():
        closure = _lock(closure_id, ClosureStatus.RUNNING)
        runner.apply_to(
            [closure],
            lambda row: row.stop(now=now),
            change=Change(name="stopped", actor=actor, now=now),
        )
        return closure


def resume_closing(*, closure_id: uuid.UUID, actor: str, now: datetime.datetime) -> Closure:
    """Go on with the orders that wait since it was stopped. Raises NoSuchClosure."""
    with transaction.atomic():
        closure = _lock(closure_id, ClosureStatus.STOPPED)
        _resume(
            closure,
            "resumed",
            actor=actor,
            now=now,
            orders=closure.closure_orders.waiting().count(),
        )
        return closure


def retry_failed(*, closure_id: uuid.UUID, actor: str, now: datetime.datetime) -> int:
    """Try the orders again that failed; return how many.

    Not while it is stopped: those that were left alone would go on, too. Raises NoSuchClosure.
    """
    with transaction.atomic():
        closure = _lock(closure_id, ClosureStatus.RUNNING, ClosureStatus.DONE)
        count = closure.closure_orders.failed().update(
            outcome=ClosureOutcome.WAITING, message="", settled_at=None
        )
        if count and closure.status != ClosureStatus.RUNNING:
            _resume(closure, "retried", actor=actor, now=now, orders=count)
        elif count:
            change = Change(name="retried", actor=actor, now=now, data={"orders": count})
            runner.record([closure], change=change, before=[closure.status])
        return count


def recover_closings(*, now: datetime.datetime) -> None:
    """Give a job to every running closure whose job was lost, or has failed for good."""
    running = Closure.objects.filter(status=ClosureStatus.RUNNING)
    with transaction.atomic():
        for closure in runner.lock_if_free(running):
            if not _has_live_job(closure):
                closure.job_id = enqueue_clearing(closure.pk)
                closure.save(update_fields=["job_id"])


def _has_live_job(closure: Closure) -> bool:
    """Tell whether a job waits or runs; asked under the closure's lock, so that it is the last."""
    jobs = ProcrastinateJob.objects.filter(pk=closure.job_id, status__in=("todo", "doing"))
    return jobs.exists()


def _resume(
    closure: Closure, name: str, *, actor: str, now: datetime.datetime, orders: int
) -> None:
    job_id = enqueue_clearing(closure.pk)
    runner.apply_to(
        [closure],
        lambda row: row.resume(job_id=job_id),
        change=Change(name=name, actor=actor, now=now, data={"orders": orders}),
    )


def _lock(closure_id: uuid.UUID, *statuses: ClosureStatus) -> Closure:
    locked = runner.lock(Closure.objects.filter(pk=closure_id))
    if not locked:
        raise NoSuchClosure("There is no such closed day.")
    (closure,) = locked
    if statuses and closure.status not in statuses:
        raise NoSuchClosure(f"Somebody else was faster: it is {closure.status} now.")
    return closure


def _require_sane(
    day: Day, plan: ClosurePlan, to_date: datetime.date | None, now: datetime.datetime
) -> None:
    """Raise InvalidRequest for a day that has passed, or orders that are to move nowhere."""
    today = now.astimezone(day.venue.zone).date()
    last = today + datetime.timedelta(days=MAX_DAYS_AHEAD)
    faults = []
    if day.attraction is not None and day.attraction.venue_id != day.venue.pk:
        faults.append(Fault("/attraction", "other_venue", "It belongs to another venue."))
    if day.date < today:
        faults.append(Fault("/date", "day_is_over", f"{in_words(day.date)} has passed."))
    if plan == ClosurePlan.MOVE:
        faults += _target_faults(day, to_date, today, last)
    if faults:
        raise InvalidRequest(faults)


def _target_faults(
    day: Day, to_date: datetime.date | None, today: datetime.date, last: datetime.date
) -> list[Fault]:
    if to_date is None:
        return [Fault("/toDate", "required", "Name the day that the orders are moved to.")]
    if to_date == day.date:
        return [Fault("/toDate", "same_day", "This is the day that is closed.")]
    if not today <= to_date <= last:
        return [Fault("/toDate", "day_is_over", f"Nobody can visit on {in_words(to_date)}.")]
    if read_opening_times(venue=day.venue, first=to_date, last=to_date).on(to_date) is None:
        told = f"{day.venue} is closed on {in_words(to_date)}."
        return [Fault("/toDate", "venue_closed", told)]
    return []
