"""Orders as every call of the distribution API answers them (contract section 4)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from catalog.models import Seat
from channel_manager.lib.moments import in_utc
from channel_manager.lib.money import rounded
from orders.dialects.onebox.baskets import status_of
from orders.dialects.onebox.catalogue import PRICE_TYPE, SEAT, SESSION
from orders.models import Checkout, CheckoutItem, CheckoutStatus
from orders.wallets_of_items import wallets_of
from partners import outward
from wallets.models import Wallet, WalletStatus

RESERVED, PURCHASED, REFUNDED = "RESERVED", "PURCHASED", "REFUNDED"


def render_order(checkout: Checkout) -> dict[str, Any]:
    """Return an order; a channel may rely on id, status and code only."""
    items = list(checkout.items.select_related("session"))
    is_confirmed = checkout.status == CheckoutStatus.ORDERED
    return {
        "id": checkout.public_id,
        "code": checkout.code or None,
        "status": status_of(checkout),
        "items": render_items(checkout, items),
        "buyer_data": render_buyer(checkout),
        "price": {"final": as_number(checkout.amount, checkout.currency)},
        "expires_at": None if is_confirmed else in_utc(checkout.expires_at),
    }


def render_buyer(checkout: Checkout) -> dict[str, Any]:
    """Return what was sent of the buyer."""
    email = {"email": checkout.buyer_email} if checkout.buyer_email else {}
    return {**email, **checkout.buyer_data}


def render_items(checkout: Checkout, items: Sequence[CheckoutItem]) -> list[dict[str, Any]]:
    """Return the items of an order by the ids that the channel knows."""
    ids = _Ids(checkout, items)
    wallets = wallets_of(checkout, items) if checkout.status == CheckoutStatus.ORDERED else {}
    return [
        {
            "id": item.number,
            "session_id": ids.session(item),
            "price_type_id": ids.price_type(item),
            "seat_id": ids.seat(item),
            "price": {"final": as_number(item.unit_price, checkout.currency)},
            "state": state_of(checkout, wallets.get(item.pk)),
        }
        for item in items
    ]


def state_of(checkout: Checkout, wallet: Wallet | None) -> str:
    """Return how an item stands; what is sold and has no wallet any more was taken back."""
    if checkout.status != CheckoutStatus.ORDERED:
        return RESERVED
    is_gone = wallet is None or wallet.status == WalletStatus.DESTROYED
    return REFUNDED if is_gone else PURCHASED


def as_number(amount: Decimal, currency: str) -> int | float:
    """Return an amount in major units as a JSON number."""
    exact = rounded(amount, currency)
    return int(exact) if exact == exact.to_integral_value() else float(exact)


class _Ids:
    """The outward ids that items need, read together: three statements."""

    def __init__(self, checkout: Checkout, items: Iterable[CheckoutItem]) -> None:
        storefront, rows = checkout.storefront, list(items)
        self._sessions = outward.values_of(
            storefront, SESSION, _keys(map(_session_key, rows)), shape=outward.number
        )
        self._types = outward.values_of(
            storefront, PRICE_TYPE, _keys(str(row.package_id) for row in rows), shape=outward.number
        )
        self._seat_keys = _seat_keys(rows)
        self._seats = outward.values_of(
            storefront, SEAT, _keys(map(str, self._seat_keys.values())), shape=outward.number
        )

    def session(self, item: CheckoutItem) -> int | None:
        """Return the id of an item's session."""
        key = _session_key(item)
        return int(self._sessions[key]) if key else None

    def price_type(self, item: CheckoutItem) -> int:
        """Return the id of what an item is sold as."""
        return int(self._types[str(item.package_id)])

    def seat(self, item: CheckoutItem) -> int | None:
        """Return the id of an item's numbered seat."""
        key = self._seat_keys.get(item.pk)
        return int(self._seats[str(key)]) if key else None


def _session_key(item: CheckoutItem) -> str | None:
    if item.session_id is not None:
        return str(item.session_id)
    # What has no day has no session, and is known by its package.
    return f"package:{item.package_id}" if item.visit_date is None else None


def _keys(keys: Iterable[str | None]) -> list[str]:
    return [key for key in dict.fromkeys(keys) if key]


def _seat_keys(items: Sequence[CheckoutItem]) -> Mapping[uuid.UUID, int]:
    """Return the seat of each item that has one; a statement if any has."""
    seated = [item for item in items if item.seat and item.session]
    if not seated:
        return {}
    plans = {item.session.seat_plan_id for item in seated if item.session}
    seats: dict[tuple[uuid.UUID | None, str], int] = {
        (seat.plan_id, seat.label): seat.pk
        for seat in Seat.objects.filter(plan__in=plans, label__in={item.seat for item in seated})
    }
    return {
        item.pk: seats[key]
        for item in seated
        if item.session and (key := (item.session.seat_plan_id, item.seat)) in seats
    }
