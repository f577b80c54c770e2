"""Numbered seats as a plan of the hall."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Sequence
from itertools import groupby

from catalog.models import Seat, Session


@dataclasses.dataclass(frozen=True)
class SeatRow:
    """A row of seats: each with whether somebody has it."""

    name: str
    seats: Sequence[tuple[str, bool]]


def seat_map(session: Session) -> list[SeatRow]:
    """Return the seats of a session with those that are taken; none without numbered seats."""
    if session.seat_plan is None:
        return []
    # The allocations are another app's; the relation is there all the same.
    taken = session.allocations.filter(seat__isnull=False).values_list("seat", flat=True)
    return rows_of(session.seat_plan.seats.all(), set(taken))


def rows_of(seats: Iterable[Seat], taken: Collection[int] = ()) -> list[SeatRow]:
    """Return seats by their rows, in the order of their positions."""
    return [
        SeatRow(row, [(seat.label, seat.pk in taken) for seat in of_row])
        for row, of_row in groupby(seats, key=lambda seat: seat.row)
    ]
