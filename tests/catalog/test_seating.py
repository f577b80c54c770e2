"""Which numbered seats are chosen: neighbours in one row, the first ones first. No database."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.models import Seat
from catalog.seating import choose_seats


def hall(*rows: str) -> list[Seat]:
    """Return the free seats of rows such as `A:..x.`: a cross is taken."""
    seats = []
    position = 0
    for row in rows:
        name, _, places = row.partition(":")
        for number, place in enumerate(places, start=1):
            if place == ".":
                seats.append(
                    Seat(pk=position + 1, row=name, label=f"{name}{number}", position=position)
                )
            position += 1
    return seats


def chosen(count: int, *rows: str) -> list[str]:
    return [seat.label for seat in choose_seats(hall(*rows), count)]


@pytest.mark.parametrize(
    ("rows", "count", "expected"),
    [
        (["A:...."], 0, []),
        (["A:...."], 1, ["A1"]),
        (["A:...."], 4, ["A1", "A2", "A3", "A4"]),
        (["A:x..."], 2, ["A2", "A3"]),
        (["A:.x.."], 2, ["A3", "A4"]),
        (["A:.x.."], 1, ["A1"]),
        (["A:.x.x", "B:.."], 2, ["B1", "B2"]),
        (["A:..", "B:..."], 3, ["B1", "B2", "B3"]),
        # The last of a row and the first of the next are no neighbours.
        (["A:..", "B:.x"], 3, ["A1", "A2", "B1"]),
        (["A:.x.x."], 2, ["A1", "A3"]),
        (["A:.x.x."], 9, ["A1", "A3", "A5"]),
        ([], 1, []),
        (["A:xx"], 1, []),
    ],
)
def test_the_first_neighbours_are_chosen_or_else_the_first_seats(
    rows: list[str], count: int, expected: list[str]
) -> None:
    assert chosen(count, *rows) == expected


rows = st.lists(st.text(".x", max_size=8), max_size=5).map(
    lambda texts: [f"{chr(65 + n)}:{text}" for n, text in enumerate(texts)]
)


@given(rows, st.integers(0, 12))
def test_seats_are_free_and_chosen_once_as_many_as_there_are(plan: list[str], count: int) -> None:
    free = hall(*plan)
    seats = choose_seats(free, count)
    assert len({seat.pk for seat in seats}) == len(seats) == min(count, len(free))
    assert set(seats) <= set(free)
    assert seats == sorted(seats, key=lambda seat: seat.position)


@given(rows, st.integers(1, 8))
def test_neighbours_are_chosen_whenever_there_are_any(plan: list[str], count: int) -> None:
    free = hall(*plan)
    runs = [
        free[start : start + count]
        for start in range(len(free))
        if _are_neighbours(free[start : start + count], count)
    ]
    seats = choose_seats(free, count)
    assert seats == (runs[0] if runs else free[:count])


def _are_neighbours(seats: list[Seat], count: int) -> bool:
    return len(seats) == count and all(
        left.row == right.row and left.position + 1 == right.position
        for left, right in itertools.pairwise(seats)
    )
