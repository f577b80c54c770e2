"""When a venue is open: its standing hours, its seasons, and days unlike the others. Pure."""

from __future__ import annotations

import dataclasses
import datetime
import uuid
from collections import defaultdict
from collections.abc import Sequence

from catalog.models import CalendarDay, OpeningHours
from partners.models import Venue


@dataclasses.dataclass(frozen=True)
class Hours:
    """The opening hours of one day, on the venue's clock."""

    opens_at: datetime.time
    closes_at: datetime.time


@dataclasses.dataclass(frozen=True)
class OpeningTimes:
    """What decides when a venue is open: pass the days that are unlike others as far as asked for."""

    venue: Venue
    seasons: tuple[OpeningHours, ...] = ()
    days: tuple[CalendarDay, ...] = ()

    def on(self, day: datetime.date) -> Hours | None:
        """Return the hours of a day; None when the venue is closed.

        A calendar day of its own counts first, then the season that begins last and covers the
        weekday, then the venue's standing hours.
        """
        for exception in self.days:
            if exception.date == day:
                return _hours(exception)
        covering = [season for season in self.seasons if season.covers(day)]
        if covering:
            return _hours(max(covering, key=_begins))
        return Hours(self.venue.opens_at, self.venue.closes_at)


def read_opening_times(*, venue: Venue, first: datetime.date, last: datetime.date) -> OpeningTimes:
    """Read what decides when a venue is open from the first to the last day: two statements."""
    return read_all_opening_times(venues=[venue], first=first, last=last)[venue.pk]


def read_all_opening_times(
    *, venues: Sequence[Venue], first: datetime.date, last: datetime.date
) -> dict[uuid.UUID, OpeningTimes]:
    """Read it for several venues, by their keys: two statements as well."""
    days: dict[uuid.UUID, list[CalendarDay]] = defaultdict(list)
    for day in CalendarDay.objects.filter(venue__in=venues, date__range=(first, last)):
        days[day.venue_id].append(day)
    seasons: dict[uuid.UUID, list[OpeningHours]] = defaultdict(list)
    for season in OpeningHours.objects.filter(venue__in=venues):
        seasons[season.venue_id].append(season)
    return {
        venue.pk: OpeningTimes(venue, tuple(seasons[venue.pk]), tuple(days[venue.pk]))
        for venue in venues
    }


def _hours(source: CalendarDay | OpeningHours) -> Hours | None:
    if source.opens_at is None or source.closes_at is None:
        return None
    return Hours(source.opens_at, source.closes_at)


def _begins(season: OpeningHours) -> tuple[datetime.date, int]:
    return season.valid_from or datetime.date.min, season.pk or 0
