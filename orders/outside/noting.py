"""What a reading leaves on an order at an outside system: its last fault, remarks, what it settles."""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from django.db import transaction

from channel_manager.history import runner
from channel_manager.history.models import Event
from channel_manager.history.runner import Change
from orders.outside.told import compare
from wallets.connectors.base import ConnectorError, Remark, Standing
from wallets.connectors.exchange import quote
from wallets.connectors.registry import actor_of
from wallets.models import OutsideOrder, OutsideOrderStatus, OutsideTicketStatus

FOUND_ENDED = "found_ended"
_KIND = "outsideorder"
_THERE = (OutsideOrderStatus.MADE, OutsideOrderStatus.LEFT)


def note_fault(*, row: OutsideOrder, error: ConnectorError, now: datetime.datetime) -> None:
    """Keep why an order could not be read back, until it can be; without addresses of people."""
    OutsideOrder.objects.filter(pk=row.pk).update(
        read_cause=error.cause, read_message=quote(error.detail), read_failed_at=now
    )


def clear_fault(row: OutsideOrder) -> None:
    """Forget why an order could not be read back: it could."""
    OutsideOrder.objects.filter(pk=row.pk).exclude(read_cause="").update(
        read_cause="", read_message="", read_failed_at=None
    )


def note_remarks(*, row: OutsideOrder, remarks: Iterable[Remark], now: datetime.datetime) -> None:
    """Write down each remark in the order's history there, once; its words tell it apart."""
    for remark in remarks:
        known = Event.objects.filter(kind=_KIND, subject_id=row.pk, name=remark.name)
        if not known.filter(reason=remark.detail).exists():
            actor = actor_of(row.connection)
            change = Change(name=remark.name, actor=actor, now=now, reason=remark.detail)
            with transaction.atomic():
                runner.note(row, change=change)


def settle_left(*, row: OutsideOrder, standing: Standing, now: datetime.datetime) -> None:
    """End what was left for a person and is told cancelled there: nobody has to say so here.

    The order there has ended when all of its tickets have.
    """
    with transaction.atomic():
        for locked in runner.lock(OutsideOrder.objects.filter(pk=row.pk)):
            tickets = runner.lock(locked.tickets.all())
            settled = compare(tickets, standing).settled
            runner.apply_to(settled, lambda ticket: ticket.end(now=now))
            living = [one for one in tickets if one.status != OutsideTicketStatus.ENDED]
            is_over = not living and bool(settled or standing.is_cancelled)
            reason = f"{row.connection} tells that it is cancelled."
            data = {"tickets": len(settled)}
            change = Change(
                name=FOUND_ENDED, actor=actor_of(row.connection), now=now, reason=reason, data=data
            )
            if is_over and locked.status in _THERE:
                runner.apply_to([locked], lambda one: one.end(now=now), change=change)
            elif settled:
                runner.note(locked, change=change)
