"""Buying units that were reserved one by one: they become a checkout, each of them once."""

from __future__ import annotations

import dataclasses
import datetime
import uuid
from collections.abc import Collection, Sequence
from decimal import Decimal

from django.db import transaction

from channel_manager.history import runner
from channel_manager.lib.errors import ErrorCode, Refusal
from orders import checkouts, holds
from orders.checkouts import Buyer
from orders.models import Checkout, CheckoutItem
from partners.models import Storefront


class ReservationEnded(Refusal):
    """A reservation's time is over, and its place is on sale again."""

    code = ErrorCode.HOLD_ENDED


class ReservationUsed(Refusal):
    """A reservation was ordered before, by another request than this one."""

    code = ErrorCode.ORDER_STATE_CONFLICT


@dataclasses.dataclass(frozen=True, kw_only=True)
class Purchase:
    """Who buys, how it is to be paid, and the hash that tells a repeated request from another.

    payment_cost: what paying so adds to what is due, unless nothing is.
    """

    buyer: Buyer
    payment_method: str
    payment_cost: Decimal
    request_hash: str


def buy_reserved(
    *,
    storefront: Storefront,
    item_ids: Collection[uuid.UUID],
    purchase: Purchase,
    now: datetime.datetime,
    lasts: datetime.timedelta,
) -> Checkout:
    """Make the one checkout of reserved units and keep their places so long for the payment.

    What costs nothing or is bought on account becomes an order at once. The same purchase again returns its checkout.
    Raises ReservationEnded, ReservationUsed, PlacesGone, and as `checkout_lines.check_orderable`.
    """
    with transaction.atomic():
        items = runner.lock(CheckoutItem.objects.filter(storefront=storefront, pk__in=item_ids))
        if any(item.checkout_id for item in items) or len(items) < len(set(item_ids)):
            return bought_before(storefront=storefront, items=items, purchase=purchase)
        checkout = _make(storefront, items, purchase, now, lasts)
        if checkouts.needs_no_payment(checkout):
            checkout = checkouts.complete_at_once(checkout=checkout, now=now)
        return checkout


def bought_before(
    *, storefront: Storefront, items: Sequence[CheckoutItem], purchase: Purchase
) -> Checkout:
    """Return the checkout that an equal purchase of the same units made; raises ReservationUsed."""
    keys = {item.checkout_id for item in items}
    made = Checkout.objects.filter(
        storefront=storefront, pk__in=filter(None, keys), request_hash=purchase.request_hash
    ).first()
    if made is None or len(keys) > 1 or made.items.count() != len(items):
        raise ReservationUsed("A reservation belongs to another order already.")
    return made


def _make(
    storefront: Storefront,
    items: Sequence[CheckoutItem],
    purchase: Purchase,
    now: datetime.datetime,
    lasts: datetime.timedelta,
) -> Checkout:
    code = str(uuid.uuid4())
    checkout = checkouts.open_checkout(storefront=storefront, public_id=code, now=now, lasts=lasts)
    CheckoutItem.objects.filter(pk__in=[item.pk for item in items]).update(checkout=checkout)
    until = now + lasts
    kept = holds.keep_holds(holds=checkouts.holds_of(checkout), until=until, now=now)
    if {hold.pk for hold in kept} != {item.hold_id for item in items}:
        raise ReservationEnded("The time of a reservation is over: reserve the ticket again.")
    checkouts.set_buyer(checkout=checkout, buyer=purchase.buyer)
    checkouts.count_amount(checkout)
    checkout.payment_method = purchase.payment_method
    checkout.payment_cost = purchase.payment_cost if checkout.amount else Decimal(0)
    checkout.request_hash = purchase.request_hash
    checkout.save(update_fields=["payment_method", "payment_cost", "request_hash"])
    checkouts.ask_payment(checkout=checkout, code=code, until=until, now=now)
    return checkout
