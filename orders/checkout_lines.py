"""A checkout's items as the lines of an order, and whether it could be made."""

from __future__ import annotations

import copy
import dataclasses
import datetime
from collections.abc import Iterable, Sequence

from orders import holds
from orders.contents import plan_contents
from orders.models import Checkout, CheckoutItem
from orders.planning import NoRoom
from orders.requests import LineRequest
from orders.shortages import explain
from partners.models import UnmappedItems
from partners.storefronts import account_of


def check_orderable(*, checkout: Checkout, now: datetime.datetime) -> None:
    """Refuse a locked checkout that could not be ordered now, before its guest pays.

    Raises InvalidRequest with all faults, HoldEnded, SoldOut, SeatTaken.
    """
    partner = copy.copy(checkout.storefront.partner)
    partner.unmapped_items = UnmappedItems.REFUSE
    account = dataclasses.replace(account_of(checkout.storefront), partner=partner)
    items = checkout.items.select_related("hold").order_by("reserved_at", "position")
    lines = [line_of(checkout, group, held=True) for group in by_hold(items)]
    claimed = holds.claim_holds(account=account, lines=lines, now=now)
    try:
        plan_contents(account, lines, now, own=holds.places_of(claimed))
    except NoRoom as no_room:
        raise explain(no_room, partner=partner, now=now) from no_room


def by_hold(items: Iterable[CheckoutItem]) -> list[list[CheckoutItem]]:
    """Group items by what becomes one line of an order."""
    groups: dict[object, list[CheckoutItem]] = {}
    for item in items:
        groups.setdefault((item.hold_id, item.reserved_at, item.item_number), []).append(item)
    return list(groups.values())


def line_of(checkout: Checkout, items: Sequence[CheckoutItem], *, held: bool) -> LineRequest:
    """Return the line that items of one hold become; each has the seat that it was told."""
    first = items[0]
    return LineRequest(
        item_number=first.item_number,
        quantity=len(items),
        visit_date=first.visit_date,
        visit_time=first.visit_time,
        sell_to_email=checkout.buyer_email or None,
        sell_to_name=checkout.buyer_name or None,
        sell_to_language=checkout.buyer_language or None,
        seats=(tuple(item.seat for item in items if item.seat) or None) if held else None,
        hold_id=first.hold_id if held else None,
        agreed_price=first.unit_price,
    )
