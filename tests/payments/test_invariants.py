"""The check of checkouts that every torture ends with finds what it is there for."""

from __future__ import annotations

from decimal import Decimal

import pytest

from catalog.models import Package, Session
from orders import checkouts, issuance
from orders.models import Checkout, CheckoutStatus
from partners.models import Storefront
from tests.checkout_invariants import CHECKOUT_RULES
from tests.concurrency.test_invariants import sql
from tests.invariants import violations
from tests.orders.expected import NOON, Clock
from tests.payments.buying import ask_payment, reserve

# Each breaks a checkout that was paid and became an order, beside one that expired.
BREAKS: dict[str, str] = {
    "a checkout whose time is over is still under way": (
        "UPDATE orders_checkout SET status = 'Open', expires_at = now() - interval '1 hour'"
        " WHERE status = 'Expired'"
    ),
    "a checkout was paid, and neither became an order nor waits for staff": (
        "UPDATE orders_checkout SET paid_amount = 1 WHERE status = 'Expired'"
    ),
    "a checkout became an order that says another total": (
        "UPDATE orders_checkout SET amount = amount + 1"
    ),
    "a checkout became an order of another partner, mode or reference": (
        "UPDATE orders_checkout SET code = code || 'x'"
    ),
    "a checkout became an order without its units": "UPDATE orders_checkoutitem SET line_no = 7",
    "a checkout has ended, and still holds places": "UPDATE orders_hold SET status = 'Held', ended_at = NULL",
    "a unit is held by somebody else's hold": (
        "UPDATE orders_hold SET partner_id = gen_random_uuid()"
    ),
}


@pytest.fixture
def bought(storefront: Storefront, show: Package, matinee: Session, clock: Clock) -> None:
    """One that was paid and issued, and one that was not; triggers and foreign keys are off."""
    left = ask_payment(reserve(storefront, show, matinee, NOON), NOON)
    paid = ask_payment(reserve(storefront, show, matinee, NOON), NOON)
    done = checkouts.complete(
        checkout_id=paid.pk, payment_reference="PSP-1", paid=Decimal(24), now=NOON
    )
    assert done.status == CheckoutStatus.ORDERED
    issuance.issue_order(order_id=done.order_id, clock=lambda: NOON, failures=0)
    checkouts.expire_checkouts(now=left.expires_at)
    assert Checkout.objects.get(pk=left.pk).status == CheckoutStatus.EXPIRED
    sql("SET CONSTRAINTS ALL IMMEDIATE")
    sql("SET LOCAL session_replication_role = 'replica'")
    sql("UPDATE orders_hold SET status = 'Expired', ended_at = now() WHERE status = 'Held'")
    sql("DELETE FROM orders_allocation WHERE hold_id IS NOT NULL")
    sql("UPDATE catalog_session SET held = 0")
    sql("DELETE FROM procrastinate_jobs")


@pytest.mark.usefixtures("bought")
def test_checkouts_that_are_whole_violate_nothing() -> None:
    assert violations(sql) == []


@pytest.mark.usefixtures("bought")
@pytest.mark.parametrize("rule", CHECKOUT_RULES)
def test_a_broken_rule_is_named(rule: str) -> None:
    for statement in BREAKS[rule].split(";"):
        sql(statement)
    assert any(found.startswith(f"{rule}: ") for found in violations(sql))
