"""createOrder: the venue's prices, fixed on the line at submit (contract section 3)."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.models import Item, Package, Price
from orders.models import Order, OrderLine
from partners.keys import create_key
from partners.models import Venue
from tests.conftest import ApiClient
from tests.factories import PartnerFactory, PriceFactory, VenueFactory, sellable_package
from tests.orders.expected import VISIT, line, settle

pytestmark = pytest.mark.usefixtures("clock")

VISIT_DAY = datetime.date.fromisoformat(VISIT)


def totals(answer: dict[str, Any]) -> tuple[str | None, str | None]:
    return answer["totalInclVat"], answer["totalExclVat"]


def unit_prices(answer: dict[str, Any]) -> set[tuple[str, str, str]]:
    return {
        (row["unitPriceInclVat"], row["unitPriceExclVat"], row["currencyCode"])
        for found in answer["items"]
        for row in found["wallets"]
    }


def price(package: Package, amount: str, **options: Any) -> Price:
    return PriceFactory.create(package=package, amount_incl_vat=Decimal(amount), **options)


def ordered(api: ApiClient, *items: Any) -> str:
    reference = f"WEB-{Order.objects.count()}"
    incl, _ = totals(api.create(*(items or (line(),)), sellToOrderReference=reference))
    assert incl is not None
    return incl


def test_the_partners_price_counts_before_the_general_one_and_a_dated_before_an_undated(
    api: ApiClient, rival: ApiClient, day: Package
) -> None:
    price(day, "1.00", partner=rival.partner)
    assert ordered(api) == "34.50"
    price(day, "33.00", visit_from=VISIT_DAY, visit_until=VISIT_DAY)
    assert ordered(api) == "33.00"
    price(day, "32.00", partner=api.partner)
    assert ordered(api) == "32.00"
    price(day, "31.00", partner=api.partner, visit_from=VISIT_DAY)
    assert ordered(api) == "31.00"
    assert ordered(rival) == "1.00"


@pytest.mark.parametrize(
    ("visit_from", "visit_until", "counts"),
    [
        ("2026-11-23", "2026-11-23", True),
        ("2026-11-01", "2026-11-30", True),
        (None, "2026-11-23", True),
        ("2026-11-23", None, True),
        ("2026-11-24", None, False),
        (None, "2026-11-22", False),
    ],
)
def test_a_dated_price_counts_on_its_visit_dates_both_ends_included(
    api: ApiClient, day: Package, visit_from: str | None, visit_until: str | None, counts: bool
) -> None:
    dates = {"visit_from": visit_from, "visit_until": visit_until}
    price(
        day,
        "10.00",
        **{n: v and datetime.date.fromisoformat(v) for n, v in dates.items()},
    )
    assert ordered(api) == ("10.00" if counts else "34.50")


def test_an_open_dated_sale_takes_an_undated_price(api: ApiClient, venue: Venue) -> None:
    package = sellable_package(venue, "OPEN", "20.00", dating="open")
    price(package, "1.00", visit_from=datetime.date(2026, 1, 1))
    assert ordered(api, line("OPEN", visit_date=None)) == "20.00"


def test_every_line_has_its_own_price_and_the_totals_add_up(api: ApiClient) -> None:
    created = api.create(line(quantity=2), line("GROUP", quantity=10), line("BUNDLE"))
    assert unit_prices(created) == {
        ("34.50", "31.65", "EUR"),
        ("27.00", "24.77", "EUR"),
        # 44.50 at 9 % and a coupon of 5.00 at 21 %: 40.83 and 4.13.
        ("49.50", "44.96", "EUR"),
    }
    assert totals(created) == ("388.50", "355.96")


def test_vat_follows_the_shares_of_the_components(api: ApiClient, bundle: Package) -> None:
    Price.objects.filter(package=bundle).update(amount_incl_vat=Decimal("100.00"))
    api.create(line("BUNDLE"))
    # 24.5 + 20 of 49.5 shares bear 9 %: 89.90, and 10.10 bear 21 %.
    assert OrderLine.objects.get().vat_parts == [
        {"rate": "9.00", "inclVat": "89.90", "exclVat": "82.48"},
        {"rate": "21.00", "inclVat": "10.10", "exclVat": "8.35"},
    ]


def test_prices_are_fixed_on_the_line_at_submit(
    api: ApiClient, day: Package, issue: Callable[[str], Order]
) -> None:
    created = api.create(line(quantity=2))
    Price.objects.filter(package=day).update(amount_incl_vat=Decimal("99.00"))
    Item.objects.filter(number="DAY-ENTRY").update(vat_rate=Decimal("21.00"))
    issue(created["orderId"])
    issued = api.get(f"/channelManager/{created['orderId']}").json()
    assert totals(issued) == totals(created) == ("69.00", "63.30")
    assert unit_prices(issued) == {("34.50", "31.65", "EUR")}


def test_a_free_package_costs_nothing(api: ApiClient, day: Package) -> None:
    Price.objects.filter(package=day).update(amount_incl_vat=Decimal(0))
    assert totals(api.create(line(quantity=3))) == ("0.00", "0.00")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("currency", "amount", "incl", "excl"),
    [
        ("JPY", "3450", "3450", "3165"),
        ("JPY", "3450.500", "3451", "3166"),
        ("EUR", "34.505", "34.51", "31.66"),
        ("KWD", "3.455", "3.455", "3.170"),
        ("USD", "9999999.99", "9999999.99", "9174311.92"),
    ],
)
def test_amounts_are_decimal_strings_with_the_decimals_of_the_currency(
    currency: str, amount: str, incl: str, excl: str
) -> None:
    venue = VenueFactory.create(currency=currency, timezone="Asia/Tokyo")
    sellable_package(venue, "DAY", amount)
    partner = PartnerFactory.create(venue=venue)
    created = ApiClient(create_key(partner=partner)[1], partner).create(line())
    assert created["currencyCode"] == currency
    assert totals(created) == (incl, excl)
    assert unit_prices(created) == {(incl, excl, currency)}


@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    amount=st.decimals("0", "9999", places=2),
    quantities=st.lists(st.integers(1, 300), min_size=1, max_size=3),
    vat=st.decimals("0", "30", places=2),
)
def test_whatever_the_price_the_totals_are_the_sum_of_the_units(
    api: ApiClient, amount: Decimal, quantities: list[int], vat: Decimal
) -> None:
    Item.objects.filter(number="DAY-ENTRY").update(vat_rate=vat)
    Price.objects.filter(package__code="DAY").update(amount_incl_vat=amount)
    created = api.create(
        *(line(quantity=n) for n in quantities), sellToOrderReference=f"W{Order.objects.count()}"
    )
    ((incl, excl, _),) = unit_prices(created)
    count = sum(quantities)
    assert Decimal(incl) == amount
    assert abs(Decimal(excl) * (1 + vat / 100) - amount) <= Decimal("0.0065")
    assert totals(created) == (str(Decimal(incl) * count), str(Decimal(excl) * count))


def test_issuing_posts_the_sale_per_line_with_its_vat(
    api: ApiClient, issue: Callable[[str], Order]
) -> None:
    found = settle(api, issue, line(quantity=2), line("BUNDLE", quantity=3))
    entries = Order.objects.get().ledger_entries.order_by("line__line_no")
    number = found["buyFromOrderReference"]
    assert [
        (e.kind, e.quantity, str(e.gross), str(e.vat), str(e.excl_vat), e.buy_from_order_reference)
        for e in entries
    ] == [
        ("sale", 2, "69.000", "5.700", "63.300", number),
        ("sale", 3, "148.500", "13.620", "134.880", number),
    ]
    assert {e.currency for e in entries} == {"EUR"}
    assert sum(e.gross for e in entries) == Decimal(found["totalInclVat"])
    assert sum(e.excl_vat for e in entries) == Decimal(found["totalExclVat"])
