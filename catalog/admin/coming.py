"""What is still to come, before what is past."""

from __future__ import annotations

import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from channel_manager.lib.admin.typed import DropdownFilter

PAST, ALL = "past", "all"


class ComingFilter(DropdownFilter):
    """Days from today on, unless others are asked for."""

    title = "time"
    parameter_name = "time"
    all_option = ("", "From today on")

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer what is over, and everything."""
        return [(PAST, "Past"), (ALL, "All")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the days; a day is today's wherever on earth it still is."""
        today = (timezone.now() - datetime.timedelta(hours=12)).date()
        match self.value():
            case "past":
                return queryset.filter(date__lt=today)
            case "all":
                return queryset
        return queryset.filter(date__gte=today)
