"""The versions of an item number on one page, and the way to the next one."""

from __future__ import annotations

import dataclasses
import datetime
import uuid
from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from catalog import versions
from catalog.admin import sold
from catalog.admin.sold import Sold
from catalog.models import Package, PackageMapping
from channel_manager.history.models import Event
from channel_manager.lib.admin import columns
from channel_manager.lib.admin.confirmation import (
    Confirmation,
    ReasonForm,
    actor_of,
    attempt,
    show_confirmation,
)
from channel_manager.lib.admin.fields import DayInput
from channel_manager.lib.admin.typed import ModelAdmin, Select
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


class ChangeForm(ReasonForm):
    """Asks what a number is to mean, and from which day on."""

    package = forms.ModelChoiceField(
        label="New package", queryset=Package.objects.none(), widget=Select
    )
    day = forms.DateField(
        label="From",
        widget=DayInput,
        help_text="The first day of receipt, on the venue's calendar. What was sold earlier on that "
        "day stays as it is.",
    )
    field_order = ("package", "day", "reason")

    def __init__(self, *args: Any, mapping: PackageMapping, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = Package.objects.filter(venue=mapping.partner.venue_id)
        self.fields["package"].queryset = others.exclude(pk=mapping.package_id)  # type: ignore[attr-defined]


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


def change_from_view(
    model_admin: ModelAdmin[PackageMapping], request: HttpRequest, key: uuid.UUID
) -> HttpResponse:
    """Tell what changing a number's meaning does (GET), or do it (POST)."""
    if not (model_admin.has_change_permission(request) and model_admin.has_add_permission(request)):
        raise PermissionDenied
    mapping = model_admin.get_queryset(request).filter(pk=key).first()
    if mapping is None:
        messages.error(request, "This mapping was removed meanwhile.")
        return redirect("admin:catalog_packagemapping_changelist")
    data = request.POST if request.method == "POST" else None
    tomorrow = timezone.localdate(timezone=mapping.partner.venue.zone) + datetime.timedelta(days=1)
    form = ChangeForm(data, mapping=mapping, initial={"day": tomorrow})
    page = reverse("admin:catalog_packagemapping_change", args=[key])
    if form.is_valid():
        answers = form.cleaned_data
        following = attempt(
            request,
            lambda: versions.change_from(
                mapping_id=key,
                package=answers["package"],
                day=answers["day"],
                actor=actor_of(request),
                now=timezone.now(),
                reason=answers["reason"],
            ),
        )
        if following is not None:
            messages.success(request, f"{following.title}: {following.in_words}.")
            page = reverse("admin:catalog_packagemapping_change", args=[following.pk])
            number = (mapping.partner_id, mapping.item_number)
            return redirect(sold.find_waiting(request, [number], page) or page)
    return show_confirmation(
        request,
        model_admin=model_admin,
        subject=mapping,
        confirmation=Confirmation(
            title=f"Change what {mapping.item_number} means",
            button="Change from that day",
            effects=[
                f"{mapping.title} ({mapping.package.code}, {mapping.dates}) ends on the day before.",
                "The next version begins on the day you choose"
                + (
                    f" and ends on {mapping.valid_until:%-d %b %Y}." if mapping.valid_until else "."
                ),
                f"Orders that were received before stay {mapping.package.code}: nothing that was "
                "sold changes.",
            ],
            back=page,
        ),
        form=form,
    )
