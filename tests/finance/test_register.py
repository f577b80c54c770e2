"""The order register: every order by our number, and every number that none has."""

from __future__ import annotations

import datetime
import zoneinfo
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from orders.finance.reports import register
from orders.finance.reports.filters import ReportFilters
from orders.finance.reports.source import Source
from orders.models import Order
from orders.wallet_cancellation import cancel_wallets
from partners.models import Contract, Partner, Venue
from tests.conftest import ApiClient
from tests.finance.conftest import Reading, booked_on
from tests.gate.conftest import Gate, asset_of
from tests.orders.expected import NOON, Clock, line, settle

AMSTERDAM = zoneinfo.ZoneInfo("Europe/Amsterdam")
TODAY = datetime.date(2026, 11, 20)
Issued = Callable[..., Order]


def draw(venue: Venue, count: int = 1) -> None:
    """Draw numbers for requests that are then refused."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(%s) FROM generate_series(1, %s)", [venue.number_sequence, count]
        )


def gap(reference: str, explanation: str) -> dict[str, Any]:
    """Return the row of a gap."""
    return {"reference": reference, "why": explanation}


def in_short(rows: list[dict[str, Any]]) -> list[Any]:
    """Return the orders' numbers, and the gaps with their reasons."""
    return [
        row["buyFromOrderReference"]
        if row["kind"] == "Order"
        else gap(row["buyFromOrderReference"], row["explanation"])
        for row in rows
    ]


def test_an_order_stands_in_the_register_with_all_that_finance_asks_for(
    issued: Issued,
    partner: Partner,
    terms: Callable[..., Contract],
    gate: Gate,
    clock: Clock,
    read: Reading,
) -> None:
    terms(partner)
    order = issued(
        line(quantity=2),
        line("GROUP", quantity=3),
        sellToOrderReference="=WEB",
        paymentReference="PAY-9",
    )
    gate.scan(asset_of(order, "DAY-ENTRY").reference_number)

    assert read("register") == [
        {
            "venue": "dunes",
            "kind": "Order",
            "buyFromOrderReference": "CM26-0000001",
            "sellToOrderReference": "=WEB",
            "partner": "Sunny Trips",
            "status": "Issued",
            "receivedAt": NOON,
            "issuedAt": NOON,
            "visitDate": datetime.date(2026, 11, 23),
            "countsFrom": TODAY,
            "countsUntil": TODAY,
            "packages": "DAY, GROUP",
            "ordered": 5,
            "left": 5,
            "currencyCode": "EUR",
            "gross": Decimal("150.000"),
            "vat": Decimal("12.390"),
            "commission": Decimal("30.000"),
            "net": Decimal("120.000"),
            "paymentReference": "PAY-9",
            "admitted": "partly",
            "explanation": None,
        }
    ]
    assert read("register")[0]["receivedAt"].tzinfo == AMSTERDAM


def test_what_is_taken_back_is_taken_off(
    issued: Issued, api: ApiClient, partner: Partner, terms: Callable[..., Contract], read: Reading
) -> None:
    terms(partner)
    partly, whole = issued(line(quantity=2)), issued()
    api.delete(str(whole.pk))
    wallet = partly.wallets.order_by("seq_no")[0]
    cancel_wallets(
        orders=Order.objects.all(),
        order_id=partly.pk,
        wallet_ids=[wallet.pk],
        actor="staff:1",
        now=NOON,
        reason="One is ill",
    )

    rows = read("register")

    assert [(row["ordered"], row["left"], row["gross"], row["net"]) for row in rows] == [
        (2, 1, Decimal("34.500"), Decimal("27.600")),
        (1, 0, Decimal("0.000"), Decimal("0.000")),
    ]
    assert [row["admitted"] for row in rows] == ["no", "no"]


def test_an_order_that_was_never_issued_has_no_amounts(
    api: ApiClient, issue: Callable[[str], Order], clock: Clock, read: Reading
) -> None:
    settle(api, issue, paymentReference=None)

    (row,) = read("register")

    empty = ("issuedAt", "countsFrom", "countsUntil", "gross", "vat", "commission", "net")
    assert {row[name] for name in (*empty, "admitted", "paymentReference")} == {None}
    assert (row["status"], row["ordered"], row["left"]) == ("Draft", 1, 1)


def test_every_number_that_no_order_has_is_explained(
    issued: Issued,
    api: ApiClient,
    issue: Callable[[str], Order],
    venue: Venue,
    clock: Clock,
    read: Reading,
) -> None:
    draw(venue, 2)
    issued()
    drafts = [
        settle(api, issue, sellToOrderReference=f"D-{n}", paymentReference=None) for n in "abc"
    ]
    draw(venue)
    issued()
    draw(venue, 3)
    for draft in drafts[:2]:
        api.delete(draft["orderId"])

    assert in_short(read("register")) == [
        gap("CM26-0000001 to CM26-0000002", "Drawn and never accepted."),
        "CM26-0000003",
        gap(
            "CM26-0000004 to CM26-0000005",
            "Deleted on 23 Nov 2026. Each was a draft, never issued.",
        ),
        "CM26-0000006",
        gap("CM26-0000007", "Drawn and never accepted."),
        "CM26-0000008",
        gap("CM26-0000009 to CM26-0000011", "Drawn and never accepted."),
    ]


def test_tombstones_of_other_days_are_rows_of_their_own(
    issued: Issued, api: ApiClient, issue: Callable[[str], Order], clock: Clock, read: Reading
) -> None:
    drafts = [
        settle(api, issue, sellToOrderReference=f"D-{n}", paymentReference=None) for n in "abcd"
    ]
    issued()
    for draft in (drafts[0], drafts[3]):
        api.delete(draft["orderId"])
    clock.forward(days=1)
    api.delete(drafts[1]["orderId"])

    assert in_short(read("register")) == [
        gap("CM26-0000001", "Deleted on 23 Nov 2026. It was a draft, never issued."),
        gap("CM26-0000002", "Deleted on 24 Nov 2026. It was a draft, never issued."),
        "CM26-0000003",
        gap("CM26-0000004", "Deleted on 23 Nov 2026. It was a draft, never issued."),
        "CM26-0000005",
    ]


def test_numbers_are_in_order_beyond_seven_digits_and_over_the_year(
    issued: Issued, venue: Venue, read: Reading
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT setval(%s, 9999998)", [venue.number_sequence])
    orders = [issued(), issued()]
    Order.objects.filter(pk=orders[0].pk).update(buy_from_order_reference="CM25-9999998")
    Order.objects.filter(pk=orders[1].pk).update(buy_from_order_reference="CM26-10000000")

    assert in_short(read("register")) == [
        gap("CM25-0000001 to CM25-9999997", "Drawn and never accepted."),
        "CM25-9999998",
        gap(
            "CM26-9999999",
            "Drawn and never accepted, between CM25-9999998 and CM26-10000000.",
        ),
        "CM26-10000000",
    ]


def test_a_test_order_stands_in_no_report(
    tester: ApiClient, issue: Callable[[str], Order], clock: Clock, read: Reading
) -> None:
    settle(tester, issue)

    assert [read(name) for name in ("register", "summary", "open-items")] == [[], [], []]


def test_days_keep_the_orders_booked_on_them_and_the_gaps_before_these(
    issued: Issued, venue: Venue, clock: Clock, read: Reading
) -> None:
    booked_on(issued(), "2026-10-31")
    draw(venue)
    booked_on(issued(), "2026-11-01")
    booked_on(issued(), "2026-12-01")
    draw(venue)

    asked = {"firstDay": "2026-11-01", "lastDay": "2026-11-30"}
    assert in_short(read("register", **asked)) == [
        gap("CM26-0000002", "Drawn and never accepted."),
        "CM26-0000003",
        gap("CM26-0000005", "Drawn and never accepted."),
    ]
    assert in_short(read("register", firstDay="2026-12-01")) == ["CM26-0000004"]
    assert in_short(read("register", lastDay="2026-10-31")) == ["CM26-0000001"]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"dateBy": "visit", "lastDay": "2026-11-23"}, ["CM26-0000001", "CM26-0000004"]),
        ({"dateBy": "counting", "lastDay": "2026-11-20"}, ["CM26-0000001"]),
        ({"state": "Draft"}, ["CM26-0000003"]),
        ({"partner": "rival"}, ["CM26-0000004"]),
        ({"package": "group"}, ["CM26-0000004"]),
    ],
)
def test_a_narrowed_register_has_no_gaps(
    issued: Issued,
    api: ApiClient,
    rival: ApiClient,
    venue: Venue,
    issue: Callable[[str], Order],
    read: Reading,
    request: pytest.FixtureRequest,
    asked: dict[str, str],
    expected: list[str],
) -> None:
    issued()
    draw(venue)
    settle(
        api, issue, line(visit_date="2026-11-24"), sellToOrderReference="D", paymentReference=None
    )
    settle(rival, issue, line("GROUP"), sellToOrderReference="R")
    keys = {
        "partner": str(rival.partner.pk),
        "package": str(request.getfixturevalue("group").pk),
    }
    asked = {name: keys.get(name, value) for name, value in asked.items()}

    assert in_short(read("register", **asked)) == expected


def test_a_page_of_the_register_takes_few_statements(
    issued: Issued, venue: Venue, statements: Callable[[], Any], read: Reading
) -> None:

    counts = []
    for _ in range(2):
        for _ in range(3):
            issued()
            draw(venue)
        with statements() as count:
            register.page(Source(), ReportFilters(), NOON, after=None, size=100)
        counts.append(len(count))
    # Venues, numbers, holes, tombstones, details; then holes and tombstones at the end.
    assert counts == [7, 7]
