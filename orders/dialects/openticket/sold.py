"""An order with its tickets, as those ask who resell them (contract section 2)."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from channel_manager.lib.errors import NotFound
from channel_manager.lib.strict_fields import is_uuid
from orders import paying
from orders.api.waiting import wait_until_settled
from orders.dialects.openticket import guids
from orders.models import Checkout, CheckoutStatus, OrderStatus
from partners.models import Storefront
from wallets.models import Asset, AssetStatus

# Through what it was bought; the one value that we have.
_CHANNEL = "shop"
_STATUSES = {
    CheckoutStatus.ORDERED: "paid",
    CheckoutStatus.CANCELLED: "cancelled",
    CheckoutStatus.SETTLED: "cancelled",
    CheckoutStatus.EXPIRED: "expired",
}


def find_sold(*, storefront: Storefront, guid: str) -> Checkout:
    """Return a shop's order by its `order_id`, after a while for its tickets; raises NotFound."""
    orders = Checkout.objects.filter(storefront=storefront, code=guid.lower())
    found = orders.select_related("order").first() if is_uuid(guid) else None
    if found is None:
        raise NotFound("This shop has no order with this GUID.")
    if found.order is not None and found.order.is_in_flight:
        wait_until_settled(found.order.pk, settings.DIALECT_WAIT_SECONDS)
        found = orders.select_related("order").get()
    return found


def render_sold(checkout: Checkout) -> dict[str, Any]:
    """Return an order with the tickets that admit; those of a paid one come once it is issued."""
    receiver = checkout.buyer_data
    return {
        "guid": checkout.code,
        "status": status_of(checkout),
        "email": receiver.get("email", ""),
        "firstName": receiver.get("firstname", ""),
        "lastName": receiver.get("lastname", ""),
        "locale": receiver.get("locale", ""),
        "purchase_channel": _CHANNEL,
        "tickets": _tickets(checkout),
    }


def status_of(checkout: Checkout) -> str:
    """Return how an order stands; only `paid` is public, the others are derived."""
    if checkout.order is not None and checkout.order.status == OrderStatus.CANCELLED:
        return "cancelled"
    if paying.payment_status(checkout) == "pending":
        return "pending"
    return _STATUSES.get(CheckoutStatus(checkout.status), "pending")


def _tickets(checkout: Checkout) -> list[dict[str, Any]]:
    if checkout.order is None or checkout.order.status != OrderStatus.ISSUED:
        return []
    items = list(checkout.items.order_by("line_no", "seq_no"))
    keys = {item.pk: guids.ticket_key(item.package_id, item.session_id) for item in items}
    known = guids.guids_of(checkout.storefront, guids.TICKET, list(keys.values()))
    ticket_guids = {(item.line_no, item.seq_no): known[keys[item.pk]] for item in items}
    assets = (
        Asset.objects.filter(wallet__order=checkout.order_id)
        .exclude(status=AssetStatus.DESTROYED)
        .select_related("item", "wallet__line")
        .order_by("wallet__line__line_no", "wallet__seq_no", "position", "unit")
    )
    return [
        {
            "ticket_number": asset.reference_number,
            "ticket_guid": ticket_guids.get((asset.wallet.line.line_no, asset.wallet.seq_no)),
            "name": asset.item.description,
            "status": asset.status.lower(),
        }
        for asset in assets
        if asset.wallet.line is not None
    ]
