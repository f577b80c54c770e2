"""Telling a caller that there is no room: how many places are left, and where there is room."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

from django.db.models import F, IntegerField, OuterRef, QuerySet, Subquery, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, Least

from catalog.models import Allotment, AllotmentUse, Session
from catalog.opening import read_opening_times
from catalog.sale import Sale
from catalog.visits import MAX_DAYS_AHEAD
from channel_manager.lib.errors import ErrorCode, Fault, Refusal
from orders.placing import Shortage
from orders.planning import NoRoom
from partners.models import Partner, Venue

# Only a refused order pays for looking; one of many short lines is told without alternatives.
_MOST_EXPLAINED = 5
_NEAREST = 5
# Each way, in search of those that the package is sold for.
_LOOKED_AT = 50


class SoldOut(Refusal):
    """A session has fewer places left than the request needs."""

    code = ErrorCode.SOLD_OUT


class SeatTaken(Refusal):
    """A seat that the request names belongs to somebody else."""

    code = ErrorCode.SEAT_TAKEN


def explain(no_room: NoRoom, *, partner: Partner, now: datetime.datetime) -> Refusal:
    """Return the refusal that tells the partner what is missing (contract: 409 sold_out).

    Three statements, whatever the number of shortages.
    """
    if not no_room.shortages:
        return SeatTaken(no_room.taken_seats[0].detail, faults=no_room.taken_seats)
    told = [_told(shortage) for shortage in no_room.shortages]
    for entry, nearest in zip(told, _nearest(no_room, partner, now), strict=False):
        entry["nearestSessions"] = [
            {"itemNumber": entry["itemNumber"], **_as_row(row, left, partner.venue)}
            for row, left in nearest
        ]
    faults = faults_of(no_room)
    tightest = min(range(len(told)), key=lambda n: told[n]["placesLeft"])
    return SoldOut(
        faults[tightest].detail,
        faults=faults,
        members={
            "placesLeft": told[tightest]["placesLeft"],
            "nearestSessions": told[tightest]["nearestSessions"],
            "shortages": told,
        },
    )


def faults_of(no_room: NoRoom) -> list[Fault]:
    """Return what is missing, shortages first, without looking where there is room instead."""
    shortages = [
        Fault(shortage.pointer, ErrorCode.SOLD_OUT, _in_words(shortage))
        for shortage in no_room.shortages
    ]
    return [*shortages, *no_room.taken_seats]


def _in_words(shortage: Shortage) -> str:
    session, left = shortage.session, shortage.left
    when = f"{session.date}" + (f" at {session.time:%H:%M}" if session.time else "")
    places = "1 place is" if left == 1 else f"{left or 'No'} places are"
    return (
        f"{places} left for {shortage.component.item.description} on {when}, and "
        f"{shortage.needed} {'is' if shortage.needed == 1 else 'are'} needed."
    )


def _told(shortage: Shortage) -> dict[str, Any]:
    session = shortage.session
    return {
        "pointer": shortage.pointer,
        "itemNumber": shortage.component.item.number,
        "visitDate": session.date.isoformat(),
        "visitTime": session.time and session.time.isoformat(),
        "capacity": session.capacity,
        "placesWanted": shortage.needed,
        "placesLeft": shortage.left,
        "nearestSessions": [],
    }


def _nearest(
    no_room: NoRoom, partner: Partner, now: datetime.datetime
) -> Iterator[list[tuple[Session, int]]]:
    """Yield, for each of the first shortages, where so many can be ordered, and what is left."""
    shortages = no_room.shortages[:_MOST_EXPLAINED]
    around = [part for n, shortage in enumerate(shortages) for part in _around(shortage, n, now)]
    with_room: list[Any] = list(around[0].union(*around[1:], all=True))
    today = now.astimezone(partner.venue.zone).date()
    opening_times = read_opening_times(
        venue=partner.venue, first=today, last=today + datetime.timedelta(days=MAX_DAYS_AHEAD)
    )
    for n, shortage in enumerate(shortages):
        offer, starts_at = shortage.offer, shortage.session.starts_at
        sale = Sale(offer, partner_id=partner.pk, opening_times=opening_times, now=now)
        # The lines that do fit have taken places, too.
        found = [
            (row, min(row.left, no_room.agenda.left(row, offer)))
            for row in with_room
            if row.which == n and sale.takes(row.date, row.time, row.starts_at, row.ends_at)
        ]
        fitting = [(row, left) for row, left in found if left >= shortage.wanted]
        nearest = sorted(fitting, key=lambda entry: abs(entry[0].starts_at - starts_at))
        yield sorted(nearest[:_NEAREST], key=lambda entry: entry[0].starts_at)


def _around(
    shortage: Shortage, which: int, now: datetime.datetime
) -> tuple[QuerySet[Session], QuerySet[Session]]:
    """Return the sessions before and after the full one that have room for so many."""
    full = shortage.session
    with_room = (
        Session.objects.filter(attraction=full.attraction_id, is_on_sale=True, ends_at__gt=now)
        .exclude(pk=full.pk)
        .annotate(
            left=_places_left(shortage.offer.allotment),
            which=Value(which, output_field=IntegerField()),
        )
        .filter(left__gte=shortage.wanted)
    )
    return (
        with_room.filter(starts_at__lt=full.starts_at).order_by("-starts_at")[:_LOOKED_AT],
        with_room.filter(starts_at__gte=full.starts_at).order_by("starts_at")[:_LOOKED_AT],
    )


def _places_left(allotment: Allotment | None) -> Combinable:
    """Return the expression for the places left, at most what the allotment leaves."""
    left = F("capacity") - F("held") - F("sold")
    if allotment is None:
        return left
    taken = AllotmentUse.objects.filter(allotment=allotment, session=OuterRef("pk"))
    return Least(left, Value(allotment.places) - Coalesce(Subquery(taken.values("taken")), 0))


def _as_row(session: Session, left: int, venue: Venue) -> dict[str, Any]:
    return {
        "visitDate": session.date.isoformat(),
        "visitTime": session.time and session.time.isoformat(),
        "startsAt": session.starts_at.astimezone(venue.zone).isoformat(),
        "endsAt": session.ends_at.astimezone(venue.zone).isoformat(),
        "placesLeft": left,
    }
