"""Files that are no statement, or would do harm, are refused with a sentence and unread."""

import io
import struct
import tracemalloc
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.finance.statements import archive, cells, sheet
from orders.finance.statements.refusals import Problem, UnreadableStatement
from tests.finance.statement_files import (
    SHEET_XML,
    detected,
    part_of,
    shared_workbook,
    text_file,
    with_part,
    workbook,
)

GOOD = "Order ID,Gross,Net\nA-1,10.00,9.00\n"
GOOD_ROWS = (["Order ID", "Gross", "Net"], ["A-1", 10, 9])


def refusal(file):
    with pytest.raises(UnreadableStatement) as refused:
        detected(file)
    assert [fault.code for fault in refused.value.faults] == [refused.value.problem]
    return refused.value.problem, refused.value.detail


class Endless(io.RawIOBase):
    """A file of one line that is two gigabytes long; counts what is read of it."""

    size = 2 * 1024**3
    given = 0
    position = 0

    def seek(self, offset, whence=0):
        self.position = offset + (self.size if whence == 2 else 0)
        return self.position

    def read(self, count=-1):
        assert 0 < count <= 1024 * 1024
        self.given += count
        self.position += count
        return b"x" * count


def test_two_gigabytes_are_refused_unread():
    file = Endless()
    assert refusal(file) == (
        Problem.TOO_LARGE,
        "The file has 2,048 MiB; at most 20 MiB are read.",
    )
    assert file.given == 0


def test_one_long_line_is_found_out_in_pieces(monkeypatch):
    monkeypatch.setattr("orders.finance.statements.source.MAX_FILE_BYTES", 4 * 1024**3)
    monkeypatch.setattr(
        "orders.finance.statements.detection.csv_file.encoding_of", lambda _: "utf-8"
    )
    file = Endless()
    tracemalloc.start()
    assert refusal(file) == (
        Problem.LINE_TOO_LONG,
        "Line 1 has more than 65,536 characters: this is not a statement with one booking a line.",
    )
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert file.given < 2 * 1024 * 1024
    assert peak < 4 * 1024 * 1024


@pytest.mark.parametrize(
    ("data", "problem", "detail"),
    [
        (b"", Problem.EMPTY, "The file is empty."),
        (b" \r\n\r\n ", Problem.EMPTY, "The file is empty."),
        (b"\xef\xbb\xbf\n;;;\n", Problem.NO_HEADER, None),
        (
            b"%PDF-1.7\n...",
            Problem.UNKNOWN_KIND,
            "This is a PDF. A statement is a CSV or XLSX file.",
        ),
        (b"<html><table>", Problem.UNKNOWN_KIND, None),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, Problem.OLD_OR_ENCRYPTED, None),
        (b"\x01\x02\x03 abc", Problem.UNKNOWN_KIND, None),
        (b"Order ID,Net\nA-1,\x001.00\n", Problem.NUL_CHARACTER, None),
        ("Order ID,Net\nA-1,1.00\n".encode("utf-16-le"), Problem.NUL_CHARACTER, None),
        (b'Order ID,Net\nA-1,"1.00\nA-2,2.00\n', Problem.BROKEN_QUOTES, None),
        (b'Order ID,Net\n"A"-1,1.00\n', Problem.BROKEN_QUOTES, None),
        (b"1,2,3\n4,5,6\n", Problem.NO_HEADER, None),
        (b"Order ID,Net,Net\nA-1,1.00,2.00\n", Problem.DUPLICATE_HEADER, None),
        (b"PK\x03\x04 and no more", Problem.DAMAGED, None),
    ],
)
def test_a_file_that_is_no_statement_is_refused(data, problem, detail):
    found, said = refusal(io.BytesIO(data))
    assert found is problem
    assert detail in {None, said}


def test_broken_quotes_are_named_by_their_row():
    assert refusal(text_file('Order ID,Net\nA-1,1.00\n"A"-1,1.00\n'))[1].startswith(
        "A quotation mark in row 3 is not closed"
    )


def test_mixed_encodings_are_named_by_their_line():
    data = GOOD.encode() + "Jürgen,1,1\n".encode() + "Zoë,1,1\n".encode("cp1252")
    assert refusal(io.BytesIO(data)) == (
        Problem.MIXED_ENCODINGS,
        "Line 4 is not in UTF-8, though other lines are: two files in different encodings were put "
        "together. Save each as CSV UTF-8 first.",
    )


def test_a_text_in_windows_letters_is_read_as_a_whole():
    data = "Order ID,Guest,Net\nA-1,Zoë,1.00\nA-2,Jürgen €,2.00\n".encode("cp1252")
    found = detected(io.BytesIO(data))
    assert found.format.encoding == "cp1252"
    assert [row.line.guest_name for row in found.preview] == ["Zoë", "Jürgen €"]


def test_bytes_that_are_no_letters_at_all_are_refused():
    problem, detail = refusal(io.BytesIO(GOOD.encode() + b"A-2,\x81,1\n"))
    assert (problem, detail[:54]) == (
        Problem.MIXED_ENCODINGS,
        "Line 3 is neither in UTF-8 nor in Windows-1252. Save t",
    )


def test_limits_of_a_text_are_named(monkeypatch):
    assert refusal(text_file(GOOD + "A-2," + "x" * 2_001 + ",1\n"))[1] == (
        "The cell in row 3, column B has 2,001 characters; at most 2,000 are read."
    )
    assert refusal(text_file(GOOD + "A-2" + ",1" * 100 + "\n"))[1] == (
        "Row 3 has 101 cells; at most 100 are read."
    )
    monkeypatch.setattr("orders.finance.statements.csv_file.MAX_ROWS", 3)
    assert refusal(text_file(GOOD + "A-2,1,1\n" * 2))[1] == (
        "The file has more than 3 rows: split it."
    )


@pytest.mark.parametrize(
    ("part", "data"),
    [
        ("xl/vbaProject.bin", b"macros"),
        ("xl/macrosheets/sheet1.xml", b"<x/>"),
        (
            "[Content_Types].xml",
            b'<Types><Override ContentType="application/vnd.ms-excel.sheet.macroEnabled.main+xml"/>'
            b"</Types>",
        ),
    ],
)
def test_macros_are_refused(part, data):
    assert refusal(with_part(workbook(*GOOD_ROWS), part, data)) == (
        Problem.MACROS,
        "The workbook holds macros. Save it as XLSX, which keeps none, and upload that.",
    )


def test_a_zip_that_is_no_workbook_is_refused():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as zipped:
        zipped.writestr("statement.csv", GOOD)
    assert refusal(file)[0] is Problem.UNKNOWN_KIND


def test_a_zip_bomb_is_refused_by_its_directory():
    file = with_part(workbook(*GOOD_ROWS), "xl/media/zeros.bin", b"\0" * 20_000_000)
    assert len(file.getvalue()) < 100_000
    assert refusal(file)[0] is Problem.ZIP_BOMB


def test_a_workbook_that_unpacks_to_too_much_is_refused(monkeypatch):
    monkeypatch.setattr(archive, "MAX_INFLATED_BYTES", 2_000)
    assert refusal(workbook(*GOOD_ROWS))[0] is Problem.ZIP_BOMB
    monkeypatch.undo()
    monkeypatch.setattr(archive, "MAX_PARTS", 3)
    assert refusal(workbook(*GOOD_ROWS))[0] is Problem.ZIP_BOMB


def test_a_directory_that_lies_about_a_sheet_does_not_get_it_unpacked():
    rows = b"".join(
        b'<row r="%d"><c t="str"><v>%d</v></c></row>' % (n, n) for n in range(2, 300_000)
    )
    data = part_of(workbook(*GOOD_ROWS), SHEET_XML).replace(b"</sheetData>", rows + b"</sheetData>")
    file = with_part(workbook(*GOOD_ROWS), SHEET_XML, data)
    lying = file.getvalue().replace(struct.pack("<L", len(data)), struct.pack("<L", 2_000))
    assert lying != file.getvalue()
    tracemalloc.start()
    assert refusal(io.BytesIO(lying))[0] is Problem.DAMAGED
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * 1024 * 1024


def test_a_directory_that_points_before_the_file_is_refused():
    data = bytearray(workbook(*GOOD_ROWS).getvalue())
    # Where the directory begins, in the last record of the file.
    start = struct.unpack_from("<L", data, len(data) - 6)[0]
    struct.pack_into("<L", data, len(data) - 6, start + 100_000)
    assert refusal(io.BytesIO(data))[0] is Problem.DAMAGED


def test_parts_that_share_their_bytes_are_refused():
    file = workbook(*GOOD_ROWS)
    with zipfile.ZipFile(file, "a") as zipped:
        zipped.writestr("a.bin", b"a" * 50)
        zipped.writestr("b.bin", b"b" * 50)
        zipped.getinfo("b.bin").header_offset = zipped.getinfo("a.bin").header_offset
        zipped._didModify = True
    assert refusal(file)[0] is Problem.ZIP_BOMB


def sheet_of(data):
    head, _, _ = part_of(workbook(*GOOD_ROWS), SHEET_XML).partition(b"<sheetData>")
    return with_part(workbook(*GOOD_ROWS), SHEET_XML, head + b"<sheetData>" + data)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (
            b'<row r="2"><c r="CW2"><v>1</v></c></row></sheetData></worksheet>',
            Problem.TOO_MANY_COLUMNS,
        ),
        (b'<row r="1"><c r="A1" t="s"><v>99999</v></c></row>', Problem.DAMAGED),
        (b'<row r="2"><c><v>1</v></c></row><row r="1"><c><v>1</v></c></row>', Problem.DAMAGED),
        (b'<row r="1"><c r="B1"><v>1</v></c><c r="A1"><v>1</v></c></row>', Problem.DAMAGED),
        (b"<row><c><v>1</v></c>", Problem.DAMAGED),
        (b'<row r="1048577"><c><v>1</v></c></row>', Problem.DAMAGED),
        (b"<row " + b"x" * 600_000, Problem.DAMAGED),
        (b'<row><c s="' + b"9" * 5_000 + b'"><v>1</v></c></row>', Problem.DAMAGED),
        (b'<row><c t="str"><v>' + b"x" * 300_000 + b"</v></c></row>", Problem.CELL_TOO_LONG),
        (b"<row>" + b"<c><v>1</v></c>" * 101 + b"</row>", Problem.TOO_MANY_COLUMNS),
    ],
)
def test_a_sheet_that_is_no_sheet_is_refused(data, problem):
    assert refusal(sheet_of(data))[0] is problem


def test_entities_are_refused_before_they_grow():
    data = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>'
    assert refusal(with_part(workbook(*GOOD_ROWS), SHEET_XML, data))[0] is Problem.DAMAGED
    assert refusal(with_part(workbook(*GOOD_ROWS), "xl/workbook.xml", data))[0] is Problem.DAMAGED


def test_limits_of_a_workbook_are_named(monkeypatch):
    monkeypatch.setattr(sheet, "MAX_ROWS", 1)
    assert refusal(workbook(*GOOD_ROWS))[1] == "The sheet has more than 1 rows: split it."
    monkeypatch.undo()
    assert refusal(workbook(*GOOD_ROWS, ["A-2", "x" * 2_001, 1]))[1] == (
        "The cell B3 has more than 2,000 characters."
    )
    monkeypatch.setattr(sheet, "MAX_SHARED_STRINGS", 2)
    assert refusal(shared_workbook(*GOOD_ROWS))[0] is Problem.TOO_LARGE
    monkeypatch.undo()
    monkeypatch.setattr(sheet, "MAX_SHARED_CHARACTERS", 10)
    assert refusal(shared_workbook(*GOOD_ROWS))[0] is Problem.TOO_LARGE


def test_blank_cells_without_end_are_refused(monkeypatch):
    monkeypatch.setattr(sheet, "MAX_EVENTS", 5_000)
    assert refusal(sheet_of(b"<row>" + b"<c/>" * 100_000))[0] is Problem.TOO_LARGE


def test_blank_lines_without_end_are_refused(monkeypatch):
    monkeypatch.setattr("orders.finance.statements.csv_file.LAST_ROW", 1_000)
    assert refusal(text_file(GOOD + "\n" * 1_000))[0] is Problem.TOO_MANY_ROWS


def test_a_part_that_describes_the_others_is_bounded(monkeypatch):
    monkeypatch.setattr(archive, "MAX_SMALL_PART_BYTES", 100)
    assert refusal(workbook(*GOOD_ROWS))[0] is Problem.TOO_LARGE


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data):
    try:
        detected(io.BytesIO(data))
    except UnreadableStatement:
        return


@given(st.binary(min_size=1, max_size=40), st.integers(0, 10_000))
def test_a_workbook_with_any_bytes_changed_is_read_or_refused(data, at):
    file = workbook(*GOOD_ROWS).getvalue()
    at %= len(file)
    try:
        found = detected(io.BytesIO(file[:at] + data + file[at + len(data) :]))
    except UnreadableStatement:
        return
    assert len(found.preview) <= 20


@given(st.binary(min_size=1, max_size=30), st.integers(0, 10_000))
def test_a_sheet_with_any_bytes_changed_is_read_or_refused(data, at):
    content = part_of(workbook(*GOOD_ROWS), SHEET_XML)
    at %= len(content)
    changed = content[:at] + data + content[at + len(data) :]
    try:
        detected(with_part(workbook(*GOOD_ROWS), SHEET_XML, changed))
    except UnreadableStatement:
        return


def test_the_limits_are_those_that_were_agreed():
    assert (cells.MAX_FILE_BYTES, cells.MAX_ROWS, cells.MAX_COLUMNS) == (20 * 1024**2, 200_000, 100)
