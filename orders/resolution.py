"""Resolving lines that could not be issued when the order came in."""

from __future__ import annotations

import datetime
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from django.db.models import Q

from catalog import expansion, scheduling
from catalog.mapping import Catalogue
from catalog.models import Allotment, Session
from channel_manager.lib.errors import Fault, InvalidRequest, Refusal
from orders import places, reading
from orders.clashes import clashes_explained, take_turns
from orders.contents import (
    catalogue_of,
    fill_line,
    insert_rows,
    make_allocations,
    make_shells,
    plan_by,
    plan_contents,
    set_totals,
)
from orders.models import Allocation, FailureCode, Order, OrderLine
from orders.planning import LinePlan, NoRoom
from orders.requests import LineRequest
from orders.room import Room
from orders.shortages import SeatTaken, SoldOut, explain


def resolve_lines(*, order: Order, now: datetime.datetime, locked: Catalogue | None = None) -> None:
    """Resolve the lines of a locked order that could not be resolved at submit; take its places.

    They are planned as of the order's receipt, by today's catalogue; lines resolved before keep
    their price. Places that went back in the meantime are taken again. locked: what `make_room`
    has returned. Raises InvalidRequest when a line still cannot be issued or does not fit, SoldOut,
    SeatTaken.
    """
    try:
        with places.losses_noticed():
            _resolve(order, now, locked)
    except places.PlacesLost:
        if locked:
            raise
        with places.losses_noticed():
            _resolve(order, now, _lock_candidates(order, list(order.lines.all())))


def missing_places(order: Order, lines: Iterable[OrderLine]) -> list[Allocation]:
    """Return, unsaved, the places of resolved lines that went back: their order stood too long."""
    having = set(places.of_order(order).values_list("line_id", flat=True))
    return [
        allocation
        for line in lines
        if not line.unresolved_cause and line.pk not in having
        for allocation in places.of_line(line, map(expansion.from_json, line.plan), None)
    ]


def _resolve(order: Order, now: datetime.datetime, locked: Catalogue | None) -> None:
    lines = list(order.lines.order_by("line_no"))
    _take_turns(order, lines)
    waiting = [line for line in lines if line.unresolved_cause]
    retaken = missing_places(order, lines)
    if retaken and waiting and not locked:
        locked = _lock_candidates(order, lines)
    _allot(order, retaken)
    # First, so that the waiting lines are planned with what is left then.
    places.take(retaken)
    if not waiting:
        return
    plans, faults = _plan(order, waiting, locked)
    if faults:
        raise InvalidRequest(faults)
    for line, plan in zip(waiting, plans, strict=True):
        fill_line(line, plan)
        line.save()
    shells = make_shells(order, waiting)
    with clashes_explained(
        account=order.account,
        reference=order.sell_to_order_reference,
        lines=[plan.request for plan in plans],
    ):
        insert_rows([], shells, make_allocations(waiting, plans))
    set_totals(order, order.lines.all())
    order.updated_at = now
    order.save(update_fields=["total_incl_vat", "total_excl_vat", "visit_date", "updated_at"])


def _take_turns(order: Order, lines: Iterable[OrderLine]) -> None:
    """Wait for orders that take the same guests' numbers, before any session is locked."""
    waiting = [line for line in lines if line.unresolved_cause]
    numbers = [number for line in waiting for number in line.external_reference_numbers]
    take_turns(partner=order.partner, numbers=numbers)


def _allot(order: Order, retaken: Sequence[Allocation]) -> None:
    """Say which allotment places count against that went back, where it still has room for them.

    Raises SoldOut and SeatTaken when somebody else has them by now.
    """
    wanted: dict[tuple[uuid.UUID, uuid.UUID | None], list[Allocation]] = defaultdict(list)
    for allocation in retaken:
        package_id = allocation.line.package_id if allocation.line else None
        wanted[allocation.session_id, package_id].append(allocation)
    sessions = Session.objects.select_related("attraction").in_bulk({key for key, _ in wanted})
    allotments = Allotment.objects.filter(
        partner=order.partner_id, package__in={package for _, package in wanted}
    )
    by_package = {allotment.package_id: allotment for allotment in allotments}
    room = Room(sessions.values(), by_package.values())
    for (session_id, package_id), allocations in wanted.items():
        session = sessions.get(session_id)
        if session is None or not session.is_on_sale:
            raise SoldOut("A session of this order is no longer on sale; move or cancel the order.")
        count = sum(allocation.quantity for allocation in allocations)
        allotment = room.take(session, count, by_package.get(package_id) if package_id else None)
        for allocation in allocations:
            allocation.allotment = allotment
    _require_seats(retaken)


def _require_seats(retaken: Sequence[Allocation]) -> None:
    """Raise SeatTaken when somebody else has a seat that went back."""
    seats = Q()
    for allocation in retaken:
        if allocation.seat_id:
            seats |= Q(session=allocation.session_id, seat=allocation.seat_id)
    taken = Allocation.objects.filter(seats).select_related("seat") if seats else ()
    if labels := [str(allocation.seat) for allocation in taken]:
        raise SeatTaken(f"Somebody else has seat {', '.join(labels)} by now; move the order.")


def _count(allocations: Iterable[Allocation]) -> Counter[uuid.UUID]:
    """Return how many places of each session allocations take."""
    counted = Counter[uuid.UUID]()
    for allocation in allocations:
        counted[allocation.session_id] += allocation.quantity
    return counted


def _lock_candidates(order: Order, lines: Sequence[OrderLine]) -> Catalogue:
    """Lock every session that resolving the lines may take places of; turns come before sessions.

    Returns the catalogue that they are planned by.
    """
    _take_turns(order, lines)
    requests = [as_request(line) for line in lines if line.unresolved_cause]
    catalogue = catalogue_of(order.account, requests, order.received_at)
    retaken = {allocation.session_id for allocation in missing_places(order, lines)}
    offers = catalogue.offers.values()
    places.lock_sessions(retaken | {session.pk for offer in offers for session in offer.sessions})
    return catalogue


def make_room(*, order: Order, actor: str, now: datetime.datetime) -> Catalogue:
    """Raise the capacity of full sessions by what the lines of a locked order miss.

    Returns the catalogue that they are to be resolved by: all its sessions are locked. Raises
    InvalidRequest, and SoldOut where no capacity helps.
    """
    lines = list(order.lines.order_by("line_no"))
    locked = _lock_candidates(order, lines)
    missing = missing_places(order, lines)
    for session_id, count in _count(missing).items():
        _widen(session_id, count, actor=actor, now=now)
    # At once, so that the waiting lines find what they leave.
    _allot(order, missing)
    places.take(missing)
    requests = [as_request(line) for line in lines if line.unresolved_cause]
    try:
        plan_contents(order.account, requests, order.received_at, locked=locked)
    except NoRoom as no_room:
        for session_id, count in no_room.places_needed().items():
            _widen(session_id, count, actor=actor, now=now)
    return locked


def _widen(session_id: uuid.UUID, count: int, *, actor: str, now: datetime.datetime) -> None:
    """Let a session have room for so many more; numbered seats cannot be made."""
    session = Session.objects.filter(pk=session_id).first()
    if session is None or session.seat_plan_id or session.places_left >= count:
        return
    try:
        scheduling.adjust_session(
            session_id=session_id,
            capacity=session.places_taken + count,
            actor=actor,
            now=now,
        )
    except scheduling.SessionIsOver as over:
        raise SoldOut(f"{session} is over.") from over


def faults_of(*, order: Order, lines: Sequence[OrderLine]) -> dict[int, list[Fault]]:
    """Tell what a replay would refuse now, by line number; nothing is written."""
    waiting = [line for line in lines if line.unresolved_cause]
    told: dict[int, list[Fault]] = defaultdict(list)
    try:
        faults: Sequence[Fault] = _plan(order, waiting)[1]
    except (SoldOut, SeatTaken) as refusal:
        faults = [about_line(fault, waiting) for fault in refusal.faults]
    for fault in faults:
        told[int(fault.pointer.split("/")[2])].append(fault)
    return told


def shortage_of(order: Order, lines: Sequence[OrderLine]) -> Refusal | None:
    """Return why a replay could not take places again that went back; None when it can."""
    try:
        _allot(order, missing_places(order, lines))
    except (SoldOut, SeatTaken) as refusal:
        return refusal
    return None


def plan_waiting(
    *,
    order: Order,
    waiting: Sequence[OrderLine],
    catalogue: Catalogue,
    faults: Sequence[Fault] = (),
) -> tuple[list[LinePlan], list[Fault]]:
    """Plan lines as of the order's receipt; return what is wrong with them, `faults` first.

    Faults name the line by its number. Raises NoRoom.
    """
    requests = [as_request(line) for line in waiting]
    try:
        plans = plan_by(catalogue, order.account, requests, order.received_at, faults=faults)
    except InvalidRequest as refusal:
        return [], [about_line(fault, waiting) for fault in refusal.faults]
    unresolved = [
        Fault(f"/items/{line.line_no}", plan.unresolved_cause, _still_unresolved(order, line, plan))
        for line, plan in zip(waiting, plans, strict=True)
        if plan.unresolved_cause
    ]
    return plans, unresolved


def _plan(
    order: Order, waiting: Sequence[OrderLine], locked: Catalogue | None = None
) -> tuple[list[LinePlan], list[Fault]]:
    """Plan lines by the catalogue as it stands; raises SoldOut, SeatTaken."""
    requests = [as_request(line) for line in waiting]
    catalogue = catalogue_of(order.account, requests, order.received_at, locked)
    try:
        return plan_waiting(order=order, waiting=waiting, catalogue=catalogue)
    except NoRoom as no_room:
        raise explain(no_room, partner=order.partner, now=order.received_at) from no_room


def _still_unresolved(order: Order, line: OrderLine, plan: LinePlan) -> str:
    cause = plan.unresolved_cause
    why = cause.label.lower() if cause else ""
    if cause == FailureCode.UNMAPPED_ITEM:
        # It may mean something by now: what counts is the day of receipt.
        why += f" on {order.received_at.astimezone(order.account.venue.zone):%-d %b %Y}, its day of receipt"
    return f"Line {line.line_no}: {line.item_number} still cannot be issued ({why})."


def about_line(fault: Fault, waiting: Sequence[OrderLine]) -> Fault:
    """Name the line of the order, where the plan knows only its place among the waiting ones."""
    _, items, *path = fault.pointer.split("/")
    line = waiting[int(path[0]) if path else 0]
    pointer = "/".join(("", items, str(line.line_no), *path[1:]))
    return Fault(pointer, fault.code, f"Line {line.line_no}: {fault.detail}")


def as_request(line: OrderLine) -> LineRequest:
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
        seats=tuple(line.seats) or None,
        redemption=expansion.Redemption(
            since=line.redeemable_from, until=line.redeemable_until, times=line.max_redemptions
        ),
    )
