"""Taking back what was made at outside systems: asked for with the change, done in the background.

What a system cannot cancel is left for a person, by name; nothing is passed over in silence.
"""

from __future__ import annotations

import datetime
import functools
import logging
import uuid
from collections.abc import Callable, Iterable, Sequence

from django.db import transaction

from channel_manager.history import runner
from channel_manager.history.runner import WORKER, Change
from orders.models import Order
from orders.outside import polling
from orders.outside.turns import at_order
from orders.outside.wishes import private_words
from orders.queueing import enqueue_ending
from wallets.connectors.base import (
    Cause,
    Connector,
    ConnectorError,
    OutsideTicketData,
    TicketState,
    TryLater,
    UnsupportedByPartner,
)
from wallets.connectors.desk import Desk, Restart
from wallets.connectors.registry import connector_of
from wallets.models import (
    CallEffect,
    ConnectorCall,
    OutsideOrder,
    OutsideOrderStatus,
    OutsideTicket,
    OutsideTicketStatus,
    Wallet,
)

Clock = Callable[[], datetime.datetime]
_LIVING = (OutsideTicketStatus.VALID, OutsideTicketStatus.USED)
_UNSUPPORTED = "unsupported"
# Longer than all attempts of a call take together.
_ENDING_TAKES = datetime.timedelta(minutes=10)
_BATCH = 100
_log = logging.getLogger(__name__)


def end_order(*, order: Order, actor: str, now: datetime.datetime) -> None:
    """Ask for everything that stands for a locked order elsewhere to be cancelled there.

    It is done in the background. What is in doubt waits for a person as before.
    """
    rows = OutsideOrder.objects.current().filter(order_key=order.pk)
    for row in runner.lock(rows):
        end_row(row=row, actor=actor, now=now)


def end_what_can_be(*, order: Order, now: datetime.datetime) -> list[OutsideOrder]:
    """Take back what was made of an order that failed, where that is possible; return the rest.

    What cannot be taken back stays as it is: a replay goes on with it.
    """
    made = OutsideOrder.objects.current().filter(order_key=order.pk, status=OutsideOrderStatus.MADE)
    kept = []
    for row in runner.lock(made.select_related("connection")):
        if connector_of(row.connection).capabilities.cancel:
            end_row(row=row, actor=WORKER, now=now)
        else:
            kept.append(row)
    return kept


def end_wallets(
    *, order: Order, wallets: Iterable[Wallet], actor: str, now: datetime.datetime
) -> None:
    """Ask for the tickets of some wallets of a locked order to be cancelled elsewhere."""
    tickets = OutsideTicket.objects.filter(
        wallet_key__in=[wallet.pk for wallet in wallets],
        outside_order__order_key=order.pk,
        status__in=_LIVING,
    )
    rows = runner.lock(OutsideOrder.objects.filter(pk__in=tickets.values("outside_order")))
    chosen = runner.lock(tickets)
    for row in rows:
        own = [ticket for ticket in chosen if ticket.outside_order_id == row.pk]
        runner.apply_to(own, lambda ticket: ticket.begin_end(now=now))
        change = Change(name="tickets_ending", actor=actor, now=now, data={"tickets": len(own)})
        runner.note(row, change=change)
        enqueue_ending(row.pk)


def end_row(*, row: OutsideOrder, actor: str, now: datetime.datetime) -> None:
    """Begin to end what stands for an order elsewhere, as far as it exists; the row is locked."""
    if row.status == OutsideOrderStatus.OPEN:
        _settle_begun(row, actor, now)
    if row.status == OutsideOrderStatus.UNKNOWN:
        change = Change(name="outlived", actor=actor, now=now)
        runner.apply_to([row], lambda one: one.outlive(now=now), change=change)
    elif row.status == OutsideOrderStatus.MADE:
        tickets = runner.lock(row.tickets.filter(status__in=_LIVING))
        runner.apply_to(tickets, lambda ticket: ticket.begin_end(now=now))
        change = Change(name="ending", actor=actor, now=now)
        runner.apply_to([row], lambda one: one.begin_end(now=now), change=change)
        enqueue_ending(row.pk)


def _settle_begun(row: OutsideOrder, actor: str, now: datetime.datetime) -> None:
    """Settle what was only begun: what may exist waits for a person, the rest lapses by itself."""
    if _may_exist(row):
        message = "Its order ended before it was known whether this was made."
        runner.apply_to(
            [row],
            lambda one: one.doubt(now=now, cause=Cause.OUTCOME_UNKNOWN, message=message),
            change=Change(name="doubted", actor=actor, now=now, reason=message),
        )
    else:
        message = "Its order ended before this was made."
        runner.apply_to(
            [row],
            lambda one: one.fail(now=now, cause="given_up", message=message),
            change=Change(name="failed", actor=actor, now=now, reason=message),
        )


def _may_exist(row: OutsideOrder) -> bool:
    """Tell whether a call that commits was done, or is in doubt: any of them, in any round."""
    calls = ConnectorCall.objects.filter(outside_order=row, commits=True)
    return any(call.effect != CallEffect.NONE for call in calls.prefetch_related("outcomes"))


def settle_begun(*, order: Order, now: datetime.datetime) -> None:
    """Leave to a person what an order that failed was having made, where that may exist.

    What was only prepared lapses by itself; a replay begins it anew.
    """
    begun = OutsideOrder.objects.current().filter(
        order_key=order.pk, status=OutsideOrderStatus.OPEN
    )
    for row in runner.lock(begun):
        _settle_begun(row, WORKER, now)


def recover_endings(*, now: datetime.datetime) -> None:
    """Give what has been ending for long a job again: its own was lost, or has failed for good."""
    since = now - _ENDING_TAKES
    tickets = OutsideTicket.objects.filter(
        status=OutsideTicketStatus.ENDING, status_since__lt=since
    )
    rows = OutsideOrder.objects.filter(status=OutsideOrderStatus.ENDING, status_since__lt=since)
    found = [*rows.values_list("pk", flat=True)[:_BATCH]]
    found += tickets.values_list("outside_order", flat=True)[:_BATCH]
    for row_id in dict.fromkeys(found):
        enqueue_ending(row_id)


def end_in_background(*, outside_order_id: uuid.UUID, clock: Clock) -> None:
    """Cancel as `end_elsewhere` does, or queue again for when it is to be asked again."""
    try:
        end_elsewhere(outside_order_id=outside_order_id, clock=clock)
    except TryLater as later:
        enqueue_ending(outside_order_id, wait=later.seconds)


def end_elsewhere(*, outside_order_id: uuid.UUID, clock: Clock) -> None:
    """Cancel at its system what was asked to be cancelled; leave what it cannot to a person.

    Raises TryLater. No transaction may be open.
    """
    rows = OutsideOrder.objects.select_related("connection", "order")
    found = rows.filter(pk=outside_order_id).first()
    if found is None:
        return
    with at_order(found.order_key):
        # As it is now that nobody else is at it.
        row = rows.get(pk=outside_order_id)
        tickets = list(row.tickets.filter(status=OutsideTicketStatus.ENDING).order_by("position"))
        if not tickets and row.status != OutsideOrderStatus.ENDING:
            return
        fault = _cancel(row, tickets, clock)
        _settle(row, tickets, fault, clock())


def _cancel(
    row: OutsideOrder, tickets: Sequence[OutsideTicket], clock: Clock
) -> tuple[str, str] | None:
    """Have tickets cancelled; return the cause and the words why they were not. Raises TryLater."""
    connector = connector_of(row.connection)
    is_all = row.status == OutsideOrderStatus.ENDING
    possible = connector.capabilities.cancel if is_all else connector.capabilities.refund
    desk = Desk(row, clock, private=private_words(row.order))
    try:
        if not possible:
            what = "cancel an order" if is_all else "cancel single tickets"
            raise UnsupportedByPartner(row.connection, what)
        chosen = [_data_of(ticket) for ticket in tickets] or _told(desk, connector)
        if chosen:
            connector.cancel(desk, chosen)
    except UnsupportedByPartner as refusal:
        return _UNSUPPORTED, str(refusal)
    except Restart:
        return Cause.OUTCOME_UNKNOWN, "Cancelling it is in doubt."
    except ConnectorError as error:
        _log.warning("%s could not be cancelled: %s", row, desk.hide(error).detail)
        desk.put_off(error)
        return error.cause, error.detail
    return None


def _told(desk: Desk, connector: Connector) -> Sequence[OutsideTicketData]:
    """Return the tickets of an order whose tickets we never knew: a person found it there.

    None where it is not there any more. Raises ConnectorError where they cannot be told.
    """
    standing = connector.read_back(desk) if connector.capabilities.read_back else None
    if standing is not None and (standing.exists is False or standing.is_cancelled):
        return ()
    living = (
        [one for one in standing.tickets if one.state != TicketState.CANCELLED] if standing else []
    )
    if not living:
        detail = "Which tickets it has there is not known; look there, and cancel it by hand."
        raise ConnectorError(Cause.NOT_KNOWN, detail, permanent=True)
    return living


def _settle(
    ended: OutsideOrder,
    chosen: Sequence[OutsideTicket],
    fault: tuple[str, str] | None,
    now: datetime.datetime,
) -> None:
    """Write down what came of cancelling just these tickets, once.

    What was asked to be cancelled meanwhile waits for a job of its own.
    """
    was_all = ended.status == OutsideOrderStatus.ENDING
    cause, message = fault or ("", "")
    name = "left" if fault else "ended"
    end_ticket = functools.partial(OutsideTicket.end, now=now)
    leave_ticket = functools.partial(OutsideTicket.leave, now=now, message=message)
    end = functools.partial(OutsideOrder.end, now=now)
    rows = OutsideOrder.objects.filter(pk=ended.pk).select_related("connection")
    with transaction.atomic():
        for row in runner.lock(rows):
            look_at = polling.first_after(row, now) if fault else None
            leave = functools.partial(
                OutsideOrder.leave, now=now, cause=cause, message=message, next_poll_at=look_at
            )
            asked = row.tickets.filter(pk__in=[ticket.pk for ticket in chosen])
            tickets = runner.lock(asked.filter(status=OutsideTicketStatus.ENDING))
            runner.apply_to(tickets, leave_ticket if fault else end_ticket)
            change = Change(
                name=name, actor=WORKER, now=now, reason=message, data={"tickets": len(tickets)}
            )
            if was_all and row.status == OutsideOrderStatus.ENDING:
                runner.apply_to([row], leave if fault else end, change=change)
            else:
                runner.note(row, change=change)
                row.failures = 0
                if look_at and row.status == OutsideOrderStatus.MADE and not row.next_poll_at:
                    row.next_poll_at = look_at
                row.save(update_fields=["failures", "next_poll_at"])


def _data_of(ticket: OutsideTicket) -> OutsideTicketData:
    return OutsideTicketData(
        outside_id=ticket.outside_id,
        number=ticket.number,
        url=ticket.url,
        state=TicketState.VALID,
    )
