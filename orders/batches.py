"""Batches: what staff do with many orders at once, started here and worked off one by one."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypedDict, cast

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from catalog.rescheduling import in_words
from channel_manager.history import runner
from channel_manager.history.runner import Change
from channel_manager.lib.database import broken_constraint
from channel_manager.lib.errors import ErrorCode, Refusal
from orders import cancellation, choosing, lifecycle, moving, working_off
from orders.choosing import Seen
from orders.models import (
    Batch,
    BatchAction,
    BatchOrder,
    Order,
    OrderStatus,
    Outcome,
    WorklistOrder,
)
from orders.queueing import enqueue_work
from orders.working_off import Result, ended_as

# Of one statement.
_ROWS = 2_000


class NothingToDo(Refusal):
    """None of the orders can be acted on as they stand."""

    code = ErrorCode.ORDER_STATE_CONFLICT


@dataclasses.dataclass(frozen=True, kw_only=True)
class Wish:
    """What is to be done with each order, and why; days for a move, a payment to confirm with."""

    action: BatchAction
    reason: str = ""
    from_date: datetime.date | None = None
    to_date: datetime.date | None = None
    payment_reference: str = ""


def start_batch(
    *,
    batch_id: uuid.UUID,
    wish: Wish,
    seen: Sequence[Seen],
    actor: str,
    now: datetime.datetime,
) -> Batch:
    """List the chosen orders that can be acted on and enqueue the work, in one transaction.

    seen: the orders as they were shown; one that was changed since is listed, and left alone when
    its turn comes. Asked again with the same id, nothing happens and the first is returned. Raises
    TooManyOrders, NothingToDo, VisitNotPossible for a day that nobody can be moved to.
    """
    before = Batch.objects.filter(pk=batch_id).first()
    if before is not None:
        return before
    choice = choosing.judge(seen=seen, action=wish.action, from_date=wish.from_date)
    if wish.from_date is not None and wish.to_date is not None:
        for venue in choice.venues:
            moving.require_day(venue, wish.from_date, wish.to_date, now)
    rows = choice.rows
    batch = Batch(
        pk=batch_id,
        action=wish.action,
        title=_title(wish, len(rows)),
        reason=wish.reason,
        from_date=wish.from_date,
        to_date=wish.to_date,
        payment_reference=wish.payment_reference,
        started_by=actor,
        started_at=now,
    )
    return list_and_start(
        batch=batch, orders=rows, data={"action": wish.action, "leftOut": len(seen) - len(rows)}
    )


def list_and_start(
    *,
    batch: Batch,
    orders: Iterable[tuple[uuid.UUID, str, datetime.datetime]],
    data: Mapping[str, Any],
) -> Batch:
    """Store a batch with its orders and its job in one transaction; return it, or the same before.

    orders: id, document number, and when each was last changed; data: what the event tells
    besides their number. Raises NothingToDo.
    """
    try:
        with transaction.atomic():
            batch.job_id = enqueue_work(batch)
            batch.save(force_insert=True)
            rows = [
                BatchOrder(
                    batch=batch,
                    order_id=order_id,
                    buy_from_order_reference=number,
                    unchanged_since=changed,
                )
                for order_id, number, changed in orders
            ]
            if not rows:
                raise NothingToDo("None of these orders can be acted on as they stand.")
            BatchOrder.objects.bulk_create(rows, batch_size=_ROWS)
            change = Change(
                name="started",
                actor=batch.started_by,
                now=batch.started_at,
                reason=batch.reason,
                data={**data, "orders": len(rows)},
            )
            runner.record([batch], change=change, before=[None])
            return batch
    except IntegrityError as clash:
        if broken_constraint(clash) == "orders_batch_pkey":
            return Batch.objects.get(pk=batch.pk)
        raise


def work_off_batch(
    *, batch_id: uuid.UUID, clock: Callable[[], datetime.datetime], after: int = 0
) -> None:
    """Work off some of the orders, and queue again until every one has its outcome.

    after: the last row that was seen.
    """
    batch = Batch.objects.filter(pk=batch_id).first()
    if batch is None or not batch.is_running:
        return
    act = functools.partial(_act, batch, working_off.actor_of(batch))
    seen = working_off.work_off_some(worklist=batch, act=act, clock=clock, after=after)
    if seen is not None:
        working_off.go_on(worklist=batch, after=seen)
    else:
        working_off.finish_or_wait(worklist=batch, now=clock())


def _act(batch: Batch, actor: str, row: WorklistOrder, now: datetime.datetime) -> Result:
    """Do with one order what the batch says, if it stands as it did when it was chosen."""
    since = row.unchanged_since  # type: ignore[attr-defined]
    for order in runner.lock(Order.objects.filter(pk=row.order_id)):
        if order.updated_at != since:
            return Outcome.SKIPPED, _what_changed(batch, order, since)
        call = _Call(
            orders=Order.objects.all(),
            order_id=order.pk,
            actor=actor,
            now=now,
            reason=batch.reason,
        )
        return _DEEDS[BatchAction(batch.action)](batch, order, call), ""
    return Outcome.SKIPPED, "It was removed meanwhile."


def _what_changed(batch: Batch, order: Order, since: datetime.datetime) -> str:
    if order.status not in choosing.STATUSES[BatchAction(batch.action)]:
        return f"It is {order.status} by now."
    if order.status == OrderStatus.ERROR and order.status_since > since:
        return "It failed again meanwhile."
    return "It was changed meanwhile."


class _Call(TypedDict):
    """What the domain's functions that act on an order are asked with."""

    orders: QuerySet[Order]
    order_id: uuid.UUID
    actor: str
    now: datetime.datetime
    reason: str


def _replay(_batch: Batch, _order: Order, call: _Call) -> Outcome:
    lifecycle.replay_order(**call)
    return Outcome.REPLAYED


def _confirm(batch: Batch, _order: Order, call: _Call) -> Outcome:
    lifecycle.confirm_order(payment_reference=batch.payment_reference, **call)
    return Outcome.CONFIRMED


def _move(batch: Batch, _order: Order, call: _Call) -> Outcome:
    moving.move_order(
        from_date=cast("datetime.date", batch.from_date),  # a constraint holds both
        to_date=cast("datetime.date", batch.to_date),
        **call,
    )
    return Outcome.MOVED


def _cancel(_batch: Batch, order: Order, call: _Call) -> Outcome:
    cancellation.cancel_order(**call)
    return ended_as(order)


_DEEDS: Mapping[BatchAction, Callable[[Batch, Order, _Call], Outcome]] = {
    BatchAction.REPLAY: _replay,
    BatchAction.CONFIRM: _confirm,
    BatchAction.MOVE: _move,
    BatchAction.CANCEL: _cancel,
}


def _title(wish: Wish, count: int) -> str:
    what = "1 order" if count == 1 else f"{count:,} orders"
    if wish.action == BatchAction.CONFIRM:
        what = "1 draft" if count == 1 else f"{count:,} drafts"
    to = f" to {in_words(wish.to_date)}" if wish.to_date else ""
    verb = "Move" if wish.action == BatchAction.MOVE else wish.action.label
    return f"{verb} {what}{to}"
