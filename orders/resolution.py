"""Resolving lines that could not be issued when the order came in."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Sequence

from channel_manager.lib.errors import Fault, InvalidRequest
from orders import reading
from orders.clashes import clashes_explained, take_turns
from orders.contents import fill_line, insert_rows, make_shells, plan_contents, set_totals
from orders.models import Order, OrderLine
from orders.planning import LinePlan
from orders.requests import LineRequest


def resolve_lines(*, order: Order, now: datetime.datetime) -> None:
    """Resolve the lines of a locked order that could not be resolved at submit.

    They are planned as of the order's receipt, by today's catalogue; lines resolved before keep
    their price. Raises InvalidRequest when one still cannot be issued or does not fit.
    """
    waiting = [line for line in order.lines.order_by("line_no") if line.unresolved_cause]
    if not waiting:
        return
    plans, faults = _plan(order, waiting)
    if faults:
        raise InvalidRequest(faults)
    for line, plan in zip(waiting, plans, strict=True):
        fill_line(line, plan)
        line.save()
    shells = make_shells(order, waiting)
    numbers = [shell.external_reference_number for shell in shells]
    take_turns(partner=order.partner, numbers=filter(None, numbers))
    with clashes_explained(
        partner=order.partner,
        reference=order.sell_to_order_reference,
        lines=[plan.request for plan in plans],
    ):
        insert_rows([], shells)
    set_totals(order, order.lines.all())
    order.updated_at = now
    order.save(update_fields=["total_incl_vat", "total_excl_vat", "visit_date", "updated_at"])


def faults_of(*, order: Order, lines: Sequence[OrderLine]) -> dict[int, list[str]]:
    """Tell what a replay would refuse now, in sentences by line number; nothing is written."""
    waiting = [line for line in lines if line.unresolved_cause]
    told: dict[int, list[str]] = defaultdict(list)
    for fault in _plan(order, waiting)[1]:
        told[int(fault.pointer.split("/")[2])].append(fault.detail)
    return told


def _plan(order: Order, waiting: Sequence[OrderLine]) -> tuple[list[LinePlan], list[Fault]]:
    """Plan lines as of the order's receipt; faults name the line by its number."""
    try:
        requests = [_as_request(line) for line in waiting]
        plans = plan_contents(order.partner, requests, order.received_at)
    except InvalidRequest as refusal:
        return [], [_about_line(fault, waiting) for fault in refusal.faults]
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
    return plans, faults


def _about_line(fault: Fault, waiting: Sequence[OrderLine]) -> Fault:
    """Name the line of the order, where the plan knows only its place among the waiting ones."""
    _, items, *path = fault.pointer.split("/")
    line = waiting[int(path[0]) if path else 0]
    pointer = "/".join(("", items, str(line.line_no), *path[1:]))
    return Fault(pointer, fault.code, f"Line {line.line_no}: {fault.detail}")


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
