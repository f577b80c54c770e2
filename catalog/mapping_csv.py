"""Mappings as a CSV file: written so that spreadsheets open it, read as they save it. Pure."""

from __future__ import annotations

import csv
import dataclasses
import datetime
import io
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Literal, TypeVar

from catalog.models import PackageMapping
from channel_manager.lib.errors import ErrorCode, Refusal
from channel_manager.lib.formulas import bare, guarded

_Value = TypeVar("_Value")
Separator = Literal[";", ","]

MAX_ROWS = 10_000
BOM = "\ufeff"
COLUMNS = (
    "venue",
    "partner",
    "item_number",
    "version",
    "package",
    "valid_from",
    "valid_until",
    "active",
)
REQUIRED = ("partner", "item_number", "package")
_SEPARATORS = (";", ",", "\t")
_YES, _NO = {"", "yes", "y", "true", "1"}, {"no", "n", "false", "0"}
_WHOLE = re.compile(r"^\d{1,9}([.,]0+)?$")
_MIDNIGHT = re.compile(r"[ T]00:00(:00(\.0+)?)?$")
_DAY_FIRST = re.compile(r"^(\d{1,2})([-./])(\d{1,2})\2(\d{4})$")


class Unreadable(Refusal):
    """The file is not a list of mappings; the text says where and what to do."""

    code = ErrorCode.INVALID_REQUEST


@dataclasses.dataclass(frozen=True, kw_only=True)
class Row:
    """One row of a file, by the number that spreadsheets show beside it.

    faults: what is wrong with its cells; their values mean nothing then.
    """

    number: int
    venue: str = ""
    partner: str = ""
    item_number: str = ""
    version: int | None = None
    package: str = ""
    valid_from: datetime.date | None = None
    valid_until: datetime.date | None = None
    is_active: bool = True
    faults: tuple[str, ...] = ()


def write(mappings: Iterable[PackageMapping], separator: Separator) -> Iterator[str]:
    """Yield the lines of a file, its mark of UTF-8 first; packages and partners are at hand."""
    yield BOM + _line(COLUMNS, separator)
    for mapping in mappings:
        cells = (
            mapping.partner.venue.code,
            mapping.partner.name,
            mapping.item_number,
            str(mapping.version),
            mapping.package.code,
            mapping.valid_from.isoformat() if mapping.valid_from else "",
            mapping.valid_until.isoformat() if mapping.valid_until else "",
            "yes" if mapping.is_active else "no",
        )
        yield _line([guarded(cell) for cell in cells], separator)


def decode(data: bytes) -> str:
    """Return the text of a file: UTF-8, or UTF-16 where it says so. Raises Unreadable."""
    if data.startswith(b"PK\x03\x04"):
        raise Unreadable("This is a workbook. Save it as “CSV UTF-8” and choose that file.")
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        row = data[: error.start].count(b"\n") + 1
        raise Unreadable(
            f"Row {row} is not in UTF-8. Save the file as “CSV UTF-8” and choose it again."
        ) from error
    if "\0" in text:
        raise Unreadable("This is not a text file. Save the sheet as “CSV UTF-8”.")
    if not text.strip():
        raise Unreadable("The file is empty.")
    return text


def read(text: str) -> list[Row]:
    """Return the rows of a file; empty ones are left out.

    The separator is what stands in the first row. Raises Unreadable when there is no such list.
    """
    first, _, rest = text.partition("\n")
    told = re.fullmatch(rf"sep=([{''.join(_SEPARATORS)}])\s*", first, re.IGNORECASE)
    body, header_row = (rest, 2) if told else (text, 1)
    separator = told[1] if told else max(_SEPARATORS, key=first.count)
    records = _records(body, separator, header_row)
    names = [_column(cell) for cell in next(records, (header_row, []))[1]]
    _check_columns(names)
    rows = []
    for number, cells in records:
        if any(cell.strip() for cell in cells):
            rows.append(_row(number, names, cells))
        if len(rows) > MAX_ROWS:
            raise Unreadable(
                f"The file has more than {MAX_ROWS:,} rows. Split it into several files."
            )
    if not rows:
        raise Unreadable("The file has column names and nothing below them.")
    return rows


def _line(cells: Iterable[str], separator: Separator) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=separator, lineterminator="\r\n").writerow(cells)
    return buffer.getvalue()


def _records(text: str, separator: str, first: int) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    number = first
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise Unreadable(f"Row {number} cannot be read: {error}.") from error
        yield number, cells
        number += 1


def _column(cell: str) -> str:
    return cell.strip().lower().replace(" ", "_")


def _check_columns(names: list[str]) -> None:
    """Raise Unreadable unless every column is known, once, and those are there that have to be."""
    known = ", ".join(COLUMNS)
    if missing := [name for name in REQUIRED if name not in names]:
        raise Unreadable(
            f"The first row names no column {' and no column '.join(missing)}. "
            f"The columns are {known}, with semicolons or commas between them."
        )
    if unknown := [name for name in names if name and name not in COLUMNS]:
        raise Unreadable(f"There is no column “{unknown[0]}”. The columns are {known}.")
    if twice := [name for name in names if name and names.count(name) > 1]:
        raise Unreadable(f"The column “{twice[0]}” is there twice.")


def _row(number: int, names: list[str], cells: list[str]) -> Row:
    values = {name: bare(cell) for name, cell in zip(names, cells, strict=False) if name}
    faults: list[str] = []
    if any(cell.strip() for cell in cells[len(names) :]):
        faults.append("It has more cells than there are columns.")
    item_number = values.get("item_number", "")
    faults += _faults_of_number(item_number)
    for name in ("partner", "package"):
        if not values.get(name, "").strip():
            faults.append(f"The {name} is missing.")
    version = _value(values, "version", _version, faults)
    valid_from = _value(values, "valid_from", _day, faults)
    valid_until = _value(values, "valid_until", _day, faults)
    is_active = _value(values, "active", _is_active, faults)
    if valid_from and valid_until and valid_until < valid_from:
        faults.append("The last day is before the first.")
    return Row(
        number=number,
        venue=values.get("venue", "").strip(),
        partner=values.get("partner", "").strip(),
        item_number=item_number,
        version=version,
        package=values.get("package", "").strip(),
        valid_from=valid_from,
        valid_until=valid_until,
        is_active=is_active is not False,
        faults=tuple(faults),
    )


def _faults_of_number(item_number: str) -> list[str]:
    if not item_number.strip():
        return ["The item number is missing."]
    if len(item_number) > 64:
        return ["The item number has more than 64 characters."]
    if any(unicodedata.category(letter) == "Cc" for letter in item_number):
        return ["The item number has a character that cannot be seen, such as a line break."]
    return []


def _value(
    values: Mapping[str, str],
    name: str,
    parse: Callable[[str], _Value],
    faults: list[str],
) -> _Value | None:
    """Return what a cell says; what is wrong with it is added to the faults."""
    try:
        return parse(values.get(name, "").strip())
    except ValueError as error:
        faults.append(str(error))
        return None


def _version(cell: str) -> int | None:
    if not cell:
        return None
    if not _WHOLE.match(cell):
        raise ValueError(f"“{cell}” is no version: a whole number, or nothing for a new one.")
    return int(re.split(r"[.,]", cell)[0])


def _is_active(cell: str) -> bool:
    if cell.lower() in _YES | _NO:
        return cell.lower() in _YES
    raise ValueError(f"“{cell}” says neither yes nor no in the column active.")


def _day(cell: str) -> datetime.date | None:
    """Read 2026-12-31, or 31-12-2026, 31.12.2026, 31/12/2026 where it can mean one day only."""
    cell = _MIDNIGHT.sub("", cell)
    if not cell:
        return None
    try:
        if day_first := _DAY_FIRST.match(cell):
            day, between, month, year = day_first.groups()
            if between == "/" and int(day) <= 12 and day.zfill(2) != month.zfill(2):
                raise ValueError(
                    f"“{cell}” may be one of two days: write it as {year}-MM-DD, year first."
                )
            return datetime.date(int(year), int(month), int(day))
        if re.fullmatch(r"\d{4}-\d\d-\d\d", cell):
            return datetime.date.fromisoformat(cell)
    except ValueError as error:
        if "may be one of two" in str(error):
            raise
        raise ValueError(f"“{cell}” is no day of the calendar.") from error
    raise ValueError(f"“{cell}” is no day: write days as 2026-12-31.")
