"""From a partner's item numbers to the venue's packages, with all that is needed to sell them."""

from __future__ import annotations

import dataclasses
import datetime
import uuid
from collections.abc import Iterable, Mapping

from django.db.models import F, FilteredRelation, Prefetch, Q

from catalog.models import Component, Package, Price
from partners.models import Partner


@dataclasses.dataclass(frozen=True)
class Offer:
    """A package behind an item number, with its active components and the prices that may hold."""

    package: Package
    mapping_id: uuid.UUID | None
    components: tuple[Component, ...]
    prices: tuple[Price, ...]

    @property
    def can_be_issued(self) -> bool:
        """Tell whether there is something to issue; a group is issued as one ticket."""
        most = 1 if self.package.is_group else len(self.components)
        return 1 <= len(self.components) <= most


def find_offers(
    *, partner: Partner, item_numbers: Iterable[str], on: datetime.date
) -> Mapping[str, Offer]:
    """Return what each item number means to this partner; unknown numbers are left out.

    A mapping valid on the day (of receipt, venue's calendar) wins over a package code, which
    counts where the partner may sell by it. Packages that are not on sale are returned too, for
    the caller to refuse by name. Three statements, whatever the number of items (contract
    section 3).
    """
    wanted = set(item_numbers)
    mapped = FilteredRelation(
        "mappings",
        condition=Q(mappings__partner=partner)
        & Q(mappings__item_number__in=wanted)
        & Q(mappings__is_active=True)
        & (Q(mappings__valid_from=None) | Q(mappings__valid_from__lte=on))
        & (Q(mappings__valid_until=None) | Q(mappings__valid_until__gte=on)),
    )
    known = Q(mapped__isnull=False)
    if partner.sell_by_package_code:
        known |= Q(code__in=wanted)
    packages = (
        Package.objects.filter(venue=partner.venue_id)
        .annotate(mapped=mapped)
        .filter(known)
        .annotate(mapped_number=F("mapped__item_number"), mapping_key=F("mapped__id"))
        .prefetch_related(*selling_data(partner))
    )
    offers: dict[str, Offer] = {}
    unmapped: dict[str, Offer] = {}
    for package in packages:
        components, prices = tuple(package.components.all()), tuple(package.prices.all())
        number: str | None = package.mapped_number
        mapping_id: uuid.UUID | None = package.mapping_key
        if number is not None:
            offers[number] = Offer(package, mapping_id, components, prices)
        if partner.sell_by_package_code and package.code in wanted:
            unmapped[package.code] = Offer(package, None, components, prices)
    return {**unmapped, **offers}


def selling_data(partner: Partner) -> tuple[Prefetch[str], ...]:
    """Return the prefetches that an Offer is made from: active components, prices that may hold."""
    return (
        Prefetch(
            "components",
            Component.objects.filter(is_active=True).select_related("item"),
        ),
        Prefetch("prices", Price.objects.filter(Q(partner=None) | Q(partner=partner))),
    )
