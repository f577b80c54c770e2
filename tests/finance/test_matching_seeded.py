"""Statements with seeded differences: each is found as what it is, and nothing else is.

`make test` seeds some hundreds; with NIGHTLY=1 (`make nightly`) it is more than ten thousand.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orders.finance.lines import OurOrder
from orders.finance.matching import Matching, match, normalised, references_of
from orders.finance.states import MatchState
from tests.finance.seeded import NAMES, Seed, Seeded, seed_month
from tests.finance.seeds import SEEDS

NIGHTLY = os.environ.get("NIGHTLY") == "1"
STATEMENTS = 1000 if NIGHTLY else 25
LEAST_A_STATEMENT = 10

TOLERANCES = st.sampled_from(["0.01", "0.05", "1.00"]).map(Decimal)
several = settings(
    max_examples=STATEMENTS, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


@st.composite
def statements(draw: st.DrawFn) -> Seeded:
    """A month with its statement and some differences between them."""
    seeds = draw(st.lists(st.sampled_from(SEEDS), min_size=LEAST_A_STATEMENT, max_size=40))
    return seed_month(
        seed=draw(st.integers(0, 2**32)),
        tolerance=draw(TOLERANCES),
        agreed=draw(st.integers(0, 15)),
        seeds=seeds,
    )


def matching_of(seeded: Seeded) -> Matching:
    return match(lines=seeded.lines, orders=seeded.orders, tolerance=seeded.tolerance)


def assert_found(seeded: Seeded) -> None:
    """Check that every line and order ended as it was made to, and was found where it is from."""
    matching = matching_of(seeded)
    assert {line.row: line.order_key for line in matching.lines} == seeded.line_orders
    assert {line.row: line.state for line in matching.lines} == seeded.line_states
    assert {order.key: order.state for order in matching.orders} == seeded.order_states
    assert len(matching.lines) == len(seeded.lines)
    assert len(matching.orders) == len(seeded.order_states)


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: seed.__name__)
@settings(max_examples=STATEMENTS // 5, deadline=None)
@given(number=st.integers(0, 2**32), tolerance=TOLERANCES)
def test_a_difference_by_itself_is_found(seed: Seed, number: int, tolerance: Decimal) -> None:
    assert_found(seed_month(seed=number, tolerance=tolerance, agreed=1, seeds=[seed]))


def test_every_seeded_difference_is_found_among_the_others_and_nothing_else() -> None:
    found: Counter[str] = Counter()

    @several
    @given(statements())
    def check(seeded: Seeded) -> None:
        assert_found(seeded)
        found.update(seeded.sown)

    check()
    assert found.total() >= STATEMENTS * LEAST_A_STATEMENT


@several
@given(statements(), st.integers())
def test_the_sequence_of_lines_and_orders_does_not_matter(seeded: Seeded, number: int) -> None:
    once = matching_of(seeded)
    assert matching_of(seeded) == once
    mixed = random.Random(number)
    mixed.shuffle(seeded.lines)
    mixed.shuffle(seeded.orders)
    assert matching_of(seeded) == once


@several
@given(statements())
def test_the_bridge_adds_up_in_every_currency_and_agreed_rows_have_no_gap(
    seeded: Seeded,
) -> None:
    found = gaps(seeded)
    expected: Counter[str] = Counter()
    for line in seeded.lines:
        expected[line.currency] += line.net
    for order in seeded.orders:
        if order.key in seeded.order_states:
            expected[order.currency] -= order.net
    sums: Counter[str] = Counter()
    for (currency, state), gap in found.items():
        sums[currency] += gap
        assert not gap or state not in (MatchState.MATCHED, MatchState.REVERSAL_PAIR)
    assert sums == expected


def gaps(seeded: Seeded) -> dict[tuple[str, str], Decimal]:
    """Return by currency and state what the lines state more than the orders come to."""
    matching, found = matching_of(seeded), dict[tuple[str, str], Decimal]()
    by_row = {line.row: line for line in seeded.lines}
    by_key = {order.key: order for order in seeded.orders}
    for result in matching.lines:
        line = by_row[result.row]
        place = (line.currency, str(result.state))
        found[place] = found.get(place, Decimal(0)) + line.net
    for one in matching.orders:
        order = by_key[one.key]
        place = (order.currency, str(one.counts_in))
        found[place] = found.get(place, Decimal(0)) - order.net
    return found


@several
@given(statements())
def test_every_difference_has_a_cause_that_names_no_guest(
    seeded: Seeded,
) -> None:
    matching = matching_of(seeded)
    for result in (*matching.lines, *matching.orders):
        if result.state not in (MatchState.MATCHED, MatchState.REVERSAL_PAIR):
            assert result.cause.endswith(".")
        assert not [name for name in NAMES if name in result.cause]


@several
@given(statements())
def test_what_the_references_lead_to_is_all_that_is_needed(
    seeded: Seeded,
) -> None:
    named = references_of(seeded.lines)

    def is_looked_up(order: OurOrder) -> bool:
        numbers = {order.our_reference, order.their_reference}
        return bool(
            order.key in named.keys
            or named.exact & (numbers | order.other_numbers)
            or named.normalised & {normalised(number) for number in numbers}
        )

    orders = [
        order for order in seeded.orders if order.key in seeded.order_states or is_looked_up(order)
    ]
    found = match(lines=seeded.lines, orders=orders, tolerance=seeded.tolerance)
    assert found == matching_of(seeded)
