"""How a file is written is found out from the file; what it does not tell is asked."""

import dataclasses
import datetime
from decimal import Decimal

import openpyxl
import pytest

from orders.finance.lines import LineKind, StatedLine
from orders.finance.statements.detection import detect
from orders.finance.statements.format import (
    Column,
    DateOrder,
    Kind,
    SignRule,
    StatementFormat,
)
from orders.finance.statements.preview import PreviewRow, preview
from orders.finance.statements.questions import Question
from orders.finance.statements.reading import read
from orders.finance.statements.refusals import Problem, UnreadableStatement
from tests.finance.statement_files import (
    detected,
    lines_of,
    shared_workbook,
    text_file,
    workbook,
)

ENGLISH = "Order ID,Date,Gross,Net\nA-1,04/13/2026,1200.50,9.00\nA-2,04/03/2026,10.00,9.00\n"


def test_everything_about_a_text_is_found_out():
    found = detected(text_file(ENGLISH))
    assert (found.questions, found.notes) == ((), ())
    assert found.headers == ("Order ID", "Date", "Gross", "Net")
    assert found.format == StatementFormat(
        kind=Kind.CSV,
        encoding="utf-8",
        separator=",",
        decimal=".",
        thousands=",",
        date_order=DateOrder.MONTH_DAY_YEAR,
        sign_rule=SignRule.AS_STATED,
        header_row=1,
        columns={
            Column.THEIR_REFERENCE: "Order ID",
            Column.DATE: "Date",
            Column.GROSS: "Gross",
            Column.NET: "Net",
        },
        currency="EUR",
    )
    assert found.preview[1] == PreviewRow(
        row=3,
        cells=("A-2", "04/03/2026", "10.00", "9.00"),
        line=StatedLine(
            row=3,
            their_reference="A-2",
            date=datetime.date(2026, 4, 3),
            gross=Decimal("10.00"),
            net=Decimal("9.00"),
            currency="EUR",
        ),
    )


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_separator_encoding_and_mark_are_found_out(separator, encoding, end):
    text = end.join(['Order ID,"Gast",Netto', 'A-1,"Zoë ""Z""",5.00', ""]).replace(",", separator)
    found = detected(text_file(text, encoding))
    assert (found.format.separator, found.format.encoding) == (separator, encoding)
    assert [row.line.guest_name for row in found.preview] == ['Zoë "Z"']


def test_zeros_that_an_export_guards_from_excel_are_kept():
    (line,) = lines_of(text_file('Order ID,Voucher,Net\n="0001234","=""0007""",5.00\n'))
    assert (line.their_reference, line.other_reference) == ("0001234", "0007")


def test_a_separator_that_the_file_declares_is_taken():
    found = detected(text_file("sep=;\nOrder ID;Net\nA-1;1,50\n"))
    assert (found.format.separator, found.preview[0].line.net) == (";", Decimal("1.50"))


@pytest.mark.parametrize(
    ("amounts", "decimal", "thousands"),
    [
        (["1.234,50", "3"], ",", "."),
        (["1,234.50"], ".", ","),
        (["1 234,50"], ",", " "),
        (["1'234.50"], ".", "'"),
        (["12,5"], ",", "."),
        (["1.234.567"], ",", "."),
        (["1.234", "5,00"], ",", "."),
        (["1", "2"], ".", ","),
    ],
)
def test_the_decimal_sign_is_found_out(amounts, decimal, thousands):
    rows = "".join(f"A-{n};{amount}\n" for n, amount in enumerate(amounts))
    found = detected(text_file(f"Order ID;Net\n{rows}"))
    assert (found.questions, found.format.decimal, found.format.thousands) == (
        (),
        decimal,
        thousands,
    )


def test_an_undecidable_decimal_sign_is_asked():
    file = text_file("Order ID;Net\nA-1;1.234\nA-2;5\n")
    found = detected(file)
    assert [(q.about, q.examples) for q in found.questions] == [("decimal", ("1.234",))]
    for sign, net in ((",", "1234.00"), (".", None)):
        (first, _) = preview(file, statement_format=found.format.answered("decimal", sign))
        assert (str(first.line.net) if first.line else None) == net


def test_amounts_in_two_ways_are_asked():
    found = detected(text_file("Order ID;Net\nA-1;1.234,50\nA-2;5.25\n"))
    assert [(q.about, q.examples) for q in found.questions] == [("decimal", ("1.234,50", "5.25"))]


def test_undecidable_dates_are_asked():
    file = text_file("Order ID,Date,Net\nA-1,03/04/2026,1.00\nA-2,05/05/2026,1.00\n")
    found = detected(file)
    assert found.questions == (
        Question(
            about="date_order",
            text="Every date reads in more than one way: in which order do they stand?",
            options=(("dmy", "Day, month, year"), ("mdy", "Month, day, year")),
            examples=("03/04/2026",),
        ),
    )
    assert found.preview[0].faults == (
        "row 2, Date: “03/04/2026” reads as two days, and nobody has said which order the dates "
        "have",
    )
    answered = found.format.answered("date_order", "dmy")
    assert [row.line.date for row in preview(file, statement_format=answered)] == [
        datetime.date(2026, 4, 3),
        datetime.date(2026, 5, 5),
    ]


def test_a_date_far_down_decides():
    rows = "".join(f"A-{n},03/04/2026,1.00\n" for n in range(2_000))
    found = detected(text_file(f"Order ID,Date,Net\n{rows}A,28/04/2026,1.00\n"))
    assert (found.questions, found.format.date_order) == ((), DateOrder.DAY_MONTH_YEAR)


def test_dates_in_two_orders_are_asked():
    found = detected(text_file("Order ID,Date,Net\nA-1,28/04/2026,1.00\nA-2,04/28/2026,1.00\n"))
    assert [(q.about, q.examples) for q in found.questions] == [
        ("date_order", ("28/04/2026", "04/28/2026"))
    ]


def test_real_dates_and_dates_that_say_it_need_no_order():
    found = detected(
        shared_workbook(["Order ID", "Date", "Net"], ["A", datetime.date(2026, 4, 3), 1])
    )
    assert (found.questions, found.preview[0].line.date) == ((), datetime.date(2026, 4, 3))
    assert detected(text_file("Order ID,Date,Net\nA,2026-04-03,1\n")).questions == ()


def test_signs_that_are_all_reversed_are_turned():
    file = text_file(
        "Order ID,Gross,Commission,Net\nA-1,-10.00,1.00,-9.00\nTotal,-10.00,1.00,-9.00\n"
    )
    found = detected(file)
    assert (found.format.sign_rule, found.notes) == (
        SignRule.ALL_REVERSED,
        ("Every amount is negative: the signs are taken to be reversed.",),
    )
    line, total = read(file, statement_format=found.format)
    assert (line.gross, line.commission, line.net, line.kind) == (
        Decimal("10.00"),
        Decimal("1.00"),
        Decimal("9.00"),
        LineKind.SALE,
    )
    assert (total.gross, total.net) == (Decimal("10.00"), Decimal("9.00"))


def test_a_type_tells_refunds_where_no_amount_is_negative():
    file = text_file(
        "Order ID,Type,Net\nA-1,Sale,10.00\nA-1,Refund,10.00\nA-2,Non-refundable,5.00\n"
        "A-3,Correction,2.00\n"
    )
    found = detected(file)
    assert found.notes == (
        "No amount is negative: the 1 rows whose “Type” says “refund” are taken as refunds.",
    )
    assert [(line.net, line.kind) for line in read(file, statement_format=found.format)] == [
        (Decimal("10.00"), LineKind.SALE),
        (Decimal("-10.00"), LineKind.REFUND),
        (Decimal("5.00"), LineKind.SALE),
        (Decimal("2.00"), LineKind.ADJUSTMENT),
    ]


def test_signs_count_where_there_are_some():
    file = text_file("Order ID,Type,Net\nA-1,Sale,10.00\nA-1,Storno,-10.00\nA-2,Cancelled,0\n")
    assert [line.kind for line in lines_of(file)] == [
        LineKind.SALE,
        LineKind.REFUND,
        LineKind.REFUND,
    ]


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        ("Booking reference,Travel date,Pax,Retail price,Commission amount,Net rate,Currency",
         "their_reference date quantity gross commission net currency"),
        ("Reservering,Bezoekdatum,Aantal,Brutobedrag,Provisie,Netto (EUR),Valuta",
         "their_reference date quantity gross commission net currency"),
        ("Buchungsnummer,Besuchsdatum,Anzahl,Bruttobetrag,Provision,Nettobetrag,Währung",
         "their_reference date quantity gross commission net currency"),
        ("Numéro de commande,Date de visite,Quantité,Montant brut,Commission,Montant net,Devise",
         "their_reference date quantity gross commission net currency"),
        ("Localizador,Fecha,Cantidad,Importe bruto,Comisión,Importe neto,Moneda",
         "their_reference date quantity gross commission net currency"),
        ("buyFromOrderReference,Voucher,Lead traveller,Gross amount incl. VAT,NET,Status,Commission %",
         "our_reference other_reference guest_name gross net type -"),
    ],
)  # fmt: skip
def test_headers_are_known_in_five_languages(header, columns):
    found = detected(text_file(f"{header}\n{',' * 6}\nx1,,,1.00,1.00,,\n"))
    expected = dict(zip(columns.split(), header.split(","), strict=True))
    assert found.format.columns == {Column(c): h for c, h in expected.items() if c != "-"}


def test_our_references_are_known_by_their_shape():
    found = detected(text_file("Order ID,Remark,Net\nA-1,CM26-0004711,1.00\nA-2,,1.00\n"))
    assert found.format.columns == {
        Column.THEIR_REFERENCE: "Order ID",
        Column.OUR_REFERENCE: "Remark",
        Column.NET: "Net",
    }
    assert found.notes == ("The values of the column “Remark” are our references.",)


def test_two_columns_that_may_be_the_date_are_asked():
    found = detected(text_file("Order ID,Booking date,Visit date,Net\nA,2026-04-03,2026-04-13,1\n"))
    assert found.questions == (
        Question(
            about="columns.date",
            text="Two columns may be the date by which the contract counts: which one is it?",
            options=(("Booking date", "Booking date"), ("Visit date", "Visit date")),
        ),
    )
    assert found.format.answered("columns.date", "Visit date").columns[Column.DATE] == "Visit date"


def test_columns_that_nobody_knows_are_asked():
    file = text_file("Zamówienie,Kwota,Uwagi\nA-1,10.00,\n")
    found = detected(file)
    assert [q.about for q in found.questions] == [
        "columns.their_reference",
        "columns.gross",
        "columns.net",
    ]
    assert found.preview == (PreviewRow(row=2, cells=("A-1", "10.00", "")),)
    with pytest.raises(UnreadableStatement) as refused:
        list(read(file, statement_format=found.format))
    assert refused.value.problem is Problem.MISSING_COLUMN
    form = found.format.answered("columns.their_reference", "Zamówienie")
    form = form.answered("columns.net", "Kwota").answered("columns.gross", "")
    assert [line.net for line in read(file, statement_format=form)] == [Decimal("10.00")]


def test_whether_anything_but_gross_is_stated_is_asked():
    file = text_file("Order ID,Gross,Prowizja\nA-1,10.00,1.00\n")
    found = detected(file)
    assert found.questions == tuple(
        Question(
            about=f"columns.{name}",
            text=f"Only gross amounts were recognised: does a column have the {name}?",
            options=(("", "The file has none"), ("Prowizja", "Prowizja")),
        )
        for name in ("commission", "net")
    )
    chosen = {Column.COMMISSION: "Prowizja", Column.NET: ""}
    found = detect(file, file_name="x.csv", currency="EUR", chosen=chosen)
    assert (found.questions, found.preview[0].line.net) == ((), Decimal("9.00"))


def test_a_dash_for_cents_is_no_minus():
    found = detected(text_file("Reservering;Netto\nR-1;€ 1.250,-\nR-2;12,-\n"))
    assert (found.questions, found.format.sign_rule, found.format.decimal) == (
        (),
        SignRule.AS_STATED,
        ",",
    )
    assert [row.line.net for row in found.preview] == [Decimal("1250.00"), Decimal("12.00")]


def test_with_other_columns_chosen_their_cells_are_looked_at():
    file = text_file("Order ID,Booking date,Visit date,Amount\nA-1,2026-03-01,28/04/2026,10.50\n")
    chosen = {Column.DATE: "Visit date", Column.NET: "Amount"}
    found = detect(file, file_name="x.csv", currency="EUR", chosen=chosen)
    assert (found.questions, found.format.date_order) == ((), DateOrder.DAY_MONTH_YEAR)
    assert found.preview[0].line == StatedLine(
        row=2,
        their_reference="A-1",
        date=datetime.date(2026, 4, 28),
        net=Decimal("10.50"),
        currency="EUR",
    )
    saved = found.format
    without = detect(file, file_name="x.csv", currency="EUR", saved=saved, chosen={Column.DATE: ""})
    assert without.format.columns == {Column.THEIR_REFERENCE: "Order ID", Column.NET: "Amount"}


def test_a_currency_in_the_header_counts():
    found = detected(text_file("Order ID,Net (GBP)\nA-1,1.00\n"))
    assert (found.format.currency, found.notes, found.preview[0].line.currency) == (
        "GBP",
        ("The header says that the amounts are in GBP; the contract is in EUR.",),
        "GBP",
    )


def test_a_saved_format_is_used_for_the_next_file():
    saved = detected(text_file(ENGLISH)).format
    text = "April\n\nOrder ID;Date;Net;Gross\nA-1;04/03/2026;9.00;1.234\n"
    found = detected(text_file(text, "utf-8-sig"), saved=saved)
    assert found.questions == ()
    assert found.notes == ("The partner's saved format was used.",)
    assert found.format == dataclasses.replace(
        saved, encoding="utf-8-sig", separator=";", header_row=3
    )
    assert found.preview[0].faults == ("row 4, Gross: 1.234 has more than the 2 decimals of EUR",)


def test_a_format_saved_from_a_workbook_knows_no_decimal_sign():
    saved = detected(workbook(["Order ID", "Net"], ["A-1", 9.5])).format
    found = detected(text_file("Order ID;Net\nA-1;1.234\n"), saved=saved)
    assert [question.about for question in found.questions] == ["decimal"]


def test_a_saved_format_whose_columns_are_gone_is_not_used():
    saved = detected(text_file(ENGLISH)).format
    found = detected(text_file("Order ID,Date,Netto\nA-1,2026-04-03,9.00\n"), saved=saved)
    assert found.notes == ("The saved format was not used: the file has no column “Gross”, “Net”.",)
    assert found.format.columns[Column.NET] == "Netto"


def test_a_saved_format_that_the_file_contradicts_is_asked_about():
    saved = detected(text_file(ENGLISH)).format
    other = 'Order ID,Date,Gross,Net\nA-1,28/04/2026,"-10,00","-9,00"\n'
    found = detected(text_file(other), saved=saved)
    assert found.format.date_order is DateOrder.DAY_MONTH_YEAR
    assert found.format.decimal == ","
    assert [q.about for q in found.questions] == ["sign_rule"]


def test_the_sheet_with_the_statement_is_found():
    file = workbook(["About"], ["This workbook"], ["holds", "a", "statement"], sheet="Cover")
    file.seek(0)
    book = openpyxl.load_workbook(file)
    page = book.create_sheet("Mai 2026")
    page.append(["Order ID", "Net"])
    page.append(["A-1", 9])
    file.seek(0)
    book.save(file)
    found = detected(file)
    assert (found.format.sheet, found.preview[0].line.net) == ("Mai 2026", Decimal("9.00"))
    with pytest.raises(UnreadableStatement) as refused:
        list(read(file, statement_format=dataclasses.replace(found.format, sheet="June")))
    assert refused.value.detail == (
        "The workbook has no sheet “June”. Its sheets: Cover, Mai 2026."
    )


def test_the_only_sheet_is_read_whatever_its_name():
    form = detected(workbook(["Order ID", "Net"], ["A-1", 9], sheet="April")).format
    file = shared_workbook(["Order ID", "Net"], ["A-2", 9])
    assert [line.their_reference for line in read(file, statement_format=form)] == ["A-2"]


def test_the_preview_says_what_is_left_out():
    found = detected(
        text_file("Order ID,Net\nA-1,1.00\nA-2,2.00\nTotal,3.00\n,3.00\nPrinted today,\nA-3,x\n")
    )
    assert [(row.row, row.left_out or row.faults) for row in found.preview[2:]] == [
        (4, "It is a total: it says “Total”."),
        (5, "It is a total: it has no reference and adds up the rows above it."),
        (6, "It has no reference and no amount, or is the header once more."),
        (7, ("row 7, Net: what stands there is not an amount",)),
    ]


def test_the_preview_has_twenty_rows():
    rows = "".join(f"A-{n},1.00\n" for n in range(50))
    assert len(detected(text_file(f"Order ID,Net\n{rows}")).preview) == 20
