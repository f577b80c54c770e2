"""What a partner may sell: its own item numbers, and package codes where it may use them."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterator

from django.db.models import Prefetch

from catalog.mapping import Offer, selling_data
from catalog.models import Dating, Package, PackageMapping, PackageStatus, Price
from catalog.pricing import choose_price
from catalog.visits import MAX_DAYS_AHEAD
from partners.models import Partner


@dataclasses.dataclass(frozen=True)
class Article:
    """An item number this partner may order, the package behind it, and a visit it can be for."""

    item_number: str
    offer: Offer
    sample_date: datetime.date | None
    sample_time: datetime.time | None
    sample_price: Price


def list_articles(*, partner: Partner, now: datetime.datetime) -> list[Article]:
    """Return what an order of this partner would be taken for now, by item number.

    What is not on sale, has nothing to issue or no price for any day ahead is left out. Four
    statements, whatever the number of packages.
    """
    offers = _offers(partner, now.astimezone(partner.venue.zone).date())
    articles = (_article(number, offer, partner, now) for number, offer in sorted(offers.items()))
    return [article for article in articles if article is not None]


def _offers(partner: Partner, today: datetime.date) -> dict[str, Offer]:
    """Return the package behind each number; a mapping wins over a package code, as in orders."""
    mappings = PackageMapping.objects.filter(partner=partner, is_active=True)
    packages = Package.objects.filter(venue=partner.venue_id).prefetch_related(
        *selling_data(partner), Prefetch("mappings", mappings)
    )
    by_code: dict[str, Offer] = {}
    by_mapping: dict[str, Offer] = {}
    for package in packages:
        components, prices = tuple(package.components.all()), tuple(package.prices.all())
        if partner.sell_by_package_code:
            by_code[package.code] = Offer(package, None, components, prices)
        for mapping in package.mappings.all():
            if mapping.is_valid_on(today):
                offer = Offer(package, mapping.pk, components, prices)
                by_mapping[mapping.item_number] = offer
    return {**by_code, **by_mapping}


def _article(number: str, offer: Offer, partner: Partner, now: datetime.datetime) -> Article | None:
    if offer.package.status != PackageStatus.ON_SALE or not offer.can_be_issued:
        return None
    for day in _sample_days(offer, partner, now):
        price = choose_price(offer.prices, partner_id=partner.pk, visit_date=day)
        if price is not None:
            timed = offer.package.dating == Dating.TIMED
            return Article(number, offer, day, partner.venue.opens_at if timed else None, price)
    return None


def _sample_days(
    offer: Offer, partner: Partner, now: datetime.datetime
) -> Iterator[datetime.date | None]:
    """Find days on which a visit could be sold: the next one, and those on which prices begin."""
    if offer.package.dating == Dating.OPEN:
        yield None
        return
    cut_off = datetime.timedelta(minutes=offer.package.cut_off_minutes or 0)
    zone = partner.venue.zone
    next_day = (now + cut_off).astimezone(zone).date() + datetime.timedelta(days=1)
    last_day = now.astimezone(zone).date() + datetime.timedelta(days=MAX_DAYS_AHEAD)
    begins = {price.visit_from for price in offer.prices if price.visit_from is not None}
    for day in sorted({next_day, *begins}):
        if next_day <= day <= last_day:
            yield day
