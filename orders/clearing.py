"""Working off a closed day in the background: its holds, then its orders.

How orders are worked off one by one is `orders/working_off.py`.
"""

from __future__ import annotations

import datetime
import functools
import uuid
from collections.abc import Callable

from django.db import connection, transaction

from catalog.opening import read_opening_times
from channel_manager.history import runner
from channel_manager.history.runner import Change
from orders import cancellation, moving, places, working_off
from orders.affected import Affected
from orders.closing import day_of, list_orders
from orders.models import (
    Allocation,
    Closure,
    ClosurePlan,
    Hold,
    HoldStatus,
    Order,
    OrderStatus,
    Outcome,
    WorklistOrder,
)
from orders.working_off import Result, actor_of, ended_as

# A sale that began before the day was closed has ended by then, one way or the other.
_LONGEST_SALE = datetime.timedelta(minutes=2)


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
    rows = Closure.objects.select_related("venue", "attraction").defer("venue__logo")
    closure = rows.filter(pk=closure_id).first()
    if closure is None or not closure.is_running:
        return
    began = since or _database_clock()
    _release_holds(closure, clock())
    affected = Affected(day=day_of(closure), now=closure.started_at)
    act = functools.partial(_act, closure, affected, actor_of(closure))
    seen = working_off.work_off_some(worklist=closure, act=act, clock=clock, after=after)
    if seen is not None:
        working_off.go_on(worklist=closure, since=began.isoformat(), after=seen)
    else:
        _finish_or_wait(closure, began, clock())


def _act(
    closure: Closure, affected: Affected, actor: str, row: WorklistOrder, now: datetime.datetime
) -> Result:
    """Do what the closure plans with one order; return what became of it."""
    orders = Order.objects.filter(venue=closure.venue_id)
    for order in runner.lock(orders.filter(pk=row.order_id)):
        if order.status == OrderStatus.CANCELLED:
            return Outcome.SKIPPED, "It was cancelled meanwhile."
        if not affected.includes(order.pk):
            return Outcome.SKIPPED, "It has no visit on that day any more."
        if closure.plan == ClosurePlan.CANCEL:
            cancellation.cancel_order(
                orders=orders, order_id=order.pk, actor=actor, now=now, reason=closure.reason
            )
            return ended_as(order), ""
        if closure.plan == ClosurePlan.MOVE and closure.to_date is not None:
            moving.move_order(
                orders=orders,
                order_id=order.pk,
                from_date=closure.date,
                to_date=closure.to_date,
                actor=actor,
                now=now,
                reason=closure.reason,
            )
            return Outcome.MOVED, ""
        return Outcome.KEPT, ""
    return Outcome.SKIPPED, "It was removed meanwhile."


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
    change = Change(name="released", actor=actor_of(closure), now=now, reason=closure.reason)
    for key in with_places.values_list("pk", flat=True):
        with transaction.atomic():
            holds = runner.lock(held.filter(pk=key))
            places.give_back(Allocation.objects.filter(hold__in=holds))
            runner.apply_to(holds, lambda hold: hold.release(now=now), change=change)


def _finish_or_wait(closure: Closure, began: datetime.datetime, now: datetime.datetime) -> None:
    """End the closure once every order has its outcome and no late one can follow."""
    quiet = closure.attraction_id is not None or _is_quiet(began)
    if closure.attraction_id is None and _is_closed(closure):
        # Its sessions refuse late orders; a visit without a session is known once it commits.
        list_orders(closure)
    if quiet:
        working_off.finish_or_wait(worklist=closure, now=now, since=began.isoformat())
    else:
        working_off.go_on(worklist=closure, since=began.isoformat(), wait=working_off.WAIT_SECONDS)


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
