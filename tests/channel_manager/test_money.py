"""Amounts of money."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channel_manager.lib.money import apportion, rounded, smallest_unit


@pytest.mark.parametrize(
    ("currency", "unit"), [("EUR", "0.01"), ("JPY", "1"), ("KWD", "0.001"), ("USD", "0.01")]
)
def test_a_currency_has_its_iso_4217_exponent(currency: str, unit: str) -> None:
    assert smallest_unit(currency) == Decimal(unit)


def test_half_a_cent_is_rounded_away_from_zero() -> None:
    assert rounded(Decimal("1.005"), "EUR") == Decimal("1.01")
    assert rounded(Decimal("-1.005"), "EUR") == Decimal("-1.01")


def test_what_rounding_leaves_goes_to_the_largest_remainder() -> None:
    shares = [Decimal(1), Decimal(1), Decimal(1)]
    assert apportion(Decimal("10.00"), shares, "EUR") == [
        Decimal("3.34"),
        Decimal("3.33"),
        Decimal("3.33"),
    ]


def test_shares_that_are_all_zero_count_as_equal() -> None:
    assert apportion(Decimal(4), [Decimal(0), Decimal(0)], "EUR") == [Decimal(2), Decimal(2)]


@given(
    cents=st.integers(0, 10**9),
    shares=st.lists(st.decimals(0, 10**5, places=4), min_size=1, max_size=12),
)
def test_the_parts_always_add_up_to_the_amount(cents: int, shares: list[Decimal]) -> None:
    amount = Decimal(cents) / 100
    parts = apportion(amount, shares, "EUR")
    assert sum(parts) == amount
    assert all(part >= 0 and part == rounded(part, "EUR") for part in parts)
