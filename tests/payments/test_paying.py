"""The way of a guest's money: our page, the sandbox, its notification, the order."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.test import Client

from orders import checkouts, paying
from orders.models import Checkout, Order, Payment, SandboxStatus
from orders.payment.providers import sandbox
from partners.models import Storefront
from tests.orders.expected import NOON, Clock
from tests.payments.buying import SHOP, start


def test_a_storefront_offers_the_methods_that_are_configured(storefront: Storefront) -> None:
    assert paying.list_methods(storefront) == [
        paying.PaymentMethod(code="ideal", name="iDEAL", cost=Decimal(0)),
        paying.PaymentMethod(code="bancontact", name="Bancontact", cost=Decimal(0)),
        paying.PaymentMethod(code="creditcard", name="Credit card", cost=Decimal("1.50")),
    ]


def test_a_checkout_has_one_payment_page(checkout: Checkout, settings: object) -> None:
    first = paying.start(checkout=checkout, return_url=SHOP, now=NOON)
    assert first == paying.start(checkout=checkout, return_url=SHOP, now=NOON)
    payment = Payment.objects.get()
    assert first == f"http://127.0.0.1:8000/pay/{payment.token}"
    assert (payment.total, payment.currency, payment.variant) == (Decimal(24), "EUR", "sandbox")


def test_a_payment_leads_to_the_sandbox_and_back_to_the_shop(
    checkout: Checkout, client: Client, state: Callable[[Checkout], str]
) -> None:
    payment = start(checkout, NOON)
    assert client.get(f"/pay/{payment.token}").status_code == 200
    begun = client.post(f"/pay/{payment.token}")
    payment.refresh_from_db()
    assert begun.headers["Location"] == payment.url
    page = f"/pay/sandbox/{payment.transaction_id}"
    assert client.get(page).status_code == 200
    back = client.post(page, {"choice": "pay"})
    assert back.headers["Location"] == f"http://127.0.0.1:8000/pay/{payment.token}/return"
    assert state(checkout) == "AwaitingPayment"  # nobody has told us yet
    shop = client.get(f"/pay/{payment.token}/return")
    assert (shop.status_code, shop.headers["Location"]) == (303, SHOP)
    assert state(checkout) == "Ordered"
    order = Order.objects.get()
    assert order.payment_reference == payment.transaction_id
    assert paying.payment_status(Checkout.objects.get()) == "paid"


def test_a_recheck_asks_the_provider_at_most_once_in_ten_seconds(
    checkout: Checkout, under_way: Payment, state: Callable[[Checkout], str]
) -> None:
    def recheck(seconds: int) -> str:
        paying.recheck(checkout_id=checkout.pk, now=NOON + paying.datetime.timedelta(0, seconds))
        return state(checkout)

    assert recheck(0) == "AwaitingPayment"
    sandbox.choose(
        reference=under_way.transaction_id,
        status=SandboxStatus.PAID,
        paid=Decimal(24),
        tells=False,
    )
    assert [recheck(1), recheck(9), recheck(10)] == ["AwaitingPayment"] * 2 + ["Ordered"]


def test_what_may_still_be_paid_is_not_called_cancelled(under_way: Payment, clock: Clock) -> None:
    """Paid and cancelled are final (contract of VoordeMensen, section 4)."""
    checkout = under_way.checkout
    clock.now = checkout.expires_at
    checkouts.expire_checkouts(now=clock.now)
    assert paying.payment_status(Checkout.objects.get()) == "pending"
    clock.forward(days=3)
    assert paying.payment_status(Checkout.objects.get()) == "cancelled"


def test_what_nobody_began_to_pay_is_cancelled_once_its_time_is_over(
    payment: Payment, clock: Clock
) -> None:
    clock.now = payment.checkout.expires_at
    checkouts.expire_checkouts(now=clock.now)
    assert paying.payment_status(Checkout.objects.get()) == "cancelled"


@pytest.mark.parametrize(("came", "told"), [(Decimal(24), "pending"), (Decimal(6), "partial")])
def test_late_money_is_pending_or_partial_until_staff_settle_it(
    under_way: Payment, clock: Clock, came: Decimal, told: str
) -> None:
    checkout = under_way.checkout
    clock.now = checkout.expires_at
    checkouts.expire_checkouts(now=clock.now)
    if came < checkout.amount_due:
        checkouts.pay_in_part(checkout_id=checkout.pk, paid=came, now=clock.now)
    else:
        checkouts.complete(
            checkout_id=checkout.pk, payment_reference="PSP-1", paid=came, now=clock.now
        )
    assert paying.payment_status(Checkout.objects.get()) == told
    checkouts.settle(checkout_id=checkout.pk, reason="Sent back.", now=clock.now, actor="staff:1")
    assert paying.payment_status(Checkout.objects.get()) == "cancelled"
