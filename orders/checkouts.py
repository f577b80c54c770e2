"""Checkouts: from the first held place to an order, to nothing, or to money that staff settle."""

from __future__ import annotations

import dataclasses
import datetime
import uuid
from decimal import Decimal

from django.db import transaction
from django.db.models import QuerySet

from channel_manager.history import runner
from channel_manager.history.runner import WORKER, Change
from channel_manager.lib.errors import ErrorCode, NotFound, Refusal
from channel_manager.lib.money import rounded
from orders import holds, intake
from orders.checkout_lines import by_hold, check_orderable, line_of
from orders.contents import LINE_STEP
from orders.models import Checkout, CheckoutItem, CheckoutStatus, Hold, Order
from orders.requests import OrderRequest
from partners import storefronts
from partners.models import Storefront
from partners.storefronts import account_of

# What the order of a purchase that costs nothing carries as its payment.
NOTHING_TO_PAY = "FREE"
# The payment method by which nobody pays at our page: the partner is billed by statement.
ON_ACCOUNT = storefronts.ON_ACCOUNT

_BATCH = 200
_UNPAID = (CheckoutStatus.OPEN, CheckoutStatus.AWAITING_PAYMENT)
_PAYABLE = (CheckoutStatus.AWAITING_PAYMENT, CheckoutStatus.PARTLY_PAID)
# What became of the money has been decided, or waits for staff.
_TOLD = (CheckoutStatus.ORDERED, CheckoutStatus.PAID_LATE, CheckoutStatus.SETTLED)


class CheckoutConflict(Refusal):
    """The checkout's status does not allow this."""

    code = ErrorCode.ORDER_STATE_CONFLICT


class PlacesGone(Refusal):
    """What costs nothing could not be ordered at once; the text says why."""

    code = ErrorCode.ORDER_STATE_CONFLICT


@dataclasses.dataclass(frozen=True, kw_only=True)
class Buyer:
    """Who buys; `data` is whatever else the dialect keeps, scalars only."""

    email: str = ""
    name: str = ""
    language: str = ""
    data: dict[str, object] | None = None


def open_checkout(
    *, storefront: Storefront, public_id: str, now: datetime.datetime, lasts: datetime.timedelta
) -> Checkout:
    """Begin a checkout that is given up unless something is done within so long."""
    checkout = Checkout(
        storefront=storefront,
        public_id=public_id,
        currency=storefront.partner.venue.currency,
        status_since=now,
        opened_at=now,
        expires_at=now + lasts,
    )
    with transaction.atomic():
        checkout.save(force_insert=True)
        change = Change(name="opened", actor=storefront.partner.actor, now=now)
        runner.record([checkout], change=change, before=[None])
    return checkout


def lock_checkout(checkouts: QuerySet[Checkout]) -> Checkout:
    """Lock the one checkout of a set within the open transaction; raises NotFound."""
    locked = runner.lock(
        checkouts.select_related("storefront__partner__venue").defer(
            "storefront__partner__venue__logo"
        )
    )
    if not locked:
        raise NotFound("There is no such checkout.")
    return locked[0]


def count_amount(checkout: Checkout) -> None:
    """Write what the items of a locked checkout cost together."""
    prices = checkout.items.order_by().values_list("unit_price", flat=True)
    checkout.amount = sum(prices, Decimal(0))
    checkout.save(update_fields=["amount"])


def keep_open(*, checkout: Checkout, until: datetime.datetime, now: datetime.datetime) -> None:
    """Let a locked checkout that is open last until a moment, and its holds as long."""
    holds.keep_holds(holds=holds_of(checkout), until=until, now=now)
    runner.apply_to([checkout], lambda row: row.keep(until=max(row.expires_at, until)))


def set_buyer(*, checkout: Checkout, buyer: Buyer) -> None:
    """Write who buys on a locked checkout."""
    checkout.buyer_email, checkout.buyer_name = buyer.email, buyer.name
    checkout.buyer_language, checkout.buyer_data = buyer.language, buyer.data or {}
    checkout.save(update_fields=["buyer_email", "buyer_name", "buyer_language", "buyer_data"])


def ask_payment(
    *,
    checkout: Checkout,
    code: str,
    until: datetime.datetime,
    now: datetime.datetime,
) -> None:
    """Fix what a locked checkout buys and keep its places until a moment, for the money to come.

    What could not be ordered is refused here, before anybody pays. Raises as `check_orderable`.
    """
    with transaction.atomic():
        check_orderable(checkout=checkout, now=now)
        holds.keep_holds(holds=holds_of(checkout), until=until, now=now)
        checkout.code = code
        checkout.save(update_fields=["code"])
        change = Change(name="payment_asked", actor=checkout.storefront.partner.actor, now=now)
        runner.apply_to(
            [checkout], lambda row: row.ask_payment(now=now, until=until), change=change
        )


def complete(
    *,
    checkout_id: uuid.UUID,
    payment_reference: str,
    paid: Decimal,
    now: datetime.datetime,
    actor: str = WORKER,
) -> Checkout:
    """Make the order of a checkout that has been paid (`paid` in its currency); return it.

    One that has become an order stays it, and one that is told of again is returned as it is. When
    its time is over or its places are gone, the money is kept as PaidLate, for staff to settle:
    never in silence. Raises NotFound; CheckoutConflict for one that no payment was asked for.
    """
    with transaction.atomic():
        checkout = lock_checkout(Checkout.objects.filter(pk=checkout_id))
        if checkout.status in _TOLD:
            _note_more(checkout, paid, now, actor)
            return checkout
        if checkout.status == CheckoutStatus.OPEN:
            raise CheckoutConflict("No payment was asked for yet.")
        if checkout.status not in _PAYABLE or checkout.expires_at <= now:
            message = f"The payment came when the checkout was {checkout.get_status_display()}"
            if checkout.status in _PAYABLE:
                message = "The payment came after the places had been kept for as long as agreed"
            _keep_money(checkout, paid, f"{message}.", now, actor)
            return checkout
        try:
            with transaction.atomic():
                _order(checkout, payment_reference, paid, now, actor, held=True)
        except Refusal as refusal:
            checkout = lock_checkout(Checkout.objects.filter(pk=checkout_id))
            _keep_money(checkout, paid, f"It was paid, but: {refusal.detail}", now, actor)
        return checkout


def needs_no_payment(checkout: Checkout) -> bool:
    """Tell whether nobody has to pay at our page: nothing is due, or it is bought on account."""
    return not checkout.amount or checkout.payment_method == ON_ACCOUNT


def complete_at_once(*, checkout: Checkout, now: datetime.datetime) -> Checkout:
    """Make the order of a locked checkout that needs no payment; return it.

    On account all counts as paid, though no money comes: the partner owes it. Where no order can
    be made, no money waits for staff: raises PlacesGone, and the caller stores nothing.
    """
    done = complete(
        checkout_id=checkout.pk,
        payment_reference=f"{ON_ACCOUNT}:{checkout}" if checkout.amount else NOTHING_TO_PAY,
        paid=checkout.amount_due,
        now=now,
        actor=checkout.storefront.partner.actor,
    )
    if done.status != CheckoutStatus.ORDERED:
        raise PlacesGone(done.status_message)
    return done


def order_after_all(
    *,
    checkout_id: uuid.UUID,
    payment_reference: str,
    now: datetime.datetime,
    actor: str,
    reason: str = "",
) -> Checkout:
    """Make the order of a checkout that was paid late, from places that are free now, saying why.

    Raises NotFound, CheckoutConflict, and whatever the intake says of the places.
    """
    with transaction.atomic():
        checkout = _lock_paid_late(checkout_id)
        paid = checkout.paid_amount
        _order(checkout, payment_reference, paid, now, actor, held=False, reason=reason)
        return checkout


def settle(*, checkout_id: uuid.UUID, reason: str, now: datetime.datetime, actor: str) -> Checkout:
    """End a checkout that was paid late without an order, saying why. Raises as above."""
    with transaction.atomic():
        checkout = _lock_paid_late(checkout_id)
        change = Change(name="settled", actor=actor, now=now, reason=reason)
        runner.apply_to([checkout], lambda row: row.settle(now=now, message=reason), change=change)
        return checkout


def begin_payment(*, checkout_id: uuid.UUID, now: datetime.datetime) -> Checkout:
    """Note that the guest has begun to pay; where it is too late for that nothing changes."""
    with transaction.atomic():
        checkout = lock_checkout(Checkout.objects.filter(pk=checkout_id))
        if checkout.status == CheckoutStatus.AWAITING_PAYMENT and checkout.expires_at > now:
            runner.apply_to([checkout], lambda row: row.begin_payment(now=now))
        return checkout


def pay_in_part(
    *, checkout_id: uuid.UUID, paid: Decimal, now: datetime.datetime, actor: str = WORKER
) -> Checkout:
    """Note a payment of less than is due; one that came too late is kept for staff to settle."""
    with transaction.atomic():
        checkout = lock_checkout(Checkout.objects.filter(pk=checkout_id))
        if checkout.status in _PAYABLE and checkout.expires_at > now:
            change = Change(
                name="paid_in_part",
                actor=actor,
                now=now,
                data={"paid": str(rounded(paid, checkout.currency))},
            )
            runner.apply_to(
                [checkout], lambda row: row.pay_in_part(now=now, paid=paid), change=change
            )
        elif checkout.status in (
            *_PAYABLE,
            CheckoutStatus.EXPIRED,
            CheckoutStatus.CANCELLED,
        ):
            _keep_money(checkout, paid, "A part of the payment came too late.", now, actor)
        elif checkout.status in _TOLD:
            _note_more(checkout, paid, now, actor)
        return checkout


def keep_money(
    *,
    checkout_id: uuid.UUID,
    paid: Decimal,
    message: str,
    now: datetime.datetime,
    actor: str = WORKER,
) -> Checkout:
    """Keep money that no order can be made for, saying why; one that is an order stays it."""
    with transaction.atomic():
        checkout = lock_checkout(Checkout.objects.filter(pk=checkout_id))
        if checkout.status not in (CheckoutStatus.OPEN, CheckoutStatus.ORDERED):
            _keep_money(checkout, paid, message, now, actor)
        return checkout


def cancel(
    *, checkout_id: uuid.UUID, now: datetime.datetime, actor: str = WORKER, message: str = ""
) -> Checkout:
    """Give up a checkout that nothing was paid for, and its places; others are left as they are."""
    with transaction.atomic():
        checkout = lock_checkout(Checkout.objects.filter(pk=checkout_id))
        if checkout.status in _UNPAID:
            holds.release_holds(holds=holds_of(checkout), actor=actor, now=now)
            change = Change(name="cancelled", actor=actor, now=now, reason=message)
            runner.apply_to(
                [checkout], lambda row: row.cancel(now=now, message=message), change=change
            )
        return checkout


def expire_checkouts(*, now: datetime.datetime) -> int:
    """Give up the checkouts whose time is over; return how many.

    Their holds end by themselves. One that was paid in part keeps its money for staff to settle.
    """
    ended = 0
    while True:
        with transaction.atomic():
            overdue = Checkout.objects.overdue(now)
            keys = list(overdue.order_by("pk").values_list("pk", flat=True)[:_BATCH])
            locked = runner.lock_if_free(overdue.filter(pk__in=keys))
            if not locked:
                return ended
            unpaid = [one for one in locked if one.status in _UNPAID]
            change = Change(name="expired", actor=WORKER, now=now)
            runner.apply_to(unpaid, lambda row: row.expire(now=now), change=change)
            for checkout in locked:
                if checkout.status == CheckoutStatus.PARTLY_PAID:
                    message = "Its time is over, and only a part was paid."
                    _keep_money(checkout, checkout.paid_amount, message, now, WORKER)
        ended += len(locked)


def holds_of(checkout: Checkout) -> QuerySet[Hold]:
    """Return the holds of a checkout's places."""
    return Hold.objects.filter(
        pk__in=checkout.items.filter(hold__isnull=False).order_by().values("hold")
    )


def _lock_paid_late(checkout_id: uuid.UUID) -> Checkout:
    checkout = lock_checkout(Checkout.objects.filter(pk=checkout_id))
    if checkout.status != CheckoutStatus.PAID_LATE:
        raise CheckoutConflict(
            f"Somebody else was faster: the checkout is {checkout.get_status_display()} now."
        )
    return checkout


def _note_more(checkout: Checkout, paid: Decimal, now: datetime.datetime, actor: str) -> None:
    """Note that more has come than was known; beside an order, or for staff to settle."""
    if paid <= checkout.paid_amount:
        return
    if checkout.status != CheckoutStatus.ORDERED:
        _keep_money(checkout, paid, "More money came when it had been paid late.", now, actor)
        return
    change = Change(
        name="paid_more", actor=actor, now=now, data={"paid": str(rounded(paid, checkout.currency))}
    )
    runner.apply_to([checkout], lambda row: row.pay_more(paid=paid), change=change)


def _keep_money(
    checkout: Checkout, paid: Decimal, message: str, now: datetime.datetime, actor: str
) -> None:
    holds.release_holds(holds=holds_of(checkout), actor=actor, now=now)
    change = Change(
        name="paid_late",
        actor=actor,
        now=now,
        reason=message,
        data={"paid": str(rounded(paid, checkout.currency))},
    )
    runner.apply_to(
        [checkout], lambda row: row.pay_late(now=now, paid=paid, message=message), change=change
    )


def _order(
    checkout: Checkout,
    payment_reference: str,
    paid: Decimal,
    now: datetime.datetime,
    actor: str,
    *,
    held: bool,
    reason: str = "",
) -> Order:
    """Make the one order of a locked checkout, of its held places or of free ones."""
    groups = by_hold(checkout.items.select_related("hold").order_by("reserved_at", "position"))
    order = intake.submit_order(
        account=account_of(checkout.storefront),
        request=OrderRequest(
            sell_to_order_reference=checkout.code or checkout.public_id,
            lines=tuple(line_of(checkout, items, held=held) for items in groups),
            sell_to_email=checkout.buyer_email or None,
            sell_to_name=checkout.buyer_name or None,
            sell_to_language=checkout.buyer_language or None,
            payment_reference=payment_reference,
        ),
        now=now,
    )
    for line_no, items in enumerate(groups, start=1):
        for seq_no, item in enumerate(items, start=1):
            item.line_no, item.seq_no = line_no * LINE_STEP, seq_no
    CheckoutItem.objects.bulk_update(
        [item for items in groups for item in items], ["line_no", "seq_no"]
    )
    change = Change(
        name="ordered", actor=actor, now=now, reason=reason, data={"orderId": str(order.pk)}
    )
    runner.apply_to(
        [checkout],
        lambda row: row.become_order(now=now, order_id=order.pk, paid=paid),
        change=change,
    )
    return order
