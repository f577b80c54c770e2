"""Finding the session, and the seats, that each component of a line takes places of."""

from __future__ import annotations

import dataclasses
import datetime
import uuid
from collections.abc import Container, Sequence

from catalog.agenda import Agenda
from catalog.mapping import Offer
from catalog.models import Component, Seat, Session
from catalog.seating import choose_seats
from catalog.visits import UnfitVisit, Visit, place_visit
from channel_manager.lib.errors import Fault


@dataclasses.dataclass(frozen=True, kw_only=True)
class Shortage:
    """A session that has fewer places left than a component of a line needs.

    wanted: by this component. needed: by it and by what the same request takes before. left: before
    the request takes any.
    """

    pointer: str
    offer: Offer
    component: Component
    session: Session
    wanted: int
    needed: int
    left: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class Stop:
    """When one component is to be visited, on which seats, and where the request says so.

    `seats_at` is where the seats stand, if not there.
    """

    visit: Visit
    pointer: str
    seats: tuple[str, ...] | None = None
    seats_at: str = ""

    @property
    def seats_pointer(self) -> str:
        """Return where the request names the seats."""
        return f"{self.seats_at or self.pointer}/seats"


class Placer:
    """Places the visits of one request in sessions; counts them down in the agenda.

    What does not fit is kept in `faults`, what has no place left to `shortages`, and seats that
    somebody else has to `taken_seats`.
    """

    def __init__(self, agenda: Agenda, now: datetime.datetime, named: Container[str] = ()) -> None:
        self.agenda = agenda
        self.now = now
        # Labels that some line names: the others leave them free where they can.
        self._named_somewhere = named
        self._given: set[tuple[uuid.UUID, str]] = set()
        self._faults: dict[Fault, None] = {}
        self.shortages: list[Shortage] = []
        self.taken_seats: list[Fault] = []

    @property
    def faults(self) -> list[Fault]:
        """Return everything wrong with the request so far."""
        return list(self._faults)

    def place(
        self, *, offer: Offer, component: Component, quantity: int, stop: Stop
    ) -> tuple[Visit, Sequence[Seat]]:
        """Return the component's visit within its session, and its seats if they are numbered."""
        attraction, visit = component.item.attraction_id, stop.visit
        wanted = quantity * component.quantity
        if attraction is None or visit.date is None:
            self._refuse_seats(offer, stop)
            return visit, ()
        try:
            placed = place_visit(
                visit=visit,
                package=offer.package,
                venue=self.agenda.opening_times.venue,
                sessions=self.agenda.sessions_of(attraction, visit.date),
                has_room=lambda session: self.agenda.left(session, offer) >= wanted,
                now=self.now,
                pointer=stop.pointer,
            )
        except UnfitVisit as refusal:
            self.add_faults(refusal.faults)
            return visit, ()
        session = placed.session
        if session is None or not self._take(offer, component, session, wanted, stop):
            return placed, ()
        return placed, self._seat(session, wanted, offer, stop)

    def add_faults(self, faults: Sequence[Fault]) -> None:
        """Add what is wrong, once each: components that follow the line share its faults."""
        self._faults.update(dict.fromkeys(faults))

    def _take(
        self, offer: Offer, component: Component, session: Session, wanted: int, stop: Stop
    ) -> bool:
        if self.agenda.left(session, offer) < wanted:
            self.shortages.append(
                Shortage(
                    pointer=stop.pointer,
                    offer=offer,
                    component=component,
                    session=session,
                    wanted=wanted,
                    needed=wanted + self.agenda.taken(session),
                    left=self.agenda.left_before(session, offer),
                )
            )
            return False
        self.agenda.take(session, offer, wanted)
        return True

    def _seat(self, session: Session, wanted: int, offer: Offer, stop: Stop) -> Sequence[Seat]:
        if session.seat_plan_id is None:
            self._refuse_seats(offer, stop)
            return ()
        seats = self._named(session, wanted, stop) if stop.seats else self._best(session, wanted)
        self.agenda.take_seats(session, seats)
        self._given.update((session.pk, seat.label) for seat in seats)
        return seats

    def _best(self, session: Session, wanted: int) -> Sequence[Seat]:
        """Return the seats that the order has already, then the best that no line names."""
        free = self.agenda.free_seats(session)
        unnamed = [seat for seat in free if seat.label not in self._named_somewhere]
        free = unnamed if len(unnamed) >= wanted else free
        own = [seat for seat in free if self.agenda.is_own(session, seat)]
        kept = choose_seats(own, min(wanted, len(own)))
        rest = [seat for seat in free if not self.agenda.is_own(session, seat)]
        others = choose_seats(rest, wanted - len(kept))
        return sorted([*kept, *others], key=lambda seat: seat.position)

    def _named(self, session: Session, wanted: int, stop: Stop) -> Sequence[Seat]:
        """Return the seats that the request names."""
        free = self.agenda.free_seats(session)
        labels, by_label = stop.seats or (), {seat.label: seat for seat in free}
        seen: set[str] = set()
        pointer, count = stop.seats_pointer, len(labels)
        if count != wanted:
            needed = "1 seat is" if wanted == 1 else f"{wanted} seats are"
            detail = f"{needed} needed here, and {count} {'is' if count == 1 else 'are'} named."
            self.add_faults([Fault(pointer, "seats_count", detail)])
            return ()
        for position, label in enumerate(labels):
            if label in seen or (session.pk, label) in self._given:
                detail = f"Seat {label} stands twice in this order."
                self.add_faults([Fault(f"{pointer}/{position}", "seat_twice", detail)])
            elif label not in by_label:
                detail = f"Seat {label} is taken, or there is no such seat."
                self.taken_seats.append(Fault(f"{pointer}/{position}", "seat_taken", detail))
            seen.add(label)
        return [by_label[label] for label in labels if label in by_label]

    def _refuse_seats(self, offer: Offer, stop: Stop) -> None:
        if stop.seats:
            detail = f"{offer.package.code} has no numbered seats here."
            self.add_faults([Fault(stop.seats_pointer, "seats_not_numbered", detail)])
