"""Holds: what partners keep for guests who have not paid yet; staff can give it back."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from channel_manager.history.models import Event
from channel_manager.lib.admin import columns
from channel_manager.lib.admin.base import ReadOnlyAdmin, register
from channel_manager.lib.admin.columns import column
from channel_manager.lib.admin.confirmation import (
    Confirmation,
    ReasonForm,
    actor_of,
    attempt,
    show_confirmation,
)
from channel_manager.lib.admin.standing import StateBar, StateButton
from channel_manager.lib.admin.typed import ChoicesDropdownFilter, RelatedDropdownFilter
from orders import holds
from orders.models import HOLD_KIND, Hold, HoldStatus
from partners.admin.filters import ModeFilter
from partners.timeline import Look, tell

_COLOURS: Mapping[str, str] = {
    HoldStatus.HELD: "info",
    HoldStatus.CONVERTED: "success",
    HoldStatus.RELEASED: "",
    HoldStatus.EXPIRED: "warning",
}
_MEANINGS = {
    HoldStatus.HELD: "Its places are kept and cannot be sold to anybody else.",
    HoldStatus.CONVERTED: "Its places belong to an order now.",
    HoldStatus.RELEASED: "Its places were given back.",
    HoldStatus.EXPIRED: "Its time was over; its places were given back.",
}
_OF_A_TEST = "A test: it never kept places that somebody could buy."
LOOKS = {
    "held": Look("Held", "hourglass_top"),
    "released": Look("Released", "undo"),
    "expired": Look("Expired", "timer_off", "warning"),
}


@register(Hold)
class HoldAdmin(ReadOnlyAdmin[Hold]):
    """Holds of the last week."""

    list_display = ("made", "state", "partner", "mode", "what", "expires")
    list_display_links = ("made",)
    list_select_related = ("partner__venue",)
    list_filter = (
        ("status", ChoicesDropdownFilter),
        ("partner", RelatedDropdownFilter),
        ModeFilter,
    )
    ordering = ("-id",)
    sortable_by = ()
    fields = ("id", "partner", "mode", "made", "expires", "ended", "what", "sessions")
    readonly_fields = ("mode", "made", "expires", "ended", "what", "sessions")
    change_form_outer_before_template = "admin/state_bar.html"
    change_form_outer_after_template = "admin/catalog/package/below.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Hold]:
        """Leave the venues' logos where they are."""
        return super().get_queryset(request).defer("partner__venue__logo")

    def get_urls(self) -> list[URLPattern]:
        """Add the page that releases a hold."""
        view = self.admin_site.admin_view(self.release_view)
        page = path("<uuid:hold_id>/release/", view, name="orders_hold_release")
        return [page, *super().get_urls()]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the hold between its status and its history."""
        hold = self.get_object(request, object_id)
        context: dict[str, Any] = {**(extra_context or {})}
        if hold is not None:
            events = Event.objects.filter(kind=HOLD_KIND, subject_id=hold.pk)
            context |= {
                "state_bar": _state_bar(request, hold),
                "happenings": tell(events.order_by("-id"), LOOKS),
                "zone": hold.partner.venue.timezone,
            }
        return super().change_view(request, object_id, form_url, context)

    def release_view(self, request: HttpRequest, hold_id: uuid.UUID) -> HttpResponse:
        """Ask before a hold is released (GET); release it (POST)."""
        if not request.user.has_perm("orders.change_hold"):
            raise PermissionDenied
        hold = get_object_or_404(self.get_queryset(request), pk=hold_id)
        form = ReasonForm(request.POST if request.method == "POST" else None, is_required=True)
        back = reverse("admin:orders_hold_change", args=[hold.pk])
        if form.is_valid():
            released = attempt(
                request,
                lambda: holds.release_hold(
                    held=Hold.objects.all(),
                    hold_id=hold.pk,
                    actor=actor_of(request),
                    now=timezone.now(),
                    reason=form.cleaned_data["reason"],
                ),
            )
            if released:
                messages.success(request, f"The hold is {released.status.lower()}.")
            return redirect(back)
        return show_confirmation(
            request,
            model_admin=self,
            subject=hold,
            confirmation=Confirmation(
                title="Release hold",
                button="Release hold",
                effects=(
                    "It is a test: no places come back."
                    if hold.test_mode
                    else "Its places are for sale again at once.",
                    f"An order of {hold.partner} that names this hold is refused from then on.",
                ),
                back=back,
                is_destructive=True,
            ),
            form=form,
        )

    @column("Made")
    def made(self, hold: Hold) -> str:
        """Return the moment on the venue's clock."""
        return columns.moment(hold.created_at, hold.partner.venue.zone)

    @column("Status", badges=_COLOURS)
    def state(self, hold: Hold) -> str:
        """Return the status as a badge."""
        return str(hold.status)

    @column("Mode", badges={"test": "warning"})
    def mode(self, hold: Hold) -> tuple[str, str]:
        """Return whether it is a test, which keeps no places."""
        return ("test", "TEST") if hold.test_mode else ("live", "Live")

    @column("For")
    def what(self, hold: Hold) -> str:
        """Return what was asked for."""
        return ", ".join(f"{line['quantity']} x {line['itemNumber']}" for line in hold.lines)

    @column("Until")
    def expires(self, hold: Hold) -> str:
        """Return until when it holds."""
        return columns.moment(hold.expires_at, hold.partner.venue.zone)

    @column("Ended")
    def ended(self, hold: Hold) -> str:
        """Return when it ended."""
        return columns.moment(hold.ended_at, hold.partner.venue.zone)

    @column("Places")
    def sessions(self, hold: Hold) -> SafeString | str:
        """Return the places it keeps, or kept."""
        zone = hold.partner.venue.zone
        rows = [
            (
                entry["quantity"],
                entry["itemNumber"],
                columns.moment(datetime.datetime.fromisoformat(entry["startsAt"]), zone),
                ", ".join(entry["seats"]),
            )
            for line in hold.lines
            for entry in line["places"]
        ]
        return format_html_join("", '<p class="cm-data"><b>{}</b> {}, {} {}</p>', rows) or (
            columns.EMPTY
        )


def _state_bar(request: HttpRequest, hold: Hold) -> StateBar:
    may_release = hold.status == HoldStatus.HELD and request.user.has_perm("orders.change_hold")
    url = reverse("admin:orders_hold_release", args=[hold.pk])
    button = StateButton(label="Release", icon="undo", url=url, look="quiet-danger")
    status = HoldStatus(hold.status)
    return StateBar(
        text=str(status.label),
        colour=_COLOURS[status],
        meaning=_OF_A_TEST if hold.test_mode else _MEANINGS[status],
        buttons=[button] if may_release else [],
    )
