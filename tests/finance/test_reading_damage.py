"""References that a spreadsheet has spoilt are named, and kept as they are."""

import datetime

from tests.finance.statement_files import lines_of, text_file, workbook


def damage(file):
    return {line.their_reference: line.damage for line in lines_of(file) if line.damage}


def test_long_numbers_in_scientific_notation_are_named():
    file = text_file("Order ID;Net\n1,23E+11;1,00\n1.23E+11;1,00\n1E+15;1,00\n7E12;1,00\n")
    assert damage(file) == {
        "1,23E+11": ("row 2: 1,23E+11 is what a spreadsheet made of a long number",),
        "1.23E+11": ("row 3: 1.23E+11 is what a spreadsheet made of a long number",),
        "1E+15": ("row 4: 1E+15 is what a spreadsheet made of a long number",),
    }


def test_zeros_that_were_lost_are_told_by_the_other_references():
    file = text_file(
        "Order ID,Net\n0001234,1.00\n0001235,1.00\n1236,1.00\n0001237,1.00\n1000001,1.00\nA12,1.00\n"
    )
    assert damage(file) == {
        "1236": ("row 4: 1236 has lost its leading zeros; the others of the column have 7 digits",)
    }


def test_two_references_with_zeros_are_no_rule():
    assert damage(text_file("Order ID,Net\n0001234,1.00\n0001235,1.00\n1236,1.00\n")) == {}


def test_references_that_a_workbook_keeps_as_numbers_are_named_where_digits_are_gone():
    file = workbook(
        ["Order ID", "Net"],
        [123456789012, 1],
        [12345678901234567890, 1],
        [1.5, 1],
        [123000000000, 1],
        [datetime.date(2026, 5, 1), 1],
        [4711, 1],
    )
    assert damage(file) == {
        "12345678901234570000": (
            "row 3: of 12345678901234570000, a number, a spreadsheet has kept the first 15 digits "
            "only",
        ),
        "1.5": ("row 4: 1.5 is a number with decimals that a spreadsheet made of a reference",),
        "123000000000": (
            "row 5: 123000000000 was 1.23E+11, what a spreadsheet made of a long number",
        ),
        "2026-05-01": ("row 6: 2026-05-01 is a date that a spreadsheet made of a reference",),
    }
