"""Closed days: the list, the way to close one, and how far it is."""

from __future__ import annotations

import uuid
import zoneinfo
from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.http import urlencode

from catalog.rescheduling import in_words
from channel_manager.lib.admin.base import register
from channel_manager.lib.admin.columns import column
from channel_manager.lib.admin.typed import ChoicesDropdownFilter
from orders.admin import closing_pages
from orders.admin.closing_forms import may_choose
from orders.admin.worklists import WorklistAdmin
from orders.models import Closure, ClosurePlan
from partners.admin.filters import VenueFilter


@register(Closure)
class ClosureAdmin(WorklistAdmin[Closure]):
    """Close a day, watch its orders being moved or cancelled, and see what needs somebody."""

    progress_template = "admin/orders/closure/progress.html"
    list_display = ("what", "state", "plan_text", "progress", "started")
    list_display_links = ("what",)
    list_filter = (("status", ChoicesDropdownFilter), VenueFilter)
    list_before_template = "admin/orders/closure/list_head.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Closure]:
        """Have the names at hand, and leave the venues' logos where they are."""
        rows = super().get_queryset(request).select_related("venue", "attraction")
        return rows.defer("venue__logo")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Tell whether this person may close a day."""
        return request.user.has_perm("orders.add_closure")

    def has_view_permission(self, request: HttpRequest, obj: Closure | None = None) -> bool:
        """Let those look who may close a day."""
        return super().has_view_permission(request, obj) or self.has_add_permission(request)

    def may_press(self, request: HttpRequest) -> bool:
        """Let those who may close days."""
        return self.has_add_permission(request)

    def may_act(self, request: HttpRequest, worklist: Closure, name: str) -> bool:
        """Let those stop it who may close days, and those go on who may do what it does."""
        return self.may_press(request) and (
            name == "stop" or may_choose(request.user, ClosurePlan(worklist.plan))
        )

    def zones_of(self, worklists: Sequence[Closure]) -> Mapping[uuid.UUID, zoneinfo.ZoneInfo]:
        """Return the clock of each one's venue."""
        return {closure.pk: closure.venue.zone for closure in worklists}

    def get_urls(self) -> list[URLPattern]:
        """Add the pages of the way to a closed day."""
        wrap = self.admin_site.admin_view
        return [
            path("preview/", wrap(self.preview_view), name="orders_closure_preview"),
            path("confirm/", wrap(self.confirm_view), name="orders_closure_confirm"),
            *super().get_urls(),
        ]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Ask which day."""
        return closing_pages.start_view(self, request)

    def preview_view(self, request: HttpRequest) -> HttpResponse:
        """Show what is sold of a day."""
        return closing_pages.preview_view(self, request)

    def confirm_view(self, request: HttpRequest) -> HttpResponse:
        """Tell what closing it does, and do it."""
        return closing_pages.confirm_view(self, request)

    @column("What", two_lines=True)
    def what(self, closure: Closure) -> tuple[str, str]:
        """Return the day, and what was closed."""
        return in_words(closure.date), str(closure.attraction or closure.venue)

    @column("Orders")
    def plan_text(self, closure: Closure) -> str:
        """Return what becomes of the orders."""
        return _plan_in_words(closure)

    def describe(self, request: HttpRequest, worklist: Closure) -> Mapping[str, Any]:
        """Return what becomes of the orders, and how the day is closed or opened again."""
        may_close = self.has_add_permission(request)
        return {
            "plan": _plan_in_words(worklist),
            "again_url": _start_again(worklist) if may_close else "",
            "may_reopen": _may_reopen(request, worklist),
            "stays": _what_stays(worklist),
            "sessions_url": _sessions_of(worklist),
        }


def _plan_in_words(closure: Closure) -> str:
    """Say what becomes of the orders."""
    match closure.plan:
        case ClosurePlan.MOVE if closure.to_date:
            return f"Orders move to {in_words(closure.to_date)}"
        case ClosurePlan.CANCEL:
            return "Orders are cancelled"
    return "Orders are kept as they are"


def _what_stays(closure: Closure) -> str:
    """Say what opening the day again does not bring back."""
    match closure.plan:
        case ClosurePlan.MOVE if closure.to_date:
            return f"Orders that were moved stay on {in_words(closure.to_date)}."
        case ClosurePlan.CANCEL:
            return "Orders that were cancelled or removed stay so."
    return "The orders were kept: their tickets are valid that day as before."


def _may_reopen(request: HttpRequest, closure: Closure) -> bool:
    """Tell whether this person may do all that it takes to open the day again."""
    said_by = "sessionexception" if closure.attraction_id else "calendarday"
    return request.user.has_perm("catalog.change_session") and request.user.has_perm(
        f"catalog.delete_{said_by}"
    )


def _start_again(closure: Closure) -> str:
    """Return where the same day is closed again, or nothing once it has passed."""
    if closure.date < timezone.localdate(timezone=closure.venue.zone):
        return ""
    asked = {
        "venue": str(closure.venue_id),
        "date": closure.date.isoformat(),
        "attraction": str(closure.attraction_id or ""),
    }
    return f"{reverse('admin:orders_closure_add')}?{urlencode(asked)}"


def _sessions_of(closure: Closure) -> str:
    """Return the list of the sessions that were closed and are off sale."""
    day = closure.date.isoformat()
    asked = {"date_from": day, "date_to": day, "state": "off_sale"}
    if closure.attraction_id:
        asked["attraction__id__exact"] = str(closure.attraction_id)
    return f"{reverse('admin:catalog_session_changelist')}?{urlencode(asked)}"
