"""What a person found out about something uncertain at an outside system."""

from __future__ import annotations

import datetime
import uuid

from django.db import transaction

from channel_manager.history import runner
from channel_manager.history.runner import Change
from channel_manager.lib.errors import ErrorCode, NotFound, Refusal
from orders.outside import ending, polling
from wallets.models import OutsideOrder, OutsideOrderStatus, OutsideTicketStatus


class NothingToSettle(Refusal):
    """Nothing about it is uncertain, or somebody has settled it meanwhile."""

    code = ErrorCode.ORDER_STATE_CONFLICT


def settle_done(
    *,
    outside_order_id: uuid.UUID,
    outside_reference: str,
    actor: str,
    reason: str,
    now: datetime.datetime,
) -> OutsideOrder:
    """Keep that an order in doubt was made there; a replay of ours then issues without asking.

    outside_reference: what that system calls it; "" where nobody knows. Its tickets have our
    numbers. Of an order of ours that is gone, it is cancelled there, by us or by a person. Raises
    NotFound, NothingToSettle.
    """
    data = {"outsideReference": outside_reference}
    with transaction.atomic():
        row = _lock_in_doubt(outside_order_id)
        look_at = now if polling.is_readable(row.connection) else None
        runner.apply_to(
            [row],
            lambda one: one.make(
                now=now, outside_reference=outside_reference, next_poll_at=look_at
            ),
            change=Change(name="settled_as_done", actor=actor, now=now, reason=reason, data=data),
        )
        if not row.is_current:
            ending.end_row(row=row, actor=actor, now=now)
        return row


def settle_not_done(
    *, outside_order_id: uuid.UUID, actor: str, reason: str, now: datetime.datetime
) -> OutsideOrder:
    """Keep that an order in doubt was not made there; a replay of ours then makes another.

    Raises NotFound, NothingToSettle.
    """
    message = "Somebody saw: it is not there."
    with transaction.atomic():
        row = _lock_in_doubt(outside_order_id)
        runner.apply_to(
            [row],
            lambda one: one.fail(now=now, cause=one.cause, message=message),
            change=Change(name="settled_as_not_done", actor=actor, now=now, reason=reason),
        )
        return row


def settle_ended(
    *, outside_order_id: uuid.UUID, actor: str, reason: str, now: datetime.datetime
) -> OutsideOrder:
    """Keep that somebody has cancelled by hand, at that system, what we could not.

    Raises NotFound, NothingToSettle.
    """
    with transaction.atomic():
        row = _lock(outside_order_id)
        left = runner.lock(row.tickets.filter(status=OutsideTicketStatus.LEFT))
        if not left and row.status != OutsideOrderStatus.LEFT:
            raise _nothing(row)
        runner.apply_to(left, lambda ticket: ticket.end(now=now))
        change = Change(
            name="settled_as_ended",
            actor=actor,
            now=now,
            reason=reason,
            data={"tickets": len(left)},
        )
        if row.status == OutsideOrderStatus.LEFT:
            runner.apply_to([row], lambda one: one.end(now=now), change=change)
        else:
            runner.note(row, change=change)
        return row


def _lock(outside_order_id: uuid.UUID) -> OutsideOrder:
    for row in runner.lock(OutsideOrder.objects.filter(pk=outside_order_id)):
        return row
    raise NotFound("There is no such order at an outside system.")


def _lock_in_doubt(outside_order_id: uuid.UUID) -> OutsideOrder:
    row = _lock(outside_order_id)
    if row.status != OutsideOrderStatus.UNKNOWN:
        raise _nothing(row)
    return row


def _nothing(row: OutsideOrder) -> NothingToSettle:
    return NothingToSettle(
        f"{row} is {row.get_status_display().lower()}: nothing about it is to be settled any more.",
        members={"currentStatus": row.status},
    )
