"""Batches: what was done with many orders at once, the ways there, and how far each is."""

from __future__ import annotations

import uuid
import zoneinfo
from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path

from channel_manager.lib.admin.base import register
from channel_manager.lib.admin.columns import column
from channel_manager.lib.admin.typed import ChoicesDropdownFilter
from orders.admin import bulk, causes, unmapped
from orders.admin.worklists import WorklistAdmin
from orders.models import Batch, BatchAction
from partners.models import Venue


@register(Batch)
class BatchAdmin(WorklistAdmin[Batch]):
    """What was done together, by whom, and what became of it."""

    progress_template = "admin/orders/batch/progress.html"
    list_display = ("what", "state", "progress", "started")
    list_display_links = ("what",)
    list_filter = (("status", ChoicesDropdownFilter), ("action", ChoicesDropdownFilter))
    list_before_template = "admin/orders/batch/list_head.html"

    def has_view_permission(self, request: HttpRequest, obj: Batch | None = None) -> bool:
        """Let those look who may see orders."""
        return request.user.has_perm("orders.view_order")

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Offer the list to those who may look."""
        return self.has_view_permission(request)

    def may_press(self, request: HttpRequest) -> bool:
        """Let those who may do any of these things with one order."""
        return any(bulk.may(request, action) for action in BatchAction)

    def may_act(self, request: HttpRequest, worklist: Batch, name: str) -> bool:
        """Let those stop it and go on who may do the same with one order."""
        return bulk.may(request, BatchAction(worklist.action))

    def zones_of(self, worklists: Sequence[Batch]) -> Mapping[uuid.UUID, zoneinfo.ZoneInfo]:
        """Return the clock of the first venue: a batch may be of several."""
        first = Venue.objects.values_list("timezone", flat=True).order_by("name").first()
        return dict.fromkeys((batch.pk for batch in worklists), zoneinfo.ZoneInfo(first or "UTC"))

    def describe(self, request: HttpRequest, worklist: Batch) -> Mapping[str, Any]:
        """Return nothing: all of it is in the row."""
        return {}

    def get_urls(self) -> list[URLPattern]:
        """Add the causes, and the ways to a batch."""
        wrap = self.admin_site.admin_view
        chosen = [
            path(
                f"{action}/",
                wrap(self.chosen_view),
                {"action": action},
                name=f"orders_batch_{action}",
            )
            for action in BatchAction
        ]
        return [
            path("causes/", wrap(self.causes_view), name="orders_batch_causes"),
            path("unmapped/", wrap(self.unmapped_view), name="orders_batch_unmapped"),
            path("start/", wrap(self.start_view), name="orders_batch_start"),
            *chosen,
            *super().get_urls(),
        ]

    def causes_view(self, request: HttpRequest) -> HttpResponse:
        """Show why orders have failed."""
        return causes.causes_view(self, request)

    def unmapped_view(self, request: HttpRequest) -> HttpResponse:
        """Show the item numbers that nobody has mapped."""
        return unmapped.unmapped_view(self, request)

    def start_view(self, request: HttpRequest) -> HttpResponse:
        """Tell what replaying a cause does, and start it."""
        return causes.start_view(self, request)

    def chosen_view(self, request: HttpRequest, action: BatchAction) -> HttpResponse:
        """Do with the chosen orders what the page before has told of."""
        return bulk.chosen_view(self, request, action)

    @column("What")
    def what(self, batch: Batch) -> str:
        """Return what is done, in words."""
        return batch.title
