"""The admin of allotments: how many places of each session a partner may take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.db.models import Max, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from catalog.admin.fill import fill_bar
from catalog.models import Allotment, AllotmentUse
from catalog.selling import remove_allotments
from channel_manager.lib.admin import columns
from channel_manager.lib.admin.base import StaffAdmin, register
from channel_manager.lib.admin.columns import column
from channel_manager.lib.admin.typed import RelatedDropdownFilter

_MOST_LISTED = 20


@register(Allotment)
class AllotmentAdmin(StaffAdmin[Allotment]):
    """At most so many places of each session, for one partner and package."""

    list_display = ("partner", "package", "places", "busiest")
    list_display_links = ("partner", "package")
    list_select_related = ("partner", "package")
    list_filter = (("partner", RelatedDropdownFilter),)
    search_fields = ("partner__name", "package__code", "package__name")
    search_help_text = "Partner or package"
    autocomplete_fields = ("partner", "package")
    fieldsets = (
        (
            None,
            {
                "fields": ("partner", "package", "places"),
                "description": "The partner cannot hold or sell more places of a session than "
                "this with the package; what it has sold of sessions to come counts. Nothing is "
                "set aside: others may take them first. Where staff move an order in although the "
                "allotment is used up, its places are not counted.",
            },
        ),
    )
    change_form_outer_after_template = "admin/catalog/allotment/below.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Allotment]:
        """Have what the name of each shows at hand, without logos."""
        found = super().get_queryset(request).select_related("partner__venue", "package")
        return found.defer("partner__venue__logo")

    def prepare_rows(self, rows: Sequence[Allotment]) -> None:
        """Find the busiest coming session of a page of allotments in one statement."""
        uses = AllotmentUse.objects.filter(
            allotment__in=rows, session__ends_at__gt=timezone.now()
        ).order_by()
        busiest = dict(uses.values_list("allotment").annotate(Max("taken")))
        for row in rows:
            row.busiest_taken = busiest.get(row.pk, 0)  # type: ignore[attr-defined]

    def delete_model(self, request: HttpRequest, obj: Allotment) -> None:
        """End one."""
        remove_allotments(allotments=Allotment.objects.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Allotment]) -> None:
        """End those that are chosen."""
        chosen = list(queryset.values_list("pk", flat=True))
        remove_allotments(allotments=Allotment.objects.filter(pk__in=chosen))

    def get_readonly_fields(
        self, request: HttpRequest, obj: Allotment | None = None
    ) -> tuple[str, ...]:
        """Fix whose it is, and what for: places were counted under it."""
        return ("partner", "package") if obj else ()

    def surroundings(self, request: HttpRequest, row: Allotment) -> Mapping[str, Any]:
        """Return how much of it is used."""
        return {"uses": _uses(row)}

    def save_model(self, request: HttpRequest, obj: Allotment, form: Any, change: bool) -> None:
        """Save, and tell where more is taken already than it allows from now on."""
        super().save_model(request, obj, form, change)
        over = _coming(obj).filter(taken__gt=obj.places).count()
        if over:
            sessions = "1 session" if over == 1 else f"{over:,} sessions"
            messages.warning(
                request,
                f"In {sessions} more than {obj.places:,} places are taken already. They stay; the "
                "partner cannot take others there.",
            )

    @column("Busiest coming session")
    def busiest(self, allotment: Allotment) -> Any:
        """Return the most that is taken of one session that is not over."""
        taken: int = allotment.busiest_taken  # type: ignore[attr-defined]
        return fill_bar(sold=taken, held=0, capacity=allotment.places)


def _coming(allotment: Allotment) -> QuerySet[AllotmentUse]:
    return allotment.uses.filter(session__ends_at__gt=timezone.now(), taken__gt=0)


def _uses(allotment: Allotment) -> list[dict[str, Any]]:
    rows = _coming(allotment).select_related("session__attraction").order_by("session__starts_at")
    return [
        {
            "url": reverse("admin:catalog_session_change", args=[use.session_id]),
            "when": columns.day(use.session.date, use.session.time),
            "attraction": use.session.attraction.name,
            "fill": fill_bar(sold=use.taken, held=0, capacity=allotment.places),
        }
        for use in rows[:_MOST_LISTED]
    ]
