"""What a row of a file is before anybody knows what it means, and how much of it is read."""

from __future__ import annotations

import dataclasses
import datetime
from decimal import Decimal
from typing import TypeAlias

MAX_FILE_BYTES = 20 * 1024 * 1024
MAX_ROWS = 200_000
MAX_COLUMNS = 100
MAX_LINE_CHARACTERS = 64 * 1024
MAX_CELL_CHARACTERS = 2_000
# What spreadsheets can hold: a row with a higher number is of no sheet.
LAST_ROW = 1_048_576
# Files are read in pieces of this size, so that what is too long is found without reading it.
CHUNK_BYTES = 64 * 1024


@dataclasses.dataclass(frozen=True)
class Formula:
    """A cell of a workbook that is worked out: its text, which is not worked out here."""

    text: str

    @property
    def is_sum(self) -> bool:
        """Tell whether it adds up other cells, as the formulas of totals rows do."""
        return self.text.upper().startswith(("=SUM(", "=SUBTOTAL(", "=SUMIF(", "=SUMIFS("))


# A number of a workbook is a Decimal, a real date a date; an empty cell is an empty text.
Cell: TypeAlias = str | Decimal | datetime.date | Formula
# A row by the number that spreadsheets show beside it.
Row: TypeAlias = tuple[int, list[Cell]]


def as_text(cell: Cell) -> str:
    """Return a cell as a person would read it, blanks around it taken off."""
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, Decimal):
        return format(cell.quantize(Decimal(1)) if cell == cell.to_integral_value() else cell, "f")
    return cell.isoformat() if isinstance(cell, datetime.date) else cell.text


def column_name(index: int) -> str:
    """Return what spreadsheets call a column, counted from 0: A, B, ... Z, AA."""
    name = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        name = chr(ord("A") + rest) + name
    return name
