"""Sessions that lines take places of, and what the database counts of them."""

from __future__ import annotations

import datetime
import uuid
from collections import Counter, defaultdict
from typing import Any

from catalog.models import AllotmentUse, Attraction, Item, Package, SeatPlan, Session
from orders.models import Allocation, Order
from tests.factories import SessionFactory
from tests.orders.expected import VISIT, line


def counted(package: Package, attraction: Attraction | None, number: str = "") -> Package:
    """Let the items of a package, or the one of this number, take places of an attraction."""
    items = Item.objects.filter(components__package=package)
    (items.filter(number=number) if number else items).update(attraction=attraction)
    return package


def session(attraction: Attraction, time: str | None, day: str = VISIT, **values: Any) -> Session:
    """Make a session of an hour, or of the whole day when there is no time."""
    return SessionFactory.create(
        attraction=attraction,
        date=datetime.date.fromisoformat(day),
        time=None if time is None else datetime.time.fromisoformat(time),
        **values,
    )


def seated(attraction: Attraction, plan: SeatPlan, time: str = "19:30", **values: Any) -> Session:
    """Make a session with numbered seats."""
    return session(attraction, time, seat_plan=plan, capacity=plan.seats.count(), **values)


def show(time: str = "14:00", quantity: int = 1, **members: Any) -> Any:
    """Return a line for the cinema show."""
    return line("SHOW", quantity=quantity, visitTime=time, **members)


def counters() -> dict[str, str]:
    """Return what each session counts, as `held+sold` by its name; zero ones are left out.

    Held against the sums of what is allocated, session by session and allotment by allotment.
    """
    held, sold = Counter[uuid.UUID](), Counter[uuid.UUID]()
    used: dict[tuple[uuid.UUID, uuid.UUID], int] = defaultdict(int)
    for row in Allocation.objects.all():
        (held if row.hold_id else sold)[row.session_id] += row.quantity
        if row.allotment_id:
            used[row.allotment_id, row.session_id] += row.quantity
    sessions = list(Session.objects.select_related("attraction").order_by("starts_at"))
    for one in sessions:
        assert (one.held, one.sold) == (held[one.pk], sold[one.pk]), one
        assert one.held + one.sold <= one.capacity
    uses = {(use.allotment_id, use.session_id): use.taken for use in AllotmentUse.objects.all()}
    assert {key: taken for key, taken in uses.items() if taken} == dict(used)
    return {name(one): f"{one.held}+{one.sold}" for one in sessions if one.places_taken}


def name(one: Session) -> str:
    """Return how `counters` calls a session: its attraction, its day if not VISIT, its time."""
    day = "" if str(one.date) == VISIT else f" {one.date}"
    return f"{one.attraction.code}{day}" + (f" {one.time:%H:%M}" if one.time else "")


def seats_of(order_id: str) -> list[str]:
    """Return the numbered seats that a stored order has, in the order of their positions."""
    rows = Allocation.objects.filter(line__order=order_id, seat__isnull=False)
    return list(rows.order_by("seat__position").values_list("seat__label", flat=True))


def status_of(answer: dict[str, Any]) -> str:
    """Return the stored status of an answered order."""
    return str(Order.objects.get(pk=answer["orderId"]).status)
