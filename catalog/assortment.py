"""What a partner may sell: its own item numbers, and package codes where it may use them."""

from __future__ import annotations

import dataclasses
import datetime

from django.db.models import Prefetch

from catalog.mapping import Offer, selling_data
from catalog.models import Dating, Package, PackageMapping
from partners.models import Partner


@dataclasses.dataclass(frozen=True)
class Article:
    """An item number this partner may order, and the package behind it."""

    item_number: str
    offer: Offer


def list_articles(*, partner: Partner, on: datetime.date) -> list[Article]:
    """Return what the partner may order on a day (venue's calendar), by item number.

    Packages that are not on sale are left out. Four statements, whatever the number of packages.
    """
    mappings = PackageMapping.objects.filter(partner=partner, is_active=True)
    packages = (
        Package.objects.on_sale()
        .filter(venue=partner.venue_id)
        .prefetch_related(*selling_data(partner), Prefetch("mappings", mappings))
    )
    articles: dict[str, Article] = {}
    for package in packages:
        components, prices = tuple(package.components.all()), tuple(package.prices.all())
        for mapping in package.mappings.all():
            if mapping.is_valid_on(on):
                offer = Offer(package, mapping.pk, components, prices)
                articles[mapping.item_number] = Article(mapping.item_number, offer)
        if partner.sell_by_package_code:
            offer = Offer(package, None, components, prices)
            articles.setdefault(package.code, Article(package.code, offer))
    return sorted(articles.values(), key=lambda article: article.item_number)


def sample_visit(
    article: Article, partner: Partner, today: datetime.date
) -> tuple[datetime.date | None, datetime.time | None]:
    """Return a visit date and time that an order for the article would be taken with."""
    dating = article.offer.package.dating
    if dating == Dating.OPEN:
        return None, None
    tomorrow = today + datetime.timedelta(days=1)
    return tomorrow, partner.venue.opens_at if dating == Dating.TIMED else None
