"""What an outside system tells of an order, set against what we know of its tickets. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

from wallets.connectors.base import OutsideTicketData, Standing, TicketState
from wallets.models import OutsideTicket, OutsideTicketStatus

# What ends a ticket counts before what closes it, should one be told twice.
_ORDER = (None, TicketState.VALID, TicketState.USED, TicketState.CANCELLED)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Told:
    """Which tickets have another state there than we know of, and which we do not know.

    used: scanned there since; unused: a scan was taken back; cancelled: admit nobody any more;
    settled: were left for a person to cancel, who has; strange: their ids or numbers.
    """

    used: Sequence[OutsideTicket]
    unused: Sequence[OutsideTicket]
    cancelled: Sequence[OutsideTicket]
    settled: Sequence[OutsideTicket]
    strange: Sequence[str]


def compare(tickets: Sequence[OutsideTicket], standing: Standing) -> Told:
    """Return what is new of an order's tickets; one that we have ended ourselves is never new.

    A ticket that is not told of, or without its state, has not changed, unless all of the order is
    cancelled there.
    """
    states, strange = _states(tickets, standing.tickets)
    used, unused, cancelled, settled = [], [], [], []
    for ticket in tickets:
        state = states.get(ticket.position)
        if standing.is_cancelled and state != TicketState.USED:
            state = TicketState.CANCELLED
        match ticket.status, state:
            case OutsideTicketStatus.VALID, TicketState.USED:
                used.append(ticket)
            case OutsideTicketStatus.USED, TicketState.VALID:
                unused.append(ticket)
            case ((OutsideTicketStatus.VALID | OutsideTicketStatus.USED), TicketState.CANCELLED):
                cancelled.append(ticket)
            case OutsideTicketStatus.LEFT, TicketState.CANCELLED:
                settled.append(ticket)
    return Told(used=used, unused=unused, cancelled=cancelled, settled=settled, strange=strange)


def _states(
    tickets: Sequence[OutsideTicket], told: Iterable[OutsideTicketData]
) -> tuple[dict[int, TicketState | None], list[str]]:
    """Return the state of each ticket that is told of, by its position, and the unknown ones."""
    by_id = {ticket.outside_id: ticket.position for ticket in tickets if ticket.outside_id}
    by_number = {ticket.number: ticket.position for ticket in tickets if ticket.number}
    states: dict[int, TicketState | None] = {}
    strange: list[str] = []
    nameless: list[TicketState | None] = []
    for data in told:
        found = by_id.get(data.outside_id) or by_number.get(data.number)
        if found is not None:
            states[found] = max(data.state, states.get(found, data.state), key=_ORDER.index)
        elif data.outside_id or data.number:
            strange.append(data.outside_id or data.number)
        else:
            nameless.append(data.state)
    unnamed = [one.position for one in tickets if not (one.outside_id or one.number)]
    # Which of them is meant cannot be told, so it counts when it is the same of all.
    if len(nameless) == len(unnamed) and len(set(nameless)) == 1:
        states |= dict.fromkeys(unnamed, nameless[0])
    # A person found the order there without its tickets' names: these may be they.
    return states, [] if unnamed else strange
