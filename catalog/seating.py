"""Which numbered seats an order gets: the ones it names, or the best that are free. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from catalog.models import Seat


def choose_seats(free: Sequence[Seat], count: int) -> list[Seat]:
    """Return the first run of neighbouring seats in one row, else the first free ones.

    `free` is in the order of positions. Returns fewer than asked for when there are no more.
    """
    for run in _runs(free):
        if len(run) >= count:
            return run[:count]
    return list(free[:count])


def _runs(free: Sequence[Seat]) -> Iterator[list[Seat]]:
    """Split free seats into runs of neighbours."""
    run = list(free[:1])
    for left, right in pairwise(free):
        if right.row != left.row or right.position != left.position + 1:
            yield run
            run = []
        run.append(right)
    yield run
