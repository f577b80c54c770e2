"""A client that speaks VoordeMensen, with shows that have one place each, made through the ORM.

`Stack.django("tests.concurrency.voordemensen_shop", count)` runs it; it prints its name.
"""

from __future__ import annotations

import datetime
import sys

from django.utils import timezone

from catalog.models import Dating
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


def make(count: int) -> str:
    """Make the client with so many shows, one a day."""
    venue = VenueFactory.create(code="one-chair", name="One Chair", reference_prefix="OC")
    attraction = AttractionFactory.create(venue=venue, code="one-chair")
    first = datetime.datetime.now(venue.zone).date() + datetime.timedelta(days=2)
    for number in range(count):
        SessionFactory.create(
            attraction=attraction,
            date=first + datetime.timedelta(days=number),
            time=datetime.time(10),
            capacity=1,
        )
    item = ItemFactory.create(venue=venue, number="ONE-CHAIR", attraction=attraction)
    package = PackageFactory.create(venue=venue, code="ONE-CHAIR", dating=Dating.TIMED)
    ComponentFactory.create(package=package, item=item)
    PriceFactory.create(package=package)
    partner = PartnerFactory.create(venue=venue, name="One Chair Web")
    shop = open_storefront(
        partner=partner, dialect=Dialect.VOORDEMENSEN, public_id="onechair", now=timezone.now()
    )
    return shop.public_id


if __name__ == "__main__":
    print(make(int(sys.argv[1])))
