"""Closing one day in the calendar: nothing of it is sold any more."""

from __future__ import annotations

import dataclasses
import datetime
from collections import Counter

from catalog.models import Attraction, CalendarDay, Session, SessionException
from catalog.rescheduling import in_words
from catalog.scheduling import ATTRACTION_KIND, Scope, lock_calendars, scope_of
from channel_manager.history import runner
from channel_manager.history.models import Event
from partners.models import Venue

_MOST_LETTERS = 200


@dataclasses.dataclass(frozen=True, kw_only=True)
class Day:
    """A day of a venue, or of one of its attractions only."""

    venue: Venue
    date: datetime.date
    attraction: Attraction | None = None

    def __str__(self) -> str:
        return f"{self.attraction or self.venue} on {in_words(self.date)}"

    @property
    def scope(self) -> Scope:
        """Return the attractions whose calendars it belongs to."""
        if self.attraction is None:
            return scope_of(self.venue, first=self.date, last=self.date)
        return Scope(
            venue_id=self.venue.pk,
            attraction_ids=frozenset([self.attraction.pk]),
            first=self.date,
            last=self.date,
        )

    def sessions(self, now: datetime.datetime) -> list[Session]:
        """Return its sessions that are not over, on sale or not, by attraction and start."""
        rows = Session.objects.filter(attraction__in=self.scope.attraction_ids, date=self.date)
        coming = rows.filter(ends_at__gt=now).select_related("attraction")
        return list(coming.order_by("attraction__name", "attraction_id", "starts_at"))


def close_calendar(*, day: Day, actor: str, now: datetime.datetime, reason: str) -> list[Session]:
    """Close a day within the open transaction; return its sessions that are not over, locked.

    They go off sale, and the rules leave them alone until somebody changes them by hand. Locking
    them waits for the orders that are just taking places; afterwards none can.
    """
    scope = day.scope
    lock_calendars(scope)
    _write_calendar(day, reason[:_MOST_LETTERS])
    coming = Session.objects.filter(
        attraction__in=scope.attraction_ids, date=day.date, ends_at__gt=now
    )
    sessions = runner.lock(coming)
    on_sale = Counter(session.attraction_id for session in sessions if session.is_on_sale)
    Session.objects.filter(pk__in=[session.pk for session in sessions]).update(
        is_on_sale=False, is_adjusted=True
    )
    Event.objects.bulk_create(
        Event(
            kind=ATTRACTION_KIND,
            subject_id=attraction_id,
            name="sessions_changed",
            actor=actor,
            reason=reason,
            data={"date": day.date.isoformat(), "taken_off_sale": count},
            at=now,
        )
        for attraction_id, count in on_sale.items()
    )
    return sessions


def replaced_by_closing(day: Day) -> list[str]:
    """Tell in sentences what the calendar says of a day and will no longer say."""
    if day.attraction is None:
        special = CalendarDay.objects.filter(venue=day.venue, date=day.date).first()
        if special is None or special.opens_at is None or special.closes_at is None:
            return []
        hours = f"{special.opens_at:%H:%M} to {special.closes_at:%H:%M}"
        return [f"The day's own opening hours, {hours}, are replaced."]
    exceptions = SessionException.objects.filter(
        attraction=day.attraction, date=day.date, is_closed=False
    )
    return [f"The exception {str(one)!r} is removed." for one in exceptions]


def _write_calendar(day: Day, reason: str) -> None:
    """Write down that the day is closed, whatever stood there before."""
    if day.attraction is None:
        CalendarDay.objects.update_or_create(
            venue=day.venue,
            date=day.date,
            defaults={"opens_at": None, "closes_at": None, "reason": reason},
        )
        return
    SessionException.objects.filter(attraction=day.attraction, date=day.date).delete()
    SessionException.objects.create(
        attraction=day.attraction, date=day.date, is_closed=True, reason=reason
    )
