"""The invariants of test mode find what breaks them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from orders.models import Order
from tests.conftest import ApiClient
from tests.invariants import violations
from tests.mode_invariants import MODE_RULES
from tests.modes.conftest import sql
from tests.orders.expected import settle
from tests.orders.held import HOLDS
from tests.orders.sessions import show

ALLOCATE = (
    "INSERT INTO orders_allocation (session_id, {0}_id, quantity)"
    " SELECT s.id, owner.id, 1 FROM catalog_session s, {1} owner"
)
BREAKS = {
    "a test order has places": ALLOCATE.format("line", "orders_orderline"),
    "a test hold has places": ALLOCATE.format("hold", "orders_hold"),
    "a test order was posted": """
        INSERT INTO orders_ledgerentry (venue_id, partner_id, order_id, line_id, kind,
            buy_from_order_reference, quantity, gross, vat, excl_vat, currency, vat_parts, reason,
            posted_at)
        SELECT o.venue_id, o.partner_id, o.id, l.id, 'sale', o.buy_from_order_reference, 1,
            10, 0, 10, 'EUR', '[]', '', now()
        FROM orders_order o JOIN orders_orderline l ON l.order_id = o.id
    """,
    "somebody was admitted with a test ticket": (
        "UPDATE wallets_asset SET admitted = 1, status = 'Used'"
    ),
    "a wallet has another mode than its order": "UPDATE wallets_wallet SET test_mode = false",
    "a document number is of the other mode": (
        "UPDATE orders_order SET buy_from_order_reference = 'CM26-0000001'"
    ),
    "the test ticket was sold": "UPDATE orders_order SET test_mode = false",
}


@pytest.fixture
def _tests(tester: ApiClient, issue: Callable[[str], Order], matinee: object) -> None:
    settle(tester, issue, show(), {"itemNumber": "TEST-OK"})
    assert tester.post({"items": [show()]}, HOLDS).status_code == 201
    sql("DELETE FROM procrastinate_jobs")


@pytest.mark.usefixtures("clock", "_tests")
@pytest.mark.parametrize("rule", MODE_RULES)
def test_a_broken_rule_about_test_orders_is_named(rule: str) -> None:
    assert not [found for found in violations(sql) if "long after its time" not in found]
    sql("SET CONSTRAINTS ALL IMMEDIATE")
    sql(BREAKS[rule])
    assert any(found.startswith(f"{rule}: ") for found in violations(sql))
