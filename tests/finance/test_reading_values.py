"""Amounts, numbers of places and days, as partners write them."""

import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.finance.statements import values
from orders.finance.statements.cells import Formula
from orders.finance.statements.format import DateOrder
from orders.finance.statements.values import NotUnderstood

POINT, COMMA = (".", ","), (",", ".")


def amount(text, signs=POINT, currency="EUR"):
    found = values.amount(text, decimal=signs[0], thousands=signs[1])
    return found and found.in_currency(currency)


@pytest.mark.parametrize(
    ("text", "signs", "expected"),
    [
        ("12.50", POINT, "12.50"),
        ("1,234,567.89", POINT, "1234567.89"),
        ("1.234.567,89", COMMA, "1234567.89"),
        ("1 234,50", (",", " "), "1234.50"),
        ("1\u00a0234,50", (",", " "), "1234.50"),
        ("1\u202f234,50", (",", " "), "1234.50"),
        ("1'234.50", (".", "'"), "1234.50"),
        ("1\u2019234.50", (".", "'"), "1234.50"),
        (".5", POINT, "0.50"),
        ("€ 1.250,-", COMMA, "1250.00"),
        ("-12,-- EUR", COMMA, "-12.00"),
        ("+7", POINT, "7.00"),
        ("-7.1", POINT, "-7.10"),
        ("\u22127.10", POINT, "-7.10"),
        ("7.10-", POINT, "-7.10"),
        ("(7.10)", POINT, "-7.10"),
        ("(€ 7.10)", POINT, "-7.10"),
        ("€ -7,10", COMMA, "-7.10"),
        ("-€7,10", COMMA, "-7.10"),
        ("7,10 €", COMMA, "7.10"),
        ("EUR 7,10", COMMA, "7.10"),
        ("7,10 eur-", COMMA, "-7.10"),
        ("7.5000", POINT, "7.50"),
        ("-0.00", POINT, "0.00"),
        ("(0)", POINT, "0.00"),
        (Decimal("7.125"), POINT, "7.13"),
        (Decimal("-0.001"), POINT, "0.00"),
    ],
)
def test_an_amount_is_read_as_it_is_meant(text, signs, expected):
    assert str(amount(text, signs)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "1.23E+5",
        "1e5",
        "NaN",
        "Infinity",
        "-Infinity",
        "12,50",
        "1.234.567",
        "1,23,456",
        "12.",
        ".",
        "-",
        "--5",
        "(-5)",
        "-5-",
        "EUR 5 EUR",
        "5 XYZ",
        "5 %",
        "١٢",
        "5.001",
        "10000000000",
        "GBP 5",
        "£5",
        "1" * 70,
        Decimal("NaN"),
        Decimal("Infinity"),
        datetime.date(2026, 5, 1),
        Formula("=A1"),
    ],
)
def test_what_is_no_amount_is_refused(text):
    with pytest.raises(NotUnderstood):
        amount(text)


def test_an_empty_cell_is_no_amount():
    assert (amount(""), amount("  \u00a0"), values.quantity(""), values.currency(" ")) == (
        None,
        None,
        None,
        "",
    )
    assert values.date(" ", order=DateOrder.UNDECIDED) is None


@given(
    st.decimals(min_value=-(10**9), max_value=10**9, places=2, allow_nan=False),
    st.sampled_from([POINT, COMMA, (".", ""), (",", " "), (".", "'")]),
    st.sampled_from(["{}", "{} €", "EUR {}", " {} "]),
    st.sampled_from(["-{}", "{}-", "({})", "\u2212{}"]),
)
def test_an_amount_that_is_written_is_read_again(value, signs, beside, negative):
    decimal, thousands = signs
    text = f"{abs(value):,.2f}".replace(",", "T").replace(".", decimal).replace("T", thousands)
    if value < 0:
        text = negative.format(text)
    assert amount(beside.format(text) if "(" not in text else text, signs) == value


@given(st.text(max_size=80))
def test_any_text_is_an_amount_or_refused(text):
    try:
        found = amount(text)
    except NotUnderstood:
        return
    assert found is None or (found.is_finite() and abs(found) < 10**10)


@given(st.text(max_size=80), st.sampled_from(DateOrder))
def test_any_text_is_a_day_or_refused(text, order):
    try:
        found = values.date(text, order=order)
    except NotUnderstood:
        return
    assert found is None or 2015 <= found.year <= 2099


@pytest.mark.parametrize(
    ("cell", "expected"),
    [("2", 2), ("-2", 2), ("2.0", 2), ("2,00", 2), (Decimal("3.0"), 3), ("0", 0)],
)
def test_a_number_of_places_has_no_sign(cell, expected):
    assert values.quantity(cell) == expected


@pytest.mark.parametrize(
    "cell", ["2.5", "two", "1e3", "1000001", "2 x", Formula("=A1"), Decimal("1.5")]
)
def test_what_is_no_number_of_places_is_refused(cell):
    with pytest.raises(NotUnderstood):
        values.quantity(cell)


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("2026-04-03", ""),
        ("2026-04-03T23:59:59Z", ""),
        ("2026-04-03 10:30:00.123 +02:00", ""),
        ("2026/4/3", "dmy"),
        ("20260403", "mdy"),
        ("3 April 2026", ""),
        ("03-Apr-26", ""),
        ("Apr 3, 2026", ""),
        ("Friday, 3rd April 2026", ""),
        ("3. April 2026", ""),
        ("3 avril 2026", ""),
        ("3 de abril de 2026", ""),
        ("03/04/2026", "dmy"),
        ("3.4.2026 10:30", "dmy"),
        ("03-04-26", "dmy"),
        ("04/03/2026 10:30 AM", "mdy"),
        ("4/3/26", "mdy"),
        ("26-04-03", "ymd"),
        ("26-04-03", ""),
        (datetime.date(2026, 4, 3), ""),
    ],
)
def test_a_day_is_read_as_it_is_meant(text, order):
    assert values.date(text, order=DateOrder(order)) == datetime.date(2026, 4, 3)


def test_a_day_that_reads_only_one_way_needs_no_order():
    assert values.date("13/04/2026", order=DateOrder.UNDECIDED) == datetime.date(2026, 4, 13)
    assert values.date("04/13/2026", order=DateOrder.UNDECIDED) == datetime.date(2026, 4, 13)
    assert values.date("05/05/2026", order=DateOrder.UNDECIDED) == datetime.date(2026, 5, 5)


@pytest.mark.parametrize(
    ("text", "order", "why"),
    [
        (
            "03/04/2026",
            "",
            "“03/04/2026” reads as two days, and nobody has said which order the dates have",
        ),
        ("04/13/2026", "dmy", "“04/13/2026” is not a day when it is read as day, month, year"),
        ("31.02.2026", "dmy", "“31.02.2026” is not a day of the calendar, or too long ago"),
        ("2026-02-30", "", "“2026-02-30” is not a day of the calendar, or too long ago"),
        ("1999-01-01", "", "“1999-01-01” is not a day of the calendar, or too long ago"),
        ("Jane Doe", "dmy", "what stands there is not a date"),
        ("45000", "dmy", "“45000” is not a date"),
        (Decimal(45000), "dmy", "“45000” is not a date"),
    ],
)
def test_what_is_no_day_is_refused(text, order, why):
    with pytest.raises(NotUnderstood) as refused:
        values.date(text, order=DateOrder(order))
    assert str(refused.value) == why


@pytest.mark.parametrize("text", ["EURO", "ZZZ", "$", "kr"])
def test_odd_currencies_are_refused(text):
    with pytest.raises(NotUnderstood):
        values.currency(text)


def test_a_currency_is_known_by_its_code_or_its_own_sign():
    assert [values.currency(text) for text in ("eur", " USD ", "€", "US$")] == [
        "EUR",
        "USD",
        "EUR",
        "USD",
    ]
