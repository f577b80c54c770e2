"""Filters of lists that are read by the day, on the clock of the venue."""

from __future__ import annotations

import datetime
import uuid
import zoneinfo
from typing import Any, ClassVar

from django.db.models import Q, QuerySet
from django.http import HttpRequest

from channel_manager.lib.admin.typed import DropdownFilter, RangeDateFilter, parse_date_str
from partners.admin.filters import ModeFilter
from partners.models import Venue
from wallets.models import GateDevice, Scan, ScanCode

# Beyond these there may be no day after or before on another clock.
_FIRST_DAY, _LAST_DAY = datetime.date(1900, 1, 1), datetime.date(9000, 1, 1)


class VenueDaysFilter(RangeDateFilter):
    """Whole days, each on the clock of the row's venue."""

    venue_path: ClassVar[str] = "venue"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the rows of these days; what is no date is passed over."""
        first, last = (self._date(end) for end in ("from", "to"))
        if first is None and last is None:
            return queryset
        zones: dict[str, list[Any]] = {}
        for venue, name in Venue.objects.values_list("pk", "timezone").order_by():
            zones.setdefault(name, []).append(venue)
        wanted = Q(pk__in=[])
        for name, venues in zones.items():
            in_zone = self._between(first, last, zoneinfo.ZoneInfo(name))
            # One zone is the rule; naming the venues would keep the index from serving.
            of_venues = Q(**{f"{self.venue_path}__in": venues})
            wanted |= in_zone if len(zones) == 1 else in_zone & of_venues
        return queryset.filter(wanted)

    def _date(self, end: str) -> datetime.date | None:
        value = self.used_parameters.get(f"{self.field_path}_{end}")
        day: datetime.date | None = parse_date_str(str(value)) if value else None
        return day and min(max(day, _FIRST_DAY), _LAST_DAY)

    def _between(
        self, first: datetime.date | None, last: datetime.date | None, zone: zoneinfo.ZoneInfo
    ) -> Q:
        condition = Q()
        if first:
            begins = datetime.datetime.combine(first, datetime.time(), zone)
            condition &= Q(**{f"{self.field_path}__gte": begins})
        if last:
            after = last + datetime.timedelta(days=1)
            ends = datetime.datetime.combine(after, datetime.time(), zone)
            condition &= Q(**{f"{self.field_path}__lt": ends})
        return condition


class ScannedFilter(VenueDaysFilter):
    """Days of scanning."""

    title = "day"
    venue_path = "device__venue"


class DeviceFilter(DropdownFilter):
    """The scans of one gate."""

    title = "gate"
    parameter_name = "device"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer every device, with its venue where there are several."""
        devices = list(GateDevice.objects.values_list("pk", "name", "venue__name"))
        venues = {venue for _, _, venue in devices}
        return [
            (str(key), f"{venue} – {name}" if len(venues) > 1 else name)
            for key, name, venue in devices
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Scan]) -> QuerySet[Scan]:
        """Keep the scans of the device; an unknown one has none."""
        value = self.value()
        if not value:
            return queryset
        known = value in {key for key, _name in self.lookup_choices}
        return queryset.filter(device=uuid.UUID(value)) if known else queryset.none()


class AssetModeFilter(ModeFilter):
    """Tickets and coupons that were sold, unless those of tests are asked for."""

    of_tests = Q(wallet__test_mode=True)


class ScanModeFilter(ModeFilter):
    """Scans of what was sold or is unknown, unless those of test tickets are asked for."""

    of_tests = Q(code=ScanCode.TEST_MODE)


class ResultFilter(DropdownFilter):
    """Admitted or refused, or refused for one reason."""

    title = "result"
    parameter_name = "result"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer the results, then the reasons of refusals."""
        reasons = [
            (code.value, f"Refused: {code.label}")
            for code in ScanCode
            if code not in {ScanCode.ADMITTED, ScanCode.TEST_MODE}
        ]
        results = [("admitted", "Admitted"), ("undone", "Undone"), ("refused", "Refused")]
        return [*results, *reasons]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Scan]) -> QuerySet[Scan]:
        """Keep the scans with the result; an unknown one has none."""
        match self.value():
            case None | "":
                return queryset
            case "admitted":
                return queryset.filter(admitted=True, undone_at=None)
            case "undone":
                return queryset.filter(undone_at__isnull=False)
            case "refused":
                return queryset.filter(admitted=False)
            case code:
                return queryset.filter(code=code)
