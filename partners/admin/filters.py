"""Filters that lists of several apps share."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import Q, QuerySet
from django.http import HttpRequest

from channel_manager.lib.admin.typed import DropdownFilter
from partners.models import Venue


class VenueFilter(DropdownFilter):
    """Rows of one venue; the venues' names are read without their logos."""

    title = "venue"
    parameter_name = "venue"
    # How the rows lead to their venue.
    venue_path: ClassVar[str] = "venue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer every venue."""
        return [(str(key), name) for key, name in Venue.objects.values_list("pk", "name")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the rows of the venue; an unknown one has none."""
        value = self.value()
        if not value:
            return queryset
        known = value in {key for key, _name in self.lookup_choices}
        return queryset.filter(**{self.venue_path: value}) if known else queryset.none()


class ModeFilter(DropdownFilter):
    """What is live, unless tests are asked for."""

    title = "test mode"
    parameter_name = "test_mode"
    all_option = ("", "Live only")
    # What makes a row a test.
    of_tests: ClassVar[Q] = Q(test_mode=True)

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer tests, and everything."""
        return [("only", "Tests only"), ("with", "Live and tests")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the rows of the mode."""
        match self.value():
            case "with":
                return queryset
            case "only":
                return queryset.filter(self.of_tests)
        return queryset.exclude(self.of_tests)
