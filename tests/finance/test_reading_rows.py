"""What the rows of a statement turn out to be."""

import datetime
from decimal import Decimal

import pytest

from orders.finance.lines import LineKind, StatedLine
from orders.finance.statements.reading import read
from orders.finance.statements.refusals import Problem, UnreadableStatement
from orders.finance.statements.rows import RowFault, TextRow, TotalRow
from tests.finance.statement_files import detected, lines_of, read_all, text_file, workbook

GERMAN = """Abrechnung April 2026
Acme Tours

Buchungsnummer;Ihre Referenz;Gast;Buchungsdatum;Anzahl;Brutto;Provision;Netto;Währung
0001234;CM26-0004711;Jane  Doe;13.04.2026;2;1.234,50;-123,45;1.111,05;EUR
"""


def test_a_row_becomes_a_line_in_our_signs():
    assert lines_of(text_file(GERMAN)) == [
        StatedLine(
            row=5,
            our_reference="CM26-0004711",
            their_reference="0001234",
            guest_name="Jane Doe",
            date=datetime.date(2026, 4, 13),
            quantity=2,
            gross=Decimal("1234.50"),
            commission=Decimal("123.45"),
            net=Decimal("1111.05"),
            currency="EUR",
        )
    ]


def test_a_workbook_gives_the_same_line_as_a_text():
    file = workbook(
        ["Statement April 2026"],
        [],
        [
            "Order ID",
            "Supplier reference",
            "Guest name",
            "Date",
            "Pax",
            "Gross",
            "Commission",
            "Net",
        ],
        [
            "A-1",
            "CM26-0004711",
            "Jane Doe",
            datetime.datetime.fromisoformat("2026-04-03T10:30"),
            2,
            30.3,
            3.03,
            27.27,
        ],
    )
    assert lines_of(file) == [
        StatedLine(
            row=4,
            our_reference="CM26-0004711",
            their_reference="A-1",
            guest_name="Jane Doe",
            date=datetime.date(2026, 4, 3),
            quantity=2,
            gross=Decimal("30.30"),
            commission=Decimal("3.03"),
            net=Decimal("27.27"),
            currency="EUR",
        )
    ]


def test_a_workbooks_numbers_lose_their_binary_noise():
    file = workbook(
        ["Order ID", "Gross", "Net"], ["A-1", 0.1 + 0.2, 1.005], ["A-2", 4.35 * 100, 33.335]
    )
    assert [(line.gross, line.net) for line in lines_of(file)] == [
        (Decimal("0.30"), Decimal("1.01")),
        (Decimal("435.00"), Decimal("33.34")),
    ]


def test_net_is_what_is_left_of_gross():
    file = text_file(
        "Order ID,Gross,Commission\nA-1,10.00,1.50\nA-2,-10.00,-1.50\nA-3,-10.00,1.50\n"
    )
    assert [line.net for line in lines_of(file)] == [
        Decimal("8.50"),
        Decimal("-8.50"),
        Decimal("-8.50"),
    ]


def test_net_comes_from_the_contract_when_only_gross_is_stated():
    file = text_file("Order ID,Pax,Gross\nA-1,2,10.00\nA-2,,20.00\n")
    found = read_all(
        file, net_of=lambda gross, quantity: gross - quantity if quantity is not None else None
    )
    assert found == [
        StatedLine(
            row=2,
            their_reference="A-1",
            quantity=2,
            gross=Decimal("10.00"),
            net=Decimal("8.00"),
            net_is_worked_out=True,
            currency="EUR",
        ),
        RowFault(
            row=3,
            faults=(
                "row 3: the statement has no net or commission column, and the contract's "
                "commission cannot be worked out from gross alone",
            ),
        ),
    ]


def test_totals_are_left_out_wherever_they_stand():
    file = text_file(
        "Order ID,Gross,Net\n"
        "A-1,10.00,9.00\n"
        "A-2,20.00,18.00\n"
        "Subtotal,30.00,27.00\n"
        "A-3,1.00,0.90\n"
        "A-4,2.00,1.80\n"
        ",3.00,2.70\n"
        "Grand total EUR,33.00,29.70\n"
    )
    found = read_all(file)
    assert [reading.row for reading in found if isinstance(reading, StatedLine)] == [2, 3, 5, 6]
    assert [reading for reading in found if not isinstance(reading, StatedLine)] == [
        TotalRow(
            row=4, label="Subtotal", gross=Decimal("30.00"), net=Decimal("27.00"), currency="EUR"
        ),
        TotalRow(row=7, label="", gross=Decimal("3.00"), net=Decimal("2.70"), currency="EUR"),
        TotalRow(
            row=8,
            label="Grand total EUR",
            gross=Decimal("33.00"),
            net=Decimal("29.70"),
            currency="EUR",
        ),
    ]


@pytest.mark.parametrize(
    "label",
    [
        "Totaal",
        "TOTAL:",
        "Summe April",
        "Zwischensumme",
        "Sous-total",
        "Gesamt",
        "Suma",
        "Sub total",
    ],
)
def test_totals_are_known_in_five_languages(label):
    file = text_file(f"Order ID,Net\nA-1,10.00\n{label},10.00\n")
    assert read_all(file)[1] == TotalRow(
        row=3, label=label, gross=None, net=Decimal("10.00"), currency="EUR"
    )


def test_a_guest_called_total_is_a_guest():
    file = text_file("Order ID,Guest,Net\nA-1,Total,10.00\n,Total Recall,10.00\nA-2,Summe,5.00\n")
    assert [line.guest_name for line in lines_of(file)] == ["Total", "Total Recall", "Summe"]


def test_a_ticket_called_total_makes_no_total():
    file = text_file(
        "Product,Order ID,Date,Net\nTotal Pass,A-1,2026-04-03,10.00\nTotal Pass,,2026-04-03,7.00\n"
        "Total Pass,Total,2026-04-30,17.00\n"
    )
    assert [type(reading) for reading in read_all(file)] == [StatedLine, StatedLine, TotalRow]


def test_a_tick_is_no_amount():
    file = workbook(["Order ID", "Net"], ["A-1", True], ["A-2", 1])
    fault = read_all(file)[0]
    assert fault == RowFault(row=2, faults=("row 2, Net: what stands there is not an amount",))


def test_a_row_without_a_reference_is_a_line_all_the_same():
    file = text_file("Order ID,Type,Net\nA-1,sale,10.00\n,sale,7.00\n,Marketing fee,-3.00\n")
    assert lines_of(file) == [
        StatedLine(row=2, their_reference="A-1", net=Decimal("10.00"), currency="EUR"),
        StatedLine(row=3, net=Decimal("7.00"), currency="EUR"),
        StatedLine(row=4, net=Decimal("-3.00"), currency="EUR", kind=LineKind.ADJUSTMENT),
    ]


def test_the_header_once_more_and_footers_are_text():
    file = text_file(
        "Order ID,Net\nA-1,10.00\n\nPage 1 of 2,\nOrder ID,Net\nA-2,5.00\nThank you,\nA-3\n"
    )
    found = read_all(file)
    assert found[1:3] == [TextRow(row=4), TextRow(row=5)]
    assert found[4:] == [
        TextRow(row=7),
        RowFault(row=8, faults=("row 8: there is no amount, neither net nor gross",)),
    ]


def test_two_currencies_in_one_file_stay_two():
    file = text_file(
        "Order ID,Net,Currency\nA-1,10.00,EUR\nA-2,1.000,kwd\nA-3,500,JPY\nA-4,7.00,\nA-5,1.00,EURO\n"
        "A-6,1.00,BTC\nA-7,1.005,EUR\nA-8,1.50,JPY\n"
    )
    form = detected(file).format.answered("decimal", ".")
    found = list(read(file, statement_format=form))
    assert [(r.net, r.currency) for r in found if isinstance(r, StatedLine)] == [
        (Decimal("10.00"), "EUR"),
        (Decimal("1.000"), "KWD"),
        (Decimal("500"), "JPY"),
        (Decimal("7.00"), "EUR"),
    ]
    assert [r.faults for r in found if isinstance(r, RowFault)] == [
        ("row 6, Currency: “EURO” is no currency code of ISO 4217",),
        ("row 7, Currency: “BTC” is no currency code of ISO 4217",),
        ("row 8, Net: 1.005 has more than the 2 decimals of EUR",),
        ("row 9, Net: 1.50 has more than the 0 decimals of JPY",),
    ]


def test_a_currency_beside_the_amount_is_the_rows():
    file = text_file("Order ID,Net\nA-1,€ 10.00\nA-2,GBP 5.00\nA-3,$7.00\n")
    assert [getattr(r, "currency", None) or r.faults for r in read_all(file)] == [
        "EUR",
        "GBP",
        (
            "row 4, Net: the amount is in AUD or CAD or HKD or MXN or NZD or SGD or USD, and the "
            "row in EUR",
        ),
    ]


def test_every_fault_of_a_row_is_named():
    file = text_file(
        "Order ID,Date,Pax,Gross,Net\nA-0,13/04/2026,1,1.00,1.00\nA-1,31/02/2026,two,1.0x,Jane Doe\n"
    )
    assert read_all(file)[1] == RowFault(
        row=3,
        faults=(
            "row 3, Date: “31/02/2026” is not a day of the calendar, or too long ago",
            "row 3, Pax: what stands there is not a number of places",
            "row 3, Gross: “1.0x” is not an amount",
            "row 3, Net: what stands there is not an amount",
        ),
    )


def test_a_stray_separator_is_named():
    file = text_file("Order ID,Gross,Net\nA-1,10.00,9.00\nA-2,12,50,11,25\n")
    fault = read_all(file)[1]
    assert isinstance(fault, RowFault)
    assert fault.faults[0] == (
        "row 3: it has 5 cells and the header 3; a separator stands within a cell that is not in "
        "quotation marks"
    )


def test_formulas_are_a_fault_of_lines_and_none_of_totals():
    file = workbook(
        ["Order ID", "Gross", "Net", "Remark"],
        ["A-1", 10, 9, "=1+1"],
        ["A-2", 20, "=B3*0.9", ""],
        ["Total", "=SUM(B2:B3)", "=SUM(C2:C3)"],
        [None, "=SUM(B2:B3)", "=SUM(C2:C3)"],
    )
    assert read_all(file) == [
        StatedLine(
            row=2,
            their_reference="A-1",
            gross=Decimal("10.00"),
            net=Decimal("9.00"),
            currency="EUR",
        ),
        RowFault(
            row=3,
            faults=(
                "row 3, Net: a formula is not worked out here; save the file with values instead of "
                "formulas",
            ),
        ),
        TotalRow(row=4, label="Total", gross=None, net=None, currency="EUR"),
        TotalRow(row=5, label="", gross=None, net=None, currency="EUR"),
    ]


def test_negative_zero_is_zero():
    (line,) = lines_of(text_file("Order ID,Gross,Net\nA-1,-0.00,(0.00)\n"))
    assert (str(line.gross), str(line.net), line.kind) == ("0.00", "0.00", LineKind.SALE)


def test_a_column_that_has_gone_is_named():
    form = detected(text_file("Order ID,Gross,Net\nA-1,10.00,9.00\n")).format
    with pytest.raises(UnreadableStatement) as refused:
        list(read(text_file("Order ID,Gross\nA-1,10.00\n"), statement_format=form))
    assert (refused.value.problem, refused.value.detail) == (
        Problem.MISSING_COLUMN,
        "The column “Net” (net) is missing. The columns of the file: Order ID, Gross.",
    )
