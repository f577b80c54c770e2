"""Reports as files: CSV and XLSX, written row by row so that a million of them need no memory."""

from __future__ import annotations

import csv
import functools
import io
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import xlsxwriter

from channel_manager.lib.formulas import guarded
from channel_manager.lib.money import smallest_unit
from orders.finance.reports.catalogue import Report
from orders.finance.reports.columns import Column, Kind, Row, place_of
from orders.models import ExportFormat

# So many rows are formatted together, and told as progress.
AT_A_TIME = 1000
PIECE = 1024 * 1024
# What a sheet holds below its head.
MOST_ROWS = 1_048_575
# Characters, by the kind of column.
_WIDTHS = {
    Kind.TEXT: 22,
    Kind.AMOUNT: 12,
    Kind.DATE: 12,
    Kind.MOMENT: 19,
    Kind.NUMBER: 9,
    Kind.YES_NO: 9,
}
_unit_of = functools.lru_cache(maxsize=None)(smallest_unit)


class _Sheet(Protocol):
    """What is written of xlsxwriter's worksheet."""

    def write_string(self, row: int, column: int, text: str, style: Any = None) -> object: ...
    def write_number(self, row: int, column: int, number: Any, style: Any = None) -> object: ...
    def write_boolean(self, row: int, column: int, value: bool, style: Any = None) -> object: ...
    def write_datetime(self, row: int, column: int, date: Any, style: Any = None) -> object: ...
    def set_column(self, first: int, last: int, width: float) -> object: ...
    def freeze_panes(self, row: int, column: int) -> object: ...
    def autofilter(self, row: int, column: int, last_row: int, last_column: int) -> object: ...


def write(
    report: Report,
    rows: Iterable[Row],
    file_format: str,
    *,
    tell: Callable[[int], object] = lambda _count: None,
    most_rows: int = MOST_ROWS,
) -> Iterator[bytes]:
    """Yield the pieces of a file; tell: is told how many rows are done, every thousand or so."""
    if file_format == ExportFormat.XLSX:
        return _xlsx(report, rows, tell, most_rows)
    return _csv(report, rows, tell)


def _csv(report: Report, rows: Iterable[Row], tell: Callable[[int], object]) -> Iterator[bytes]:
    """Yield a CSV as RFC 4180 has it, in UTF-8 with the mark by which Excel knows that."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    cells = _Cells(report.columns)
    text.write("\ufeff")
    writer.writerow([column.title for column in report.columns])
    done = 0
    for batch in _batches(rows):
        writer.writerows(map(cells.of, batch))
        yield text.getvalue().encode()
        text.seek(0)
        text.truncate()
        done += len(batch)
        tell(done)
    yield text.getvalue().encode()


class _Cells:
    """The cells of a row as text: amounts plain with a point, moments without their zone."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._texts = _places(columns, Kind.TEXT)
        self._amounts = _places(columns, Kind.AMOUNT)
        self._moments = _places(columns, Kind.MOMENT)
        self._answers = _places(columns, Kind.YES_NO)
        self._currency = place_of(columns, "currencyCode")

    def of(self, row: Row) -> list[Any]:
        """Return the cells; dates and numbers as the writer takes them, None as nothing."""
        cells = list(row)
        for place in self._texts:
            if cell := cells[place]:
                cells[place] = guarded(cell)
        currency = row[self._currency]
        if currency is not None:
            unit = _unit_of(currency)
            for place in self._amounts:
                if (cell := cells[place]) is not None:
                    cells[place] = cell.quantize(unit)
        for place in self._moments:
            if (cell := cells[place]) is not None:
                cells[place] = cell.isoformat(" ", "seconds")[:19]
        for place in self._answers:
            if (cell := cells[place]) is not None:
                cells[place] = "yes" if cell else "no"
        return cells


def _xlsx(
    report: Report, rows: Iterable[Row], tell: Callable[[int], object], most_rows: int
) -> Iterator[bytes]:
    """Yield a workbook: what is written goes to a file first, for its table of contents is last."""
    with tempfile.TemporaryDirectory(prefix="export-") as folder:
        path = Path(folder) / "report.xlsx"
        book = xlsxwriter.Workbook(str(path), {"constant_memory": True, "tmpdir": folder})
        sheets = _Book(report, book, most_rows)
        done = 0
        for batch in _batches(rows):
            for row in batch:
                sheets.add(row)
            done += len(batch)
            tell(done)
        sheets.end()
        book.close()
        with path.open("rb") as file:
            while piece := file.read(PIECE):
                yield piece


class _Book:
    """The sheets of a workbook, one after the other; formulas and links are written nowhere."""

    def __init__(self, report: Report, book: Any, most_rows: int) -> None:
        self._report = report
        self._book = book
        self._most_rows = most_rows
        self._currency = place_of(report.columns, "currencyCode")
        self._head = book.add_format({"bold": True, "bottom": 1})
        self._date = book.add_format({"num_format": "yyyy-mm-dd"})
        self._moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self._amounts: dict[str, Any] = {}
        self._by_exponent: dict[int, Any] = {}
        self._count = 0
        self._begin()

    def add(self, row: Row) -> None:
        """Write a row, on a new sheet when this one is full."""
        if self._row > self._most_rows:
            self.end()
            self._begin()
        currency = row[self._currency]
        amount = self._amount(currency) if currency else None
        for place, (kind, cell) in enumerate(zip(self._kinds, row, strict=True)):
            if cell is None:
                continue
            match kind:
                case Kind.TEXT:
                    self._sheet.write_string(self._row, place, cell)
                case Kind.AMOUNT:
                    self._sheet.write_number(self._row, place, cell, amount)
                case Kind.NUMBER:
                    self._sheet.write_number(self._row, place, cell)
                case Kind.DATE:
                    self._sheet.write_datetime(self._row, place, cell, self._date)
                case Kind.MOMENT:
                    local = cell.replace(tzinfo=None, microsecond=0)
                    self._sheet.write_datetime(self._row, place, local, self._moment)
                case Kind.YES_NO:
                    self._sheet.write_boolean(self._row, place, cell)
        self._row += 1

    def end(self) -> None:
        """Give the sheet its filter buttons."""
        self._sheet.autofilter(0, 0, max(self._row - 1, 1), len(self._kinds) - 1)

    def _begin(self) -> None:
        self._count += 1
        title = self._report.title.replace(",", "")
        name = title if self._count == 1 else f"{title} ({self._count})"
        self._sheet: _Sheet = self._book.add_worksheet(name)
        self._kinds = [column.kind for column in self._report.columns]
        for place, column in enumerate(self._report.columns):
            width = max(_WIDTHS[column.kind], len(column.title) + 3)
            self._sheet.set_column(place, place, width)
            self._sheet.write_string(0, place, column.title, self._head)
        self._sheet.freeze_panes(1, 0)
        self._row = 1

    def _amount(self, currency: str) -> Any:
        """Return the format of amounts of a currency, made once for as many decimals."""
        if currency not in self._amounts:
            places = max(0, -int(smallest_unit(currency).as_tuple().exponent))
            if places not in self._by_exponent:
                shown = "#,##0" + (f".{'0' * places}" if places else "")
                self._by_exponent[places] = self._book.add_format({"num_format": shown})
            self._amounts[currency] = self._by_exponent[places]
        return self._amounts[currency]


def _places(columns: Sequence[Column], kind: Kind) -> tuple[int, ...]:
    return tuple(place for place, column in enumerate(columns) if column.kind == kind)


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    batch: list[Row] = []
    for row in rows:
        batch.append(row)
        if len(batch) == AT_A_TIME:
            yield batch
            batch = []
    if batch:
        yield batch
