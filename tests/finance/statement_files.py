"""Statement files as partners send them: texts, and workbooks made part by part where need be."""

from __future__ import annotations

import datetime
import io
import zipfile
from collections.abc import Sequence
from typing import Any

import openpyxl
import xlsxwriter

from orders.finance.lines import StatedLine
from orders.finance.statements.detection import Detection, detect
from orders.finance.statements.format import StatementFormat
from orders.finance.statements.reading import read
from orders.finance.statements.rows import NetOf, Reading

SHEET_XML = "xl/worksheets/sheet1.xml"


def text_file(text: str, encoding: str = "utf-8") -> io.BytesIO:
    """Return a CSV file of a text."""
    return io.BytesIO(text.encode(encoding))


def workbook(*rows: Sequence[Any], sheet: str = "Statement") -> io.BytesIO:
    """Return an XLSX file of one sheet."""
    book = openpyxl.Workbook()
    page = book.active
    page.title = sheet
    for row in rows:
        page.append(list(row))
    file = io.BytesIO()
    book.save(file)
    return file


def shared_workbook(*rows: Sequence[Any]) -> io.BytesIO:
    """Return an XLSX file as Excel makes it: each text once, cells refer to it by number."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        page = book.add_worksheet("Statement")
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        for number, row in enumerate(rows):
            for place, cell in enumerate(row):
                if isinstance(cell, datetime.date):
                    page.write_datetime(number, place, cell, day)
                else:
                    page.write(number, place, cell)
    return file


def with_part(file: io.BytesIO, name: str, data: bytes) -> io.BytesIO:
    """Return a workbook with one of its parts exchanged, or one more."""
    changed = io.BytesIO()
    with (
        zipfile.ZipFile(file) as old,
        zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for part in old.namelist():
            if part != name:
                new.writestr(part, old.read(part))
        new.writestr(name, data)
    return changed


def with_macros() -> bytes:
    """Return a workbook that says that it holds macros, and does."""
    return with_part(workbook(["Order ID", "Net"]), "xl/vbaProject.bin", b"macros").getvalue()


def bomb() -> bytes:
    """Return a workbook of some kilobytes that would unpack to 20 megabytes."""
    file = workbook(["Order ID", "Net"])
    return with_part(file, "xl/media/zeros.bin", b"\0" * 20_000_000).getvalue()


def part_of(file: io.BytesIO, name: str) -> bytes:
    """Return a part of a workbook."""
    with zipfile.ZipFile(file) as archive:
        return archive.read(name)


def detected(
    file: io.BytesIO, *, currency: str = "EUR", saved: StatementFormat | None = None
) -> Detection:
    """Return what is found out about a file of a partner paid in euros."""
    return detect(file, file_name="statement", currency=currency, saved=saved)


def read_all(
    file: io.BytesIO, *, currency: str = "EUR", net_of: NetOf | None = None
) -> list[Reading]:
    """Return what the rows of a file are, as it is detected."""
    found = detected(file, currency=currency)
    assert found.questions == ()
    return list(read(file, statement_format=found.format, net_of=net_of))


def lines_of(file: io.BytesIO, *, currency: str = "EUR") -> list[StatedLine]:
    """Return the lines of a file that has nothing else."""
    readings = read_all(file, currency=currency)
    assert all(isinstance(reading, StatedLine) for reading in readings), readings
    return [reading for reading in readings if isinstance(reading, StatedLine)]
