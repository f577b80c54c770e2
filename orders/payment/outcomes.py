"""What a provider's word makes of a payment and of its checkout: one transaction, told any number of times.

Money counts whenever it comes; a word that is older than what is known changes nothing.
"""

from __future__ import annotations

import datetime
import enum
import uuid
from decimal import Decimal

from django.db import transaction

from channel_manager.history import runner
from channel_manager.history.runner import WORKER, Change
from channel_manager.lib.money import rounded
from orders import checkouts
from orders.models import Checkout, Payment, PaymentState
from orders.payment.providers.base import Report, Standing

# What fits the column: no provider takes more at once.
_MOST = Decimal(999_999_999)


class Effect(enum.StrEnum):
    """What a report has changed."""

    UNCHANGED = "unchanged"
    PENDING = "pending"
    PAID = "paid"
    PARTLY_PAID = "partly_paid"
    ENDED = "ended"
    KEPT_FOR_STAFF = "kept_for_staff"


def apply(
    *, payment_id: uuid.UUID, report: Report, now: datetime.datetime, actor: str = WORKER
) -> Effect:
    """Do what a provider's report asks for, under the checkout's lock and then the payment's."""
    with transaction.atomic():
        checkout, payment = lock_payment(payment_id)
        if report.paid > 0 or report.standing == Standing.PAID:
            return _take_money(checkout, payment, report, now, actor)
        if payment.status != PaymentState.WAITING or payment.captured_amount > 0:
            return Effect.UNCHANGED
        if report.standing in (Standing.FAILED, Standing.CANCELLED):
            failed = report.standing == Standing.FAILED
            change = Change(name=f"payment_{report.standing}", actor=actor, now=now)
            runner.apply_to(
                [payment],
                lambda row: row.reject(now=now) if failed else row.cancel_it(now=now),
                change=change,
            )
            message = "The payment failed." if failed else "The guest gave the payment up."
            checkouts.cancel(checkout_id=checkout.pk, now=now, actor=actor, message=message)
            return Effect.ENDED
        if report.standing == Standing.PENDING and checkout.payment_began_at is None:
            checkouts.begin_payment(checkout_id=checkout.pk, now=now)
            return Effect.PENDING
        return Effect.UNCHANGED


def lock_payment(payment_id: uuid.UUID) -> tuple[Checkout, Payment]:
    """Lock a payment's checkout and then the payment, in the open transaction; raises NotFound."""
    checkout = checkouts.lock_checkout(
        Checkout.objects.filter(pk__in=Payment.objects.filter(pk=payment_id).values("checkout"))
    )
    (payment,) = runner.lock(Payment.objects.filter(pk=payment_id))
    payment.checkout = checkout
    return checkout, payment


def _take_money(
    checkout: Checkout, payment: Payment, report: Report, now: datetime.datetime, actor: str
) -> Effect:
    paid = min(rounded(report.paid, payment.currency), _MOST)
    if report.currency.upper() != payment.currency:
        return _take_foreign(checkout, payment, report, now, actor)
    if paid <= payment.captured_amount:
        return Effect.UNCHANGED
    data = {"paid": str(paid), "due": str(rounded(payment.total, payment.currency))}
    if paid < payment.total and payment.status == PaymentState.WAITING:
        change = Change(name="paid_in_part", actor=actor, now=now, data=data)
        runner.apply_to([payment], lambda row: row.take_part(now=now, paid=paid), change=change)
        after = checkouts.pay_in_part(checkout_id=checkout.pk, paid=paid, now=now, actor=actor)
        return _effect_on(after, Effect.PARTLY_PAID)
    message = ""
    if paid > payment.total:
        more = rounded(paid - payment.total, payment.currency)
        message = f"{more} {payment.currency} more was paid than was due."
    change = Change(name="paid", actor=actor, now=now, reason=message, data=data)
    runner.apply_to(
        [payment], lambda row: row.confirm(now=now, paid=paid, message=message), change=change
    )
    after = checkouts.complete(
        checkout_id=checkout.pk,
        payment_reference=payment.transaction_id or payment.token,
        paid=paid,
        now=now,
        actor=actor,
    )
    return _effect_on(after, Effect.PAID)


def _take_foreign(
    checkout: Checkout, payment: Payment, report: Report, now: datetime.datetime, actor: str
) -> Effect:
    """Keep money of another currency for staff: what it is worth is not for us to say."""
    due = rounded(payment.total, payment.currency)
    message = f"{report.paid} {report.currency.upper()[:10]} was paid, but {due} "
    message += f"{payment.currency} is due."
    if payment.status != PaymentState.WAITING:
        return Effect.UNCHANGED
    change = Change(name="paid_in_other_currency", actor=actor, now=now, reason=message)
    paid = payment.captured_amount
    runner.apply_to(
        [payment], lambda row: row.confirm(now=now, paid=paid, message=message), change=change
    )
    checkouts.keep_money(checkout_id=checkout.pk, paid=paid, message=message, now=now, actor=actor)
    return Effect.KEPT_FOR_STAFF


def _effect_on(checkout: Checkout, wanted: Effect) -> Effect:
    return Effect.KEPT_FOR_STAFF if checkout.is_kept_for_staff else wanted
