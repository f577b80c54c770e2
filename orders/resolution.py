"""Resolving lines that could not be issued when the order came in."""

from __future__ import annotations

import datetime

from channel_manager.lib.errors import Fault, InvalidRequest
from orders import reading
from orders.clashes import clashes_explained
from orders.contents import fill_line, insert_rows, make_shells, plan_contents, set_totals
from orders.models import Order, OrderLine
from orders.requests import LineRequest


def resolve_lines(*, order: Order, now: datetime.datetime) -> None:
    """Resolve the lines of a locked order that could not be resolved at submit.

    They are planned as of the order's receipt, by today's catalogue; lines resolved before keep
    their price. Raises InvalidRequest when one still cannot be issued or does not fit.
    """
    waiting = [line for line in order.lines.order_by("line_no") if line.unresolved_cause]
    if not waiting:
        return
    requests = [_as_request(line) for line in waiting]
    plans = plan_contents(order.partner, requests, order.received_at)
    faults = [
        Fault(
            f"/items/{line.line_no}",
            plan.unresolved_cause,
            f"Line {line.line_no}: {line.item_number} still cannot be issued "
            f"({plan.unresolved_cause.label.lower()}).",
        )
        for line, plan in zip(waiting, plans, strict=True)
        if plan.unresolved_cause
    ]
    if faults:
        raise InvalidRequest(faults)
    for line, plan in zip(waiting, plans, strict=True):
        fill_line(line, plan)
        line.save()
    shells = make_shells(order, waiting)
    with clashes_explained(
        partner=order.partner, reference=order.sell_to_order_reference, lines=requests
    ):
        insert_rows([], shells)
    set_totals(order, order.lines.all())
    order.updated_at = now
    order.save(update_fields=["total_incl_vat", "total_excl_vat", "visit_date", "updated_at"])


def _as_request(line: OrderLine) -> LineRequest:
    """Return what was asked for when the line was stored."""
    return LineRequest(
        item_number=line.item_number,
        quantity=line.quantity,
        visit_date=line.visit_date,
        visit_time=line.visit_time,
        sell_to_email=line.sell_to_email,
        sell_to_name=line.sell_to_name,
        sell_to_language=line.sell_to_language,
        names=tuple(line.names) or None,
        external_reference_numbers=tuple(line.external_reference_numbers) or None,
        component_schedule=reading.requested_schedule(line) or None,
    )
