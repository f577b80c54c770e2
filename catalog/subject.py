"""What an item number stands for when somebody asks what is left of it."""

from __future__ import annotations

import dataclasses
import datetime
import uuid
from collections.abc import Iterable, Sequence

from catalog.assortment import read_numbers
from catalog.mapping import Offer, read_catalogue
from catalog.models import Component, Dating, Package, PackageStatus
from catalog.opening import OpeningTimes
from channel_manager.lib.errors import ErrorCode, Fault, Refusal
from partners.account import Account


class UnknownItem(Refusal):
    """The item number means nothing that this partner may sell."""

    code = ErrorCode.UNKNOWN_ITEM


class NotOnSale(Refusal):
    """What the item number means is not sold at the moment."""

    code = ErrorCode.NOT_ON_SALE


@dataclasses.dataclass(frozen=True)
class Part:
    """What rows are listed for: a number, its attraction, and the packages that sell it."""

    item_number: str
    attraction_id: uuid.UUID | None
    offers: Sequence[Offer]


@dataclasses.dataclass(frozen=True)
class Subject:
    """What an item number stands for; no parts where nothing is bound to days."""

    parts: Sequence[Part]
    opening_times: OpeningTimes

    @property
    def offers(self) -> list[Offer]:
        """Return the offers of all parts."""
        return [offer for part in self.parts for offer in part.offers]

    @property
    def components(self) -> list[Component]:
        """Return the components of all parts, once each."""
        found = (component for offer in self.offers for component in offer.components)
        return list({component.pk: component for component in found}.values())


def find_subject(*, account: Account, item_number: str, now: datetime.datetime) -> Subject:
    """Find what the number stands for, in two statements; raises UnknownItem, NotOnSale.

    One of the partner's own numbers or a package code, as in orders, else a component of packages
    that the partner may sell.
    """
    holding = Package.objects.filter(
        venue=account.partner.venue_id,
        components__is_active=True,
        components__item__number=item_number,
    )
    venue = account.venue
    numbers = {item_number, *read_numbers(partner=account.partner, packages=holding)}
    catalogue = read_catalogue(
        account=account,
        asked=[(number, None) for number in numbers],
        on=now.astimezone(venue.zone).date(),
    )
    asked = catalogue.offers.get(item_number)
    if asked is not None:
        parts = _parts_of_package(item_number, _sold(item_number, [asked]))
        return Subject(parts, catalogue.opening_times)
    offers = {
        offer.package.pk: offer
        for offer in catalogue.offers.values()
        if any(component.item.number == item_number for component in offer.components)
    }
    if not offers:
        detail = f"The item number {item_number} is not known at {venue}."
        raise UnknownItem(detail, faults=[Fault("?itemNumber", ErrorCode.UNKNOWN_ITEM, detail)])
    parts = _parts_of_item(item_number, _sold(item_number, offers.values()))
    return Subject(parts, catalogue.opening_times)


def _sold(item_number: str, offers: Iterable[Offer]) -> list[Offer]:
    """Keep the offers that are sold for days; raises NotOnSale when none is sold at all."""
    on_sale = [offer for offer in offers if offer.package.status == PackageStatus.ON_SALE]
    if not on_sale:
        detail = f"{item_number} is not on sale."
        raise NotOnSale(detail, faults=[Fault("?itemNumber", ErrorCode.NOT_ON_SALE, detail)])
    return [
        offer for offer in on_sale if offer.can_be_issued and offer.package.dating != Dating.OPEN
    ]


def _parts_of_package(item_number: str, offers: Sequence[Offer]) -> list[Part]:
    """Return the counted components of a package, or the package itself where none is counted."""
    if not offers:
        return []
    (offer,) = offers
    several = len(offer.components) > 1
    counted = [
        Part(component.item.number if several else item_number, attraction, offers)
        for component in offer.components
        if (attraction := component.item.attraction_id)
    ]
    if counted or offer.package.dating == Dating.TIMED:
        return counted
    return [Part(item_number, None, offers)]


def _parts_of_item(item_number: str, offers: Sequence[Offer]) -> list[Part]:
    """Return one component by itself, as any of the packages sells it."""
    attractions = {
        component.item.attraction_id
        for offer in offers
        for component in offer.components
        if component.item.number == item_number
    }
    if not any(attractions):
        offers = [offer for offer in offers if offer.package.dating == Dating.DATED]
    return [Part(item_number, attraction, offers) for attraction in attractions if offers]
