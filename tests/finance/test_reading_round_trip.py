"""Whatever lines a partner writes, in whatever way, are read again as they were."""

import csv
import datetime
import io
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from orders.finance.lines import LineKind, StatedLine
from tests.finance.statement_files import lines_of, shared_workbook, text_file, workbook

NAMES = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=40).filter(
    lambda name: not name.startswith('="')
)
AMOUNTS = st.decimals(min_value=-99_999, max_value=99_999, places=2, allow_nan=False)


@st.composite
def stated(draw, row):
    gross = draw(AMOUNTS)
    commission = abs(draw(st.decimals(min_value=0, max_value=100, places=2)))
    commission = commission if gross > 0 else -commission if gross else Decimal(0)
    net = gross - commission
    return StatedLine(
        row=row,
        our_reference=f"CM26-{row:07d}",
        their_reference=f"A{draw(st.integers(0, 10**6))}",
        guest_name=" ".join(draw(NAMES).split()),
        date=draw(st.dates(datetime.date(2015, 1, 1), datetime.date(2099, 12, 31))),
        quantity=draw(st.integers(0, 500)),
        gross=gross + 0,
        commission=commission,
        net=net,
        currency=draw(st.sampled_from(["EUR", "USD", "GBP"])),
        kind=LineKind.REFUND if (net or gross) < 0 else LineKind.SALE,
    )


@st.composite
def statements(draw):
    first = StatedLine(
        row=2,
        our_reference="CM26-0000002",
        their_reference="A1",
        date=datetime.date(2026, 4, 3),
        quantity=1,
        gross=Decimal("10.00"),
        commission=Decimal("1.00"),
        net=Decimal("9.00"),
        currency="EUR",
    )
    count = draw(st.integers(0, 8))
    return [first, *(draw(stated(row)) for row in range(3, count + 3))]


HEADER = [
    "Booking reference",
    "Supplier reference",
    "Guest",
    "Visit date",
    "Pax",
    "Gross",
    "Commission",
    "Net",
    "Currency",
]


def cells(line, amount, day):
    return [
        line.their_reference,
        line.our_reference,
        line.guest_name,
        day(line.date),
        line.quantity,
        amount(line.gross),
        amount(line.commission),
        amount(line.net),
        line.currency,
    ]


def days_of(lines):
    """Return how days are written so that their order can be told, or as ISO has them."""
    if any(line.date.day > 12 for line in lines):
        return lambda day: day.strftime("%d/%m/%Y")
    return lambda day: day.isoformat()


@given(
    statements(),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from([(".", ","), (",", "."), (".", ""), (",", " "), (".", "'")]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)
def test_a_text_is_read_as_it_was_written(lines, separator, signs, encoding, end, is_cost):
    decimal, thousands = signs

    def amount(value):
        text = f"{value:,.2f}".replace(",", "T").replace(".", decimal)
        return text.replace("T", thousands)

    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator, lineterminator=end)
    writer.writerow(HEADER)
    for line in lines:
        row = cells(line, amount, days_of(lines))
        if is_cost and line.commission:
            # Some state the commission as what is taken off.
            row[6] = amount(-line.commission)
        writer.writerow(row)
    assert lines_of(text_file(text.getvalue(), encoding)) == lines


@given(statements(), st.sampled_from([workbook, shared_workbook]))
def test_a_workbook_is_read_as_it_was_written(lines, make):
    rows = [cells(line, float, lambda day: day) for line in lines]
    # Neither library writes what Excel would take for a formula as a text.
    rows = [[f"x{row[2]}x" if i == 2 else cell for i, cell in enumerate(row)] for row in rows]
    expected = [f"x{line.guest_name}x" for line in lines]
    found = lines_of(make(HEADER, *rows))
    assert [line.guest_name for line in found] == expected
    assert [(line.gross, line.commission, line.net, line.date) for line in found] == [
        (line.gross, line.commission, line.net, line.date) for line in lines
    ]
