"""Filters of the order list."""

from __future__ import annotations

import datetime
import zoneinfo
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from channel_manager.lib.admin.typed import DropdownFilter, RangeDateFilter, parse_date_str
from orders.models import FailureCode, Order, OrderStatus
from orders.models.order import IN_FLIGHT as IN_FLIGHT_STATUSES
from partners.models import Venue

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


class ReceivedFilter(RangeDateFilter):
    """Whole days of receipt, each on the clock of the order's venue."""

    title = "date of receipt"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Order]) -> QuerySet[Order]:
        """Keep the orders received on these days; what is no date is passed over."""
        first, last = (self._date(end) for end in ("from", "to"))
        if first is None and last is None:
            return queryset
        zones: dict[str, list[Any]] = {}
        for venue, name in Venue.objects.values_list("pk", "timezone").order_by():
            zones.setdefault(name, []).append(venue)
        wanted = Q(pk__in=[])
        for name, venues in zones.items():
            in_zone = _received(first, last, zoneinfo.ZoneInfo(name))
            # One zone is the rule; naming the venues would keep the index on receipt from serving.
            wanted |= in_zone if len(zones) == 1 else in_zone & Q(venue__in=venues)
        return queryset.filter(wanted)

    def _date(self, end: str) -> datetime.date | None:
        value = self.used_parameters.get(f"{self.field_path}_{end}")
        return parse_date_str(str(value)) if value else None


def _received(
    first: datetime.date | None, last: datetime.date | None, zone: zoneinfo.ZoneInfo
) -> Q:
    condition = Q()
    if first:
        condition &= Q(received_at__gte=datetime.datetime.combine(first, datetime.time(), zone))
    if last:
        after = last + datetime.timedelta(days=1)
        condition &= Q(received_at__lt=datetime.datetime.combine(after, datetime.time(), zone))
    return condition
