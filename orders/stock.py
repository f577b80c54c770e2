"""What is left of a session for each ticket type: within allotments, over all components, by seat."""

from __future__ import annotations

import dataclasses
import datetime
import sys
import uuid
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from catalog.agenda import Agenda
from catalog.mapping import Offer, read_catalogue
from catalog.models import Seat
from catalog.outside_places import note_interest
from catalog.visits import UnfitVisit, Visit, place_visit, plan_visit
from orders import places
from orders.offerings import Event, Showing, TicketType
from partners.account import Account


@dataclasses.dataclass(frozen=True)
class Left:
    """Units of a ticket type: how many there are, and how many are left; None where none are counted.

    places: how many of the session one unit takes.
    """

    total: int | None
    available: int | None
    places: int = 1


@dataclasses.dataclass(frozen=True)
class Stock:
    """What an account may sell of one showing: each type by its package, all together, its seats.

    free_seats: the numbered seats that can be named, by their keys.
    """

    whole: Left
    by_package: Mapping[uuid.UUID, Left]
    seats: Sequence[Seat] = ()
    free_seats: frozenset[int] = frozenset()


def read_stock(
    *, account: Account, event: Event, showing: Showing, now: datetime.datetime
) -> Stock:
    """Return what is left of a showing; four statements at most.

    A ticket type that is not sold for it has nothing left; one without a price is left out.
    """
    types = [one for one in event.ticket_types if one.price_on(showing.visit_date) is not None]
    session = showing.session
    if session is None:
        return Stock(Left(None, None), {one.package.pk: Left(None, None) for one in types})
    catalogue = read_catalogue(
        account=account,
        asked=[(one.item_number, showing.visit_date) for one in types],
        on=now.astimezone(account.venue.zone).date(),
    )
    agenda = places.read_agenda(account, catalogue, now=now)
    if not account.test_mode:
        outside = (c for offer in catalogue.offers.values() for c in offer.components)
        day = session.date
        note_interest(components=outside, first=day, last=day, now=now)
    by_package = {
        one.package.pk: _left_of(one, catalogue.offers.get(one.item_number), agenda, showing, now)
        for one in types
    }
    seats = list(Seat.objects.filter(plan=session.seat_plan_id)) if session.seat_plan_id else []
    return Stock(
        _together(session.capacity, agenda.unsold(session), by_package.values()),
        by_package,
        seats,
        frozenset(seat.pk for seat in agenda.free_seats(session)),
    )


def _left_of(
    one: TicketType, offer: Offer | None, agenda: Agenda, showing: Showing, now: datetime.datetime
) -> Left:
    session = showing.session
    if offer is None or session is None:
        return Left(0, 0)
    main = sum(
        component.quantity
        for component in offer.components
        if component.item.attraction_id == session.attraction_id
    )
    total = session.capacity
    if offer.allotment is not None:
        total = min(total, offer.allotment.places)
    total //= max(main, 1)
    try:
        visit = plan_visit(
            package=offer.package,
            opening_times=agenda.opening_times,
            date=showing.visit_date,
            time=showing.visit_time,
            now=now,
            pointer="",
        )
        available = _units(offer, visit, agenda, now)
    except UnfitVisit:
        available = 0
    return Left(total, None if available is None else min(available, total), main)


def _units(offer: Offer, visit: Visit, agenda: Agenda, now: datetime.datetime) -> int | None:
    """Return how many units all the sessions of an offer have room for; raises UnfitVisit."""
    needed = Counter[uuid.UUID]()
    sessions = {}
    for component in offer.components:
        attraction, quantity = component.item.attraction_id, component.quantity
        if attraction is None or visit.date is None:
            continue
        placed = place_visit(
            visit=visit,
            package=offer.package,
            venue=agenda.opening_times.venue,
            sessions=agenda.sessions_of(attraction, visit.date),
            has_room=lambda session, wanted=quantity: agenda.left(session, offer) >= wanted,  # type: ignore[misc]
            now=now,
            pointer="",
        )
        if placed.session is not None:
            sessions[placed.session.pk] = placed.session
            needed[placed.session.pk] += quantity
    left = [agenda.left(session, offer) // needed[key] for key, session in sessions.items()]
    units = min(left, default=sys.maxsize)
    # A test order takes no places: there is always room.
    return None if units >= sys.maxsize // max([1, *needed.values()]) else units


def _together(capacity: int, unsold: int, lefts: Collection[Left]) -> Left:
    """Return the places of a session that can be sold as one type or another."""
    if any(left.available is None for left in lefts):
        return Left(capacity, None)
    totals = sum((left.total or 0) * left.places for left in lefts)
    places_left = sum((left.available or 0) * left.places for left in lefts)
    return Left(min(capacity, totals), min(unsold, places_left))
