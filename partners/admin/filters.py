"""Filters that lists of several apps share."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from channel_manager.lib.admin.typed import DropdownFilter
from partners.models import Venue


class VenueFilter(DropdownFilter):
    """Rows of one venue; the venues' names are read without their logos."""

    title = "venue"
    parameter_name = "venue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer every venue."""
        return [(str(key), name) for key, name in Venue.objects.values_list("pk", "name")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the rows of the venue; an unknown one has none."""
        value = self.value()
        if not value:
            return queryset
        known = value in {key for key, _name in self.lookup_choices}
        return queryset.filter(venue=value) if known else queryset.none()
