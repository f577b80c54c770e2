"""Holds: what partners keep for guests who have not paid yet; staff can give it back."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import URLPattern
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from channel_manager.history.models import Event
from channel_manager.lib.admin import columns
from channel_manager.lib.admin.base import ReadOnlyAdmin, register
from channel_manager.lib.admin.columns import column
from channel_manager.lib.admin.confirmation import actor_of
from channel_manager.lib.admin.standing import Standing, StateBar, StatusAction
from channel_manager.lib.admin.typed import ChoicesDropdownFilter, RelatedDropdownFilter
from orders import holds
from orders.models import HOLD_KIND, Hold, HoldStatus
from partners.admin.filters import ModeFilter
from partners.timeline import Look, tell

_OF_A_TEST = "A test: it never kept places that somebody could buy."
LOOKS = {
    "held": Look("Held", "hourglass_top"),
    "lessened": Look("Partly released", "undo"),
    "released": Look("Released", "undo"),
    "expired": Look("Expired", "timer_off", "warning"),
}


def _release(request: HttpRequest, hold: Hold, reason: str) -> str:
    released = holds.release_hold(
        held=Hold.objects.all(),
        hold_id=hold.pk,
        actor=actor_of(request),
        now=timezone.now(),
        reason=reason,
    )
    return f"The hold is {released.status.lower()}."


def _effects(_request: HttpRequest, hold: Hold) -> tuple[str, ...]:
    return (
        "It is a test: no places come back."
        if hold.test_mode
        else "Its places are for sale again at once.",
        f"An order of {hold.partner} that names this hold is refused from then on.",
    )


_STANDING = Standing(
    model=Hold,
    colours={
        HoldStatus.HELD: "info",
        HoldStatus.CONVERTED: "success",
        HoldStatus.RELEASED: "",
        HoldStatus.EXPIRED: "warning",
    },
    meanings={
        HoldStatus.HELD: "Its places are kept and cannot be sold to anybody else.",
        HoldStatus.CONVERTED: "Its places belong to an order now.",
        HoldStatus.RELEASED: "Its places were given back.",
        HoldStatus.EXPIRED: "Its time was over; its places were given back.",
    },
    actions={
        "release": StatusAction(
            label="Release hold",
            icon="undo",
            statuses=(HoldStatus.HELD,),
            run=_release,
            about=_effects,
            is_destructive=True,
        ),
    },
)


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
    change_form_outer_after_template = "admin/catalog/package/below.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Hold]:
        """Leave the venues' logos where they are."""
        return super().get_queryset(request).defer("partner__venue__logo")

    def get_urls(self) -> list[URLPattern]:
        """Add the page that releases a hold."""
        return [*_STANDING.urls(self), *super().get_urls()]

    def state_bar(self, request: HttpRequest, row: Hold) -> StateBar:
        """Return its status, and the button that gives its places back."""
        bar = _STANDING.bar(request, row)
        return dataclasses.replace(bar, meaning=_OF_A_TEST) if row.test_mode else bar

    def surroundings(self, request: HttpRequest, row: Hold) -> Mapping[str, Any]:
        """Return its history."""
        events = Event.objects.filter(kind=HOLD_KIND, subject_id=row.pk)
        return {
            "happenings": tell(events.order_by("-id"), LOOKS),
            "zone": row.partner.venue.timezone,
        }

    @column("Made")
    def made(self, hold: Hold) -> str:
        """Return the moment on the venue's clock."""
        return columns.moment(hold.created_at, hold.partner.venue.zone)

    @column("Status", badges=_STANDING.colours)
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
