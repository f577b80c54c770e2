"""Checkouts in the making: what a dialect does until its guest stands before our payment page."""

from __future__ import annotations

import datetime
import uuid
from decimal import Decimal
from typing import Any

from catalog.models import Package, Session
from orders import checkouts, paying, reserving
from orders.models import Checkout, Payment
from partners.models import Storefront

SHOP = "https://shop.example/thanks?lang=nl"
KEPT = datetime.timedelta(minutes=8)


def reserve(
    storefront: Storefront,
    package: Package,
    session: Session,
    now: datetime.datetime,
    quantity: int = 2,
    **members: Any,
) -> Checkout:
    """Hold places in a new checkout that lasts as long as they are kept."""
    checkout = checkouts.open_checkout(
        storefront=storefront, public_id=uuid.uuid4().hex, now=now, lasts=KEPT
    )
    wanted = reserving.Wanted(
        item_number=package.code,
        package=package,
        unit_price=Decimal("12.00"),
        quantity=quantity,
        visit_date=session.date,
        visit_time=session.time,
        session_id=session.pk,
        **members,
    )
    reserving.reserve(
        storefront=storefront, wanted=[wanted], now=now, lasts=KEPT, checkout=checkout
    )
    checkouts.count_amount(checkout)
    return checkout


def ask_payment(checkout: Checkout, now: datetime.datetime) -> Checkout:
    """Fix what is bought and by whom; eight minutes are left to pay."""
    buyer = checkouts.Buyer(email="jo@example.org", name="Jo Smit", language="nl")
    checkouts.set_buyer(checkout=checkout, buyer=buyer)
    checkouts.ask_payment(
        checkout=checkout, code=f"ORDER-{checkout.public_id[:8]}", until=now + KEPT, now=now
    )
    return checkout


def start(checkout: Checkout, now: datetime.datetime, return_url: str = SHOP) -> Payment:
    """Have the payment of a checkout that awaits it."""
    address = paying.start(checkout=checkout, return_url=return_url, now=now)
    return Payment.objects.get(token=address.rpartition("/")[2])


def begun(payment: Payment, now: datetime.datetime) -> Payment:
    """Begin a payment at its provider, as the guest's click on our page does."""
    paying.begin(payment_id=payment.pk, now=now)
    return Payment.objects.get(pk=payment.pk)
