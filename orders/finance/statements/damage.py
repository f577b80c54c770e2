"""References that a spreadsheet has spoilt: what can be seen of it in the file itself."""

from __future__ import annotations

import datetime
import re
from collections import Counter, defaultdict
from decimal import Decimal

from orders.finance.statements.cells import Cell, as_text
from orders.finance.statements.format import Column

_SCIENTIFIC = re.compile(r"\d(?:[.,]\d+)?E\+\d{1,3}\Z", re.IGNORECASE | re.ASCII)
_DIGITS = re.compile(r"\d+\Z", re.ASCII)
# A spreadsheet keeps numbers to 15 digits, and shows those of 12 and more with 6: 1.23457E+11.
_KEPT_DIGITS = 15
_SHOWN_DIGITS = 6
_SHORTENED_FROM = 12
# How many references must show their zeros before others are missed.
_ENOUGH = 3


class Widths:
    """How wide the references of each column are, so that those that lost zeros can be told.

    The width of a column is the commonest among its all-digit values that begin with a zero, when
    there are at least three of that width. An all-digit value that is shorter and begins with no
    zero has lost them: others of its kind were filled up, and it was not.
    """

    def __init__(self) -> None:
        self._counts: defaultdict[Column, Counter[int]] = defaultdict(Counter)
        self._commonest: dict[Column, int] = {}

    def add(self, column: Column, cell: Cell) -> None:
        """Count a value of a column of references."""
        if isinstance(cell, str) and cell.lstrip()[:1] == "0":
            text = cell.strip()
            if _DIGITS.match(text):
                self._counts[column][len(text)] += 1
                self._commonest.clear()

    def of(self, column: Column) -> int:
        """Return the width of a column's references, 0 when there is none to go by."""
        if column not in self._commonest:
            common = self._counts[column].most_common(1)
            self._commonest[column] = common[0][0] if common and common[0][1] >= _ENOUGH else 0
        return self._commonest[column]


def damage_to(cell: Cell, *, row: int, column: Column, widths: Widths) -> tuple[str, ...]:
    """Return a sentence for each thing that was visibly done to a reference."""
    text = as_text(cell)
    found = []
    if isinstance(cell, datetime.date):
        found.append(f"row {row}: {text} is a date that a spreadsheet made of a reference")
    elif isinstance(cell, Decimal):
        found += _of_number(cell, text, row)
    elif _SCIENTIFIC.match(text):
        found.append(f"row {row}: {text} is what a spreadsheet made of a long number")
    width = widths.of(column)
    if _DIGITS.match(text) and not text.startswith("0") and len(text) < width:
        found.append(
            f"row {row}: {text} has lost its leading zeros; the others of the column have {width} "
            "digits"
        )
    return tuple(found)


def _of_number(number: Decimal, text: str, row: int) -> list[str]:
    if number != number.to_integral_value():
        return [
            f"row {row}: {text} is a number with decimals that a spreadsheet made of a reference"
        ]
    digits = text.lstrip("-")
    if len(digits) > _KEPT_DIGITS:
        return [f"row {row}: of {text}, a number, a spreadsheet has kept the first 15 digits only"]
    if len(digits) >= _SHORTENED_FROM and len(digits.rstrip("0")) <= _SHOWN_DIGITS:
        shown = f"{number:.{max(len(digits.rstrip('0')) - 1, 0)}E}"
        return [f"row {row}: {text} was {shown}, what a spreadsheet made of a long number"]
    return []
