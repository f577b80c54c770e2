"""The sessions that a request asks for, and what is left of them while it is planned."""

from __future__ import annotations

import datetime
import sys
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from catalog.elsewhere import in_session
from catalog.mapping import Catalogue, Offer
from catalog.models import Seat, Session


class Agenda:
    """Counts places down as the lines of one request take them; nothing is written.

    `free_seats` are those of the sessions with numbered seats, in the order of their positions.
    now: the moment as of which outside systems are believed; None: they are not asked after.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        free_seats: Mapping[uuid.UUID, Sequence[Seat]] | None = None,
        now: datetime.datetime | None = None,
    ) -> None:
        self.opening_times = catalogue.opening_times
        self._now = now
        # What the request itself takes elsewhere.
        self._taken_there = Counter[tuple[uuid.UUID, uuid.UUID]]()
        self._left: dict[uuid.UUID, int] = {}
        self._taken = Counter[uuid.UUID | tuple[uuid.UUID, uuid.UUID]]()
        self._allotted: dict[tuple[uuid.UUID, uuid.UUID], int] = defaultdict(int)
        self._by_day: dict[tuple[uuid.UUID, datetime.date], dict[uuid.UUID, Session]]
        self._by_day = defaultdict(dict)
        self._seats = {session: list(seats) for session, seats in (free_seats or {}).items()}
        self._own: dict[uuid.UUID, set[int | None]] = defaultdict(set)
        for offer in catalogue.offers.values():
            for session in offer.sessions:
                self._left[session.pk] = session.places_left
                self._by_day[session.attraction_id, session.date][session.pk] = session
                if offer.allotment is not None:
                    taken = offer.allotment_taken.get(session.pk, 0)
                    self._allotted[offer.allotment.pk, session.pk] = taken

    def sessions_of(self, attraction_id: uuid.UUID, day: datetime.date) -> list[Session]:
        """Return an attraction's sessions on sale that day by their start, the order's own first."""
        sessions = self._by_day.get((attraction_id, day), {}).values()
        return sorted(sessions, key=lambda one: (one.pk not in self._own, one.starts_at))

    @property
    def asks_elsewhere(self) -> bool:
        """Tell whether outside systems are asked for what they issue; for a test order, none is."""
        return self._now is not None

    def unsold(self, session: Session) -> int:
        """Return how many places the session has left, whatever allotments and seats allow."""
        return self._left.get(session.pk, session.places_left)

    def left(self, session: Session, offer: Offer) -> int:
        """Return how many places an order under this offer may still take; never negative."""
        left = self.unsold(session)
        if offer.allotment is not None:
            taken = self._allotted[offer.allotment.pk, session.pk]
            left = min(left, offer.allotment.places - taken)
        if session.pk in self._seats:
            left = min(left, len(self._seats[session.pk]))
        there = self._left_there(session, offer)
        if there is not None:
            left = min(left, there - self._taken_there[session.pk, offer.package.pk])
        return max(left, 0)

    def _left_there(self, session: Session, offer: Offer) -> int | None:
        """Return what the outside systems that issue it leave, as of the moment; None: unknown."""
        if self._now is None:
            return None
        known = [
            left
            for component in offer.issued_elsewhere(session.attraction_id)
            if (one := in_session(component.elsewhere, session.pk))
            and (left := one.left_at(self._now)) is not None
        ]
        # What an order has there already counts as taken: a draft has nothing there, and of one in
        # Error nobody knows whether and when it is given back.
        return min(known, default=None)

    def taken(self, session: Session) -> int:
        """Return how many places of a session the request has taken so far."""
        return self._taken[session.pk]

    def left_before(self, session: Session, offer: Offer) -> int:
        """Return how many places there were under this offer before the request took any."""
        taken = self._taken[session.pk]
        left = self.unsold(session) + taken
        if offer.allotment is not None:
            key = offer.allotment.pk, session.pk
            left = min(left, offer.allotment.places - self._allotted[key] + self._taken[key])
        if session.pk in self._seats:
            left = min(left, len(self._seats[session.pk]) + taken)
        there = self._left_there(session, offer)
        return max(left if there is None else min(left, there), 0)

    def take(self, session: Session, offer: Offer, places: int) -> None:
        """Count places as taken."""
        self._taken[session.pk] += places
        self._taken_there[session.pk, offer.package.pk] += places
        if offer.allotment is not None:
            self._taken[offer.allotment.pk, session.pk] += places
        self._move(session.pk, offer.allotment.pk if offer.allotment else None, places)

    def give_back(
        self,
        session_id: uuid.UUID,
        allotment_id: uuid.UUID | None,
        places: int,
        seat_id: int | None = None,
    ) -> None:
        """Count places as left that the order has already, here only: it keeps them where it can."""
        if session_id in self._left:
            self._move(session_id, allotment_id, -places)
            self._own[session_id].add(seat_id)

    def free_seats(self, session: Session) -> Sequence[Seat]:
        """Return the seats nobody has."""
        return self._seats.get(session.pk, ())

    def is_own(self, session: Session, seat: Seat) -> bool:
        """Tell whether the order has had this seat before."""
        return seat.pk in self._own.get(session.pk, ())

    def take_seats(self, session: Session, seats: Iterable[Seat]) -> None:
        """Count seats as taken."""
        gone = {seat.pk for seat in seats}
        self._seats[session.pk] = [
            seat for seat in self._seats.get(session.pk, ()) if seat.pk not in gone
        ]

    def _move(self, session_id: uuid.UUID, allotment_id: uuid.UUID | None, places: int) -> None:
        self._left[session_id] -= places
        if allotment_id is not None:
            self._allotted[allotment_id, session_id] += places


class OpenAgenda(Agenda):
    """What is left for a test order: everything, since it takes no places.

    Only the seats of a hall run out within one request, so that no two guests sit on one.
    """

    def unsold(self, session: Session) -> int:
        """Return more places than any order may ask for."""
        return sys.maxsize

    def left(self, session: Session, offer: Offer) -> int:
        """Return the seats that the request has left itself; else there is always room."""
        if session.pk in self._seats:
            return len(self._seats[session.pk])
        return self.unsold(session)

    def left_before(self, session: Session, offer: Offer) -> int:
        """Return how many there were before the request took any."""
        return self.left(session, offer) + self.taken(session)
