"""What is kept of buyers: erased with the order, on request or by time; nothing bought is forgotten."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from catalog.models import Package, Session
from channel_manager.history.models import Event
from orders import checkout_erasure, checkouts, erasure, reserving
from orders.models import Checkout, CheckoutItem, Order, Payment, SandboxPayment
from partners.models import Storefront
from tests.orders.expected import NOON
from tests.payments.buying import KEPT
from tests.staff import messages_of, signed_in, text_of

LATER = NOON + datetime.timedelta(minutes=9)
MONTHS_LATER = LATER + datetime.timedelta(days=91)


def said_of_the_buyer(checkout: Checkout) -> list[Any]:
    row = Checkout.objects.get(pk=checkout.pk)
    return [
        value
        for value in (row.buyer_email, row.buyer_name, row.buyer_data, row.return_url)
        if value
    ]


def test_a_buyer_is_erased_with_the_order(
    under_way: Payment, checkout: Checkout, issue: Callable[[str], Order]
) -> None:
    done = checkouts.complete(
        checkout_id=checkout.pk, payment_reference="PAY-1", paid=Decimal(24), now=NOON
    )
    issue(str(done.order_id))
    assert len(said_of_the_buyer(checkout)) == 3
    erasure.erase_order(
        orders=Order.objects.all(),
        order_id=uuid.UUID(str(done.order_id)),
        actor="staff:1",
        now=LATER,
        reason="Asked for.",
    )
    assert said_of_the_buyer(checkout) == []
    assert Checkout.objects.get().status == "Ordered"


def test_a_buyer_without_an_order_is_erased_on_request(under_way: Payment) -> None:
    checkout = under_way.checkout

    def erase() -> erasure.Erased:
        return erasure.erase_guest(
            address="JO@example.org", actor="staff:1", now=LATER, reason="Asked for."
        )

    assert erase() == erasure.Erased(0, 0, 0)  # still under way
    checkouts.cancel(checkout_id=checkout.pk, now=NOON)
    assert erase() == erasure.Erased(0, 0, 1)
    assert said_of_the_buyer(checkout) == []
    assert Event.objects.get(name="erased").subject_id == checkout.pk
    assert erase() == erasure.Erased(0, 0, 0)


def test_staff_erase_a_buyer_whose_purchase_became_no_order(
    checkout: Checkout, order_desk: User
) -> None:
    checkouts.cancel(checkout_id=checkout.pk, now=NOON)
    desk, page = signed_in(order_desk), reverse("admin:orders_order_erase_guest")
    asked = text_of(desk.post(page, {"address": "jo@example.org"}))
    assert "Purchases that became no order: 1. Their buyer is erased." in asked
    answers = {"address": "jo@example.org", "reason": "Asked for."}
    done = desk.post(page, answers, follow=True)
    assert messages_of(done) == [
        "Personal data of 0 orders, and of 1 purchase that became none, are erased."
    ]
    assert said_of_the_buyer(checkout) == []


def test_a_buyer_whose_money_waits_is_not_erased_before_it_is_settled(under_way: Payment) -> None:
    checkout = under_way.checkout
    checkouts.pay_in_part(checkout_id=checkout.pk, paid=Decimal(10), now=NOON)
    checkouts.expire_checkouts(now=LATER)

    def erase() -> int:
        return checkout_erasure.erase_buyer(
            address="jo@example.org", actor="staff:1", now=LATER, reason="Asked for."
        )

    assert erase() == 0
    checkouts.settle(checkout_id=checkout.pk, reason="Sent back.", now=LATER, actor="staff:1")
    assert erase() == 1
    assert said_of_the_buyer(checkout) == []


@pytest.mark.parametrize(("days_after", "erased"), [(30, False), (40, True)])
def test_a_buyer_without_an_order_is_erased_by_time(
    checkout: Checkout, settings: Any, days_after: int, erased: bool
) -> None:
    settings.PERSONAL_DATA_DAYS = 30
    checkouts.expire_checkouts(now=LATER)
    erasure.erase_old(now=LATER + datetime.timedelta(days=days_after))
    assert (said_of_the_buyer(checkout) == []) is erased


def test_what_came_to_nothing_is_forgotten_months_later(under_way: Payment) -> None:
    checkouts.expire_checkouts(now=LATER)
    almost = MONTHS_LATER - datetime.timedelta(days=2)
    assert checkout_erasure.forget_unpaid(now=almost) == 0
    assert checkout_erasure.forget_unpaid(now=MONTHS_LATER) == 1
    left = (Checkout, CheckoutItem, Payment, SandboxPayment)
    assert [model.objects.count() for model in left] == [0, 0, 0, 0]
    assert Event.objects.filter(kind="checkout", name="expired").exists()


def test_what_money_came_for_is_never_forgotten(under_way: Payment) -> None:
    checkouts.pay_in_part(checkout_id=under_way.checkout_id, paid=Decimal(1), now=NOON)
    checkouts.expire_checkouts(now=LATER)
    assert checkout_erasure.forget_unpaid(now=MONTHS_LATER) == 0
    checkouts.settle(
        checkout_id=under_way.checkout_id, reason="Sent back.", now=LATER, actor="staff:1"
    )
    assert checkout_erasure.forget_unpaid(now=MONTHS_LATER) == 0


def test_units_that_no_checkout_was_made_of_are_forgotten(
    storefront: Storefront, show: Package, matinee: Session
) -> None:
    wanted = reserving.Wanted(
        item_number="SHOW",
        package=show,
        unit_price=Decimal(12),
        visit_date=matinee.date,
        visit_time=matinee.time,
    )
    reserving.reserve(storefront=storefront, wanted=[wanted], now=NOON, lasts=KEPT)
    checkout_erasure.forget_unpaid(now=LATER)
    assert CheckoutItem.objects.count() == 1
    checkout_erasure.forget_unpaid(now=MONTHS_LATER)
    assert CheckoutItem.objects.count() == 0
