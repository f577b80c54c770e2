"""The admin of a venue's opening hours: standing, of a season, and of one day."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Sum
from django.http import HttpRequest

from catalog import scheduling
from catalog.admin.calendar_forms import HoursForm, OpeningHoursForm
from catalog.admin.coming import ComingFilter
from catalog.admin.previewing import PreviewingAdmin
from catalog.models import CalendarDay, OpeningHours, Session
from catalog.models.calendar import days_in_words
from catalog.scheduling import Scope
from channel_manager.lib.admin import columns
from channel_manager.lib.admin.base import register
from channel_manager.lib.admin.columns import column
from partners.admin.filters import VenueFilter
from partners.admin.venues import VenueAdmin, VenueForm
from partners.models import Venue

_CLOCK = ("timezone", "opens_at", "closes_at")
_STATES = {"open": "success", "closed": "danger"}


def initial_venue() -> dict[str, Any]:
    """Return the venue that a new row is most likely for: the only one there is."""
    keys = list(Venue.objects.values_list("pk", flat=True)[:2])
    return {"venue": keys[0]} if len(keys) == 1 else {}


class _HoursAdmin(PreviewingAdmin[Any]):
    """What opening hours of a season and of a day have in common."""

    change_form_outer_before_template = "admin/catalog/calendarday/note.html"

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Fix the venue once there is a row."""
        return ("venue",) if obj else ()

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Name the only venue, or what the address says."""
        return {**initial_venue(), **super().get_changeform_initial_data(request)}

    def _reads_only(self, request: HttpRequest, row: Any) -> bool:
        return row is not None and not self.has_change_permission(request, row)

    @column("Hours", badges=_STATES)
    def hours(self, row: OpeningHours | CalendarDay) -> tuple[str, str]:
        """Return when it is open, or that it is not."""
        if row.opens_at is None or row.closes_at is None:
            return "closed", "Closed"
        return "open", f"{row.opens_at:%H:%M}–{row.closes_at:%H:%M}"


@register(OpeningHours)
class OpeningHoursAdmin(_HoursAdmin):
    """When a venue opens in a season."""

    form = OpeningHoursForm
    list_display = ("season", "days", "hours", "venue")
    list_select_related = ("venue",)
    list_filter = (VenueFilter,)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return the form, or what somebody who may only look is told."""
        if self._reads_only(request, obj):
            return ((None, {"fields": ("venue", "days", "season", "hours")}),)
        return (
            (None, {"fields": ("venue", "weekdays")}),
            (
                "Season",
                {
                    "fields": (("valid_from", "valid_until"),),
                    "description": "Of several that cover a day the one that begins last counts. "
                    "Empty dates: always. Days that none covers have the venue's own hours.",
                },
            ),
            ("Hours", {"fields": ("kind",)}),
            (None, {"fields": (("opens_at", "closes_at"),), "classes": ("when-open",)}),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Fix the venue once there is a row; show the rest in words to who may only look."""
        if self._reads_only(request, obj):
            return ("venue", "days", "season", "hours")
        return super().get_readonly_fields(request, obj)

    def scope_of(self, row: OpeningHours) -> Scope:
        """Return all attractions of the venue, in the season."""
        return scheduling.scope_of(row.venue, first=row.valid_from, last=row.valid_until)

    @column("Weekdays")
    def days(self, row: OpeningHours) -> str:
        """Return the weekdays in words."""
        return days_in_words(row.weekdays)

    @column("Season", order="valid_from")
    def season(self, row: OpeningHours) -> str:
        """Return the dates in words."""
        return columns.validity(row.valid_from, row.valid_until)


@register(CalendarDay)
class CalendarDayAdmin(_HoursAdmin):
    """Days that are closed, or have hours of their own."""

    form = HoursForm
    list_display = ("day", "hours", "reason", "venue")
    list_select_related = ("venue",)
    list_filter = (ComingFilter, VenueFilter)
    ordering = ("date",)
    search_fields = ("reason",)
    search_help_text = "Reason"

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return the form, or what somebody who may only look is told."""
        if self._reads_only(request, obj):
            return ((None, {"fields": ("venue", "day", "hours", "reason")}),)
        return (
            (None, {"fields": ("venue", "date", "kind")}),
            (None, {"fields": (("opens_at", "closes_at"),), "classes": ("when-open",)}),
            (
                None,
                {
                    "fields": ("reason",),
                    "description": "Closed for longer? Opening hours can say so for a whole season.",
                },
            ),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Fix the venue once there is a row; show the rest in words to who may only look."""
        if self._reads_only(request, obj):
            return ("venue", "day", "hours", "reason")
        return super().get_readonly_fields(request, obj)

    def scope_of(self, row: CalendarDay) -> Scope:
        """Return all attractions of the venue, on the day."""
        return scheduling.scope_of(row.venue, first=row.date, last=row.date)

    def surroundings(self, request: HttpRequest, row: CalendarDay) -> Mapping[str, Any]:
        """Return how many places of the day are taken."""
        of_day = Session.objects.filter(attraction__venue=row.venue_id, date=row.date).taken()
        taken = of_day.aggregate(sold=Sum("sold"), held=Sum("held"))
        if taken["sold"] is None:
            return {}
        return {"taken": f"{taken['sold']:,} places are sold and {taken['held']:,} held"}

    @column("Day", order="date")
    def day(self, row: CalendarDay) -> str:
        """Return the day with its weekday."""
        return columns.day(row.date)


class VenueClockForm(VenueForm):
    """A venue whose sessions may move with its hours."""

    def clean(self) -> dict[str, Any]:
        """Refuse a picture beside other hours: the page in between cannot carry it."""
        answers = super().clean()
        if answers.get("logo_file") and not set(_CLOCK).isdisjoint(self.changed_data):
            self.add_error(
                "logo_file",
                "Save the logo by itself: the page that shows what other hours change cannot "
                "carry a file.",
            )
        return answers


class VenueCalendarAdmin(PreviewingAdmin[Venue], VenueAdmin):
    """Venues, with a look at what other hours or another clock do to their sessions."""

    form = VenueClockForm

    def scope_of(self, row: Venue) -> Scope:
        """Return all its attractions, on all days."""
        return scheduling.scope_of(row)

    def moves_sessions(self, form: forms.BaseForm) -> bool:
        """Tell whether the hours or the clock are others."""
        return not set(_CLOCK).isdisjoint(form.changed_data)


# Venues stand in `partners`, which knows no sessions.
admin.site.unregister(Venue)
admin.site.register(Venue, VenueCalendarAdmin)
