"""Moving an order's visits to another day: the same times, new places, new tickets."""

from __future__ import annotations

import dataclasses
import datetime
import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from django.db import transaction
from django.db.models import QuerySet

from catalog import expansion
from catalog.expansion import PlannedComponent
from catalog.models import Allotment, Session
from catalog.opening import read_opening_times
from catalog.rescheduling import NoSuchVisit, OtherDay, in_words, reschedule
from catalog.visits import MAX_DAYS_AHEAD
from channel_manager.history import runner
from channel_manager.history.runner import Change
from channel_manager.lib.errors import ErrorCode, Refusal
from orders import places, reading
from orders.actions import OrderStateConflict
from orders.announcing import announce_change
from orders.cancellation import AssetUsed, used_numbers
from orders.contents import set_visit_date
from orders.destruction import replace_assets
from orders.models import Allocation, Order, OrderLine, OrderStatus
from orders.outside import refusing
from orders.room import Room
from partners.models import Venue
from wallets.minting import mint_successor
from wallets.models import Asset

EVENT = "moved"


class VisitNotPossible(Refusal):
    """A visit of the order cannot be made on the other day."""

    code = ErrorCode.UNKNOWN_SESSION


class NothingToMove(Refusal):
    """The order has no visit on the day that it is to be moved from."""

    code = ErrorCode.ORDER_STATE_CONFLICT


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Mover:
    """One component of a line that is visited on the day, with the places it has."""

    line: OrderLine
    position: int
    planned: PlannedComponent
    own: Sequence[Allocation]

    @property
    def allotment(self) -> Allotment | None:
        """Return the partner's allotment that its places count against."""
        return next((one.allotment for one in self.own if one.allotment), None)

    @property
    def key(self) -> tuple[uuid.UUID, uuid.UUID]:
        """Return what its assets are found by: the line's and the component's key."""
        return self.line.pk, self.planned.component_id


def move_order(
    *,
    orders: QuerySet[Order],
    order_id: uuid.UUID,
    to_date: datetime.date,
    from_date: datetime.date,
    actor: str,
    now: datetime.datetime,
    reason: str = "",
) -> Order:
    """Move every visit of an order on one day to another day, at the same times; return the order.

    Draft, Issued or Error; it keeps its status, references and prices, also where a cut-off has
    passed: staff move it. Tickets and coupons of the old day are destroyed, new ones minted in their
    wallets, which stay. Cancelled: nothing happens. Raises NotFound, OrderStateConflict,
    NothingToMove, VisitNotPossible, IssuedElsewhere, SoldOut, AssetUsed; nothing is changed then.
    """
    with transaction.atomic():
        order = reading.lock_order(orders, order_id)
        if order.status == OrderStatus.CANCELLED:
            return order
        _require_settled(order)
        _require_sane(order.partner.venue, from_date, to_date, now)
        rows = order.lines.select_related("package").order_by("line_no")
        lines = [line for line in rows if line.units_left]
        if not any(visits_on(line, from_date) for line in lines):
            raise NothingToMove(f"Order {order} has no visit on {in_words(from_date)} any more.")
        _require_open(order.partner.venue, lines, from_date, to_date)
        movers = _movers(order, lines, from_date)
        outside = {one.planned.component_id for one in movers if one.planned.is_outside}
        refusing.require_ours(order=order, components=outside)
        try:
            moved = _take_places(order, movers, to_date, now)
        except NoSuchVisit as fault:
            raise VisitNotPossible(str(fault)) from fault
        _move_lines(lines, moved, from_date, to_date)
        set_visit_date(order, lines)
        order.updated_at = now
        order.save(update_fields=["visit_date", "updated_at"])
        announce_change(
            order,
            change=Change(
                name=EVENT,
                actor=actor,
                now=now,
                reason=reason,
                data=_event_data(moved, from_date, to_date),
            ),
        )
        return order


def require_day(
    venue: Venue, from_date: datetime.date, to_date: datetime.date, now: datetime.datetime
) -> None:
    """Raise VisitNotPossible when nothing of a venue can be moved from one day to the other."""
    _require_sane(venue, from_date, to_date, now)
    if read_opening_times(venue=venue, first=to_date, last=to_date).on(to_date) is None:
        raise VisitNotPossible(f"{venue} is closed on {in_words(to_date)}.")


def visits_on(line: OrderLine, day: datetime.date) -> bool:
    """Tell whether the line, or one of its components, is visited that day."""
    dates = {entry["visitDate"] for entry in (*line.plan, *line.component_schedule)}
    return line.visit_date == day or day.isoformat() in dates


def visit_dates(order: Order) -> list[datetime.date]:
    """Return the days on which something of an order is visited."""
    lines = [line for line in order.lines.all() if line.units_left]
    days = {line.visit_date for line in lines}
    for line in lines:
        for entry in (*line.plan, *line.component_schedule):
            if entry["visitDate"]:
                days.add(datetime.date.fromisoformat(entry["visitDate"]))
    return sorted(day for day in days if day)


def _require_settled(order: Order) -> None:
    if order.is_in_flight:
        raise OrderStateConflict(
            f"The order is {order.status}; wait until it has settled.",
            members={"currentStatus": order.status},
            retryable=True,
        )


def _require_sane(
    venue: Venue, from_date: datetime.date, to_date: datetime.date, now: datetime.datetime
) -> None:
    today = now.astimezone(venue.zone).date()
    if to_date == from_date:
        raise VisitNotPossible(f"The visit is on {in_words(to_date)} already.")
    if to_date < today:
        raise VisitNotPossible(f"{in_words(to_date)} has passed.")
    if to_date > today + datetime.timedelta(days=MAX_DAYS_AHEAD):
        raise VisitNotPossible(f"{in_words(to_date)} is more than {MAX_DAYS_AHEAD} days ahead.")


def _require_open(
    venue: Venue, lines: Sequence[OrderLine], from_date: datetime.date, to_date: datetime.date
) -> None:
    """Raise VisitNotPossible for a line that waits to be resolved, if the venue is closed then.

    The other lines have a plan, which is looked at component by component.
    """
    waits = any(line.unresolved_cause and visits_on(line, from_date) for line in lines)
    hours = read_opening_times(venue=venue, first=to_date, last=to_date)
    if waits and hours.on(to_date) is None:
        raise VisitNotPossible(f"{venue} is closed on {in_words(to_date)}.")


def _movers(order: Order, lines: Sequence[OrderLine], day: datetime.date) -> list[_Mover]:
    """Return the planned components that are visited on the day."""
    own: dict[tuple[uuid.UUID | None, uuid.UUID], list[Allocation]] = defaultdict(list)
    for allocation in places.of_order(order).select_related("allotment"):
        own[allocation.line_id, allocation.session_id].append(allocation)
    movers = []
    for line in lines:
        for position, entry in enumerate(line.plan):
            planned = expansion.from_json(entry)
            if planned.visit_date == day:
                had = own.get((line.pk, planned.session_id), ()) if planned.session_id else ()
                movers.append(_Mover(line=line, position=position, planned=planned, own=had))
    return movers


def _take_places(
    order: Order, movers: Sequence[_Mover], to_date: datetime.date, now: datetime.datetime
) -> list[tuple[_Mover, PlannedComponent]]:
    """Give up the places of one day and take those of another; mint the assets anew.

    Both days' sessions are locked at once, so nobody comes between looking and taking.
    """
    sold_for = _sessions_of(movers)
    day = _lock(order.partner.venue, movers, sold_for, to_date)
    assets = _lock_assets(movers)
    room = Room(
        [session for sessions in day.sessions.values() for session in sessions],
        [mover.allotment for mover in movers if mover.allotment],
    )
    moved: list[tuple[_Mover, PlannedComponent]] = []
    wanted: list[Allocation] = []
    for mover in movers:
        planned, line = mover.planned, mover.line
        session = None
        if planned.session_id is not None:
            session = day.session_like(_known(sold_for, planned))
        dating = line.package.dating if line.package else ""
        new = reschedule(planned, dating=dating, session=session, day=day, now=now)
        if session is not None:
            new = room.seat(new, planned, session, wallets=line.wallets_left)
            # The places of an order that stood in Error for too long went back; a replay asks.
            if mover.own:
                count = new.places(len(line.wallets_left))
                allotment = room.take(session, count, mover.allotment)
                wanted += places.of_line(line, [new], allotment)
        moved.append((mover, new))
    # Two components of a line may share a session, and so its places.
    own = {one.pk: one for mover in movers for one in mover.own}
    with places.losses_noticed():
        places.give_up(list(own.values()), wanted=wanted)
        places.take(wanted)
    _renew_assets(assets, moved)
    return moved


def _sessions_of(movers: Sequence[_Mover]) -> Mapping[uuid.UUID, Session]:
    keys = {mover.planned.session_id for mover in movers} - {None}
    return Session.objects.select_related("attraction").in_bulk(keys) if keys else {}


def _known(sold_for: Mapping[uuid.UUID, Session], planned: PlannedComponent) -> Session:
    session = sold_for.get(planned.session_id) if planned.session_id else None
    if session is None:
        raise NoSuchVisit(f"The session of {planned.description} does not exist any more.")
    return session


def _lock(
    venue: Venue,
    movers: Sequence[_Mover],
    sold_for: Mapping[uuid.UUID, Session],
    to_date: datetime.date,
) -> OtherDay:
    """Lock the sessions that are left and those that are entered; return the other day."""
    hours = read_opening_times(venue=venue, first=to_date, last=to_date).on(to_date)
    there = _on_sale({one.attraction_id for one in sold_for.values()}, to_date)
    at_times = {(one.attraction_id, one.time) for one in sold_for.values()}
    entered = {one.pk for one in there if (one.attraction_id, one.time) in at_times}
    left = {one.session_id for mover in movers for one in mover.own}
    locked = {session.pk: session for session in places.lock_sessions(entered | left)}
    sessions: dict[uuid.UUID, list[Session]] = defaultdict(list)
    for session in there:
        current = locked.get(session.pk, session)
        if current.is_on_sale:
            current.attraction = session.attraction
            sessions[session.attraction_id].append(current)
    return OtherDay(venue=venue, date=to_date, hours=hours, sessions=sessions)


def _on_sale(attractions: Collection[uuid.UUID], day: datetime.date) -> list[Session]:
    if not attractions:
        return []
    rows = Session.objects.filter(attraction__in=attractions, date=day, is_on_sale=True)
    return list(rows.select_related("attraction").order_by("starts_at"))


def _lock_assets(movers: Sequence[_Mover]) -> list[Asset]:
    """Lock the living assets that move; raises AssetUsed when somebody entered with one."""
    keys = {mover.key for mover in movers}
    rows = Asset.objects.living().filter(
        wallet__line__in={line for line, _component in keys},
        component__in={component for _line, component in keys},
    )
    locked = runner.lock(rows.select_related("wallet"))
    assets = [one for one in locked if (one.wallet.line_id, one.component_id) in keys]
    used = used_numbers(assets)
    if used:
        raise AssetUsed(
            f"A ticket or coupon of this order has been used: {', '.join(used[:3])}.",
            members={"usedAssets": used[:10]},
        )
    return assets


def _renew_assets(
    assets: Sequence[Asset], moved: Sequence[tuple[_Mover, PlannedComponent]]
) -> None:
    """Destroy locked assets; mint those of the other day with its window and seat in their place."""
    planned = {mover.key: new for mover, new in moved}
    successors = [mint_successor(asset) for asset in assets]
    for old, successor in zip(assets, successors, strict=True):
        new = planned[old.wallet.line_id, old.component_id]  # type: ignore[index]
        successor.visit_date = new.visit_date
        successor.valid_from, successor.valid_until = new.valid_from, new.valid_until
        successor.seat = new.seats_of(old.wallet.seq_no, old.unit)
    replace_assets(assets, successors)


def _move_lines(
    lines: Sequence[OrderLine],
    moved: Sequence[tuple[_Mover, PlannedComponent]],
    from_date: datetime.date,
    to_date: datetime.date,
) -> None:
    """Write on the lines when they are visited now, seats included where seats were named."""
    old, new_day = from_date.isoformat(), to_date.isoformat()
    seats: dict[tuple[uuid.UUID, str], list[str]] = {}
    for mover, new in moved:
        mover.line.plan[mover.position] = expansion.to_json(new)
        seats[mover.line.pk, new.item_number] = [seat.label for seat in new.taken_seats]
    changed = [line for line in lines if visits_on(line, from_date)]
    touched = {line.pk: line for line in (*changed, *(mover.line for mover, _new in moved))}
    for line in touched.values():
        if line.visit_date == from_date:
            line.visit_date = to_date
        for entry in line.component_schedule:
            named = seats.get((line.pk, entry["itemNumber"]))
            if entry.get("seats") and named is not None:
                entry["seats"] = named
            if entry["visitDate"] == old:
                entry["visitDate"] = new_day
        if line.seats:
            taken = [labels for (key, _item), labels in seats.items() if key == line.pk and labels]
            line.seats = taken[0] if len(taken) == 1 else line.seats
    OrderLine.objects.bulk_update(
        touched.values(), ["visit_date", "component_schedule", "plan", "seats"]
    )


def _event_data(
    moved: Sequence[tuple[_Mover, PlannedComponent]],
    from_date: datetime.date,
    to_date: datetime.date,
) -> dict[str, object]:
    left = {str(mover.planned.session_id) for mover, _new in moved if mover.planned.session_id}
    entered = {str(new.session_id) for _mover, new in moved if new.session_id}
    seats = [seat.label for _mover, new in moved for seat in new.taken_seats]
    return {
        "fromDate": from_date.isoformat(),
        "toDate": to_date.isoformat(),
        **({"leftSessionIds": sorted(left), "enteredSessionIds": sorted(entered)} if left else {}),
        **({"seats": seats} if seats else {}),
    }
