"""The numbered seats of a hall, made from its rows in short: `A-F: 10` is A1 to F10. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from catalog.models import Seat, SeatPlan

MAX_SEATS = 5_000
_MOST_ROWS = 200
_LINE = re.compile(r"([^:]+):\s*([0-9]{1,3})")
_RANGE = re.compile(r"([A-Za-z]|[0-9]{1,3})\s*[-–]\s*([A-Za-z]|[0-9]{1,3})")
_ROW = re.compile(r"[A-Za-z0-9]{1,6}")


class BadRows(Exception):
    """The rows are not written so that seats can be made of them."""


def make_seats(plan: SeatPlan, text: str) -> list[Seat]:
    """Return the unsaved seats of rows, one line for rows of the same length.

    Raises BadRows with a sentence that says which line is wrong.
    """
    seats: list[Seat] = []
    seen: set[str] = set()
    for line in filter(None, map(str.strip, text.splitlines())):
        found = _LINE.fullmatch(line)
        if found is None or not int(found[2]):
            raise BadRows(f"“{line}” is not like “A-F: 10”: rows, a colon, and the seats of each.")
        for row in _rows(found[1], line):
            if row in seen:
                raise BadRows(f"Row {row} stands twice.")
            seen.add(row)
            if len(seats) + int(found[2]) > MAX_SEATS or len(seen) > _MOST_ROWS:
                raise BadRows(f"At most {MAX_SEATS:,} seats in {_MOST_ROWS} rows.")
            # Seat 2 of row 1 is 1-2: 12 would be a seat of any of two rows.
            dash = "-" if row[-1].isdigit() else ""
            for number in range(1, int(found[2]) + 1):
                label = f"{row}{dash}{number}"
                seats.append(Seat(plan=plan, row=row, label=label, position=len(seats)))
    return seats


def _rows(text: str, line: str) -> Iterator[str]:
    """Yield the rows that a part of a line names, such as `A-C, F`."""
    for part in map(str.strip, text.split(",")):
        ends = _RANGE.fullmatch(part)
        if ends is not None:
            yield from _between(ends[1], ends[2], part)
        elif _ROW.fullmatch(part):
            yield part
        else:
            raise BadRows(f"“{part}” in “{line}” is not a row: letters and digits, at most six.")


def _between(first: str, last: str, part: str) -> Iterator[str]:
    if first.isdigit() and last.isdigit() and int(first) <= int(last):
        yield from (str(number) for number in range(int(first), int(last) + 1))
    elif first.isalpha() and first.islower() == last.islower() and first <= last:
        yield from (chr(code) for code in range(ord(first), ord(last) + 1))
    else:
        raise BadRows(f"“{part}” does not go from a first row to a later one.")
