"""Orders that cost nothing: in the ledger, in every report, and matched like any other."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from orders.finance.reports.catalogue import REPORTS
from orders.finance.states import MatchState
from orders.models import Order
from partners.models import Contract, Partner, Venue
from tests.factories import sellable_package
from tests.finance.agreed import posted
from tests.finance.conftest import Reading
from tests.finance.stating import a_line, an_order, matched
from tests.orders.expected import line

FREE = {"gross": Decimal(0), "net": Decimal(0), "commission": Decimal(0)}


@pytest.fixture
def free_order(
    venue: Venue, partner: Partner, terms: Callable[..., Contract], issued: Callable[..., Order]
) -> Order:
    """An order of a ticket that costs nothing, at 20 % of gross."""
    terms(partner)
    sellable_package(venue, "TODDLER", "0.00")
    return issued(line("TODDLER"))


def test_it_is_posted_with_no_money_and_stands_in_the_reports(
    free_order: Order, read: Reading
) -> None:
    assert posted() == [("sale", 1, "0", "0", "2026-11-20")]
    (row,) = read("register")
    assert (row["buyFromOrderReference"], row["gross"], row["commission"]) == (
        *(free_order.buy_from_order_reference, 0, 0),
    )
    for name in REPORTS:
        read(name)


def test_it_is_matched_where_it_is_stated_and_missed_without_money_where_it_is_not() -> None:
    order = an_order(**FREE)
    stated = matched([a_line(gross="0", net="0")], [order])
    assert [one.state for one in stated.orders] == [MatchState.MATCHED]
    (missed,) = matched([], [order]).orders
    assert (missed.state, missed.cause) == (
        MatchState.MISSING_AT_PARTNER,
        "CM26-a for 0.00 EUR is not in the statement.",
    )
