"""A CSV file as rows of texts: its encoding, its records, and the limits that it keeps to."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator
from typing import IO

from orders.finance.statements.cells import (
    CHUNK_BYTES,
    LAST_ROW,
    MAX_CELL_CHARACTERS,
    MAX_COLUMNS,
    MAX_LINE_CHARACTERS,
    MAX_ROWS,
    Cell,
    Row,
    column_name,
)
from orders.finance.statements.refusals import Problem, UnreadableStatement

_LINE_END = re.compile(r"\r\n|\n|\r")
# What Excel puts before the rows to say how they are parted.
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\s*$', re.IGNORECASE)


def encoding_of(file: IO[bytes]) -> str:
    """Return the encoding of a whole file: UTF-8 (or UTF-16 by its mark), else Windows-1252.

    A file counts as Windows-1252 only when no line of it is UTF-8 beyond ASCII. Raises
    UnreadableStatement for one that is written in two encodings, naming the line.
    """
    file.seek(0)
    start = file.read(3)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    marked = start == codecs.BOM_UTF8
    decoder = codecs.getincrementaldecoder("utf-8")()
    file.seek(0)
    try:
        while chunk := file.read(CHUNK_BYTES):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        _must_be_windows_1252(file, marked=marked)
        return "cp1252"
    return "utf-8-sig" if marked else "utf-8"


def separator_line(file: IO[bytes], *, encoding: str) -> str:
    """Return the separator that the file's first line declares (`sep=;`), or nothing."""
    for line in _lines(file, encoding=encoding):
        found = _SEPARATOR_LINE.match(line)
        return found.group(1) if found else ""
    return ""


def rows(file: IO[bytes], *, encoding: str, separator: str) -> Iterator[Row]:
    """Yield the records of a file that are not blank, counted as a spreadsheet counts them.

    Reads a line at a time. Raises UnreadableStatement where a limit of cells.py is passed, a quote
    is broken, or a character is no text.
    """
    lines = _lines(file, encoding=encoding)
    records = csv.reader(lines, delimiter=separator, strict=True)
    number = 0
    while True:
        number += 1
        try:
            record = next(records)
        except StopIteration:
            return
        except csv.Error as error:
            raise UnreadableStatement(
                Problem.BROKEN_QUOTES,
                f"A quotation mark in row {number} is not closed, or stands within a cell without "
                "being doubled. Save the file again from the program that made it.",
            ) from error
        if number > LAST_ROW:
            raise _too_many_rows()
        if number == 1 and _SEPARATOR_LINE.match(separator.join(record)):
            continue
        if any(cell and not cell.isspace() for cell in record):
            if number > MAX_ROWS:
                raise _too_many_rows()
            yield number, _checked(record, number)


def _too_many_rows() -> UnreadableStatement:
    return UnreadableStatement(
        Problem.TOO_MANY_ROWS, f"The file has more than {MAX_ROWS:,} rows: split it."
    )


def _checked(record: list[str], number: int) -> list[Cell]:
    if len(record) > MAX_COLUMNS and any(record[MAX_COLUMNS:]):
        raise UnreadableStatement(
            Problem.TOO_MANY_COLUMNS,
            f"Row {number} has {len(record)} cells; at most {MAX_COLUMNS} are read.",
        )
    for index, cell in enumerate(record):
        if len(cell) > MAX_CELL_CHARACTERS:
            raise UnreadableStatement(
                Problem.CELL_TOO_LONG,
                f"The cell in row {number}, column {column_name(index)} has {len(cell):,} "
                f"characters; at most {MAX_CELL_CHARACTERS:,} are read.",
            )
    return [_without_guard(cell) for cell in record[:MAX_COLUMNS]]


def _without_guard(cell: str) -> str:
    """Return the text of a cell such as ="0001", which is how exports keep zeros in Excel."""
    return cell[2:-1] if cell.startswith('="') and cell.endswith('"') and len(cell) > 3 else cell


def _lines(file: IO[bytes], *, encoding: str) -> Iterator[str]:
    """Yield the lines of a file with their ends, which csv tells from ends within a cell."""
    decoder = codecs.getincrementaldecoder(encoding)()
    offset, number = 0, 0
    pending, is_last = "", False
    while not is_last:
        # Somebody else may have read from the file meanwhile.
        file.seek(offset)
        chunk = file.read(CHUNK_BYTES)
        offset += len(chunk)
        is_last = not chunk
        try:
            pending += decoder.decode(chunk, final=is_last)
        except UnicodeDecodeError as error:
            raise UnreadableStatement(
                Problem.MIXED_ENCODINGS,
                f"After line {number} the file is no longer in {encoding}. Save it as CSV UTF-8.",
            ) from error
        end = 0
        for found in _LINE_END.finditer(pending):
            # The second half of its end may be in the next piece.
            if found[0] == "\r" and found.end() == len(pending) and not is_last:
                break
            number += 1
            line, end = pending[end : found.end()], found.end()
            yield _checked_line(line, number)
        pending = pending[end:]
        _checked_line(pending, number + 1)
    if pending:
        yield pending


def _checked_line(line: str, number: int) -> str:
    if len(line) > MAX_LINE_CHARACTERS:
        raise UnreadableStatement(
            Problem.LINE_TOO_LONG,
            f"Line {number} has more than {MAX_LINE_CHARACTERS:,} characters: this is not a "
            "statement with one booking a line.",
        )
    if "\0" in line:
        raise UnreadableStatement(
            Problem.NUL_CHARACTER,
            f"Line {number} holds a NUL character, which no text has. Save the sheet as CSV UTF-8.",
        )
    return line


def _must_be_windows_1252(file: IO[bytes], *, marked: bool) -> None:
    """Refuse a file that holds UTF-8 and bytes that are none, or bytes that are no text at all."""
    file.seek(0)
    number, first_broken, utf8 = 1, 0, marked
    line = b""
    while line := file.readline(MAX_LINE_CHARACTERS):
        if not line.isascii():
            try:
                line.decode("utf-8")
                utf8 = True
            except UnicodeDecodeError:
                first_broken = first_broken or number
                utf8 = utf8 or _has_utf8(line)
                _windows_1252(line, number)
        number += line.endswith(b"\n")
    if utf8:
        raise UnreadableStatement(
            Problem.MIXED_ENCODINGS,
            f"Line {first_broken} is not in UTF-8, though other lines are: two files in different "
            "encodings were put together. Save each as CSV UTF-8 first.",
        )


# A letter with an accent, or a sign such as that of the euro, as UTF-8 has it.
_UTF8_LETTER = re.compile(rb"\xc3[\x80-\xbf]|\xe2\x82\xac|\xe2\x80[\x90-\xbf]")


def _has_utf8(line: bytes) -> bool:
    return _UTF8_LETTER.search(line) is not None


def _windows_1252(line: bytes, number: int) -> None:
    try:
        line.decode("cp1252")
    except UnicodeDecodeError as error:
        raise UnreadableStatement(
            Problem.MIXED_ENCODINGS,
            f"Line {number} is neither in UTF-8 nor in Windows-1252. Save the file as CSV UTF-8.",
        ) from error
