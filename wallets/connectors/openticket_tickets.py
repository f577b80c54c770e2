"""The tickets of an OpenTicket order: whether they are complete, and which of ours each one is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from wallets.connectors.base import Cause, ConnectorError, OutsideTicketData, TicketState
from wallets.connectors.desk import Desk
from wallets.connectors.openticket_answers import PAID, SoldOrder
from wallets.connectors.openticket_order import lines_of
from wallets.models import CallEffect


def costs(desk: Desk) -> bool | None:
    """Tell whether an order costs anything there; None where its amount could not be read."""
    amount = desk.progress["amount"]
    return None if amount is None else Decimal(amount) > 0


def is_paid(desk: Desk, sold: SoldOrder) -> bool:
    """Tell whether an order is paid there; one that costs nothing is at once."""
    return sold.status == PAID or costs(desk) is False


def is_complete(desk: Desk, sold: SoldOrder) -> bool:
    """Tell whether an order is paid and has a ticket for each that was ordered."""
    return is_paid(desk, sold) and len(sold.tickets) == len(lines_of(desk.progress))


def incomplete(desk: Desk, sold: SoldOrder) -> ConnectorError:
    """Return what an order lacks; permanent where waiting would not help."""
    order_id, wanted = desk.progress["order_id"], len(lines_of(desk.progress))
    if not is_paid(desk, sold):
        return ConnectorError(
            Cause.NOT_PAID,
            f"The order {order_id} is not paid there yet.",
            permanent=False,
            effect=CallEffect.UNKNOWN,
        )
    return ConnectorError(
        Cause.UNREADABLE,
        f"The order {order_id} lists {len(sold.tickets)} tickets where {wanted} were ordered.",
        permanent=len(sold.tickets) > wanted,
        effect=CallEffect.UNKNOWN,
    )


def tickets_of(desk: Desk, sold: SoldOrder) -> list[OutsideTicketData]:
    """Return an order's tickets as what they were asked for.

    By their number once that is known, else by their type where it is told, else in their order.
    """
    kinds = [kept["is"] for kept in lines_of(desk.progress)]
    by_number = desk.progress.get("tickets", {})
    by_guid = {item.lower(): [session, item] for session, item in kinds}
    in_order = iter(kinds if len(kinds) == len(sold.tickets) else ())
    found = []
    for ticket in sold.tickets:
        usual = next(in_order, ["", ""])
        session, item = by_number.get(ticket.number) or by_guid.get(ticket.guid) or usual
        found.append(
            OutsideTicketData(
                outside_session=session,
                outside_item=item,
                outside_id=ticket.number,
                number=ticket.number,
                url=ticket.url,
                state=ticket.state,
            )
        )
    return found


def gone(desk: Desk, sold: SoldOrder) -> list[OutsideTicketData]:
    """Return the tickets that an order no longer lists: they admit nobody any more.

    Derived. An order that lists none at all does not tell.
    """
    listed = {ticket.number for ticket in sold.tickets}
    before: Mapping[str, Sequence[str]] = desk.progress.get("tickets", {}) if listed else {}
    return [
        OutsideTicketData(
            outside_session=session,
            outside_item=item,
            outside_id=number,
            number=number,
            state=TicketState.CANCELLED,
        )
        for number, (session, item) in before.items()
        if number not in listed
    ]
