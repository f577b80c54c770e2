"""The documents of a paid order: its tickets and its receipt, as PDF."""

from __future__ import annotations

import dataclasses
import datetime

from channel_manager.lib.errors import NotFound
from orders import manifests, payment_receipt_pdf, payment_receipts
from orders.api.waiting import wait_until_settled
from orders.dialects.voordemensen.purchases import find_order
from orders.models import Checkout, Order
from partners.models import Storefront
from wallets import pdf
from wallets.manifest import Notice

# Tickets are made within a second or two of the payment; whoever comes sooner waits for them.
WAIT_SECONDS = 10


class NoDocument(NotFound):
    """The order has no such document: it is not paid yet, or was cancelled."""


@dataclasses.dataclass(frozen=True)
class Document:
    """A PDF and the name to keep it under."""

    file_name: str
    content: bytes


def find_tickets(*, storefront: Storefront, order_key: str, now: datetime.datetime) -> Document:
    """Return the tickets of an order in its guest's language; raises OrderNotFound, NoDocument.

    Waits some seconds for an order that was paid just now.
    """
    order = _paid(find_order(storefront=storefront, order_key=order_key))
    wait_until_settled(order.pk, WAIT_SECONDS)
    page = manifests.find_order_manifest(
        token=order.token, language_tag=order.sell_to_language, now=now
    )
    if isinstance(page, Notice):
        raise NoDocument("The tickets are not ready, or were cancelled")
    return Document(page.file_name, pdf.render_page(page))


def find_receipt(*, storefront: Storefront, order_key: str) -> Document:
    """Return the receipt of an order; raises OrderNotFound, NoDocument."""
    checkout = find_order(storefront=storefront, order_key=order_key)
    order = _paid(checkout)
    receipt = payment_receipts.build_receipt(checkout=checkout, order=order)
    return Document(receipt.file_name, payment_receipt_pdf.render_receipt(receipt))


def _paid(checkout: Checkout) -> Order:
    if checkout.order is None:
        raise NoDocument("The order is not paid")
    return checkout.order
