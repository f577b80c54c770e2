"""A month of a venue: when it is open, and how full its sessions are."""

from __future__ import annotations

import calendar
import dataclasses
import datetime
import re
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Max, Min, QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from catalog.admin.fill import day_url, fill_bar, sums
from catalog.models import Attraction, CalendarDay, Session
from catalog.opening import OpeningTimes, read_opening_times
from channel_manager.lib.admin.typed import ModelAdmin
from partners.models import Venue

_MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")
_YEARS = range(2000, 2100)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Filled:
    """What one attraction has on a day."""

    attraction: str
    said: str
    bar: SafeString
    off_sale: int
    url: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Day:
    """One day of the table."""

    date: datetime.date
    is_in_month: bool
    is_today: bool
    is_past: bool
    hours: str
    reason: str
    is_closed: bool
    special_url: str
    rows: Sequence[Filled]


def month_view(request: HttpRequest, model_admin: ModelAdmin[Session]) -> TemplateResponse:
    """Show the month, venue and attraction that the address names, else this month's first."""
    venues = list(Venue.objects.defer("logo"))
    venue = _chosen(request, "venue", venues) or next(iter(venues), None)
    context = {
        **model_admin.admin_site.each_context(request),
        "title": "Month",
        "opts": model_admin.opts,
        "venues": venues,
        "venue": venue,
    }
    if venue is not None:
        today = timezone.now().astimezone(venue.zone).date()
        first = _asked_month(request, today)
        attractions = list(Attraction.objects.filter(venue=venue))
        attraction = _chosen(request, "attraction", attractions)
        weeks = _weeks(request, venue, attraction, first, today)
        context |= {
            "attractions": attractions,
            "attraction": attraction,
            "month": first,
            "earlier": _shifted(first, -1),
            "later": _shifted(first, 1),
            "today": today,
            "weekdays": [datetime.date(2024, 1, day) for day in range(1, 8)],
            "weeks": weeks,
            "is_empty": not any(day.rows for week in weeks for day in week if day.is_in_month),
        }
    return TemplateResponse(request, "admin/catalog/session/month.html", context)


def _weeks(
    request: HttpRequest,
    venue: Venue,
    attraction: Attraction | None,
    first: datetime.date,
    today: datetime.date,
) -> list[list[Day]]:
    """Return the weeks that the month touches: four statements, however much there is."""
    weeks = calendar.Calendar().monthdatescalendar(first.year, first.month)
    begin, end = weeks[0][0], weeks[-1][-1]
    opening_times = read_opening_times(venue=venue, first=begin, last=end)
    special = {day.date: day for day in opening_times.days}
    sessions = Session.objects.filter(attraction__venue=venue, date__range=(begin, end))
    if attraction is not None:
        sessions = sessions.filter(attraction=attraction)
    filled = _filled(sessions, says_times=attraction is not None)
    urls = _SpecialUrls(request, venue)
    return [
        [
            _day(
                date,
                opening_times,
                special.get(date),
                filled.get(date, ()),
                urls=urls,
                is_in_month=date.month == first.month,
                today=today,
            )
            for date in week
        ]
        for week in weeks
    ]


def _day(
    date: datetime.date,
    opening_times: OpeningTimes,
    special: CalendarDay | None,
    rows: Sequence[Filled],
    *,
    urls: _SpecialUrls,
    is_in_month: bool,
    today: datetime.date,
) -> Day:
    hours = opening_times.on(date)
    return Day(
        date=date,
        is_in_month=is_in_month,
        is_today=date == today,
        is_past=date < today,
        hours=f"{hours.opens_at:%H:%M}–{hours.closes_at:%H:%M}" if hours else "Closed",
        reason=special.reason if special else "",
        is_closed=hours is None,
        special_url=urls.of(date, special),
        rows=rows,
    )


class _SpecialUrls:
    """Where the hours of a day are changed, for who may."""

    def __init__(self, request: HttpRequest, venue: Venue) -> None:
        self._may_add = request.user.has_perm("catalog.add_calendarday")
        self._may_see = request.user.has_perm("catalog.view_calendarday")
        self._add = f"{reverse('admin:catalog_calendarday_add')}?venue={venue.pk}&date="

    def of(self, date: datetime.date, special: CalendarDay | None) -> str:
        if special is not None:
            page = "admin:catalog_calendarday_change"
            return reverse(page, args=[special.pk]) if self._may_see else ""
        return f"{self._add}{date.isoformat()}" if self._may_add else ""


def _filled(
    sessions: QuerySet[Session], *, says_times: bool
) -> Mapping[datetime.date, Sequence[Filled]]:
    """Return what each attraction has on each day, in one statement."""
    filled: dict[datetime.date, list[Filled]] = defaultdict(list)
    groups: QuerySet[Any, Any] = (
        sessions.order_by("attraction__name", "date")
        .values("date", "attraction", "attraction__name")
        .annotate(**sums(), first=Min("time"), last=Max("time"))
    )
    for row in groups:
        filled[row["date"]].append(
            Filled(
                attraction=row["attraction__name"],
                said=_times(row) if says_times else _kind(row),
                bar=fill_bar(sold=row["sold"], held=row["held"], capacity=row["places"]),
                off_sale=row["off_sale"],
                url=day_url(row["date"], attraction__id__exact=row["attraction"]),
            )
        )
    return filled


def _times(row: Mapping[str, Any]) -> str:
    """Say when sessions are: whole day, at 14:00, or 12 from 10:00 to 17:30."""
    if row["first"] is None:
        return "whole day"
    if row["count"] == 1:
        return f"{row['first']:%H:%M}"
    return f"{row['count']} from {row['first']:%H:%M} to {row['last']:%H:%M}"


def _kind(row: Mapping[str, Any]) -> str:
    """Say how many sessions there are, where there is little room."""
    return _times(row) if row["count"] == 1 or row["first"] is None else f"{row['count']} sessions"


def _asked_month(request: HttpRequest, today: datetime.date) -> datetime.date:
    """Return the first day of the month that is asked for, else of this one."""
    found = _MONTH.fullmatch(request.GET.get("month", ""))
    if found is None or int(found[1]) not in _YEARS:
        return today.replace(day=1)
    return datetime.date(int(found[1]), int(found[2]), 1)


def _shifted(first: datetime.date, months: int) -> datetime.date:
    number = first.year * 12 + first.month - 1 + months
    return datetime.date(number // 12, number % 12 + 1, 1)


def _chosen(request: HttpRequest, name: str, rows: Sequence[Any]) -> Any:
    """Return the row whose key the address gives, if there is one."""
    try:
        key = uuid.UUID(request.GET.get(name, ""))
    except ValueError:
        return None
    return next((row for row in rows if row.pk == key), None)
