"""factory-boy factories of the catalogue and its partners."""

from decimal import Decimal
from typing import Any

import factory
from factory.django import DjangoModelFactory

from catalog.models import Component, Dating, Item, ItemType, Package, PackageMapping, Price
from partners.models import Partner, Venue


class VenueFactory(DjangoModelFactory[Venue]):
    class Meta:
        model = Venue

    code = factory.Sequence(lambda n: f"venue-{n}")
    name = factory.Sequence(lambda n: f"Venue {n}")
    timezone = "Europe/Amsterdam"
    currency = "EUR"
    reference_prefix = factory.Sequence(lambda n: f"V{n}")


class PartnerFactory(DjangoModelFactory[Partner]):
    class Meta:
        model = Partner

    venue = factory.SubFactory(VenueFactory)
    name = factory.Sequence(lambda n: f"Partner {n}")
    status = "Active"
    sell_by_package_code = True


class ItemFactory(DjangoModelFactory[Item]):
    class Meta:
        model = Item

    venue = factory.SubFactory(VenueFactory)
    number = factory.Sequence(lambda n: f"ITEM-{n}")
    description = factory.LazyAttribute(lambda item: f"Description of {item.number}")
    type = ItemType.TICKET
    vat_rate = Decimal("9.00")


class PackageFactory(DjangoModelFactory[Package]):
    class Meta:
        model = Package

    venue = factory.SubFactory(VenueFactory)
    code = factory.Sequence(lambda n: f"PACKAGE-{n}")
    name = factory.LazyAttribute(lambda package: f"Name of {package.code}")
    status = "OnSale"
    dating = Dating.DATED


class ComponentFactory(DjangoModelFactory[Component]):
    class Meta:
        model = Component

    package = factory.SubFactory(PackageFactory)
    item = factory.SubFactory(ItemFactory, venue=factory.SelfAttribute("..package.venue"))


class PriceFactory(DjangoModelFactory[Price]):
    class Meta:
        model = Price

    package = factory.SubFactory(PackageFactory)
    amount_incl_vat = Decimal("34.50")


class PackageMappingFactory(DjangoModelFactory[PackageMapping]):
    class Meta:
        model = PackageMapping


def sellable_package(venue: Venue, code: str, amount: str = "34.50", **options: Any) -> Package:
    """Make a package on sale with one ticket and a price."""
    package = PackageFactory.create(venue=venue, code=code, **options)
    item = ItemFactory.create(venue=venue, number=f"{code}-ENTRY", description=f"{code} entry")
    ComponentFactory.create(package=package, item=item)
    PriceFactory.create(package=package, amount_incl_vat=Decimal(amount))
    return package
