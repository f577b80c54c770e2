"""When a venue is open: its standing hours, its seasons, and days unlike the others. Pure."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterable

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
    days: Iterable[CalendarDay] = CalendarDay.objects.filter(venue=venue, date__range=(first, last))
    seasons = OpeningHours.objects.filter(venue=venue)
    return OpeningTimes(venue, tuple(seasons), tuple(days))


def _hours(source: CalendarDay | OpeningHours) -> Hours | None:
    if source.opens_at is None or source.closes_at is None:
        return None
    return Hours(source.opens_at, source.closes_at)


def _begins(season: OpeningHours) -> tuple[datetime.date, int]:
    return season.valid_from or datetime.date.min, season.pk or 0
