"""Filters of the order list."""

from __future__ import annotations

import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from channel_manager.lib.admin.typed import DropdownFilter
from orders.models import FailureCode, Order, OrderStatus
from orders.models.order import IN_FLIGHT as IN_FLIGHT_STATUSES
from wallets.admin.filters import VenueDaysFilter

IN_FLIGHT = "in_flight"
EXPIRING = "expiring"
# How long before its end a draft counts as expiring.
SOON = datetime.timedelta(hours=24)


class StatusFilter(DropdownFilter):
    """One status, all that are being worked on, or drafts that end soon."""

    title = "status"
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer every status and the two groups."""
        groups = [(IN_FLIGHT, "In flight"), (EXPIRING, "Draft, expiring within 24 hours")]
        return [*groups, *OrderStatus.choices]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Order]) -> QuerySet[Order]:
        """Keep the orders of the status; an unknown one keeps none."""
        value = self.value()
        if not value:
            return queryset
        if value == IN_FLIGHT:
            return queryset.filter(status__in=IN_FLIGHT_STATUSES)
        if value == EXPIRING:
            return queryset.filter(
                status=OrderStatus.DRAFT, draft_expires_at__lt=timezone.now() + SOON
            )
        return queryset.filter(status=value)


class CauseFilter(DropdownFilter):
    """Why an order failed."""

    title = "cause of failure"
    parameter_name = "cause"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer every cause."""
        return [(code.value, str(code.label)) for code in FailureCode]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Order]) -> QuerySet[Order]:
        """Keep the orders that failed for it; naming the status lets a partial index serve."""
        value = self.value()
        if not value:
            return queryset
        return queryset.filter(status=OrderStatus.ERROR, failure_code=value)


class ReceivedFilter(VenueDaysFilter):
    """Whole days of receipt, each on the clock of the order's venue."""

    title = "date of receipt"
