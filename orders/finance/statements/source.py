"""A file that was uploaded, as rows of cells, whatever its kind."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from typing import IO

from orders.finance.statements import csv_file
from orders.finance.statements.cells import MAX_FILE_BYTES, Row
from orders.finance.statements.format import Kind, StatementFormat
from orders.finance.statements.refusals import Problem, UnreadableStatement
from orders.finance.statements.xlsx_file import Workbook

_SAMPLE = 300
_ZIP = b"PK\x03\x04"
_EMPTY_ZIP = b"PK\x05\x06"
# Old Excel files, and new ones under a password, are compound documents of the same mark.
_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OTHER_KINDS = {
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"{\\rtf": "a text document",
    b"\x1f\x8b": "a compressed file",
    b"7z\xbc\xaf": "a compressed file",
    b"Rar!": "a compressed file",
}
_WEB_PAGE = (b"<html", b"<!doctype", b"<table", b"<?xml", b"<meta", b"<head")
# The control characters that no text has; NUL is named by its line, as UTF-16 has it in each.
_CONTROL = bytes(set(range(1, 32)) - {9, 10, 11, 12, 13, 26, 27})


def kind_of(file: IO[bytes], *, file_name: str) -> Kind:
    """Return what kind of file it is, by its first bytes rather than its name.

    Raises UnreadableStatement for one that is too large, empty, or of no kind that is read.
    """
    size = file.seek(0, os.SEEK_END)
    if size is None:
        # Django's files do not say where they have gone.
        size = file.tell()
    if size > MAX_FILE_BYTES:
        raise UnreadableStatement(
            Problem.TOO_LARGE,
            f"The file has {size / 1024 / 1024:,.0f} MiB; at most "
            f"{MAX_FILE_BYTES // 1024 // 1024} MiB are read.",
        )
    file.seek(0)
    start = file.read(4096)
    if not start.strip():
        raise UnreadableStatement(Problem.EMPTY, "The file is empty.")
    if start.startswith((_ZIP, _EMPTY_ZIP)):
        if file_name.lower().endswith(".xlsm"):
            raise UnreadableStatement(
                Problem.MACROS, "A workbook of this kind (XLSM) may hold macros. Save it as XLSX."
            )
        return Kind.XLSX
    if start.startswith(_COMPOUND):
        raise UnreadableStatement(
            Problem.OLD_OR_ENCRYPTED,
            "This is an old Excel file (XLS), or one that is protected by a password. Save it as "
            "XLSX without a password.",
        )
    _must_be_text(start)
    return Kind.CSV


def source_of(file: IO[bytes], *, form: StatementFormat) -> Callable[[], Iterator[Row]]:
    """Return what yields a file's rows that are not blank, from the first, each time it is called.

    The file is read as its format says that it is written; what a workbook shares between its
    sheets is read once.
    """
    if form.kind is Kind.XLSX:
        workbook = Workbook(file)
        return lambda: workbook.rows(form.sheet)
    return lambda: csv_file.rows(file, encoding=form.encoding, separator=form.separator)


def first_rows(file: IO[bytes], *, form: StatementFormat) -> list[Row]:
    """Return the rows that are looked at before a file is gone through as a whole."""
    return list(itertools.islice(source_of(file, form=form)(), _SAMPLE))


def _must_be_text(start: bytes) -> None:
    for mark, name in _OTHER_KINDS.items():
        if start.startswith(mark):
            raise UnreadableStatement(
                Problem.UNKNOWN_KIND, f"This is {name}. A statement is a CSV or XLSX file."
            )
    if start.removeprefix(b"\xef\xbb\xbf").lstrip().lower().startswith(_WEB_PAGE):
        raise UnreadableStatement(
            Problem.UNKNOWN_KIND,
            "This is a web page or XML, whatever its name says. Open it in Excel and save it as "
            "XLSX.",
        )
    is_utf16 = start.startswith((b"\xff\xfe", b"\xfe\xff"))
    if not is_utf16 and len(start.translate(None, _CONTROL)) < len(start):
        raise UnreadableStatement(
            Problem.UNKNOWN_KIND, "This is neither a text nor a workbook. Save it as CSV or XLSX."
        )
