"""Filters of the order list."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from catalog.models import PackageMapping, Session
from channel_manager.lib.admin.typed import DropdownFilter
from channel_manager.lib.strict_fields import is_uuid
from orders.models import Allocation, FailureCode, Order, OrderLine, OrderStatus
from orders.models.order import IN_FLIGHT as IN_FLIGHT_STATUSES
from orders.models.order import LATE as LATE_AFTER
from orders.replaying import failed_for
from wallets.admin.filters import VenueDaysFilter

IN_FLIGHT = "in_flight"
LATE = "late"
EXPIRING = "expiring"
# The span that the home page tells of.
LAST_DAY = "24h"
RECENT = datetime.timedelta(hours=24)
LAST_WEEK = "7d"
WEEK = datetime.timedelta(days=7)
_SPANS = {LAST_DAY: RECENT, LAST_WEEK: WEEK}
# How long before its end a draft counts as expiring.
SOON = datetime.timedelta(hours=24)


def is_late(now: datetime.datetime) -> Q:
    """Return the condition of orders in flight that stand in their status for too long."""
    return Q(status__in=IN_FLIGHT_STATUSES, status_since__lt=now - LATE_AFTER)


class StatusFilter(DropdownFilter):
    """One status, all that are being worked on, those for too long, or drafts that end soon."""

    title = "status"
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer every status and the groups."""
        groups = [
            (IN_FLIGHT, "In flight"),
            (LATE, "In flight for too long"),
            (EXPIRING, "Draft, expiring within 24 hours"),
        ]
        return [*groups, *OrderStatus.choices]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Order]) -> QuerySet[Order]:
        """Keep the orders of the status; an unknown one keeps none."""
        value = self.value()
        if not value:
            return queryset
        if value == IN_FLIGHT:
            return queryset.filter(status__in=IN_FLIGHT_STATUSES)
        if value == LATE:
            return queryset.filter(is_late(timezone.now()))
        if value == EXPIRING:
            return queryset.filter(
                status=OrderStatus.DRAFT, draft_expires_at__lt=timezone.now() + SOON
            )
        return queryset.filter(status=value)


class RecentFilter(DropdownFilter):
    """The orders of the last 24 hours or 7 days, wherever their venues are."""

    title = "time of receipt"
    parameter_name = "recent"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer the spans."""
        return [(LAST_DAY, "Last 24 hours"), (LAST_WEEK, "Last 7 days")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Order]) -> QuerySet[Order]:
        """Keep the orders received since then; an unknown span keeps none."""
        value = self.value()
        if not value:
            return queryset
        if value not in _SPANS:
            return queryset.none()
        return queryset.filter(received_at__gt=timezone.now() - _SPANS[value])


class SessionFilter(DropdownFilter):
    """The orders that have places of one session; only there where its page leads."""

    title = "session"
    parameter_name = "session"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer the session that is asked for: there are too many to choose from."""
        asked = request.GET.get(self.parameter_name, "")
        session = Session.objects.filter(pk=asked).first() if is_uuid(asked) else None
        return [(asked, str(session or "Unknown"))] if asked else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Order]) -> QuerySet[Order]:
        """Keep the orders that have places of it; an unknown one keeps none."""
        value = self.value()
        if not value:
            return queryset
        if not is_uuid(value):
            return queryset.none()
        mine = Allocation.objects.filter(session=uuid.UUID(value), line__isnull=False)
        return queryset.filter(pk__in=mine.values("line__order"))


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


class CauseGroupFilter(DropdownFilter):
    """The orders of one cause of failure; only there where the page of causes leads."""

    title = "failed together"
    parameter_name = "cause_group"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer the cause that is asked for: its page names the others."""
        asked = request.GET.get(self.parameter_name, "")
        return [(asked, "Of one cause")] if asked else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Order]) -> QuerySet[Order]:
        """Keep the live orders that stand in Error for it; an unknown one keeps none."""
        value = self.value()
        return queryset.filter(pk__in=failed_for(value).values("pk")) if value else queryset


class MappingFilter(DropdownFilter):
    """The orders that were sold under one version of a mapping; only there where its page leads."""

    title = "sold under"
    parameter_name = "mapping"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer the version that is asked for: there are too many to choose from."""
        asked = request.GET.get(self.parameter_name, "")
        rows = PackageMapping.objects.select_related("package")
        version = rows.filter(pk=asked).first() if is_uuid(asked) else None
        told = f"{version}, {version.title.lower()}" if version else "Unknown"
        return [(asked, told)] if asked else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Order]) -> QuerySet[Order]:
        """Keep the orders with a line sold under it; an unknown one keeps none."""
        value = self.value()
        if not value:
            return queryset
        if not is_uuid(value):
            return queryset.none()
        sold = OrderLine.objects.filter(mapping=uuid.UUID(value))
        return queryset.filter(pk__in=sold.values("order"))


class ReceivedFilter(VenueDaysFilter):
    """Whole days of receipt, each on the clock of the order's venue."""

    title = "date of receipt"
