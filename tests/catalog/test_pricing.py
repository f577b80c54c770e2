"""Which price holds, and how it splits into VAT. No database."""

import datetime
import uuid
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.models import Component, Item, Price
from catalog.pricing import UnitPrice, VatPart, choose_price, split_price

US, RIVAL = uuid.uuid4(), uuid.uuid4()
MAY_4 = datetime.date(2027, 5, 4)


def price(
    amount: str,
    partner: uuid.UUID | None = None,
    visit_from: str | None = None,
    visit_until: str | None = None,
) -> Price:
    return Price(
        partner_id=partner,
        amount_incl_vat=Decimal(amount),
        visit_from=visit_from and datetime.date.fromisoformat(visit_from),
        visit_until=visit_until and datetime.date.fromisoformat(visit_until),
    )


def component(share: str, vat_rate: str) -> Component:
    return Component(item=Item(vat_rate=Decimal(vat_rate)), price_share=Decimal(share))


@pytest.mark.parametrize(
    ("prices", "expected"),
    [
        ([], None),
        ([price("10")], "10"),
        ([price("10"), price("9", US)], "9"),
        ([price("10"), price("9", RIVAL)], "10"),
        ([price("10"), price("12", None, "2027-05-01", "2027-05-31")], "12"),
        ([price("10"), price("12", None, "2027-06-01", "2027-06-30")], "10"),
        ([price("10", US), price("12", None, "2027-05-01", "2027-05-31")], "10"),
        ([price("10", US), price("8", US, "2027-05-04", "2027-05-04")], "8"),
        ([price("12", None, "2027-05-04", None)], "12"),
        ([price("12", None, None, "2027-05-03")], None),
    ],
)
def test_the_partners_own_price_holds_before_the_general_one_and_dated_before_undated(
    prices: list[Price], expected: str | None
) -> None:
    chosen = choose_price(prices, partner_id=US, visit_date=MAY_4)
    assert (chosen and str(chosen.amount_incl_vat)) == expected


def test_a_sale_without_a_visit_date_takes_an_undated_price() -> None:
    prices = [price("12", US, "2027-05-01", "2027-05-31"), price("10")]
    chosen = choose_price(prices, partner_id=US, visit_date=None)
    assert chosen is prices[1]


def test_vat_follows_the_components_shares() -> None:
    parts = [component("24.50", "9"), component("20", "9"), component("5", "21")]
    assert split_price(Decimal("49.50"), parts, currency="EUR") == UnitPrice(
        "EUR",
        (
            VatPart(Decimal(9), Decimal("44.50"), Decimal("40.83")),
            VatPart(Decimal(21), Decimal("5.00"), Decimal("4.13")),
        ),
    )


def test_a_price_in_yen_has_no_decimals() -> None:
    unit = split_price(Decimal("1000.4"), [component("1", "10")], currency="JPY")
    assert (unit.incl_vat, unit.excl_vat) == (Decimal(1000), Decimal(909))


@given(
    cents=st.integers(0, 10**7),
    shares=st.lists(st.integers(0, 1000), min_size=1, max_size=8),
    rates=st.lists(st.sampled_from(["0", "6", "9", "21"]), min_size=8, max_size=8),
)
def test_the_parts_add_up_to_the_price_and_never_exceed_it(
    cents: int, shares: list[int], rates: list[str]
) -> None:
    parts = [component(str(share), rate) for share, rate in zip(shares, rates, strict=False)]
    unit = split_price(Decimal(cents) / 100, parts, currency="EUR")
    assert unit.incl_vat == Decimal(cents) / 100
    assert Decimal(0) <= unit.excl_vat <= unit.incl_vat
