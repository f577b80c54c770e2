"""Filters of the list of endpoints."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from channel_manager.lib.admin.typed import DropdownFilter
from partners.models import EndpointStatus, WebhookEndpoint
from partners.webhooks.watching import needing_somebody

NEEDS_SOMEBODY = "needs_somebody"
FAILING = "failing"


class StatusFilter(DropdownFilter):
    """One status, those that fail, or those that need somebody."""

    title = "status"
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer the two groups and every status."""
        groups = [(NEEDS_SOMEBODY, "Needs somebody"), (FAILING, "Failing now")]
        return [*groups, *EndpointStatus.choices]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[WebhookEndpoint]
    ) -> QuerySet[WebhookEndpoint]:
        """Keep the endpoints of the status; an unknown one keeps none."""
        value = self.value()
        if not value:
            return queryset
        if value == NEEDS_SOMEBODY:
            return needing_somebody(queryset, now=timezone.now())
        if value == FAILING:
            return queryset.filter(status=EndpointStatus.ACTIVE, failing_since__isnull=False)
        return queryset.filter(status=value)


class ModeFilter(DropdownFilter):
    """Live or test."""

    title = "mode"
    parameter_name = "mode"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer the two modes."""
        return [("live", "Live"), ("test", "Test")]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[WebhookEndpoint]
    ) -> QuerySet[WebhookEndpoint]:
        """Keep the endpoints of the mode; an unknown one keeps none."""
        value = self.value()
        if not value:
            return queryset
        known = value in {"live", "test"}
        return queryset.filter(test_mode=value == "test") if known else queryset.none()
