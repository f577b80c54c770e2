"""Payments of checkouts: begun, asked about and given up. The seam between dialects and providers."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import logging
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Literal

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from payments import RedirectNeeded

from channel_manager.history import runner
from channel_manager.history.runner import WORKER, Change
from channel_manager.lib.database import session_lock
from channel_manager.lib.errors import ErrorCode, Refusal
from channel_manager.lib.payment_settings import METHOD_NAMES, SANDBOX
from orders import checkouts
from orders.models import Checkout, CheckoutStatus, Payment, PaymentState
from orders.payment import outcomes
from orders.payment.providers.base import HostedProvider, ProviderAway, provider_of
from partners.models import Storefront

PaymentStatus = Literal["none", "pending", "partial", "paid", "cancelled"]

# A provider is asked about one payment no more often than this.
ASKED_AT_MOST_EVERY = datetime.timedelta(seconds=10)
# A payment that is under way is asked about at first so often, then ever less so.
_FIRST_WAIT = datetime.timedelta(seconds=30)
_LONGEST_WAIT = datetime.timedelta(hours=1)
# Money that comes when the checkout has ended is looked for so long.
_LOOKED_FOR = datetime.timedelta(days=3)
# The last look before the places go: what was paid in the last moment still counts.
_BEFORE_THE_END = datetime.timedelta(seconds=12)
# One run of looking after payments lasts so long, and the last answer: its worker has more to do.
_LONGEST_RUN = datetime.timedelta(seconds=10)
# The advisory lock of the one run; those of single rows are negative.
_RUN_LOCK = 20_261_120
_LONGEST_ADDRESS = 2000
_log = logging.getLogger(__name__)

_STATUSES: dict[str, PaymentStatus] = {
    CheckoutStatus.OPEN: "none",
    CheckoutStatus.PARTLY_PAID: "partial",
    CheckoutStatus.ORDERED: "paid",
    CheckoutStatus.CANCELLED: "cancelled",
    CheckoutStatus.SETTLED: "cancelled",
}


class CannotBePaid(Refusal):
    """The checkout cannot be paid (any more), or no provider is configured."""

    code = ErrorCode.ORDER_STATE_CONFLICT


@dataclasses.dataclass(frozen=True, kw_only=True)
class PaymentMethod:
    """A way to pay; `cost` is what it adds, in the venue's currency."""

    code: str
    name: str
    cost: Decimal


_ON_ACCOUNT = PaymentMethod(code=checkouts.ON_ACCOUNT, name="On account", cost=Decimal(0))


def list_methods(storefront: Storefront) -> list[PaymentMethod]:
    """Return how a storefront's guests may pay; on account only, where it sells so.

    One that sells on account is a partner's server: a page that lists this method to guests would
    give everything away, so it lists them nothing. Without a provider that takes money there is
    no other.
    """
    if storefront.sells_on_account:
        return [_ON_ACCOUNT]
    costs = settings.PAYMENTS.costs if _variant_for(storefront) else {}
    return [
        PaymentMethod(code=code, name=METHOD_NAMES[code], cost=cost) for code, cost in costs.items()
    ]


def start(*, checkout: Checkout, return_url: str, now: datetime.datetime) -> str:
    """Return the address of the payment page of a locked checkout that awaits payment.

    The same page for a checkout that has one; its amount is what is due now. The browser lands on
    `return_url` afterwards, taken as it is. Raises CannotBePaid.
    """
    if checkout.status not in (CheckoutStatus.AWAITING_PAYMENT, CheckoutStatus.PARTLY_PAID):
        raise CannotBePaid(f"The checkout is {checkout.get_status_display()}.")
    variant = _variant_for(checkout.storefront)
    if not variant:
        raise CannotBePaid("No payment provider is configured.")
    if len(return_url) > _LONGEST_ADDRESS or "\0" in return_url:
        raise CannotBePaid("The address to return to cannot be used.")
    with transaction.atomic():
        checkout.return_url = return_url
        checkout.save(update_fields=["return_url"])
        payment = Payment.objects.living().filter(checkout=checkout).first()
        if payment is None:
            payment = Payment(
                checkout=checkout,
                variant=variant,
                currency=checkout.currency,
                total=checkout.amount_due,
                description=str(checkout),
                created=now,
                status_since=now,
            )
            payment.save(force_insert=True)
            change = Change(name="opened", actor=checkout.storefront.partner.actor, now=now)
            runner.record([payment], change=change, before=[None])
        elif not payment.asked_at and payment.total != checkout.amount_due:
            payment.total = checkout.amount_due
            payment.save(update_fields=["total"])
    return _page_of(payment)


def page_of(checkout: Checkout) -> str:
    """Return the address of the payment page that a checkout had last, whatever became of it.

    Raises CannotBePaid for one that never had any.
    """
    payment = Payment.objects.filter(checkout=checkout).first()
    if payment is None:
        raise CannotBePaid("No payment was asked for.")
    return _page_of(payment)


def payment_status(checkout: Checkout) -> PaymentStatus:
    """Return how a checkout's payment stands, in the words that dialects share; no statement.

    `paid` and `cancelled` are final, so neither is said while money that was begun may still come,
    nor while staff have yet to say whether money that came late becomes an order.
    """
    match checkout.status:
        case CheckoutStatus.AWAITING_PAYMENT:
            return "pending" if checkout.payment_began_at else "none"
        case CheckoutStatus.EXPIRED:
            is_looked_for = timezone.now() < checkout.expires_at + _LOOKED_FOR
            return "pending" if checkout.payment_began_at and is_looked_for else "cancelled"
        case CheckoutStatus.PAID_LATE:
            return "partial" if checkout.is_short else "pending"
    return _STATUSES[checkout.status]


def begin(*, payment_id: uuid.UUID, now: datetime.datetime) -> str:
    """Begin a payment at its provider and return the address of the provider's page.

    The same page for a payment that was begun. No transaction may be open. Raises CannotBePaid,
    ProviderAway.
    """
    with transaction.atomic():
        checkout, payment = outcomes.lock_payment(payment_id)
        payable = (CheckoutStatus.AWAITING_PAYMENT, CheckoutStatus.PARTLY_PAID)
        if checkout.status not in payable or checkout.expires_at <= now:
            raise CannotBePaid(f"The checkout is {checkout.get_status_display()}.")
        if payment.status != PaymentState.WAITING:
            raise CannotBePaid(f"The payment is {payment.get_status_display()}.")
        checkouts.begin_payment(checkout_id=checkout.pk, now=now)
        if payment.url:
            return str(payment.url)
        payment.asked_at = now
        payment.save(update_fields=["asked_at"])
        runner.note(payment, change=Change(name="provider_asked", actor=WORKER, now=now))
    with contextlib.suppress(RedirectNeeded):
        payment.get_form()
    with transaction.atomic():
        checkout, locked = outcomes.lock_payment(payment_id)
        if not locked.transaction_id:
            locked.transaction_id, locked.url = payment.transaction_id, payment.url
            locked.next_check_at = _next_check(locked, checkout, now)
            locked.save(update_fields=["transaction_id", "url", "next_check_at"])
            runner.note(locked, change=Change(name="provider_began", actor=WORKER, now=now))
        return str(locked.url)


def recheck(*, checkout_id: uuid.UUID, now: datetime.datetime) -> None:
    """Ask the provider how a checkout's payment stands and do what it says.

    At most once in 10 seconds; a nearer call changes nothing, nor does one that the provider does
    not answer. No transaction may be open.
    """
    payment = Payment.objects.filter(checkout=checkout_id).first()
    if payment is None or payment.status != PaymentState.WAITING or not payment.transaction_id:
        return
    free = Payment.objects.filter(pk=payment.pk).not_checked_since(now - ASKED_AT_MOST_EVERY)
    if free.update(checked_at=now):
        _ask(payment, now)


def recheck_due(*, clock: Callable[[], datetime.datetime]) -> int:
    """Ask about the payments whose time for it has come, for ten seconds; return how many.

    Those under way, and those whose checkout ended within the last days: nobody may pay them any
    more, and money that came all the same is kept for staff. A provider that does not answer is
    left alone until the next run. While another run is under way nothing is done.
    """
    with session_lock(_RUN_LOCK) as is_ours:
        return _recheck_some(clock) if is_ours else 0


def _recheck_some(clock: Callable[[], datetime.datetime]) -> int:
    asked, away, end = 0, set[str](), clock() + _LONGEST_RUN
    while (now := clock()) < end:
        waiting = Payment.objects.due_for_a_check(now).exclude(variant__in=away)
        payment = waiting.select_related("checkout").order_by("next_check_at").first()
        if payment is None:
            break
        following = _next_check(payment, payment.checkout, now)
        claimed = Payment.objects.filter(pk=payment.pk, next_check_at=payment.next_check_at)
        if claimed.update(next_check_at=following, checked_at=now):
            asked += 1
            ended = payment.checkout.status in (CheckoutStatus.CANCELLED, CheckoutStatus.EXPIRED)
            if not _ask(payment, now, give_up=ended):
                away.add(payment.variant)
    return asked


def give_up(*, payment_id: uuid.UUID, now: datetime.datetime) -> None:
    """Cancel a checkout because its guest asks for it on our page, and the payment with it.

    Money that has come is not lost: the provider is asked first. Raises ProviderAway.
    """
    payment = Payment.objects.get(pk=payment_id)
    if payment.transaction_id and payment.status == PaymentState.WAITING:
        provider = _provider_of(payment)
        provider.give_up(payment)
        outcomes.apply(payment_id=payment_id, report=provider.ask(payment), now=now)
    with transaction.atomic():
        checkout, payment = outcomes.lock_payment(payment_id)
        message = "The guest gave it up before paying."
        checkouts.cancel(checkout_id=checkout.pk, now=now, message=message)
        if payment.status == PaymentState.WAITING and not payment.transaction_id:
            change = Change(name="payment_cancelled", actor=WORKER, now=now)
            runner.apply_to([payment], lambda row: row.cancel_it(now=now), change=change)


def order_after_all(
    *, checkout_id: uuid.UUID, reason: str, now: datetime.datetime, actor: str
) -> Checkout:
    """Make the order of a checkout that was paid late, under its payment's reference.

    Raises as `checkouts.order_after_all`.
    """
    payment = Payment.objects.filter(checkout=checkout_id).exclude(transaction_id="").first()
    return checkouts.order_after_all(
        checkout_id=checkout_id,
        payment_reference=str(payment) if payment else f"checkout:{checkout_id}",
        reason=reason,
        now=now,
        actor=actor,
    )


def note_money_back(
    *, checkout_id: uuid.UUID, reason: str, now: datetime.datetime, actor: str
) -> Checkout:
    """Note that the money of a checkout that was paid late went back; raises as `checkouts.settle`."""
    with transaction.atomic():
        checkout = checkouts.settle(checkout_id=checkout_id, reason=reason, now=now, actor=actor)
        received = Payment.objects.living().filter(checkout=checkout, captured_amount__gt=0)
        change = Change(name="refunded", actor=actor, now=now, reason=reason)
        runner.apply_to(runner.lock(received), lambda row: row.note_refund(now=now), change=change)
        return checkout


def _page_of(payment: Payment) -> str:
    return f"{settings.PUBLIC_URL}/pay/{payment.token}"


def _ask(payment: Payment, now: datetime.datetime, *, give_up: bool = False) -> bool:
    """Ask about a payment and do what is said; return whether the provider answered."""
    try:
        provider = _provider_of(payment)
        if give_up:
            provider.give_up(payment)
        outcomes.apply(payment_id=payment.pk, report=provider.ask(payment), now=now)
    except ProviderAway as away:
        _log.warning("Payment %s could not be asked about: %s", payment.pk, away)
        return False
    return True


def _provider_of(payment: Payment) -> HostedProvider:
    try:
        return provider_of(payment.variant, payment)
    except ValueError as unknown:
        raise ProviderAway(str(unknown)) from unknown


def _variant_for(storefront: Storefront) -> str:
    """Return who takes the money: for tests always the sandbox, since none may move."""
    return SANDBOX if storefront.test_mode else settings.PAYMENTS.provider


def _next_check(
    payment: Payment, checkout: Checkout, now: datetime.datetime
) -> datetime.datetime | None:
    """Return when to ask next: at growing distances, and once more just before the places go."""
    if now >= checkout.expires_at + _LOOKED_FOR:
        return None
    wait = min(max(_FIRST_WAIT, (now - (payment.asked_at or now)) / 4), _LONGEST_WAIT)
    last = checkout.expires_at - _BEFORE_THE_END
    return last if now < last < now + wait else now + wait
