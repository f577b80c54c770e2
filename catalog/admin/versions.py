"""The versions of an item number on one page, and the way to the next one."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from catalog import versions
from catalog.admin import sold
from catalog.admin.sold import Sold
from catalog.models import PackageMapping
from channel_manager.history.models import Event
from channel_manager.lib.admin import columns
from partners.timeline import Look, tell

LOOKS: Mapping[str, Look] = {
    "mapping_added": Look("Version added", "add_link", "success"),
    "mapping_changed": Look("Version changed", "edit"),
    "mapping_removed": Look("Version removed", "link_off", "danger"),
}
_MOST_EVENTS = 50
STANDINGS: Mapping[str, str] = {
    "Today": "success",
    "To come": "info",
    "Past": "",
    "Switched off": "warning",
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Version:
    """One version as its number's page shows it."""

    mapping: PackageMapping
    standing: SafeString
    url: str
    is_shown: bool
    sold: Sold | None


def standing_of(mapping: PackageMapping) -> str:
    """Tell whether a version holds today, on its venue's calendar."""
    today = timezone.localdate(timezone=mapping.partner.venue.zone)
    if not mapping.is_active:
        return "Switched off"
    if mapping.is_valid_on(today):
        return "Today"
    return "To come" if mapping.valid_from and mapping.valid_from > today else "Past"


def context_of(request: HttpRequest, mapping: PackageMapping) -> dict[str, Any]:
    """Return what stands below the form of a version: all versions of its number, and the story.

    Six statements at most.
    """
    rows = list(
        PackageMapping.objects.filter(partner=mapping.partner_id, item_number=mapping.item_number)
        .select_related("package")
        .order_by("-version")
    )
    for row in rows:
        row.partner = mapping.partner
    counts = sold.count_sold(request, [row.pk for row in rows])
    events = Event.objects.filter(
        kind=versions.NUMBER_KIND,
        subject_id=versions.number_key(mapping.partner_id, mapping.item_number),
    ).order_by("-id")[:_MOST_EVENTS]
    for event in events:
        event.data = versions.without_name(event.data)
    return {
        "mapping": mapping,
        "versions": [_as_shown(row, mapping, counts) for row in rows],
        "happenings": tell(events, LOOKS),
        "zone": mapping.partner.venue.timezone,
        "may_continue": standing_of(mapping) in ("Today", "To come"),
    }


def _as_shown(
    row: PackageMapping, shown: PackageMapping, counts: Mapping[uuid.UUID, Sold]
) -> Version:
    standing = standing_of(row)
    return Version(
        mapping=row,
        standing=columns.badge(standing, STANDINGS[standing]),
        url=reverse("admin:catalog_packagemapping_change", args=[row.pk]),
        is_shown=row.pk == shown.pk,
        sold=counts.get(row.pk),
    )
