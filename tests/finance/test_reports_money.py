"""The reports on money: sales and commission, open items, issued and not admitted."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from orders.models import (
    Decision,
    LedgerEntry,
    Order,
    Period,
    Position,
)
from partners.models import Contract, Partner
from tests.conftest import ApiClient
from tests.finance.conftest import Reading
from tests.finance.test_left_over import stand
from tests.gate.conftest import Gate, asset_of
from tests.orders.expected import NOON, Clock, line, settle

Issued = Callable[..., Order]
TODAY = datetime.date(2026, 11, 20)


def adjust(partner: Partner, day: datetime.date, gross: str) -> LedgerEntry:
    """Post an adjustment that concerns no order."""
    return LedgerEntry.objects.create(
        venue_id=partner.venue_id,
        partner=partner,
        kind="adjustment",
        quantity=0,
        gross=Decimal(gross),
        excl_vat=Decimal(gross),
        vat=Decimal(0),
        currency="EUR",
        reason="Bonus",
        posted_at=NOON,
        accounting_date=day,
    )


def test_the_summary_tells_sales_reversals_and_adjustments_apart(
    issued: Issued, api: ApiClient, partner: Partner, terms: Callable[..., Contract], read: Reading
) -> None:
    terms(partner)
    issued(line(quantity=3))
    api.delete(str(issued().pk))
    adjust(partner, datetime.date(2026, 12, 1), "-10.00")

    november, december = read("summary")

    assert november == {
        "venue": "dunes",
        "partner": "Sunny Trips",
        "month": datetime.date(2026, 11, 1),
        "terms": "20 % of gross (version 1)",
        "currencyCode": "EUR",
        "orders": 2,
        "units": 3,
        "sales": Decimal("138.000"),
        "reversals": Decimal("-34.500"),
        "adjustments": Decimal(0),
        "gross": Decimal("103.500"),
        "vat": Decimal("8.550"),
        "commission": Decimal("20.700"),
        "net": Decimal("82.800"),
    }
    assert december == {
        **november,
        "month": datetime.date(2026, 12, 1),
        "terms": "no contract",
        "orders": 0,
        "units": 0,
        "sales": Decimal(0),
        "reversals": Decimal(0),
        "adjustments": Decimal("-10.000"),
        "gross": Decimal("-10.000"),
        "vat": Decimal("0.000"),
        "commission": Decimal("0.000"),
        "net": Decimal("-10.000"),
    }


def test_terms_that_followed_one_another_are_rows_of_their_own(
    issued: Issued, partner: Partner, terms: Callable[..., Contract], rival: ApiClient,
    issue: Callable[[str], Order], read: Reading, clock: Clock,
) -> None:  # fmt: skip
    terms(partner, valid_until=TODAY)
    terms(partner, valid_from=datetime.date(2026, 11, 21), terms="net_rate", percent=0)
    issued()
    settle(rival, issue, sellToOrderReference="R")
    settle(ApiClient(rival.key, rival.partner), issue, line("GROUP"), sellToOrderReference="R2")
    clock.forward(days=1)
    issued()

    told = [(row["partner"], row["terms"], row["orders"]) for row in read("summary")]

    assert told == [
        ("Rival Tours", "no contract", 2),
        ("Sunny Trips", "20 % of gross (version 1)", 2),
    ]
    assert [row["orders"] for row in read("summary", state="Draft")] == []
    assert [row["orders"] for row in read("summary", firstDay="2026-11-21")] == [2]


def period(partner: Partner, first: str, last: str, status: str = "Open") -> Period:
    """Make a period."""
    closed_at = NOON if status == "Closed" else None
    return Period.objects.create(
        partner=partner, first_day=first, last_day=last, status=status, closed_at=closed_at
    )


def test_open_items_say_how_old_they_are_and_why_they_are_open(
    issued: Issued, partner: Partner, terms: Callable[..., Contract], clock: Clock, read: Reading
) -> None:
    terms(partner)
    order = issued()
    clock.forward(days=29)

    (row,) = read("open-items")

    assert row == {
        "venue": "dunes",
        "partner": "Sunny Trips",
        "buyFromOrderReference": "CM26-0000001",
        "sellToOrderReference": "GATE-1",
        "status": "Issued",
        "countsFrom": TODAY,
        "days": 32,
        "age": "31-60 days",
        "currencyCode": "EUR",
        "gross": Decimal("34.500"),
        "commission": Decimal("6.900"),
        "net": Decimal("27.600"),
        "period": None,
        "state": None,
        "decision": None,
        "why": "No period covers this day yet.",
    }
    assert read("open-items", lastDay="2026-11-19") == []
    november = period(partner, "2026-11-01", "2026-11-30", "In review")
    Position.objects.create(
        period=november,
        order=order,
        quantity=1,
        gross=Decimal("34.5"),
        vat=Decimal(0),
        commission=Decimal("6.9"),
        net=Decimal("27.6"),
        currency="EUR",
        state="missing_at_partner",
        counts_in="missing_at_partner",
    )
    Decision.objects.create(
        period=november,
        order=order,
        state="missing_at_partner",
        difference=Decimal("-27.6"),
        currency="EUR",
        action="carry",
        reason="Comes in December",
        actor="staff:1",
        at=NOON,
    )
    (row,) = read("open-items")
    assert {name: row[name] for name in ("period", "state", "decision", "why")} == {
        "period": "November 2026",
        "state": "Missing at partner",
        "decision": "Carry to the next period: Comes in December",
        "why": "Carried, and November 2026 is not closed.",
    }


def test_what_a_closed_period_has_settled_is_not_open_but_what_was_disputed_is(
    issued: Issued, partner: Partner, api: ApiClient, read: Reading
) -> None:
    settled, disputed, decided = issued(), issued(), issued()
    november = period(partner, "2026-11-01", "2026-11-30", "In review")
    for order, actions in ((disputed, ["dispute"]), (decided, ["dispute", "accept"])):
        stand(november, order)
        for action in actions:
            Decision.objects.create(
                period=november,
                order=order,
                state="amount_differs",
                difference=Decimal("-4.5"),
                currency="EUR",
                action=action,
                reason="They left one out",
                actor="staff:1",
                at=NOON,
            )
    Period.objects.filter(pk=november.pk).update(status="Closed", closed_at=NOON)

    (row,) = read("open-items", lastDay="2026-12-31")

    assert row == {
        "venue": "dunes",
        "partner": "Sunny Trips",
        "buyFromOrderReference": disputed.buy_from_order_reference,
        "sellToOrderReference": disputed.sell_to_order_reference,
        "status": "Issued",
        "countsFrom": datetime.date(2026, 11, 30),
        "days": 31,
        "age": "31-60 days",
        "currencyCode": "EUR",
        "gross": None,
        "commission": None,
        "net": Decimal("-4.500"),
        "period": "November 2026",
        "state": "Amount differs",
        "decision": "Dispute: They left one out",
        "why": "Disputed when November 2026 was closed.",
    }
    # What is cancelled later counts in the next open day: that is open again.
    api.delete(str(settled.pk))
    later = read("open-items", lastDay="2026-12-31")
    assert [(row["net"], row["why"]) for row in later][:1] == [
        (Decimal("-34.500"), "No period covers this day yet.")
    ]


def test_a_sale_that_was_taken_back_is_not_open(
    issued: Issued, api: ApiClient, partner: Partner, read: Reading
) -> None:
    api.delete(str(issued().pk))
    adjust(partner, TODAY, "5.00")

    rows = read("open-items")

    assert [(row["buyFromOrderReference"], row["net"]) for row in rows] == [
        (None, Decimal("5.000"))
    ]


def test_orders_that_nobody_came_for_are_told_once_the_day_is_over(
    issued: Issued,
    partner: Partner,
    terms: Callable[..., Contract],
    gate: Gate,
    clock: Clock,
    read: Reading,
) -> None:
    terms(partner, date_basis="admitted")
    absent, partly, present = issued(line(quantity=2)), issued(line(quantity=2)), issued()
    gate.scan(asset_of(partly).reference_number)
    gate.scan(asset_of(present).reference_number)
    assert read("issued-not-admitted") == []
    clock.forward(days=1)

    first, second = read("issued-not-admitted")

    assert first == {
        "venue": "dunes",
        "partner": "Sunny Trips",
        "buyFromOrderReference": absent.buy_from_order_reference,
        "sellToOrderReference": "GATE-1",
        "visitDate": datetime.date(2026, 11, 23),
        "admitted": "no",
        "admissions": 2,
        "taken": 0,
        "currencyCode": "EUR",
        "gross": Decimal("69.000"),
        "vat": Decimal("5.700"),
        "commission": Decimal("13.800"),
        "net": Decimal("55.200"),
        "waitsForAdmission": True,
    }
    assert (second["admitted"], second["taken"]) == ("partly", 1)
    assert read("issued-not-admitted", firstDay="2026-11-24") == []
    assert len(read("issued-not-admitted", lastDay="2026-11-23", partner=str(partner.pk))) == 2


@pytest.mark.parametrize("name", ["register", "summary", "open-items", "issued-not-admitted"])
def test_no_report_names_a_guest(issued: Issued, clock: Clock, read: Reading, name: str) -> None:
    issued(sellToName="Renée de Vries", sellToEmail="renee@example.com")
    clock.forward(days=2)

    rows: list[dict[str, Any]] = read(name)

    assert rows
    assert "Ren" not in repr(rows)
    assert "example.com" not in repr(rows)
