"""The first rows of a statement beside what they are understood as."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import IO

from orders.finance.lines import StatedLine
from orders.finance.statements.cells import Row, as_text
from orders.finance.statements.format import Column, StatementFormat
from orders.finance.statements.headers import Header, positions
from orders.finance.statements.reading import readings
from orders.finance.statements.rows import NetOf, Reading, RowFault, TextRow, TotalRow

PREVIEW_ROWS = 20
# Cells of words; a cell of any other column has a digit, or is not what the column is for.
_WORDED = (Column.CURRENCY, Column.TYPE)


@dataclasses.dataclass(frozen=True, kw_only=True)
class PreviewRow:
    """One row as it stands in the file, and the line it makes, its faults, or why it is left out.

    cells hold guests' names, as the file does.
    """

    row: int
    cells: tuple[str, ...]
    line: StatedLine | None = None
    faults: tuple[str, ...] = ()
    left_out: str = ""


def preview(
    file: IO[bytes], *, statement_format: StatementFormat, net_of: NetOf | None = None
) -> tuple[PreviewRow, ...]:
    """Return the first 20 rows below the header as they are understood.

    Raises UnreadableStatement, also where the format lacks a column that is needed.
    """
    return preview_of(readings(file, form=statement_format, net_of=net_of))


def preview_of(found: Iterator[tuple[Row, Reading]]) -> tuple[PreviewRow, ...]:
    """Return the first 20 of the rows that were read."""
    rows = []
    for (number, cells), reading in itertools.islice(found, PREVIEW_ROWS):
        row = PreviewRow(row=number, cells=tuple(as_text(cell) for cell in cells))
        if isinstance(reading, StatedLine):
            row = dataclasses.replace(row, line=reading)
        elif isinstance(reading, RowFault):
            row = dataclasses.replace(row, faults=reading.faults)
        else:
            row = dataclasses.replace(row, left_out=_why(reading))
        rows.append(row)
    return tuple(rows)


def raw_preview(rows: Sequence[Row], header: Header) -> tuple[PreviewRow, ...]:
    """Return the first 20 rows below the header, while columns are missing to understand them."""
    below = [row for row in rows if row[0] > header.row]
    return tuple(
        PreviewRow(row=number, cells=tuple(as_text(cell) for cell in cells))
        for number, cells in below[:PREVIEW_ROWS]
    )


def cells_without_people(
    row: PreviewRow, *, names: Sequence[str], columns: Mapping[Column, str]
) -> tuple[str, ...]:
    """Return the cells of a row that are references, days, amounts and the like.

    A title, a guest's name or a note has slipped into such a column where there is no digit; of a
    row with more cells than the header nobody can tell what is what.
    """
    if len(row.cells) > len(names):
        return ()
    return tuple(
        row.cells[place]
        for column, place in sorted(positions(names, columns).items(), key=lambda item: item[1])
        if column is not Column.GUEST_NAME
        and place < len(row.cells)
        and (column in _WORDED or any(letter.isdigit() for letter in row.cells[place]))
    )


def _why(reading: TotalRow | TextRow) -> str:
    if isinstance(reading, TextRow):
        return "It has no reference and no amount, or is the header once more."
    if reading.label:
        return f"It is a total: it says “{reading.label}”."
    return "It is a total: it has no reference and adds up the rows above it."
