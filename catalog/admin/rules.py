"""The admin of weekly rules and their exceptions, which sessions are made from."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from catalog.admin.calendar_forms import ExceptionForm, RuleForm
from catalog.admin.coming import ComingFilter
from catalog.admin.previewing import PreviewingAdmin
from catalog.models import Attraction, SessionException, SessionRule
from catalog.models.calendar import days_in_words, pattern_in_words
from catalog.scheduling import Scope
from channel_manager.lib.admin import columns
from channel_manager.lib.admin.base import register
from channel_manager.lib.admin.columns import column
from channel_manager.lib.admin.typed import RelatedDropdownFilter

_TIMES = {
    "fields": (
        ("first_start", "last_start"),
        ("every_minutes", "duration_minutes"),
        "seat_plan",
    ),
    "classes": ("when-slots",),
}


class _PatternAdmin(PreviewingAdmin[Any]):
    """What rules and exceptions have in common."""

    list_select_related = ("attraction", "seat_plan")
    autocomplete_fields = ("attraction",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Have the attraction at hand: every name shows it."""
        return super().get_queryset(request).select_related("attraction")

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Name the only attraction, or what the address says."""
        keys = list(Attraction.objects.values_list("pk", flat=True)[:2])
        only = {"attraction": keys[0]} if len(keys) == 1 else {}
        return {**only, **super().get_changeform_initial_data(request)}

    def _reads_only(self, request: HttpRequest, row: Any) -> bool:
        return row is not None and not self.has_change_permission(request, row)

    @column("Sessions")
    def sessions(self, row: SessionRule | SessionException) -> str:
        """Return when they begin, and how long each lasts."""
        if isinstance(row, SessionException) and row.is_closed:
            return "none"
        lasts = f", {row.duration_minutes} minutes each" if row.duration_minutes else ""
        return f"{pattern_in_words(row)}{lasts}"

    @column("Places")
    def places(self, row: SessionRule | SessionException) -> str:
        """Return how many each session has."""
        if isinstance(row, SessionException) and row.is_closed:
            return columns.EMPTY
        return f"{row.seat_plan} (numbered)" if row.seat_plan else f"{row.capacity:,}"


@register(SessionRule)
class SessionRuleAdmin(_PatternAdmin):
    """The sessions of some weekdays of a season."""

    form = RuleForm
    list_display = ("attraction", "days", "sessions", "season", "places")
    list_filter = (("attraction", RelatedDropdownFilter),)
    search_fields = ("attraction__name", "attraction__code")
    search_help_text = "Attraction"

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return the form, or what somebody who may only look is told."""
        if self._reads_only(request, obj):
            return ((None, {"fields": ("attraction", "days", "season", "sessions", "places")}),)
        return (
            (None, {"fields": ("attraction", "weekdays")}),
            (
                "Season",
                {
                    "fields": (("valid_from", "valid_until"),),
                    "description": "Empty dates: always. Rules add up; where two begin a session "
                    "at the same time the one whose season begins later counts.",
                },
            ),
            ("Times", {"fields": ("kind",)}),
            (None, _TIMES),
            (None, {"fields": ("capacity",)}),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Fix the attraction once there is a rule; show the rest in words to who may only look."""
        if self._reads_only(request, obj):
            return ("attraction", "days", "season", "sessions", "places")
        return ("attraction",) if obj else ()

    def scope_of(self, row: SessionRule) -> Scope:
        """Return the attraction, in the season."""
        return Scope(
            venue_id=row.attraction.venue_id,
            attraction_ids=frozenset([row.attraction_id]),
            first=row.valid_from,
            last=row.valid_until,
        )

    @column("Weekdays")
    def days(self, row: SessionRule) -> str:
        """Return the weekdays in words."""
        return days_in_words(row.weekdays)

    @column("Season", order="valid_from")
    def season(self, row: SessionRule) -> str:
        """Return the dates in words."""
        return columns.validity(row.valid_from, row.valid_until)


@register(SessionException)
class SessionExceptionAdmin(_PatternAdmin):
    """The sessions of one day, in place of what the rules say."""

    form = ExceptionForm
    list_display = ("day", "attraction", "sessions", "places", "reason")
    list_filter = (ComingFilter, ("attraction", RelatedDropdownFilter))
    ordering = ("date", "first_start", "pk")
    search_fields = ("attraction__name", "attraction__code", "reason")
    search_help_text = "Attraction or reason"

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return the form, or what somebody who may only look is told."""
        if self._reads_only(request, obj):
            return ((None, {"fields": ("attraction", "day", "sessions", "places", "reason")}),)
        return (
            (
                None,
                {
                    "fields": ("attraction", "date"),
                    "description": "On this day the attraction has the sessions named here and "
                    "none of its rules. Several exceptions for one day add up.",
                },
            ),
            ("Times", {"fields": ("kind",)}),
            (None, _TIMES),
            (None, {"fields": ("capacity",), "classes": ("unless-none",)}),
            (None, {"fields": ("reason",)}),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Fix the attraction once there is an exception; all is fixed for who may only look."""
        if self._reads_only(request, obj):
            return ("attraction", "day", "sessions", "places", "reason")
        return ("attraction",) if obj else ()

    def scope_of(self, row: SessionException) -> Scope:
        """Return the attraction, on the day."""
        return Scope(
            venue_id=row.attraction.venue_id,
            attraction_ids=frozenset([row.attraction_id]),
            first=row.date,
            last=row.date,
        )

    @column("Day", order="date")
    def day(self, row: SessionException) -> str:
        """Return the day with its weekday."""
        return columns.day(row.date)
