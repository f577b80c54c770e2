"""Taking places of sessions for lines and holds, and giving them back.

The triggers of the allocations count (orders/migrations/0004_places_are_counted.py) and refuse what
does not fit. The order of locks stands in docs/architecture.md.
"""

from __future__ import annotations

import datetime
import uuid
from collections import Counter
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import cast

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from catalog import expansion
from catalog.agenda import Agenda, OpenAgenda
from catalog.expansion import PlannedComponent
from catalog.mapping import Catalogue
from catalog.models import Allotment, Seat, Session
from channel_manager.history import runner
from channel_manager.lib.database import broken_constraint
from channel_manager.lib.errors import ErrorCode, Refusal
from orders.models import Allocation, Hold, Order, OrderLine
from partners.account import Account

# The constraints and checks of the triggers that say no; the last, when staff changed a mapping
# since it was looked at, which another look finds.
LOST = (
    "session_not_oversold",
    "session_on_sale",
    "allotment_not_exceeded",
    "seat_taken_once",
    "line_sold_under_mapping",
)


class PlacesLost(Refusal):
    """Somebody else took the places, or the session went off sale, after they were looked at."""

    code = ErrorCode.SOLD_OUT

    def __init__(self) -> None:
        super().__init__(
            "Somebody else took these places at the same moment. Send the request again.",
            retryable=True,
        )


@contextmanager
def losses_noticed() -> Iterator[None]:
    """Run a block that takes places, as a transaction of its own; raise PlacesLost for a clash."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as clash:
        if broken_constraint(clash) in LOST:
            raise PlacesLost from clash
        raise


def read_agenda(
    account: Account,
    catalogue: Catalogue,
    own: Sequence[Allocation] = (),
    *,
    now: datetime.datetime,
) -> Agenda:
    """Return what is left of the catalogue's sessions; places of `own` count as left.

    For a test account nothing is taken. One statement more when there are numbered seats.
    """
    seated = {
        session.pk: session.seat_plan_id
        for offer in catalogue.offers.values()
        for session in offer.sessions
        if session.seat_plan_id is not None
    }
    if account.test_mode:
        return OpenAgenda(catalogue, _all_seats(seated) if seated else {})
    free = _free_seats(seated, own) if seated else {}
    agenda = Agenda(catalogue, free, now)
    for allocation in own:
        agenda.give_back(
            allocation.session_id, allocation.allotment_id, allocation.quantity, allocation.seat_id
        )
    return agenda


def lock_sessions(session_ids: Iterable[uuid.UUID]) -> list[Session]:
    """Lock sessions in the order of their keys, before an order gives up some and takes others."""
    wanted = set(session_ids)
    return runner.lock(Session.objects.filter(pk__in=wanted)) if wanted else []


def of_line(
    line: OrderLine, components: Iterable[PlannedComponent], allotment: Allotment | None
) -> Iterator[Allocation]:
    """Make the unsaved allocations of a line: one per session, one per numbered seat.

    A test order's line has none, whatever sessions it names.
    """
    if line.order.test_mode:
        return
    wallets = len(line.wallets_left)
    for allocation in _of_components(components, wallets, allotment) if wallets else ():
        allocation.line = line
        yield allocation


def for_hold(
    hold: Hold, components: Iterable[PlannedComponent], wallets: int, allotment: Allotment | None
) -> Iterator[Allocation]:
    """Make the unsaved allocations of a line that is held; a test hold has none."""
    if hold.test_mode:
        return
    for allocation in _of_components(components, wallets, allotment):
        allocation.hold = hold
        yield allocation


def _of_components(
    components: Iterable[PlannedComponent], wallets: int, allotment: Allotment | None
) -> Iterator[Allocation]:
    """Make unsaved allocations that belong to nobody yet."""
    for component in components:
        if component.session_id is None:
            continue
        parts: list[tuple[int | None, int]] = [(seat.id, 1) for seat in component.taken_seats]
        for seat_id, quantity in parts or [(None, component.places(wallets))]:
            yield Allocation(
                session_id=component.session_id,
                seat_id=seat_id,
                quantity=quantity,
                allotment=allotment,
            )


def take(allocations: Sequence[Allocation]) -> None:
    """Take places, in one statement; raises IntegrityError when they do not fit.

    One statement more for numbered seats: a seat's row waits for whoever writes the same one, who
    may be waiting for the session that we have by then. So the sessions are locked first.
    """
    if any(allocation.seat_id for allocation in allocations):
        lock_sessions(allocation.session_id for allocation in allocations)
    if allocations:
        Allocation.objects.bulk_create(allocations)


def give_up(given_up: Sequence[Allocation], *, wanted: Iterable[Allocation]) -> None:
    """Give places up before others are taken; the sessions of both are locked at once first."""
    if not given_up:
        return
    lock_sessions(allocation.session_id for allocation in (*given_up, *wanted))
    Allocation.objects.filter(pk__in=[allocation.pk for allocation in given_up]).delete()


def give_back(allocations: QuerySet[Allocation]) -> int:
    """Give places back, exactly once: whoever deletes the rows does it; return how many rows.

    Their sessions are locked first: whoever wants a seat has them, and waits for the seat's row.
    """
    runner.lock(Session.objects.filter(pk__in=allocations.values("session")))
    return allocations.delete()[0]


def give_back_part(given_up: Mapping[OrderLine, Collection[int]]) -> None:
    """Give back the places of some wallets of stored lines, each named by its number in the line.

    The seats are theirs; other places are taken off what the line has of the session.
    """
    seats: set[tuple[uuid.UUID, uuid.UUID, int]] = set()
    counts = Counter[tuple[uuid.UUID, uuid.UUID]]()
    for line, wallets in given_up.items():
        for component in map(expansion.from_json, line.plan):
            session_id = component.session_id
            if session_id is None:
                continue
            if not component.seats:
                counts[line.pk, session_id] += component.places(len(wallets))
            for slot in component.slots(wallets) if component.seats else ():
                if seat := component.seats[slot]:
                    seats.add((line.pk, session_id, seat.id))
    _take_off(Allocation.objects.filter(line__in=list(given_up)), seats, counts)


def give_back_some(hold: Hold, *, labels: Collection[str], counts: Mapping[uuid.UUID, int]) -> None:
    """Give back a hold's seats of these labels, and so many of its other places by session."""
    rows = of_hold(hold)
    seats = rows.filter(seat__label__in=labels).values_list("hold", "session", "seat")
    taken_off = Counter({(hold.pk, session_id): count for session_id, count in counts.items()})
    _take_off(rows, set(seats), taken_off)


def _take_off(
    allocations: QuerySet[Allocation],
    seats: Container[tuple[uuid.UUID, uuid.UUID, int]],
    counts: Counter[tuple[uuid.UUID, uuid.UUID]],
) -> None:
    gone, smaller = [], []
    for allocation in allocations.order_by("pk"):
        owner = allocation.line_id or allocation.hold_id
        key = (cast("uuid.UUID", owner), allocation.session_id)
        if allocation.seat_id is not None:
            if (*key, allocation.seat_id) in seats:
                gone.append(allocation)
        elif allocation.quantity <= counts[key]:
            counts[key] -= allocation.quantity
            gone.append(allocation)
        elif counts[key]:
            allocation.quantity -= counts.pop(key)
            smaller.append(allocation)
    lock_sessions(allocation.session_id for allocation in (*gone, *smaller))
    if gone:
        Allocation.objects.filter(pk__in=[allocation.pk for allocation in gone]).delete()
    if smaller:
        Allocation.objects.bulk_update(smaller, ["quantity"])


def of_order(order: Order) -> QuerySet[Allocation]:
    """Return the places that a stored order has."""
    return Allocation.objects.filter(line__order=order)


def of_hold(hold: Hold) -> QuerySet[Allocation]:
    """Return the places that a stored hold has."""
    return Allocation.objects.filter(hold=hold)


def _all_seats(seated: dict[uuid.UUID, uuid.UUID]) -> dict[uuid.UUID, list[Seat]]:
    """Read the seats of each session, whoever has them: one statement."""
    rows = list(Seat.objects.filter(plan__in=set(seated.values())).order_by("position"))
    return {
        session_id: [seat for seat in rows if seat.plan_id == plan_id]
        for session_id, plan_id in seated.items()
    }


def _free_seats(
    seated: dict[uuid.UUID, uuid.UUID], own: Sequence[Allocation]
) -> dict[uuid.UUID, list[Seat]]:
    """Read the seats of each session that nobody has, those of `own` included: one statement."""
    mine = [allocation.pk for allocation in own if allocation.seat_id]
    rows = Seat.objects.raw(
        """
        SELECT seat.*, wanted.session_id FROM unnest(%s::uuid[], %s::uuid[])
            AS wanted(session_id, plan_id)
        JOIN catalog_seat seat ON seat.plan_id = wanted.plan_id
        WHERE NOT EXISTS (
            SELECT 1 FROM orders_allocation a
            WHERE a.session_id = wanted.session_id AND a.seat_id = seat.id
                AND NOT a.id = ANY(%s::bigint[]))
        ORDER BY seat.position
        """,
        [list(seated), list(seated.values()), mine],
    )
    free: dict[uuid.UUID, list[Seat]] = {session_id: [] for session_id in seated}
    for seat in rows:
        free[seat.session_id].append(seat)  # type: ignore[attr-defined]
    return free
