"""Numbers and addresses that an outside system tells late: kept when they come, never changed."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from channel_manager.history import runner
from wallets.connectors.base import OutsideTicketData, Standing
from wallets.models import OutsideOrder, OutsideTicket

_TOLD = ("outside_id", "number", "url")


def fill_in(*, row: OutsideOrder, standing: Standing) -> None:
    """Give an order's tickets what was not known of them when they were made; one transaction.

    Tickets of an order that a person has found there have no ids: they are given theirs as they
    are told, where all are of one kind and as many as ours.
    """
    if standing.tickets_url and not row.tickets_url:
        row.tickets_url = standing.tickets_url
        OutsideOrder.objects.filter(pk=row.pk, tickets_url="").update(tickets_url=row.tickets_url)
    if not any(_lacks(ticket) for ticket in row.tickets.all()) or not standing.tickets:
        return
    with transaction.atomic():
        tickets = runner.lock(row.tickets.all())
        tickets.sort(key=lambda ticket: ticket.position)
        by_id = {data.outside_id: data for data in standing.tickets if data.outside_id}
        free = iter(_free(tickets, standing.tickets))
        for ticket in tickets:
            is_unnamed = not (ticket.outside_id or ticket.number)
            data = next(free, None) if is_unnamed else by_id.get(ticket.outside_id)
            for name in _TOLD if data else ():
                setattr(ticket, name, getattr(ticket, name) or getattr(data, name))
        OutsideTicket.objects.bulk_update(tickets, _TOLD, batch_size=500)


def _lacks(ticket: OutsideTicket) -> bool:
    return not (ticket.outside_id and ticket.number and ticket.url)


def _free(
    tickets: Sequence[OutsideTicket], told: Sequence[OutsideTicketData]
) -> Sequence[OutsideTicketData]:
    """Return what is told that stands behind no ticket of ours yet, if nothing can be mixed up."""
    kinds = {(data.outside_session, data.outside_item) for data in told}
    if len(kinds) > 1 or len(told) != len(tickets):
        return ()
    known = {name for one in tickets for name in (one.outside_id, one.number) if name}
    return [data for data in told if not known & {data.outside_id, data.number}]
