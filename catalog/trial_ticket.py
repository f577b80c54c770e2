"""The test ticket: what every magic item number that can be issued is issued as.

A package of its own at each venue, so that test orders have lines, wallets and assets like sold
ones. It is hidden (`is_test`): no list has it, no live key can order it. (Names in code that begin
with "test" are the tests'.)
"""

from __future__ import annotations

import dataclasses
import uuid
from decimal import Decimal

from django.db import transaction

from catalog.models import TEST_TICKET, Component, Item, Package, PackageStatus, Price
from partners.models import Venue

PRICE_INCL_VAT = Decimal(10)


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrialTicket:
    """The rows that make the test ticket of one venue, at hand without reading them."""

    item: Item
    package: Package
    component: Component
    price: Price


def ticket_of(venue: Venue, description: str = "") -> TrialTicket:
    """Return the venue's test ticket, stored or not: its keys follow from the venue's."""
    item = Item(
        id=_key(venue, "item"),
        venue=venue,
        number=TEST_TICKET,
        description="Test ticket",
        vat_rate=Decimal(9),
        is_test=True,
    )
    package = Package(
        id=_key(venue, "package"),
        venue=venue,
        code=TEST_TICKET,
        name="Test ticket",
        description=description,
        status=PackageStatus.ON_SALE,
        is_test=True,
    )
    component = Component(id=_key(venue, "component"), package=package, item=item)
    price = Price(id=_key(venue, "price"), package=package, amount_incl_vat=PRICE_INCL_VAT)
    return TrialTicket(item=item, package=package, component=component, price=price)


def store_ticket(venue: Venue) -> None:
    """Make the venue's test ticket unless there is one: one statement then, else five.

    Lines and assets are to point at it. Of two orders that come first, one waits for the other.
    """
    ticket = ticket_of(venue)
    # The usual managers leave out what is hidden.
    if Package._base_manager.filter(pk=ticket.package.pk).exists():
        return
    with transaction.atomic():
        Item._base_manager.bulk_create([ticket.item], ignore_conflicts=True)
        Package._base_manager.bulk_create([ticket.package], ignore_conflicts=True)
        Component.objects.bulk_create([ticket.component], ignore_conflicts=True)
        Price.objects.bulk_create([ticket.price], ignore_conflicts=True)


def _key(venue: Venue, part: str) -> uuid.UUID:
    return uuid.uuid5(venue.pk, f"test-ticket/{part}")
