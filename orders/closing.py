"""Closing a day: it goes off sale, and every order it touches is listed."""

from __future__ import annotations

import datetime
import uuid

from django.db import transaction

from catalog.closing import Day, close_calendar
from catalog.opening import read_opening_times
from catalog.rescheduling import in_words
from catalog.visits import MAX_DAYS_AHEAD
from channel_manager.history import runner
from channel_manager.history.runner import Change
from channel_manager.lib.errors import Fault, InvalidRequest
from orders.affected import Affected
from orders.models import Closure, ClosureOrder, ClosurePlan, Outcome
from orders.queueing import enqueue_work

_BATCH = 2_000


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
        closure.job_id = enqueue_work(closure)
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
    known = set(closure.rows.values_list("order_id", flat=True))
    keeps = closure.plan == ClosurePlan.KEEP
    rows = [
        ClosureOrder(
            closure=closure,
            order_id=order_id,
            buy_from_order_reference=number,
            outcome=Outcome.KEPT if keeps else Outcome.WAITING,
            settled_at=closure.started_at if keeps else None,
        )
        for order_id, number in found
        if order_id not in known
    ]
    ClosureOrder.objects.bulk_create(rows, batch_size=_BATCH, ignore_conflicts=True)
    return len(rows)


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
