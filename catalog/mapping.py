"""From a partner's item numbers to the venue's packages, with all that is needed to sell them."""

from __future__ import annotations

import dataclasses
import datetime
import json
import uuid
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, TypeVar

from django.db import connection
from django.db.models import Model, Prefetch, Q

from catalog.models import Component, Item, Package, Price
from partners.models import Partner

_Model = TypeVar("_Model", bound=Model)


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
    the caller to refuse by name. One statement, whatever the number of items (contract
    section 3); as text, because building it with the ORM took a third of createOrder's CPU time.
    """
    wanted = list(set(item_numbers))
    codes = wanted if partner.sell_by_package_code else []
    with connection.cursor() as cursor:
        cursor.execute(_OFFERS, [partner.pk, partner.pk, wanted, on, on, partner.venue_id, codes])
        rows = cursor.fetchall()
    offers: dict[str, Offer] = {}
    unmapped: dict[str, Offer] = {}
    for package_json, number, mapping_id, components_json, prices_json in rows:
        package = _made(Package, _loaded(package_json))
        components = tuple(_component(row) for row in _loaded(components_json))
        prices = tuple(_made(Price, row) for row in _loaded(prices_json))
        if number is not None:
            offers[number] = Offer(package, mapping_id, components, prices)
        if package.code in codes:
            unmapped[package.code] = Offer(package, None, components, prices)
    return {**unmapped, **offers}


_OFFERS = """
    SELECT to_jsonb(p), m.item_number, m.id,
        (SELECT coalesce(jsonb_agg(to_jsonb(c) || jsonb_build_object('item', to_jsonb(i))
            ORDER BY c.position, c.id), '[]')
         FROM catalog_component c JOIN catalog_item i ON i.id = c.item_id
         WHERE c.package_id = p.id AND c.is_active),
        (SELECT coalesce(jsonb_agg(to_jsonb(r)), '[]') FROM catalog_price r
         WHERE r.package_id = p.id AND (r.partner_id IS NULL OR r.partner_id = %s))
    FROM catalog_package p
    LEFT JOIN catalog_packagemapping m ON m.package_id = p.id AND m.partner_id = %s
        AND m.item_number = ANY(%s) AND m.is_active
        AND (m.valid_from IS NULL OR m.valid_from <= %s)
        AND (m.valid_until IS NULL OR m.valid_until >= %s)
    WHERE p.venue_id = %s AND (m.id IS NOT NULL OR p.code = ANY(%s))
"""


def _loaded(text: str) -> Any:
    """Read JSON as the cursor hands it out: as text, with its numbers exact."""
    return json.loads(text, parse_float=Decimal)


def _made(model: type[_Model], row: Mapping[str, Any]) -> _Model:
    fields = model._meta.concrete_fields
    return model.from_db(
        None, [f.attname for f in fields], [f.to_python(row[f.attname]) for f in fields]
    )


def _component(row: Mapping[str, Any]) -> Component:
    component = _made(Component, row)
    component.item = _made(Item, row["item"])
    return component


def selling_data(partner: Partner) -> tuple[Prefetch[str], ...]:
    """Return the prefetches that an Offer is made from: active components, prices that may hold."""
    return (
        Prefetch(
            "components",
            Component.objects.filter(is_active=True).select_related("item"),
        ),
        Prefetch("prices", Price.objects.filter(Q(partner=None) | Q(partner=partner))),
    )
