"""Orders of several lines: sums, lines that undo each other, lines that say the same again."""

from __future__ import annotations

import time
from decimal import Decimal

import pytest

from orders.finance.lines import OurOrder, StatedLine
from tests.finance.stating import a_cancelled_order, a_line, a_refund, an_order, matched, states

TWO = an_order(quantity=2, gross=Decimal("72.00"), net=Decimal("61.20"))
THREE = an_order(quantity=3, gross=Decimal("90.00"), net=Decimal("76.50"))
AGREED, AGAIN, PAIR = "matched", "duplicate", "reversal_pair"


def tickets(*grosses: int, named: str = "") -> list[StatedLine]:
    """Make a line for each ticket, the partner keeping 15 %; named: a letter for each one."""
    return [
        a_line(
            row,
            f"{gross}.00",
            str(gross * Decimal("0.85")),
            other_reference=named[row - 1] if named else "",
        )
        for row, gross in enumerate(grosses, start=1)
    ]


@pytest.mark.parametrize(
    ("order", "lines", "expected", "of_order"),
    [
        (TWO, tickets(36, 36), [AGREED, AGREED], AGREED),
        (THREE, tickets(36, 36, 18), [AGREED] * 3, AGREED),
        # The same again: a line, a ticket, the whole order, several times over.
        (an_order(), tickets(36, 36, 36), [AGREED, AGAIN, AGAIN], AGAIN),
        (an_order(), tickets(36, 36, named="VW"), [AGREED, AGAIN], AGAIN),
        (TWO, tickets(36, 36, 36, named="VWV"), [AGREED, AGREED, AGAIN], AGAIN),
        (TWO, tickets(36, 36, 36, named="VVW"), [AGREED, AGAIN, AGREED], AGAIN),
        (TWO, tickets(36, 36, 36, 36), [AGREED, AGREED, AGAIN, AGAIN], AGAIN),
        (
            THREE,
            tickets(36, 36, 18, 36, 36, 18),
            [AGREED, AGREED, AGREED, AGAIN, AGAIN, AGAIN],
            AGAIN,
        ),
        (
            THREE,
            tickets(18, 18, 36, 36, 36, 36),
            [AGREED, AGAIN, AGREED, AGREED, AGAIN, AGAIN],
            AGAIN,
        ),
        # As a whole, and then ticket by ticket.
        (
            TWO,
            [*tickets(36, 36), a_line(3, "72.00", "61.20", quantity=2)],
            [AGREED, AGREED, AGAIN],
            AGAIN,
        ),
        # A third ticket of a price is a ticket too many, not one of them again.
        (TWO, tickets(36, 36, 36), ["quantity_differs"] * 3, "quantity_differs"),
        (TWO, tickets(36), ["quantity_differs"], "quantity_differs"),
        (an_order(), tickets(36, 20), ["quantity_differs"] * 2, "quantity_differs"),
    ],
)
def test_the_lines_of_an_order_are_compared_as_a_sum(
    order: OurOrder, lines: list[StatedLine], expected: list[str], of_order: str
) -> None:
    assert states(lines, [order]) == (expected, [of_order])


def test_a_line_that_repeats_says_which_and_the_order_what_it_comes_to() -> None:
    result = matched(tickets(36, 36), [an_order()])
    assert [line.cause for line in result.lines] == [
        "",
        "Row 2 states 36.00 EUR for CM26-a again; the order is complete with what begins in row 1.",
    ]
    (order,) = result.orders
    assert (order.cause, order.counts_in, order.rows) == (
        "The partner states 72.00 EUR in 2 lines where we have 36.00 EUR for CM26-a.",
        "matched",
        (1, 2),
    )


def test_lines_that_repeat_may_be_off_within_the_tolerance() -> None:
    lines = [a_line(1, "36.02"), a_line(2, "36.02")]
    assert states(lines, [an_order()]) == (["within_tolerance", AGAIN], [AGAIN])


def test_a_sale_that_was_undone_and_made_again_is_a_pair_and_a_match() -> None:
    lines = [a_line(1), a_refund(2), a_line(3)]
    assert states(lines, [an_order()]) == ([PAIR, PAIR, AGREED], [AGREED])


def test_a_refund_may_stand_before_its_sale_and_sign_its_units_as_it_likes() -> None:
    lines = [a_refund(1, quantity=-1), a_line(2), a_refund(3, quantity=1), a_line(4), a_line(5)]
    assert states(lines, [an_order()]) == ([PAIR, PAIR, PAIR, PAIR, AGREED], [AGREED])


def test_a_ticket_taken_back_by_both_sides_leaves_the_others_matched() -> None:
    lines = [*tickets(36, 36), a_refund(3)]
    assert states(lines, [an_order()]) == ([PAIR, AGREED, PAIR], [AGREED])
    whole = [a_line(1, "72.00", "61.20", quantity=2), a_refund(2)]
    assert states(whole, [an_order()]) == ([AGREED, AGREED], [AGREED])


def test_a_ticket_taken_back_by_the_partner_only_is_a_quantity_too_few() -> None:
    whole = [a_line(1, "72.00", "61.20", quantity=2), a_refund(2)]
    assert states(whole, [TWO]) == (["quantity_differs"] * 2, ["quantity_differs"])


def test_amounts_of_two_currencies_are_no_pair() -> None:
    lines = [a_line(1), a_refund(2, currency="USD")]
    assert states(lines, [an_order()]) == (["currency_differs"] * 2, ["currency_differs"])


def test_more_sales_than_refunds_of_a_cancelled_order_are_billed() -> None:
    lines = [a_line(1), a_refund(2), a_line(3)]
    expected = ([PAIR, PAIR, "cancelled_here"], ["cancelled_here"])
    assert states(lines, [a_cancelled_order()]) == expected


def test_a_file_that_names_one_order_throughout_takes_no_longer() -> None:
    lines = [a_line(row, f"{row}.00", f"{row}.00") for row in range(1, 20_001)]
    began = time.process_time()
    result = matched(lines, [an_order()])
    assert {line.state for line in result.lines} == {"quantity_differs"}
    assert time.process_time() - began < 10
