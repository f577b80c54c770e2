"""Two at once: a payment and the end of its time, two notifications, two clicks, two of the staff."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest
from django.db import connection

from channel_manager.history.models import Event
from orders import checkouts, paying
from orders.models import Checkout, Order, Payment, SandboxPayment
from orders.payment import outcomes
from orders.payment.providers.base import Report, Standing
from tests.orders.expected import NOON
from tests.orders.racing import at_once
from tests.orders.sessions import counters
from tests.payment_invariants import PAYMENT_RULES
from tests.payments.buying import KEPT

pytestmark = pytest.mark.django_db(transaction=True)
PAID = Report(standing=Standing.PAID, paid=Decimal(24), currency="EUR")


@pytest.fixture(autouse=True)
def all_is_in_order_afterwards(db: None) -> Iterator[None]:
    """Ask the database what must hold, whoever was first."""
    yield
    assert broken_rules() == []


def broken_rules() -> list[str]:
    broken = []
    with connection.cursor() as cursor:
        for rule, query in PAYMENT_RULES.items():
            cursor.execute(query)
            broken += [rule] * bool(cursor.fetchall())
    return broken


def tell(payment: Payment, now: datetime.datetime = NOON) -> Callable[[], object]:
    return lambda: outcomes.apply(payment_id=payment.pk, report=PAID, now=now)


def test_of_many_notifications_at_once_one_makes_the_order(
    under_way: Payment, checkout: Checkout, state: Callable[[Checkout], str]
) -> None:
    at_once(*[tell(under_way)] * 5)
    assert Order.objects.count() == 1
    assert state(checkout) == "Ordered"
    assert Event.objects.filter(kind="payment", name="paid").count() == 1
    assert counters() == {"cinema 14:00": "0+2"}


def test_a_payment_that_races_the_end_of_its_time_is_an_order_or_kept_for_staff(
    under_way: Payment, checkout: Checkout, state: Callable[[Checkout], str]
) -> None:
    end = NOON + KEPT
    in_time = end - datetime.timedelta(milliseconds=1)
    at_once(tell(under_way, in_time), lambda: checkouts.expire_checkouts(now=end))
    ordered = Order.objects.count()
    assert (state(checkout), ordered) in (("Ordered", 1), ("PaidLate", 0))
    assert Checkout.objects.get().paid_amount == 24
    assert counters() == ({"cinema 14:00": "0+2"} if ordered else {})


def test_a_payment_that_races_its_cancelling_is_never_lost(
    under_way: Payment, checkout: Checkout, state: Callable[[Checkout], str]
) -> None:
    at_once(tell(under_way), lambda: checkouts.cancel(checkout_id=checkout.pk, now=NOON))
    assert (state(checkout), Order.objects.count()) in (("Ordered", 1), ("PaidLate", 0))


def test_two_clicks_begin_one_payment(payment: Payment) -> None:
    pages: list[str] = []

    def click() -> None:
        pages.append(paying.begin(payment_id=payment.pk, now=NOON))

    at_once(click, click)
    assert len(set(pages)) == 1
    assert SandboxPayment.objects.count() == 1


def test_of_two_of_the_staff_one_settles(
    under_way: Payment, checkout: Checkout, state: Callable[[Checkout], str]
) -> None:
    tell(under_way, NOON + KEPT)()
    done: list[str] = []

    def settle() -> None:
        try:
            paying.note_money_back(
                checkout_id=checkout.pk, reason="Sent back.", now=NOON, actor="staff:1"
            )
            done.append("settled")
        except checkouts.CheckoutConflict:
            pass

    def order() -> None:
        try:
            paying.order_after_all(
                checkout_id=checkout.pk, reason="Room.", now=NOON, actor="staff:2"
            )
            done.append("ordered")
        except checkouts.CheckoutConflict:
            pass

    at_once(settle, order)
    assert len(done) == 1
    assert state(checkout).lower() == done[0]
    assert Order.objects.count() == done.count("ordered")


def test_money_that_nobody_knows_of_would_be_found(under_way: Payment, checkout: Checkout) -> None:
    Payment.objects.update(captured_amount=1)
    assert broken_rules() == ["money has come that neither an order nor staff know of"]
    Payment.objects.update(captured_amount=0)
    Checkout.objects.update(status="Ordered")
    assert broken_rules() == [
        "a checkout is ordered without an order, and its order was not removed",
        "a checkout that has ended still holds places",
        "a payment waits though its checkout is an order",
    ]
    Checkout.objects.update(status="AwaitingPayment")
