"""Each state that a line and an order may end in, with its cause in words."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from typing import Any

import pytest

from orders.finance.lines import LineKind, Standing
from orders.finance.matching import LineResult, OrderResult
from orders.finance.states import MatchRule, MatchState
from tests.finance.stating import (
    DAY,
    a_cancelled_order,
    a_line,
    a_refund,
    an_order,
    matched,
    only,
    states,
)


def test_a_line_that_states_an_order_truly_is_matched_without_words() -> None:
    assert only([a_line()], [an_order()]) == (
        LineResult(row=1, state=MatchState.MATCHED, rule=MatchRule.OUR_NUMBER, order_key="a"),
        OrderResult(key="a", state=MatchState.MATCHED, counts_in=MatchState.MATCHED, rows=(1,)),
    )


@pytest.mark.parametrize(
    ("stated", "state", "cause"),
    [
        (
            {"gross": "36.03"},
            "within_tolerance",
            "The partner is 0.03 EUR off what we have for CM26-a: within the tolerance.",
        ),
        (
            {"net": "30.55"},
            "within_tolerance",
            "The partner is 0.05 EUR off what we have for CM26-a: within the tolerance.",
        ),
        (
            {"gross": "34.00", "net": "28.60"},
            "amount_differs",
            "The partner states 34.00 EUR where we have 36.00 EUR for CM26-a.",
        ),
        (
            {"gross": "34.00"},
            "amount_differs",
            "The partner states 34.00 EUR where we have 36.00 EUR for CM26-a.",
        ),
        (
            {"gross": None, "net": "30.005"},
            "amount_differs",
            "The partner states 30.005 EUR net where we have 30.60 EUR net for CM26-a.",
        ),
        (
            {"net": "28.80"},
            "commission_differs",
            "The partner states a commission of 7.20 EUR where we have 5.40 EUR for CM26-a.",
        ),
        (
            {"gross": None, "commission": Decimal("7.20"), "net": "28.80"},
            "commission_differs",
            "The partner states a commission of 7.20 EUR where we have 5.40 EUR for CM26-a.",
        ),
        (
            {"currency": "USD"},
            "currency_differs",
            "The partner states 36.00 USD where we have 36.00 EUR for CM26-a.",
        ),
        (
            {"quantity": 3, "gross": "108.00", "net": "91.80"},
            "quantity_differs",
            "The partner states 3 units for 108.00 EUR where we have 1 unit for 36.00 EUR for CM26-a.",
        ),
        (
            {"quantity": 2},
            "quantity_differs",
            "The partner states 2 units for 36.00 EUR where we have 1 unit for 36.00 EUR for CM26-a.",
        ),
        (
            {"gross": "-36.00", "net": "-30.60"},
            "cancelled_there",
            "The partner states -36.00 EUR in all for CM26-a, which is issued here for 36.00 EUR.",
        ),
        (
            {"gross": "-0.00", "net": "-0.00"},
            "cancelled_there",
            "The partner states 0.00 EUR in all for CM26-a, which is issued here for 36.00 EUR.",
        ),
    ],
)
def test_a_line_that_is_unlike_the_order_says_how(
    stated: dict[str, Any], state: str, cause: str
) -> None:
    line, order = only([a_line(**stated)], [an_order()])
    assert (line.state, line.cause, line.order_key) == (state, cause, "a")
    assert (order.state, order.cause, order.counts_in) == (state, cause, state)


def test_a_line_without_gross_is_compared_by_its_net() -> None:
    assert states([a_line(gross=None)], [an_order()]) == (["matched"], ["matched"])


def test_units_that_one_side_does_not_say_are_not_compared() -> None:
    assert states([a_line(quantity=None)], [an_order()]) == (["matched"], ["matched"])
    assert states([a_line(quantity=4)], [an_order(quantity=0)]) == (["matched"], ["matched"])


def test_an_order_that_is_cancelled_here_and_billed_there() -> None:
    line, order = only([a_line()], [a_cancelled_order()])
    assert (line.state, order.state) == ("cancelled_here", "cancelled_here")
    assert line.cause == "The partner states 36.00 EUR for CM26-a, which is cancelled here."


def test_a_refund_alone_of_an_order_that_comes_to_nothing_differs_in_amount() -> None:
    line, order = only([a_refund()], [a_cancelled_order()])
    assert (line.state, order.state) == ("amount_differs", "amount_differs")
    assert line.cause == "The partner states -36.00 EUR where we have 0.00 EUR for CM26-a."


def test_a_refund_of_what_we_too_took_back_in_the_period_is_matched() -> None:
    reversed_order = an_order(
        gross=Decimal("-36.00"), net=Decimal("-30.60"), quantity=-1, is_cancelled=True
    )
    assert states([a_refund()], [reversed_order]) == (["matched"], ["matched"])


def test_what_was_sold_and_cancelled_on_both_sides_is_a_reversal_pair() -> None:
    result = matched([a_line(), a_refund()], [a_cancelled_order()])
    assert [line.state for line in result.lines] == ["reversal_pair", "reversal_pair"]
    assert {line.cause for line in result.lines} == {"Rows 1 and 2 cancel each other out."}
    assert [order.state for order in result.orders] == ["reversal_pair"]


@pytest.mark.parametrize("lines", [[], [a_line(gross="0.00", net="0.00", quantity=0)]])
def test_an_order_cancelled_here_that_nobody_bills_is_a_reversal_pair(lines: list[Any]) -> None:
    expected = (["reversal_pair"] * len(lines), ["reversal_pair"])
    assert states(lines, [a_cancelled_order()]) == expected


def test_what_the_partner_sold_and_took_back_but_we_issued_is_cancelled_there() -> None:
    result = matched([a_line(), a_refund()], [an_order()])
    assert [line.state for line in result.lines] == ["reversal_pair", "reversal_pair"]
    (order,) = result.orders
    assert (order.state, order.rows) == ("cancelled_there", (1, 2))
    assert order.cause == (
        "The partner states 0.00 EUR in all for CM26-a, which is issued here for 36.00 EUR."
    )


def test_an_order_that_the_partner_does_not_state_is_missing_there() -> None:
    (order,) = matched([], [an_order()]).orders
    assert (order.state, order.rows) == ("missing_at_partner", ())
    assert order.cause == "CM26-a for 36.00 EUR is not in the statement."


def test_an_order_that_another_statement_lists_is_of_the_wrong_period() -> None:
    (order,) = matched([], [an_order(reported_in="April 2026")]).orders
    assert order.state == "wrong_period"
    assert order.cause == "CM26-a for 36.00 EUR was reported in April 2026."


@pytest.mark.parametrize(
    ("standing", "why", "state", "cause"),
    [
        ("other_period", "belongs to April 2026", "wrong_period", "CM26-a belongs to April 2026."),
        ("other_period", "", "wrong_period", "CM26-a belongs to another period."),
        (
            "other_partner",
            "was sold by Rival Tours",
            "wrong_partner",
            "CM26-a was not sold through this partner.",
        ),
        ("not_billable", "is a test order", "not_billable", "CM26-a is a test order."),
        ("not_billable", "", "not_billable", "CM26-a is not to be billed."),
    ],
)
def test_a_line_of_an_order_out_of_scope_says_why(
    standing: str, why: str, state: str, cause: str
) -> None:
    result = matched([a_line()], [an_order(standing=Standing(standing), why=why)])
    (line,) = result.lines
    assert (line.state, line.cause, line.order_key) == (state, cause, "a")
    assert result.orders == []


def test_a_line_of_no_order_is_missing_at_us() -> None:
    (line,) = matched([a_line(our_reference="CM26-x", other_reference="V-1")], []).lines
    assert line == LineResult(
        row=1,
        state=MatchState.MISSING_AT_US,
        cause="The partner states 36.00 EUR for CM26-x, V-1, and we have no such order.",
    )


def test_a_line_without_any_number_is_missing_at_us() -> None:
    (line,) = matched([a_line(our_reference=" ", gross=None)], []).lines
    assert (line.state, line.cause) == (
        "missing_at_us",
        "The partner states 30.60 EUR and names no order.",
    )


def test_an_adjustment_that_names_no_order_is_one() -> None:
    line = a_line(
        kind=LineKind.ADJUSTMENT, our_reference="", gross=None, net="-5.00", quantity=None
    )
    (result,) = matched([line], []).lines
    assert (result.state, result.cause) == (
        "adjustment",
        "The partner states an adjustment of -5.00 EUR and names no order.",
    )
    named = dataclasses.replace(line, their_reference="CREDIT-1")
    assert states([named], []) == (["missing_at_us"], [])


def test_an_adjustment_of_an_order_counts_with_its_lines() -> None:
    credit = a_line(2, "-2.00", "-2.00", kind=LineKind.ADJUSTMENT, quantity=0)
    result = matched([a_line(), credit], [an_order()])
    assert {line.state for line in result.lines} == {"amount_differs"}
    assert result.orders[0].cause == (
        "The partner states 34.00 EUR in 2 lines where we have 36.00 EUR for CM26-a."
    )


def test_an_adjustment_of_ours_is_a_position_that_no_line_is_found_for() -> None:
    ours = an_order("goodwill", standing=Standing.ADJUSTMENT, net=Decimal("-5.00"), why="Rain")
    result = matched([a_line(our_reference="CM26-goodwill", linked_order="goodwill")], [ours])
    assert [line.state for line in result.lines] == ["missing_at_us"]
    (order,) = result.orders
    assert (order.state, order.rows) == ("adjustment", ())
    assert order.cause == "An adjustment of -5.00 EUR is posted here: Rain."


def test_a_line_without_an_order_suggests_those_with_its_name_date_and_amount() -> None:
    orders = [an_order(key) for key in ("d", "c", "b", "a")]
    stated = a_line(2, our_reference="CM26-x", guest_name="LOVELACE,  Adá", date=DAY)
    others = [
        dataclasses.replace(stated, row=3, gross=Decimal("35.99")),
        dataclasses.replace(stated, row=4, date=DAY.replace(day=1)),
        dataclasses.replace(stated, row=5, guest_name="Ada Byron"),
        dataclasses.replace(stated, row=6, currency="USD"),
        dataclasses.replace(stated, row=7, date=None),
        dataclasses.replace(stated, row=8, guest_name=" - "),
    ]
    result = matched([a_line(), stated, *others], orders)
    suggestions = {line.row: line.suggestions for line in result.lines}
    assert suggestions == {1: (), 2: ("b", "c", "d"), **dict.fromkeys(range(3, 9), ())}
    assert {line.state for line in result.lines if line.row > 1} == {"missing_at_us"}
    assert all("Ada" not in line.cause and "LOVELACE" not in line.cause for line in result.lines)


def test_a_line_without_gross_suggests_by_its_net() -> None:
    stated = a_line(our_reference="", gross=None, guest_name="ada lovelace", date=DAY)
    assert matched([stated], [an_order()]).lines[0].suggestions == ("a",)


def test_a_row_or_a_key_that_is_there_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="The row 1 is there twice"):
        matched([a_line(), a_line()], [])
    with pytest.raises(ValueError, match="The key 'a' is there twice"):
        matched([], [an_order(), an_order()])
