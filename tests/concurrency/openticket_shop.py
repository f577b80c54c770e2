"""A shop that speaks OpenTicket, with shows that have one place each, made through the ORM.

`Stack.django("tests.concurrency.openticket_shop", count)` runs it; it prints shop and token as JSON.
"""

from __future__ import annotations

import datetime
import json
import sys

from django.utils import timezone

from catalog.models import Dating
from partners.keys import create_key
from partners.models import Dialect
from partners.storefronts import open_storefront
from tests.factories import (
    AttractionFactory,
    ComponentFactory,
    ItemFactory,
    PackageFactory,
    PartnerFactory,
    PriceFactory,
    SessionFactory,
    VenueFactory,
)


def make(count: int) -> dict[str, str]:
    """Make the shop with so many shows, one an hour apart from the other."""
    venue = VenueFactory.create(code="one-seat", name="One Seat", reference_prefix="OS")
    attraction = AttractionFactory.create(venue=venue, code="one-seat")
    first = datetime.datetime.now(venue.zone).date() + datetime.timedelta(days=2)
    for number in range(count):
        SessionFactory.create(
            attraction=attraction,
            date=first + datetime.timedelta(days=number),
            time=datetime.time(10),
            capacity=1,
        )
    item = ItemFactory.create(venue=venue, number="ONE-SEAT", attraction=attraction)
    package = PackageFactory.create(venue=venue, code="ONE-SEAT", dating=Dating.TIMED)
    ComponentFactory.create(package=package, item=item)
    PriceFactory.create(package=package)
    partner = PartnerFactory.create(venue=venue, name="One Seat Web")
    shop = open_storefront(partner=partner, dialect=Dialect.OPENTICKET, now=timezone.now())
    token = create_key(partner=partner, dialect=Dialect.OPENTICKET)[1]
    return {"shop": shop.public_id, "token": token}


if __name__ == "__main__":
    print(json.dumps(make(int(sys.argv[1]))))
