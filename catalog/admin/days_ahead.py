"""The home page's calendar: today's sessions, and how full the next two weeks are."""

from __future__ import annotations

import dataclasses
import datetime
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Count, F, Q, Window
from django.db.models.functions import RowNumber
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString

from catalog.admin.fill import day_url, fill_bar, sums
from catalog.models import Session
from catalog.opening import OpeningTimes, read_all_opening_times
from partners.models import Venue

# Beside today.
DAYS = 14
# Sessions of today that are shown; the others are a link away.
_SHOWN = 16

_Sums = Mapping[tuple[uuid.UUID, datetime.date], Mapping[str, Any]]


@dataclasses.dataclass(frozen=True, kw_only=True)
class DayAhead:
    """One day of a venue: its sessions and their places together, and where they are listed."""

    date: datetime.date
    is_closed: bool
    reason: str
    sessions: int
    over: int
    off_sale: int
    bar: SafeString
    url: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class SessionToday:
    """A session of today that is not over; one of the whole day is never said to have begun."""

    time: str
    attraction: str
    has_begun: bool
    is_on_sale: bool
    bar: SafeString
    url: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class VenueAhead:
    """A venue's today and the days after it, on its own calendar."""

    venue: Venue
    days: Sequence[DayAhead]
    today: Sequence[SessionToday]
    month_url: str

    @property
    def has_sessions(self) -> bool:
        """Tell whether any day has sessions; a venue of dated tickets only has none."""
        return any(day.sessions for day in self.days)

    @property
    def more_today(self) -> int:
        """Return how many of today's sessions that are not over are not shown."""
        return self.days[0].sessions - self.days[0].over - len(self.today)


def read_days_ahead(request: HttpRequest, *, now: datetime.datetime) -> list[VenueAhead] | None:
    """Return each venue's next days: five statements, however many sessions and venues there are.

    None for somebody who may not see sessions.
    """
    if not request.user.has_perm("catalog.view_session"):
        return None
    venues = list(Venue.objects.defer("logo"))
    if not venues:
        return []
    todays = {venue.pk: now.astimezone(venue.zone).date() for venue in venues}
    first = min(todays.values())
    last = max(todays.values()) + datetime.timedelta(days=DAYS)
    opening_times = read_all_opening_times(venues=venues, first=first, last=last)
    filled = _sums(first, last, now)
    today = _today(venues, todays, now)
    # One venue's day needs no filter by venue: there are no other sessions.
    return [
        VenueAhead(
            venue=venue,
            days=[
                _day(
                    todays[venue.pk] + datetime.timedelta(days=offset),
                    opening_times[venue.pk],
                    filled,
                    names_venue=len(venues) > 1,
                )
                for offset in range(DAYS + 1)
            ],
            today=today.get(venue.pk, ()),
            month_url=f"{reverse('admin:catalog_session_month')}?venue={venue.pk}",
        )
        for venue in venues
    ]


def _sums(first: datetime.date, last: datetime.date, now: datetime.datetime) -> _Sums:
    """Add the sessions of each venue and day up, in one statement."""
    rows = (
        Session.objects.filter(date__range=(first, last))
        .order_by()
        .values("attraction__venue", "date")
        .annotate(**sums(), over=Count("pk", filter=Q(ends_at__lte=now)))
    )
    return {(row["attraction__venue"], row["date"]): row for row in rows}


def _day(
    date: datetime.date, opening_times: OpeningTimes, filled: _Sums, *, names_venue: bool
) -> DayAhead:
    venue = opening_times.venue
    row = filled.get((venue.pk, date), {})
    special = next((day for day in opening_times.days if day.date == date), None)
    return DayAhead(
        date=date,
        is_closed=opening_times.on(date) is None,
        reason=special.reason if special else "",
        sessions=row.get("count", 0),
        over=row.get("over", 0),
        off_sale=row.get("off_sale", 0),
        bar=fill_bar(
            sold=row.get("sold", 0), held=row.get("held", 0), capacity=row.get("places", 0)
        ),
        url=day_url(date, **({"venue": venue.pk} if names_venue else {})),
    )


def _today(
    venues: Sequence[Venue], todays: Mapping[uuid.UUID, datetime.date], now: datetime.datetime
) -> Mapping[uuid.UUID, Sequence[SessionToday]]:
    """Return each venue's next sessions of today, in one statement."""
    of_today = Q()
    for venue in venues:
        of_today |= Q(attraction__venue=venue, date=todays[venue.pk])
    rows = (
        Session.objects.filter(of_today, ends_at__gt=now)
        .annotate(
            place=Window(
                RowNumber(),
                partition_by=F("attraction__venue"),
                order_by=("starts_at", "attraction__name", "pk"),
            )
        )
        .filter(place__lte=_SHOWN)
        .select_related("attraction")
        .order_by("starts_at", "attraction__name", "pk")
    )
    shown: dict[uuid.UUID, list[SessionToday]] = defaultdict(list)
    for session in rows:
        shown[session.attraction.venue_id].append(_session(session, now))
    return shown


def _session(session: Session, now: datetime.datetime) -> SessionToday:
    return SessionToday(
        time=f"{session.time:%H:%M}" if session.time else "whole day",
        attraction=session.attraction.name,
        has_begun=session.time is not None and session.starts_at <= now,
        is_on_sale=session.is_on_sale,
        bar=fill_bar(sold=session.sold, held=session.held, capacity=session.capacity),
        url=reverse("admin:catalog_session_change", args=[session.pk]),
    )
