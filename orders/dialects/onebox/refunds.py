"""Confirmed orders by their code: reading them, and taking items back (contract section 9)."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Collection, Mapping, Sequence

from django.db import transaction

from channel_manager.lib.errors import NotFound
from orders import cancellation, reading, wallet_cancellation
from orders.api.waiting import wait_until_settled
from orders.dialects.onebox.errors import (
    BeingIssued,
    OrderNotFound,
    PartOfGroup,
    ProductStateInvalid,
)
from orders.dialects.onebox.rendering import REFUNDED, state_of
from orders.dialects.onebox.requests import Faults, is_code
from orders.models import Checkout, CheckoutItem, CheckoutStatus, Order, OrderStatus
from orders.wallets_of_items import wallets_of
from partners.models import Storefront
from partners.storefronts import account_of
from wallets.models import Wallet

# [D] How long a call waits for an order that is still being issued.
WAIT_SECONDS = 10
_REASON = "Refunded by the sales channel."


def find_confirmed(*, storefront: Storefront, code: str) -> Checkout:
    """Return a confirmed order once it has been issued, or 10 s have passed; raises OrderNotFound."""
    checkout = _confirmed(storefront, code)
    if checkout.order_id is not None:
        wait_until_settled(checkout.order_id, WAIT_SECONDS)
        # It may have been removed meanwhile.
        checkout = _confirmed(storefront, code)
    return checkout


def refund_items(
    *, storefront: Storefront, code: str, numbers: Sequence[int], now: datetime.datetime
) -> Checkout:
    """Take items back, all or none, as the partner may: their wallets are cancelled.

    Raises OrderNotFound, InvalidRequest for items that are not the order's, ProductStateInvalid,
    PartOfGroup, BeingIssued, AssetUsed, CancelDeadlinePassed.
    """
    checkout = find_confirmed(storefront=storefront, code=code)
    items = list(checkout.items.all())
    chosen = _chosen(items, numbers, code)
    with transaction.atomic():
        order = _lock_order(storefront, checkout)
        wallets = wallets_of(checkout, items) if order else {}
        _refuse_refunded(checkout, chosen, wallets)
        if order is None or order.is_in_flight:
            raise BeingIssued
        _refuse_part_of_group(items, chosen, wallets)
        _cancel(order, {wallets[item.pk].pk for item in chosen}, wallets.values(), now)
    return _confirmed(storefront, code)


def _confirmed(storefront: Storefront, code: str) -> Checkout:
    rows = Checkout.objects.filter(storefront=storefront, code=code, status=CheckoutStatus.ORDERED)
    found = rows.select_related("storefront__partner__venue").first() if is_code(code) else None
    if found is None:
        raise OrderNotFound
    return found


def _lock_order(storefront: Storefront, checkout: Checkout) -> Order | None:
    """Lock the order that a checkout became; None if it was removed."""
    if checkout.order_id is None:
        return None
    try:
        return reading.lock_order(Order.objects.of(account_of(storefront)), checkout.order_id)
    except NotFound:
        return None


def _chosen(items: Sequence[CheckoutItem], numbers: Sequence[int], code: str) -> list[CheckoutItem]:
    by_number, faults = {item.number: item for item in items}, Faults()
    for position, number in enumerate(numbers):
        if number not in by_number:
            faults.invalid(f"items[{position}].id", f"{number} is no item of order {code}")
    faults.refuse()
    return [by_number[number] for number in numbers]


def _refuse_refunded(
    checkout: Checkout, chosen: Sequence[CheckoutItem], wallets: Mapping[uuid.UUID, Wallet]
) -> None:
    gone = [
        str(item.number) for item in chosen if state_of(checkout, wallets.get(item.pk)) == REFUNDED
    ]
    if gone:
        raise ProductStateInvalid(f"Refunded already: {', '.join(gone)}.")


def _refuse_part_of_group(
    items: Sequence[CheckoutItem],
    chosen: Sequence[CheckoutItem],
    wallets: Mapping[uuid.UUID, Wallet],
) -> None:
    """Refuse some of the items that share one ticket."""
    taken = {wallets[item.pk].pk for item in chosen}
    left = {item.number for item in items} - {item.number for item in chosen}
    besides = [
        str(item.number)
        for item in items
        if item.number in left and item.pk in wallets and wallets[item.pk].pk in taken
    ]
    if besides:
        raise PartOfGroup(
            f"These items share one ticket with {', '.join(besides[:20])}: refund all of them."
        )


def _cancel(
    order: Order, taken: set[uuid.UUID], wallets: Collection[Wallet], now: datetime.datetime
) -> None:
    """Cancel wallets of a locked order; one that could not be issued is given up as a whole."""
    orders = Order.objects.filter(pk=order.pk)
    actor = order.partner.actor
    if order.status == OrderStatus.ERROR and taken == {wallet.pk for wallet in wallets}:
        cancellation.cancel_for_partner(orders=orders, order_id=order.pk, actor=actor, now=now)
        return
    wallet_cancellation.cancel_wallets_for_partner(
        orders=orders,
        order_id=order.pk,
        wallet_ids=taken,
        actor=actor,
        now=now,
        reason=_REASON,
    )
