"""A confirmed order with its tickets, as the orders management API answers it (contract section 9)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from channel_manager.lib.errors import NotFound
from channel_manager.lib.moments import in_utc
from orders import reading
from orders.dialects.onebox.rendering import REFUNDED, as_number, render_buyer, render_items
from orders.manifests import order_url, wallet_url
from orders.models import Checkout, Order, OrderStatus
from orders.wallets_of_items import wallets_of
from wallets.models import Asset, Wallet, WalletStatus, newest


def render_details(checkout: Checkout) -> dict[str, Any]:
    """Return a confirmed order; members in our own spelling are what Onebox has no name for."""
    order = _order_of(checkout)
    items = list(checkout.items.select_related("session"))
    wallets = wallets_of(checkout, items)
    tickets = _wallets_with_assets(order)
    told = [
        {**row, **_members_of(wallets.get(item.pk), tickets)}
        for item, row in zip(items, render_items(checkout, items), strict=True)
    ]
    refunded = sum(
        (i.unit_price for i, row in zip(items, told, strict=True) if row["state"] == REFUNDED),
        Decimal(0),
    )
    is_issued = order is not None and order.status == OrderStatus.ISSUED
    return {
        "code": checkout.code,
        "status": "CONFIRM",
        "date": in_utc(checkout.status_since),
        "channel": {"id": int(checkout.storefront.public_id)},
        "currency": checkout.currency,
        "items": told,
        "buyer_data": render_buyer(checkout),
        "price": {
            "final": as_number(checkout.amount, checkout.currency),
            "refunded": as_number(refunded, checkout.currency),
        },
        "buyFromOrderReference": order.buy_from_order_reference if order else None,
        "orderStatus": order.status if order else None,
        "manifestUrl": order_url(order) if order and is_issued else None,
    }


def _order_of(checkout: Checkout) -> Order | None:
    if checkout.order_id is None:
        return None
    try:
        return reading.find_order(Order.objects.all(), checkout.order_id)
    except NotFound:
        return None


def _wallets_with_assets(order: Order | None) -> dict[uuid.UUID, Wallet]:
    lines = order.lines.all() if order else ()
    return {wallet.pk: wallet for line in lines for wallet in line.wallets.all()}


def _members_of(wallet: Wallet | None, wallets: Mapping[uuid.UUID, Wallet]) -> dict[str, Any]:
    """Return what an item is admitted with; nothing once its order was removed."""
    whole = wallets.get(wallet.pk) if wallet else None
    if whole is None:
        return {"walletReferenceNumber": None, "manifestUrl": None, "tickets": []}
    return {
        "walletReferenceNumber": whole.reference_number,
        "manifestUrl": wallet_url(whole) if whole.status == WalletStatus.ACTIVE else None,
        "tickets": [_ticket(asset) for asset in newest(whole.assets.all())],
    }


def _ticket(asset: Asset) -> dict[str, Any]:
    """Return a ticket or coupon: its number is what its barcode carries."""
    return {
        "number": asset.reference_number,
        "barcode": asset.reference_number,
        "type": asset.type,
        "description": asset.description,
        "status": asset.status,
        "valid_from": in_utc(asset.valid_from),
        "valid_until": in_utc(asset.valid_until),
        **({"seat": asset.seat} if asset.seat else {}),
    }
