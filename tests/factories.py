"""factory-boy factories of the catalogue and its partners."""

import dataclasses
import datetime
import zoneinfo
from collections.abc import Collection, Iterable
from decimal import Decimal
from typing import Any

import factory
from factory.django import DjangoModelFactory

from catalog.models import (
    Allotment,
    Attraction,
    CalendarDay,
    Component,
    Dating,
    Item,
    ItemType,
    OpeningHours,
    Package,
    PackageMapping,
    Price,
    Seat,
    SeatPlan,
    Session,
    SessionException,
    SessionRule,
)
from partners.models import Partner, Venue


def _tomorrow() -> datetime.date:
    """Return tomorrow in Amsterdam, as tests.conftest.TOMORROW is."""
    return datetime.datetime.now(zoneinfo.ZoneInfo("Europe/Amsterdam")).date() + datetime.timedelta(
        days=1
    )


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


class AttractionFactory(DjangoModelFactory[Attraction]):
    class Meta:
        model = Attraction

    venue = factory.SubFactory(VenueFactory)
    code = factory.Sequence(lambda n: f"attraction-{n}")
    name = factory.Sequence(lambda n: f"Attraction {n}")


class OpeningHoursFactory(DjangoModelFactory[OpeningHours]):
    class Meta:
        model = OpeningHours

    venue = factory.SubFactory(VenueFactory)


class CalendarDayFactory(DjangoModelFactory[CalendarDay]):
    class Meta:
        model = CalendarDay

    venue = factory.SubFactory(VenueFactory)
    date = factory.LazyFunction(_tomorrow)


class SessionRuleFactory(DjangoModelFactory[SessionRule]):
    """Whole days of 100 places, unless it is told a first start."""

    class Meta:
        model = SessionRule

    attraction = factory.SubFactory(AttractionFactory)


class SessionExceptionFactory(DjangoModelFactory[SessionException]):
    class Meta:
        model = SessionException

    attraction = factory.SubFactory(AttractionFactory)
    date = factory.LazyFunction(_tomorrow)


class SessionFactory(DjangoModelFactory[Session]):
    """Tomorrow's whole day of 100 places, or an hour from a time on the venue's clock."""

    class Meta:
        model = Session

    attraction = factory.SubFactory(AttractionFactory)
    date = factory.LazyFunction(_tomorrow)
    time = None
    capacity = 100
    starts_at = factory.LazyAttribute(
        lambda session: datetime.datetime.combine(
            session.date,
            session.time or datetime.time(8),
            tzinfo=session.attraction.venue.zone,
        ).astimezone(datetime.UTC)
    )
    ends_at = factory.LazyAttribute(
        lambda session: session.starts_at + datetime.timedelta(hours=1 if session.time else 12)
    )


class SeatPlanFactory(DjangoModelFactory[SeatPlan]):
    """A hall of no seats, unless it is told rows: `rows={"A": 3}` makes A1, A2 and A3."""

    class Meta:
        model = SeatPlan
        skip_postgeneration_save = True

    venue = factory.SubFactory(VenueFactory)
    name = factory.Sequence(lambda n: f"Hall {n}")

    @factory.post_generation
    def rows(self: SeatPlan, create: bool, rows: dict[str, int] | None) -> None:  # type: ignore[misc]
        labels = [
            (row, f"{row}{n}") for row, count in (rows or {}).items() for n in range(1, count + 1)
        ]
        Seat.objects.bulk_create(
            Seat(plan=self, row=row, label=label, position=position)
            for position, (row, label) in enumerate(labels)
        )


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


class AllotmentFactory(DjangoModelFactory[Allotment]):
    class Meta:
        model = Allotment

    partner = factory.SubFactory(PartnerFactory)
    package = factory.SubFactory(PackageFactory, venue=factory.SelfAttribute("..partner.venue"))
    places = 10


@dataclasses.dataclass(frozen=True)
class Offer:
    """A package with its items and its price, not saved yet."""

    package: Package
    components: list[Component]
    price: Price


def offer(
    venue: Venue,
    code: str,
    amount: str = "34.50",
    parts: Iterable[tuple[Item, str]] = (),
    **options: Any,
) -> Offer:
    """Think of a package on sale: with these items and their shares of the price, or one ticket."""
    package = PackageFactory.build(venue=venue, code=code, **options)
    ticket = ItemFactory.build(venue=venue, number=f"{code}-ENTRY", description=f"{code} entry")
    components = [
        ComponentFactory.build(
            package=package, item=item, price_share=Decimal(share), position=position
        )
        for position, (item, share) in enumerate(parts)
    ]
    return Offer(
        package,
        components or [ComponentFactory.build(package=package, item=ticket)],
        PriceFactory.build(package=package, amount_incl_vat=Decimal(amount)),
    )


def sell(offers: Collection[Offer]) -> None:
    """Save offers in four statements, however many: most tests begin with three."""
    components = [component for offer in offers for component in offer.components]
    Package.objects.bulk_create(offer.package for offer in offers)
    Item.objects.bulk_create(component.item for component in components)
    Component.objects.bulk_create(components)
    Price.objects.bulk_create(offer.price for offer in offers)


def sellable_package(venue: Venue, code: str, amount: str = "34.50", **options: Any) -> Package:
    """Make a package on sale with one ticket and a price."""
    made = offer(venue, code, amount, **options)
    sell([made])
    return made.package
