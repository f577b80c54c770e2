"""The same visit on another day: what a planned component becomes there. Pure."""

from __future__ import annotations

import dataclasses
import datetime
import uuid
from collections.abc import Mapping, Sequence

from catalog.expansion import PlannedComponent
from catalog.models import Dating, Session
from catalog.opening import Hours
from catalog.visits import local_moment
from partners.models import Venue

_MOST_NAMED = 12


class NoSuchVisit(Exception):
    """The visit cannot be made on the other day; the text says why."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class OtherDay:
    """The day that visits are moved to: its hours, and the sessions on sale of each attraction."""

    venue: Venue
    date: datetime.date
    hours: Hours | None
    sessions: Mapping[uuid.UUID, Sequence[Session]]

    def session_like(self, session: Session) -> Session:
        """Return the attraction's session at the same time; the whole day's for a whole day.

        Raises NoSuchVisit, which names the times there are.
        """
        there = self.sessions.get(session.attraction_id, ())
        for other in there:
            if other.time == session.time:
                return other
        at = f"at {session.time:%H:%M}" if session.time else "for the whole day"
        told = f"{session.attraction} has no session on sale {at} on {in_words(self.date)}."
        begins = [f"{other.time:%H:%M}" for other in there if other.time]
        if begins:
            more = f" and {len(begins) - _MOST_NAMED} more" if len(begins) > _MOST_NAMED else ""
            told += f" Sessions that day begin at {', '.join(begins[:_MOST_NAMED])}{more}."
        elif there:
            told += " That day has one session, from opening until closing."
        raise NoSuchVisit(told)


def reschedule(
    component: PlannedComponent,
    *,
    dating: str,
    session: Session | None,
    day: OtherDay,
    now: datetime.datetime,
) -> PlannedComponent:
    """Return the component on the other day, at the same time, in that session; without seats.

    The window is made as for a new order (catalog/visits.py), but no cut-off counts: staff move it.
    Raises NoSuchVisit.
    """
    starts, ends = _window(component, dating, day)
    if session is not None:
        starts, ends = max(starts, session.starts_at), session.ends_at
        if starts >= ends:
            raise NoSuchVisit(
                f"The session of {session.attraction} on {in_words(day.date)} ends at "
                f"{ends.astimezone(day.venue.zone):%H:%M}, before the visit begins."
            )
    if ends <= now:
        raise NoSuchVisit(f"A visit on {in_words(day.date)} would be over already.")
    return dataclasses.replace(
        component,
        visit_date=day.date,
        valid_from=starts,
        valid_until=ends,
        session_id=session.pk if session else None,
        seats=(),
    )


def in_words(date: datetime.date) -> str:
    """Return a day as people say it, such as Sat 28 Nov 2026."""
    return f"{date:%a %-d %b %Y}"


def _window(
    component: PlannedComponent, dating: str, day: OtherDay
) -> tuple[datetime.datetime, datetime.datetime]:
    """Return from when until when the visit is valid, before its session is looked at."""
    venue, time, hours = day.venue, component.visit_time, day.hours
    if dating == Dating.TIMED and time is not None:
        starts = local_moment(venue, day.date, time)
        if hours is not None and time < hours.closes_at:
            return starts, local_moment(venue, day.date, hours.closes_at)
        midnight = local_moment(venue, day.date + datetime.timedelta(days=1), datetime.time())
        return starts, midnight
    if hours is None:
        raise NoSuchVisit(f"{venue} is closed on {in_words(day.date)}.")
    if time is not None and not hours.opens_at <= time < hours.closes_at:
        raise NoSuchVisit(
            f"{venue} is open from {hours.opens_at:%H:%M} to {hours.closes_at:%H:%M} on "
            f"{in_words(day.date)}, and the visit is at {time:%H:%M}."
        )
    starts = local_moment(venue, day.date, time or hours.opens_at)
    return starts, local_moment(venue, day.date, hours.closes_at)
