"""The admin of attractions: what they sell, their rules, and what comes next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from catalog import scheduling
from catalog.admin.fill import fill_bar
from catalog.admin.opening import initial_venue
from catalog.admin.sessions import COLOURS, state_of
from catalog.models import Attraction, Item, Session, SessionException, SessionRule
from catalog.models.calendar import days_in_words, pattern_in_words
from channel_manager.history.models import Event
from channel_manager.lib.admin import columns
from channel_manager.lib.admin.base import StaffAdmin, register
from channel_manager.lib.admin.columns import column
from partners.admin.filters import VenueFilter
from partners.timeline import Look, tell

LOOKS: Mapping[str, Look] = {"sessions_changed": Look("Sessions changed", "edit_calendar")}
_NEXT = 10
_MOST_LISTED = 50


@register(Attraction)
class AttractionAdmin(StaffAdmin[Attraction]):
    """A ride, a show, or the park itself."""

    list_display = ("name", "code", "sells", "rules", "until", "venue")
    list_select_related = ("venue",)
    list_filter = (VenueFilter,)
    search_fields = ("name", "code")
    search_help_text = "Name or code"
    fieldsets = ((None, {"fields": ("name", "code", "venue")}),)
    prepopulated_fields = {"code": ("name",)}
    change_form_outer_after_template = "admin/catalog/attraction/below.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Attraction]:
        """Leave the venues' logos where they are."""
        return super().get_queryset(request).defer("venue__logo")

    def prepare_rows(self, rows: Sequence[Attraction]) -> None:
        """Read the items and count the rules of a page of attractions: two statements."""
        items: dict[Any, list[str]] = {row.pk: [] for row in rows}
        sold = Item.objects.filter(attraction__in=rows)
        for key, number in sold.values_list("attraction", "number"):
            items[key].append(number)
        of_rows = SessionRule.objects.filter(attraction__in=rows).order_by()
        rules = dict(of_rows.values_list("attraction").annotate(Count("pk")))
        for row in rows:
            row.item_numbers = items[row.pk]  # type: ignore[attr-defined]
            row.rule_count = rules.get(row.pk, 0)  # type: ignore[attr-defined]

    def get_prepopulated_fields(
        self, request: HttpRequest, obj: Attraction | None = None
    ) -> dict[str, Sequence[str]]:
        """Propose a code for a new one only."""
        return {} if obj else {"code": ("name",)}

    def get_readonly_fields(
        self, request: HttpRequest, obj: Attraction | None = None
    ) -> tuple[str, ...]:
        """Fix the venue once there is an attraction."""
        return ("venue",) if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Attraction | None = None) -> bool:
        """Allow to delete only what has no sessions, past ones included, and sells no item."""
        may_delete = super().has_delete_permission(request, obj)
        in_use = obj is not None and (obj.sessions.exists() or obj.items.exists())
        return may_delete and not in_use

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Name the only venue."""
        return {**initial_venue(), **super().get_changeform_initial_data(request)}

    def surroundings(self, request: HttpRequest, row: Attraction) -> Mapping[str, Any]:
        """Return the rules, the exceptions and what comes next."""
        events = Event.objects.filter(kind=scheduling.ATTRACTION_KIND, subject_id=row.pk)
        return {
            "attraction": row,
            "items": row.items.all(),
            "rules": _rules(row),
            "exceptions": _exceptions(row),
            "next_sessions": _next_sessions(row),
            "month_url": f"{reverse('admin:catalog_session_month')}"
            f"?venue={row.venue_id}&attraction={row.pk}",
            "happenings": tell(events.order_by("-id")[:20], LOOKS),
            "zone": row.venue.timezone,
        }

    @column("Items")
    def sells(self, attraction: Attraction) -> str:
        """Return the numbers of the items that take places of it."""
        numbers: list[str] = attraction.item_numbers  # type: ignore[attr-defined]
        return ", ".join(numbers) or columns.EMPTY

    @column("Rules")
    def rules(self, attraction: Attraction) -> int:
        """Return how many rules make its sessions."""
        return int(attraction.rule_count)  # type: ignore[attr-defined]

    @column("Sessions until", order="sessions_until")
    def until(self, attraction: Attraction) -> str:
        """Return the last day that sessions are made for."""
        until = attraction.sessions_until
        return f"{until:%-d %b %Y}" if until else columns.EMPTY


def _rules(attraction: Attraction) -> list[dict[str, str]]:
    rows = SessionRule.objects.filter(attraction=attraction).select_related("seat_plan")
    return [
        {
            "url": reverse("admin:catalog_sessionrule_change", args=[rule.pk]),
            "days": days_in_words(rule.weekdays),
            "sessions": pattern_in_words(rule),
            "lasts": f"{rule.duration_minutes} min" if rule.duration_minutes else columns.EMPTY,
            "season": columns.validity(rule.valid_from, rule.valid_until),
            "places": f"{rule.seat_plan} (numbered)" if rule.seat_plan else f"{rule.capacity:,}",
        }
        for rule in rows
    ]


def _exceptions(attraction: Attraction) -> list[dict[str, str]]:
    today = timezone.now().astimezone(attraction.venue.zone).date()
    rows = SessionException.objects.filter(attraction=attraction, date__gte=today)
    return [
        {
            "url": reverse("admin:catalog_sessionexception_change", args=[one.pk]),
            "day": columns.day(one.date),
            "sessions": "none" if one.is_closed else pattern_in_words(one),
            "reason": one.reason or columns.EMPTY,
        }
        for one in rows[:_MOST_LISTED]
    ]


def _next_sessions(attraction: Attraction) -> list[dict[str, Any]]:
    now = timezone.now()
    coming = Session.objects.filter(attraction=attraction, ends_at__gt=now).order_by("starts_at")
    shown = []
    for session in coming[:_NEXT]:
        state = state_of(session, now)
        shown.append(
            {
                "url": reverse("admin:catalog_session_change", args=[session.pk]),
                "when": columns.day(session.date, session.time)
                + ("" if session.time else ", whole day"),
                "fill": fill_bar(sold=session.sold, held=session.held, capacity=session.capacity),
                "state": state.capitalize(),
                "colour": COLOURS[state],
            }
        )
    return shown
