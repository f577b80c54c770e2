"""A statement file read row by row, as its format says that it is written."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import IO

from orders.finance.statements.cells import Row
from orders.finance.statements.damage import Widths
from orders.finance.statements.format import REFERENCES, Column, StatementFormat
from orders.finance.statements.headers import (
    HEADER_WITHIN,
    columns_missing,
    header_names,
    positions,
)
from orders.finance.statements.refusals import Problem, UnreadableStatement
from orders.finance.statements.rows import NetOf, Reading, RowReader
from orders.finance.statements.source import source_of


def read(
    file: IO[bytes], *, statement_format: StatementFormat, net_of: NetOf | None = None
) -> Iterator[Reading]:
    """Yield what each row below the header is: a line, a fault, a total, or just text.

    Rows that are blank are left out. The file is gone through twice, for the width of its
    references first; neither it nor its lines are held in memory. net_of works out the net of a
    row that states only its gross. Raises UnreadableStatement while it is read.
    """
    return (reading for _, reading in readings(file, form=statement_format, net_of=net_of))


def readings(
    file: IO[bytes],
    *,
    form: StatementFormat,
    net_of: NetOf | None,
    widths: Widths | None = None,
) -> Iterator[tuple[Row, Reading]]:
    """Yield the rows below the header beside what each is.

    widths: of the file's references, where they are known already. Raises UnreadableStatement.
    """
    missing = columns_missing(form.columns)
    if missing:
        raise UnreadableStatement(
            Problem.MISSING_COLUMN, f"No column was chosen for {' and for '.join(missing)}."
        )
    source = source_of(file, form=form)
    names, rows = body(source, form)
    reader = RowReader(
        form,
        names=names,
        places=positions(names, form.columns),
        widths=_widths(source, form) if widths is None else widths,
        net_of=net_of,
    )
    for row in rows:
        yield row, reader.read(*row)


def body(
    source: Callable[[], Iterator[Row]], form: StatementFormat
) -> tuple[tuple[str, ...], Iterator[Row]]:
    """Return the header's names and the rows below it.

    The header is the first row that has all columns of the format. Raises UnreadableStatement that
    names what the likeliest row lacks.
    """
    rows = source()
    first = list(itertools.islice(rows, HEADER_WITHIN))
    if not first:
        raise UnreadableStatement(Problem.EMPTY, "The file has no row with anything in it.")
    index = header_index(first, form)
    names = header_names(first[index][1])
    positions(names, form.columns)
    return names, itertools.chain(first[index + 1 :], rows)


def header_index(rows: Sequence[Row], form: StatementFormat) -> int:
    """Return which of the first rows has the most columns of a format; of equals, the first."""
    wanted = set(form.columns.values())
    found = [len(wanted.intersection(header_names(cells))) for _, cells in rows]
    if not max(found):
        raise UnreadableStatement(
            Problem.NO_HEADER,
            f"None of the first {len(rows)} rows names the columns of this partner's statements: "
            f"{', '.join(form.columns.values())}.",
        )
    return found.index(max(found))


def _widths(source: Callable[[], Iterator[Row]], form: StatementFormat) -> Widths:
    names, rows = body(source, form)
    places: list[tuple[Column, int]] = [
        (column, place)
        for column, place in positions(names, form.columns).items()
        if column in REFERENCES
    ]
    widths = Widths()
    for _, cells in rows:
        for column, place in places:
            if place < len(cells):
                widths.add(column, cells[place])
    return widths
