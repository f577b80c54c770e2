"""What a cause of failures is called, what mends it, and whether that has happened meanwhile."""

from __future__ import annotations

import dataclasses
import datetime
import uuid
from collections.abc import Collection, Mapping, Sequence
from urllib.parse import urlencode

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Count, Q, Value
from django.urls import reverse

from catalog.magic import why_not_mapped
from catalog.models import Component, Connection, Package, PackageMapping, PackageStatus
from channel_manager.lib.ranges import DateRange
from orders.admin import mending_elsewhere
from orders.causes import CauseGroup
from orders.models import FailureCode
from partners.models import Partner

OF_OURS = {
    FailureCode.STALLED: "Issuing made no progress for too long",
    FailureCode.INTERNAL: "Issuing failed for a reason of ours",
}
_ADVICE = {
    FailureCode.STALLED: "Replay them. Numbers and prices that were given stay.",
    FailureCode.INTERNAL: "Replay them. If they fail again, look in the worker's log for an order's id.",
}
# What a package lacks, what it has once that is mended, and what to do.
_OF_PRICE = ("no price for the visit date", "a price now", "Add a price")
_OF_COMPONENT = (
    "no active component",
    "an active component now",
    "Add or activate a component",
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Told:
    """What a cause is called, and what mends it."""

    title: str
    advice: str
    link: str = ""
    link_text: str = ""
    permission: str = "orders.view_order"
    is_mended: bool = False

    @classmethod
    def of(
        cls,
        group: CauseGroup,
        item_number: str,
        partner: Partner | None,
        package: Package | None,
        mapping: PackageMapping | None,
        connection: Connection | None = None,
        component: Component | None = None,
    ) -> Told:
        """Name a cause by what it is about."""
        code = FailureCode(group.failure_code)
        if component is not None:
            return cls(**mending_elsewhere.tell_component(component))
        if connection is not None:
            return cls(**mending_elsewhere.tell_connection(group, connection))
        if mapping is not None:
            return _mapped(partner, item_number, mapping)
        if partner is not None:
            return _not_mapped(partner, item_number)
        if package is not None:
            return _lacking(package, group)
        kind = group.fingerprint.partition(":")[2] if code in OF_OURS else ""
        return cls(
            title=OF_OURS.get(code, str(code.label)) + (f" ({kind})" if kind else ""),
            advice=_ADVICE.get(code, "Replay them."),
            is_mended=not mending_elsewhere.is_told(code),
        )


def _mapped(partner: Partner | None, item_number: str, mapping: PackageMapping) -> Told:
    return Told(
        title=f"{partner}: item number {item_number} means {mapping.package.code} now",
        advice="Replay them. Those that fail again do not fit that package, or came on days "
        "on which it does not hold: the replay says which.",
        link=reverse("admin:catalog_packagemapping_change", args=[mapping.pk]),
        link_text=f"See what {item_number} means",
        permission="catalog.view_packagemapping",
        is_mended=True,
    )


def _not_mapped(partner: Partner, item_number: str) -> Told:
    if refused := why_not_mapped(item_number):
        return Told(
            title=f"{partner}: test item number {item_number} was ordered with a live key",
            advice=f"{refused} Ask the partner to replace or delete the order.",
        )
    query = {
        "partner": partner.pk,
        "item_number": item_number,
        "next": reverse("admin:orders_batch_causes"),
    }
    return Told(
        title=f"{partner}: item number {item_number} is not mapped",
        advice="Map it to a package, valid on the days of receipt, then replay them.",
        link=f"{reverse('admin:catalog_packagemapping_add')}?{urlencode(query)}",
        link_text=f"Map {item_number}",
        permission="catalog.add_packagemapping",
    )


def _lacking(package: Package, group: CauseGroup) -> Told:
    """Name what a package lacks or, once that is mended, has."""
    is_of_price = group.failure_code == FailureCode.NO_PRICE
    lacking, had, way = _OF_PRICE if is_of_price else _OF_COMPONENT
    is_mended = _is_mended(package, group)
    return Told(
        title=f"Package {package.code} has {had if is_mended else lacking}",
        advice="Replay them." if is_mended else f"{way}, then replay them.",
        is_mended=is_mended,
        link=reverse("admin:catalog_package_change", args=[package.pk]),
        link_text=f"Open {package.code}",
        permission="catalog.view_package",
    )


def read_packages(keys: Collection[uuid.UUID]) -> Mapping[uuid.UUID, Package]:
    """Return packages with the number of their active components and the days of their prices.

    Those that hold for every partner: a cause names none.
    """
    is_active = Q(components__is_active=True)
    is_general = Q(prices__isnull=False, prices__partner__isnull=True)
    days = DateRange("prices__visit_from", "prices__visit_until", Value("[]"))
    packages = Package.objects.annotate(
        active=Count("components", filter=is_active, distinct=True),
        priced=ArrayAgg(days, filter=is_general, default=Value([])),
    )
    return packages.in_bulk(keys)


def _is_mended(package: Package, group: CauseGroup) -> bool:
    """Tell whether a package can be sold again, for the next visit where it lacked a price."""
    active, priced = package.active, package.priced  # type: ignore[attr-defined]
    if package.status != PackageStatus.ON_SALE or not active or (package.is_group and active > 1):
        return False
    if group.failure_code != FailureCode.NO_PRICE:
        return True
    if group.next_visit is None:
        return any(days.lower is None and days.upper is None for days in priced)
    return any(group.next_visit in days for days in priced)


def read_mapped(
    numbers: Sequence[tuple[uuid.UUID, str]], today: datetime.date
) -> Mapping[tuple[uuid.UUID, str], PackageMapping]:
    """Return what numbers that failed mean meanwhile: one statement, if there are any."""
    if not numbers:
        return {}
    rows = PackageMapping.objects.filter(
        is_active=True,
        partner__in={partner for partner, _number in numbers},
        item_number__in={number for _partner, number in numbers},
    ).select_related("package")
    return {
        (row.partner_id, row.item_number): row
        for row in rows.order_by("version")
        if row.is_valid_on(today)
    }
