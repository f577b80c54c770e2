"""Reports for partners: their own live orders, page by page, with the scope `reports`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from orders.models import Order
from partners.keys import create_key
from partners.models import Contract, Partner, Scope
from tests.conftest import ApiClient
from tests.finance.test_register import draw
from tests.orders.expected import Clock, line, settle

Issued = Callable[..., Order]
REPORTS = "/channelManager/reports"
NAMES = ["register", "summary", "open-items", "issued-not-admitted"]


def page(*rows: Any) -> dict[str, Any]:
    return {"data": list(rows), "morePages": False, "nextPageKey": None, "nextPageURL": None}


@pytest.fixture
def order(issued: Issued, partner: Partner, terms: Callable[..., Contract], clock: Clock) -> Order:
    """Two day tickets at 20 percent; it is the day after the visit."""
    terms(partner)
    draw(partner.venue)
    order = issued(line(quantity=2), sellToName="Renée")
    clock.forward(days=1)
    return order


MONEY = {"gross": "69.00", "vat": "5.70", "commission": "13.80", "net": "55.20"}
NUMBERS = {"buyFromOrderReference": "CM26-0000002", "sellToOrderReference": "GATE-1"}
WHOLE: dict[str, Any] = {
    "register": {
        **NUMBERS,
        "status": "Issued",
        "receivedAt": "2026-11-20T11:00:00.000Z",
        "issuedAt": "2026-11-20T11:00:00.000Z",
        "visitDate": "2026-11-23",
        "countsFrom": "2026-11-20",
        "countsUntil": "2026-11-20",
        "packages": "DAY",
        "ordered": 2,
        "left": 2,
        "currencyCode": "EUR",
        **MONEY,
        "paymentReference": "PAY-1",
        "admitted": "no",
    },
    "summary": {
        "month": "2026-11-01",
        "terms": "20 % of gross (version 1)",
        "currencyCode": "EUR",
        "orders": 1,
        "units": 2,
        "sales": "69.00",
        "reversals": "0.00",
        "adjustments": "0.00",
        **MONEY,
    },
    "open-items": {
        **NUMBERS,
        "status": "Issued",
        "countsFrom": "2026-11-20",
        "days": 4,
        "age": "0-30 days",
        "currencyCode": "EUR",
        "gross": "69.00",
        "commission": "13.80",
        "net": "55.20",
        "period": None,
        "why": "No period covers this day yet.",
    },
    "issued-not-admitted": {
        **NUMBERS,
        "visitDate": "2026-11-23",
        "admitted": "no",
        "admissions": 2,
        "taken": 0,
        "currencyCode": "EUR",
        **MONEY,
        "waitsForAdmission": False,
    },
}


@pytest.mark.parametrize("name", NAMES)
def test_a_partner_reads_its_own_orders_without_gaps_and_names(
    order: Order, api: ApiClient, rival: ApiClient, name: str
) -> None:
    response = api.get(f"{REPORTS}/{name}")

    assert response.json() == page(WHOLE[name])
    assert response["Cache-Control"] == "no-store"
    assert rival.get(f"{REPORTS}/{name}").json() == page()


@pytest.mark.parametrize("name", NAMES)
def test_a_test_key_sees_an_empty_list(
    order: Order, tester: ApiClient, issue: Callable[[str], Order], name: str
) -> None:
    settle(tester, issue, line(visit_date="2026-11-25"))

    assert tester.get(f"{REPORTS}/{name}").json() == page()


@pytest.mark.parametrize("name", NAMES)
def test_a_key_without_the_scope_is_refused(order: Order, partner: Partner, name: str) -> None:
    key = create_key(partner=partner, scopes=[Scope.ORDERS_READ])[1]

    response = ApiClient(key, partner).get(f"{REPORTS}/{name}")

    assert (response.status_code, response.json()["code"]) == (403, "missing_scope")


def test_pages_follow_one_another(issued: Issued, api: ApiClient, clock: Clock) -> None:
    orders = [issued() for _ in range(5)]
    seen: list[str] = []
    url = f"{REPORTS}/register?pageSize=2&state=Issued"
    for _ in range(3):
        answer = api.get(url).json()
        seen.extend(row["buyFromOrderReference"] for row in answer["data"])
        url = answer["nextPageURL"] or ""
        assert answer["morePages"] is bool(url)

    assert url == ""
    assert seen == [order.buy_from_order_reference for order in orders]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("firstDay=2026-11-20&lastDay=2026-11-20", 1),
        ("lastDay=2026-11-19", 0),
        ("dateBy=visit&firstDay=2026-11-23", 1),
        ("dateBy=counting&firstDay=2026-11-21", 0),
        ("package=DAY", 1),
        ("package=GROUP", 0),
        ("state=Cancelled", 0),
    ],
)
def test_the_register_is_narrowed(order: Order, api: ApiClient, query: str, count: int) -> None:
    assert len(api.get(f"{REPORTS}/register?{query}").json()["data"]) == count


@pytest.mark.parametrize(
    ("name", "query", "faults"),
    [
        ("register", "firstDay=yesterday", [("?firstDay", "invalid")]),
        ("register", "firstDay=", [("?firstDay", "blank")]),
        ("register", "package=NONE", [("?package", "unknown_package")]),
        ("register", "package=%00", [("?package", "unknown_package")]),
        ("register", "pageKey=x", [("?pageKey", "invalid_page_key")]),
        ("register", "pageSize=0", [("?pageSize", "invalid_page_size")]),
        ("register", "partner=1", [("?partner", "unknown_member")]),
        ("summary", "dateBy=visit", [("?dateBy", "unknown_member")]),
        ("issued-not-admitted", "state=Issued", [("?state", "unknown_member")]),
    ],
)
def test_what_is_no_query_is_refused_with_every_fault(
    api: ApiClient, name: str, query: str, faults: list[tuple[str, str]]
) -> None:
    response = api.get(f"{REPORTS}/{name}?{query}")

    assert response.status_code == 400
    assert [(fault["pointer"], fault["code"]) for fault in response.json()["errors"]] == faults


def test_a_page_key_is_good_for_its_own_filters_only(
    issued: Issued, api: ApiClient, clock: Clock
) -> None:
    for _ in range(2):
        issued()
    key = api.get(f"{REPORTS}/register?pageSize=1").json()["nextPageKey"]

    response = api.get(f"{REPORTS}/register?pageSize=1&state=Issued&pageKey={key}")

    assert [fault["code"] for fault in response.json()["errors"]] == ["invalid_page_key"]


@pytest.mark.parametrize("name", NAMES)
def test_a_page_takes_few_statements_none_of_them_per_row(
    issued: Issued, api: ApiClient, clock: Clock, statements: Callable[[], Any], name: str
) -> None:
    counts = []
    for _ in range(2):
        for _ in range(3):
            issued()
        clock.forward(days=1)
        api.get(f"{REPORTS}/{name}")
        with statements() as count:
            assert api.get(f"{REPORTS}/{name}?package=DAY").status_code == 200
        counts.append(len(count))

    assert counts[0] == counts[1]
    assert counts[0] <= 6
