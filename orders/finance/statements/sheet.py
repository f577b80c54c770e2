"""The rows of one sheet of a workbook, parsed as it is inflated: memory does not grow with it."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Protocol
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from orders.finance.statements.archive import damaged
from orders.finance.statements.cells import (
    LAST_ROW,
    MAX_CELL_CHARACTERS,
    MAX_COLUMNS,
    MAX_ROWS,
    Cell,
    Formula,
    Row,
    column_name,
)
from orders.finance.statements.refusals import Problem, UnreadableStatement

# Tags of one sheet with their texts; blank cells cost time too.
MAX_EVENTS = 20_000_000
MAX_SHARED_STRINGS = 1_000_000
MAX_SHARED_CHARACTERS = 64 * 1024 * 1024
# expat looks at a tag again from its start with each piece of it: one that fills this many pieces
# is no tag of a sheet, and would take it hours.
_MAX_SILENT_CHUNKS = 4
_MOST_STYLE_DIGITS = 7
_COORDINATE = re.compile(r"([A-Z]{1,3})[1-9]\d{0,6}\Z")
_DAY_0 = {False: datetime.date(1899, 12, 30), True: datetime.date(1904, 1, 1)}
# Days that can be dates of a booking (1900 to 9999); the calendar before March 1900 is wrong.
_FIRST_SERIAL, _LAST_SERIAL = 61, 2_957_003


class _Target(Protocol):
    events: int
    is_done: bool

    def start(self, tag: str, attributes: dict[str, str]) -> None: ...
    def end(self, tag: str) -> None: ...
    def data(self, text: str) -> None: ...
    def close(self) -> None: ...


def local_name(tag: str) -> str:
    """Return the name of an element without its namespace: there are two, strict and usual."""
    return tag.rpartition("}")[2]


def shared_strings(chunks: Iterable[bytes]) -> list[str]:
    """Return the texts that cells refer to by number; formatting within them is left out."""
    target = _Strings()
    for _ in _fed(target, chunks):
        pass
    return target.strings


class SheetReader:
    """Turns the XML of sheets into rows of cells."""

    def __init__(self, *, strings: list[str], date_styles: frozenset[int], is_1904: bool) -> None:
        self._strings = strings
        self._date_styles = date_styles
        self._day_0 = _DAY_0[is_1904]

    def rows(self, chunks: Iterable[bytes]) -> Iterator[Row]:
        """Yield the rows that are not blank. Raises UnreadableStatement past a limit."""
        target = _Rows(self._strings, self._date_styles, self._day_0)
        for _ in _fed(target, chunks):
            yield from target.rows
            target.rows.clear()
            if target.is_done:
                return


def _fed(target: _Target, chunks: Iterable[bytes]) -> Iterator[None]:
    """Feed a parser piece by piece, and stop after each for what it has found."""
    parser = DefusedXMLParser(target=target, forbid_dtd=True)
    silent, events = 0, 0
    try:
        for chunk in chunks:
            parser.feed(chunk)
            silent = silent + 1 if target.events == events else 0
            events = target.events
            if silent >= _MAX_SILENT_CHUNKS:
                raise damaged()
            if events > MAX_EVENTS:
                raise UnreadableStatement(
                    Problem.TOO_LARGE, "The workbook holds more cells than a statement can have."
                )
            yield
            if target.is_done:
                return
        parser.close()
        yield
    except (ParseError, DefusedXmlException, LookupError) as error:
        raise damaged() from error


class _Strings:
    def __init__(self) -> None:
        self.strings: list[str] = []
        self.events = 0
        self.is_done = False
        self._text: list[str] = []
        self._length = 0
        self._characters = 0
        self._is_text = False
        self._is_aside = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.events += 1
        name = local_name(tag)
        if name == "si":
            self._text, self._length = [], 0
        elif name == "rPh":
            # How a text is pronounced, which is no part of it.
            self._is_aside = True
        self._is_text = name == "t" and not self._is_aside

    def end(self, tag: str) -> None:
        name = local_name(tag)
        self._is_text = False
        if name == "rPh":
            self._is_aside = False
        elif name == "si":
            self.strings.append("".join(self._text))
            if len(self.strings) > MAX_SHARED_STRINGS:
                raise UnreadableStatement(
                    Problem.TOO_LARGE, "The workbook holds more texts than a statement can have."
                )

    def data(self, text: str) -> None:
        self.events += 1
        if not self._is_text:
            return
        self._length += len(text)
        self._characters += len(text)
        if self._characters > MAX_SHARED_CHARACTERS:
            raise UnreadableStatement(
                Problem.TOO_LARGE, "The workbook holds more text than a statement can have."
            )
        # One character too many is kept, so that the cell that uses it is refused by its name.
        if self._length <= MAX_CELL_CHARACTERS + len(text):
            self._text.append(text[: MAX_CELL_CHARACTERS + 1])

    def close(self) -> None: ...


class _Rows:
    def __init__(
        self, strings: list[str], date_styles: frozenset[int], day_0: datetime.date
    ) -> None:
        self.rows: list[Row] = []
        self.events = 0
        self.is_done = False
        self._strings, self._date_styles, self._day_0 = strings, date_styles, day_0
        self._count = 0
        self._number = 0
        self._cells: list[Cell] = []
        self._column = -1
        self._type = "n"
        self._style = 0
        self._value: list[str] = []
        self._formula: list[str] | None = None
        self._length = 0
        self._into: list[str] | None = None
        self._is_aside = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.events += 1
        name = local_name(tag)
        if name == "row":
            self._start_row(attributes.get("r", ""))
        elif name == "c":
            self._start_cell(attributes)
        elif name == "rPh":
            self._is_aside = True
        elif name == "v" or (name == "t" and not self._is_aside):
            self._into = self._value
        elif name == "f":
            self._formula = self._into = []

    def end(self, tag: str) -> None:
        name = local_name(tag)
        self._into = None
        if name == "c":
            self._end_cell()
        elif name == "row":
            self._end_row()
        elif name == "rPh":
            self._is_aside = False
        elif name == "sheetData":
            self.is_done = True

    def data(self, text: str) -> None:
        self.events += 1
        if self._into is None:
            return
        self._length += len(text)
        if self._length <= MAX_CELL_CHARACTERS + len(text):
            self._into.append(text[: MAX_CELL_CHARACTERS + 1])

    def close(self) -> None: ...

    def _start_row(self, number: str) -> None:
        following = int(number) if number.isdecimal() and len(number) < 8 else self._number + 1
        if not self._number < following <= LAST_ROW:
            raise damaged()
        self._number, self._cells, self._column = following, [], -1

    def _start_cell(self, attributes: dict[str, str]) -> None:
        found = _COORDINATE.match(attributes.get("r", ""))
        self._column = _index(found.group(1)) if found else self._column + 1
        self._type = attributes.get("t", "n")
        style = attributes.get("s", "0")
        if len(style) > _MOST_STYLE_DIGITS:
            raise damaged()
        self._style = int(style) if style.isdecimal() else 0
        self._value, self._formula, self._length = [], None, 0

    def _end_cell(self) -> None:
        if self._formula is not None:
            cell: Cell = Formula("=" + "".join(self._formula))
        elif not self._value:
            return
        else:
            cell = self._understood("".join(self._value))
        if cell == "":
            return
        if self._column >= MAX_COLUMNS:
            raise UnreadableStatement(
                Problem.TOO_MANY_COLUMNS,
                f"Row {self._number} has a value in column {column_name(self._column)}; at most "
                f"{MAX_COLUMNS} columns are read.",
            )
        if isinstance(cell, str) and len(cell) > MAX_CELL_CHARACTERS:
            raise UnreadableStatement(
                Problem.CELL_TOO_LONG,
                f"The cell {column_name(self._column)}{self._number} has more than "
                f"{MAX_CELL_CHARACTERS:,} characters.",
            )
        if self._column < len(self._cells):
            raise damaged()
        self._cells += [""] * (self._column - len(self._cells))
        self._cells.append(cell)

    def _end_row(self) -> None:
        if all(isinstance(cell, str) and not cell.strip() for cell in self._cells):
            return
        self._count += 1
        if self._count > MAX_ROWS:
            raise UnreadableStatement(
                Problem.TOO_MANY_ROWS, f"The sheet has more than {MAX_ROWS:,} rows: split it."
            )
        self.rows.append((self._number, self._cells))

    def _understood(self, text: str) -> Cell:
        if self._type == "s":
            index = int(text) if text.isdecimal() and len(text) < 8 else -1
            if not 0 <= index < len(self._strings):
                raise damaged()
            return self._strings[index]
        if self._type == "b":
            # Not 1, which would be an amount.
            return "TRUE" if text == "1" else "FALSE"
        if self._type == "d":
            return _iso_date(text)
        if self._type != "n" or len(text) > 40:
            return text
        return self._number_or_date(text)

    def _number_or_date(self, text: str) -> Cell:
        try:
            value = float(text)
        except ValueError:
            return text
        if not math.isfinite(value):
            return text
        if self._style in self._date_styles and _FIRST_SERIAL <= value <= _LAST_SERIAL:
            return self._day_0 + datetime.timedelta(days=math.floor(value))
        # repr is the shortest text of the same float: what was typed, without binary noise.
        return Decimal(text) if text.isdecimal() else Decimal(repr(value))


def _index(letters: str) -> int:
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - ord("A") + 1
    return index - 1


def _iso_date(text: str) -> Cell:
    try:
        return datetime.datetime.fromisoformat(text).date()
    except ValueError:
        return text
