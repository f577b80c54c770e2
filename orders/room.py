"""The room that is left in locked sessions, counted down while an order moves into them."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterable, Sequence

from catalog.expansion import PlannedComponent, PlannedSeat
from catalog.models import Allotment, AllotmentUse, Seat, Session
from catalog.rescheduling import in_words
from catalog.seating import choose_seats
from orders.models import Allocation
from orders.shortages import SoldOut


class Room:
    """Counts places, numbered seats and the partner's allotments down; nothing is written."""

    def __init__(self, sessions: Iterable[Session], allotments: Iterable[Allotment]) -> None:
        self._left = {session.pk: session.places_left for session in sessions}
        limits = {allotment.pk: allotment.places for allotment in allotments}
        self._allotted: dict[tuple[uuid.UUID, uuid.UUID], int] = {
            (allotment, session): places
            for allotment, places in limits.items()
            for session in self._left
        }
        if limits:
            used = AllotmentUse.objects.filter(allotment__in=limits, session__in=self._left)
            for use in used:
                self._allotted[use.allotment_id, use.session_id] -= use.taken
        self._seats: dict[uuid.UUID, list[Seat]] = {}

    def take(self, session: Session, count: int, allotment: Allotment | None) -> Allotment | None:
        """Take places; return the allotment they count against, none where it has no room.

        An allotment limits what the partner sells, not where the venue moves it. Raises SoldOut.
        """
        left = self._left[session.pk]
        if left < count:
            raise SoldOut(_in_words(session, left, count), members={"placesLeft": left})
        self._left[session.pk] = left - count
        if allotment is None or self._allotted[allotment.pk, session.pk] < count:
            return None
        self._allotted[allotment.pk, session.pk] -= count
        return allotment

    def seat(
        self,
        new: PlannedComponent,
        old: PlannedComponent,
        session: Session,
        *,
        wallets: Sequence[int],
    ) -> PlannedComponent:
        """Return the component with seats of its new session: the same if they are free, else the best.

        wallets: the numbers of those that still live. One statement for each session with numbered
        seats. Raises SoldOut.
        """
        if session.seat_plan_id is None:
            return new
        free = self._free(session)
        count = new.places(len(wallets))
        by_label = {seat.label: seat for seat in free}
        labels = [seat.label for seat in old.taken_seats]
        same = [by_label[label] for label in labels if label in by_label]
        chosen: Sequence[Seat] = same if len(same) == count else choose_seats(free, count)
        if len(chosen) < count:
            raise SoldOut(_in_words(session, len(free), count), members={"placesLeft": len(free)})
        gone = {seat.pk for seat in chosen}
        self._seats[session.pk] = [seat for seat in free if seat.pk not in gone]
        seats: list[PlannedSeat | None] = [None] * (max(new.slots(wallets), default=-1) + 1)
        for slot, seat in zip(new.slots(wallets), chosen, strict=True):
            seats[slot] = PlannedSeat(seat.pk, seat.label)
        return dataclasses.replace(new, seats=tuple(seats))

    def _free(self, session: Session) -> list[Seat]:
        """Return the seats of a session that nobody has, in the order of their positions."""
        if session.pk not in self._seats:
            taken = Allocation.objects.filter(session=session, seat__isnull=False)
            rows = Seat.objects.filter(plan=session.seat_plan_id).exclude(
                pk__in=taken.values("seat")
            )
            self._seats[session.pk] = list(rows.order_by("position"))
        return self._seats[session.pk]


def _in_words(session: Session, left: int, wanted: int) -> str:
    at = f" at {session.time:%H:%M}" if session.time else ""
    places = "1 place" if left == 1 else f"{left or 'no'} places"
    return (
        f"{session.attraction} on {in_words(session.date)}{at} has {places} left, and {wanted} "
        f"{'is' if wanted == 1 else 'are'} needed."
    )
