"""The list of partners and the page of one."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.db import models
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from channel_manager.history.models import Event
from channel_manager.lib.admin.base import StaffAdmin, register
from channel_manager.lib.admin.columns import column
from channel_manager.lib.admin.standing import StateBar
from channel_manager.lib.admin.typed import ChoicesDropdownFilter
from partners import limits
from partners.admin import keys
from partners.admin.contracts import contract_of
from partners.admin.filters import VenueFilter
from partners.admin.golive import GoLive, read_golive, seen_by
from partners.admin.health import read_health
from partners.admin.standing import STANDING
from partners.admin.storefronts import list_storefronts
from partners.admin.webhooks.overview import list_endpoints
from partners.admin.welcome import write_welcome
from partners.models import ApiKey, Partner, PartnerStatus, Venue
from partners.timeline import Look, tell

LOOKS: Mapping[str, Look] = {
    "activated": Look("Activated", "play_arrow", "success"),
    "paused": Look("Paused", "pause", "warning"),
    "resumed": Look("Resumed", "play_arrow", "success"),
    "closed": Look("Closed", "block", "danger"),
    "contract_agreed": Look("Contract agreed on", "handshake", "success"),
    "contract_applied": Look("Contract applied to earlier sales", "playlist_add_check"),
    "contract_ended": Look("End of contract set", "event_busy"),
    "contract_removed": Look("Contract removed", "delete", "danger"),
    "key_made": Look("API key made", "key"),
    "key_revoked": Look("API key revoked", "key_off", "danger"),
    "storefront_opened": Look("Storefront opened", "storefront"),
}


_MOST_HAPPENINGS = 50


@register(Partner)
class PartnerAdmin(StaffAdmin[Partner]):
    """A sales channel's agreement; its status changes by buttons only."""

    list_display = ("name", "state", "venue", "usable_keys", "selling", "since")
    list_select_related = ("venue",)
    list_filter = (("status", ChoicesDropdownFilter), VenueFilter)
    search_fields = ("name",)
    search_help_text = "Name of the partner"
    # What a new partner needs; all else has a default, and is found on its page.
    onboarding_fieldsets = (
        (None, {"fields": ("name", "venue", "contact_email")}),
        (
            "Selling",
            {
                "fields": ("sell_by_package_code", "unmapped_items"),
                "description": "Test orders need neither: the partner can send one at once.",
            },
        ),
    )
    fieldsets = (
        (None, {"fields": ("name", "venue", "contact_email")}),
        (
            "Selling",
            {"fields": ("sell_by_package_code", "unmapped_items"), "classes": ("collapse",)},
        ),
        (
            "Time limits",
            {
                "fields": ("hold_minutes", "draft_lifetime_days", "cancel_deadline_hours"),
                "classes": ("collapse",),
            },
        ),
        (
            "Limits of each API key",
            {"fields": ("requests_per_second", "request_burst"), "classes": ("collapse",)},
        ),
        ("Guests", {"fields": ("mails_manifests",), "classes": ("collapse",)}),
    )
    change_form_outer_before_template = "admin/partners/partner/above.html"
    change_form_outer_after_template = "admin/partners/partner/below.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Partner]:
        """Leave the venues' logos where they are."""
        return super().get_queryset(request).defer("venue__logo")

    def get_fieldsets(self, request: HttpRequest, obj: Partner | None = None) -> Any:
        """Ask for a new partner's few answers, or show all settings of one that is there."""
        return self.onboarding_fieldsets if obj is None else super().get_fieldsets(request, obj)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Choose the venue where there is only one."""
        venues = list(Venue.objects.values_list("pk", flat=True)[:2])
        initial: dict[str, Any] = {"venue": venues[0]} if len(venues) == 1 else {}
        return initial | super().get_changeform_initial_data(request)

    def response_post_save_add(self, request: HttpRequest, obj: Partner) -> HttpResponseRedirect:
        """Lead to the new partner's page, which begins with its next step."""
        if not self.has_view_or_change_permission(request, obj):
            return super().response_post_save_add(request, obj)
        return HttpResponseRedirect(reverse("admin:partners_partner_change", args=[obj.pk]))

    def formfield_for_dbfield(
        self, db_field: models.Field[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> forms.Field | None:
        """Say what counts when a limit is left empty."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        usual = limits.usual_limit()
        defaults = {"requests_per_second": usual.per_second, "request_burst": usual.burst}
        if field is not None and db_field.name in defaults:
            field.help_text += f" Empty: {defaults[db_field.name]:,}, as for every partner."
            field.widget.attrs["placeholder"] = str(defaults[db_field.name])
        return field

    def prepare_rows(self, rows: Sequence[Partner]) -> None:
        """Count the usable keys of a page of partners in one statement."""
        usable = ApiKey.objects.usable(timezone.now()).filter(partner__in=rows, dialect="")
        counts = dict(usable.order_by().values_list("partner").annotate(Count("pk")))
        for row in rows:
            row.usable = counts.get(row.pk, 0)  # type: ignore[attr-defined]

    def get_readonly_fields(
        self, request: HttpRequest, obj: Partner | None = None
    ) -> tuple[str, ...]:
        """Fix the venue once there is a partner: orders and mappings hang on it."""
        return ("venue",) if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Partner | None = None) -> bool:
        """Refuse: a partner is closed, its orders and postings stay its own."""
        return False

    def get_urls(self) -> list[URLPattern]:
        """Add a page for each change of status, and the pages of API keys."""
        wrap = self.admin_site.admin_view
        return [
            *STANDING.urls(self),
            path(
                "<uuid:partner_id>/keys/new/",
                wrap(self.new_key_view),
                name="partners_partner_new_key",
            ),
            path(
                "<uuid:partner_id>/keys/<int:key_id>/revoke/",
                wrap(self.revoke_key_view),
                name="partners_partner_revoke_key",
            ),
            *super().get_urls(),
        ]

    def state_bar(self, request: HttpRequest, row: Partner) -> StateBar:
        """Return its status with the ways to another."""
        return STANDING.bar(request, row)

    def surroundings(self, request: HttpRequest, row: Partner) -> Mapping[str, Any]:
        """Return how it goes, its checklist, keys and endpoints, and its history."""
        return _surroundings(request, row)

    def new_key_view(self, request: HttpRequest, partner_id: uuid.UUID) -> HttpResponse:
        """Ask for a new key (GET), or make and show it (POST)."""
        return keys.new_key_view(self, request, partner_id)

    def revoke_key_view(
        self, request: HttpRequest, partner_id: uuid.UUID, key_id: int
    ) -> HttpResponse:
        """Ask before a key is revoked (GET), or revoke it (POST)."""
        return keys.revoke_key_view(self, request, partner_id, key_id)

    @column("Status", badges=STANDING.colours)
    def state(self, partner: Partner) -> str:
        """Return the status as a badge."""
        return str(partner.status)

    @column("Usable keys")
    def usable_keys(self, partner: Partner) -> int:
        """Return how many of its keys work."""
        return int(partner.usable)  # type: ignore[attr-defined]

    @column("Since")
    def since(self, partner: Partner) -> str:
        """Return the day it was set up, on the venue's calendar."""
        return f"{partner.created_at.astimezone(partner.venue.zone):%-d %b %Y}"

    @column("Unmapped items")
    def selling(self, partner: Partner) -> str:
        """Return what happens to an order for an item nobody has mapped."""
        return str(partner.get_unmapped_items_display())


def _surroundings(request: HttpRequest, partner: Partner) -> dict[str, Any]:
    now = timezone.now()
    new_key = reverse("admin:partners_partner_new_key", args=[partner.pk])
    events = Event.objects.filter(kind="partner", subject_id=partner.pk)
    webhooks = _webhooks(request, partner)
    golive, listed = read_golive(partner), keys.list_keys(request, partner)
    is_onboarding = partner.status == PartnerStatus.ONBOARDING
    return {
        "keys": listed,
        **webhooks,
        **contract_of(request, partner),
        **list_storefronts(request, partner),
        "new_key_url": new_key if request.user.has_perm("partners.add_apikey") else "",
        "golive": golive,
        "golive_rows": _golive_rows(request, golive),
        "has_test_key": any(view.key.test_mode and view.state == keys.USABLE for view in listed),
        "is_onboarding": is_onboarding,
        "health": ()
        if is_onboarding
        else read_health(request, partner, endpoints=webhooks.get("endpoints"), now=now),
        "welcome": write_welcome(partner, test_mode=True),
        "happenings": tell(events.order_by("-id")[:_MOST_HAPPENINGS], LOOKS),
        "zone": partner.venue.timezone,
        "partner_id": partner.pk,
        "limit": limits.limit_of(partner),
    }


def _golive_rows(request: HttpRequest, golive: GoLive) -> list[dict[str, Any]]:
    """Return the checklist with the links that this person may follow."""
    return [
        {"step": step, "url": seen_by(request, step.proof or step.lack)} for step in golive.steps
    ]


def _webhooks(request: HttpRequest, partner: Partner) -> dict[str, Any]:
    """Return the partner's endpoints, and where one is added, for those who may."""
    if not request.user.has_perm("partners.view_webhookendpoint"):
        return {}
    may_add = request.user.has_perm("partners.add_webhookendpoint")
    add = f"{reverse('admin:partners_webhookendpoint_add')}?partner={partner.pk}"
    return {"endpoints": list_endpoints(partner), "new_endpoint_url": add if may_add else ""}
