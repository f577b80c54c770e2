"""When a guest may come: a visit checked against the package, the calendar and the venue's clock."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable, Iterator, Sequence

from catalog.models import Dating, Package, Session
from catalog.opening import Hours, OpeningTimes
from channel_manager.lib.errors import ErrorCode, Fault
from partners.models import Venue

# Beyond this nobody plans, and a typo in the year is likelier than a sale.
MAX_DAYS_AHEAD = 3 * 365
_MAX_NAMED = 12


@dataclasses.dataclass(frozen=True)
class Visit:
    """A visit as asked for (venue's local date and time) and the window it is valid in (UTC).

    `session` is the one whose places it takes; none where places are not counted.
    """

    date: datetime.date | None
    time: datetime.time | None
    valid_from: datetime.datetime
    valid_until: datetime.datetime
    session: Session | None = None


class UnfitVisit(Exception):
    """The visit does not fit the package; `faults` say where and why."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__(faults[0].detail)
        self.faults = faults


@dataclasses.dataclass(frozen=True)
class _Asked:
    """A visit as it is asked for, at a place of the request, and what it is checked against."""

    package: Package
    opening_times: OpeningTimes
    date: datetime.date | None
    time: datetime.time | None
    now: datetime.datetime
    pointer: str

    @property
    def venue(self) -> Venue:
        """Return the venue that is visited."""
        return self.opening_times.venue

    def fault(self, name: str, code: str, detail: str) -> Fault:
        """Return what is wrong with a member of the request."""
        return Fault(f"{self.pointer}/{name}", code, detail)

    def missing(self, name: str, code: str) -> Fault:
        """Return that a member is missing."""
        return self.fault(name, code, f"{self.package.code} needs a {name}.")


def plan_visit(
    *,
    package: Package,
    opening_times: OpeningTimes,
    date: datetime.date | None,
    time: datetime.time | None,
    now: datetime.datetime,
    pointer: str,
) -> Visit:
    """Return the window in which a visit is valid, by the package's dating (contract section 3).

    Dated: from the time, or opening, until closing. Timed: both are needed. Open-dated: from the
    day of sale for the package's validity. Raises UnfitVisit with faults below the JSON pointer.
    """
    asked = _Asked(package, opening_times, date, time, now, pointer)
    match package.dating_for(date):
        case Dating.OPEN:
            return _open_visit(asked)
        case Dating.TIMED:
            return _timed_visit(asked)
    return _dated_visit(asked)


def place_visit(
    *,
    visit: Visit,
    package: Package,
    venue: Venue,
    sessions: Sequence[Session],
    has_room: Callable[[Session], bool],
    now: datetime.datetime,
    pointer: str,
) -> Visit:
    """Return the visit within the session it falls in, of an attraction's on that day.

    Timed: the one that begins at the visit's time. Dated with a time: the one that runs then, else
    the next one. Dated without a time: the first that can be sold and has room, else the first
    that can be sold. Raises UnfitVisit when there is none.
    """
    if not sessions:
        raise UnfitVisit(_no_session(package, visit, sessions, now, venue, pointer))
    if package.dating == Dating.TIMED:
        fitting = [session for session in sessions if session.time == visit.time]
    elif visit.time is None:
        fitting = list(sessions)
    else:
        fitting = _at(sessions, visit.valid_from)
    if not fitting:
        raise UnfitVisit(_no_session(package, visit, sessions, now, venue, pointer))
    on_sale = [session for session in fitting if now < sold_until(package, session, visit)]
    if not on_sale:
        raise UnfitVisit(_past(pointer, fitting[0].date, venue))
    session = next(filter(has_room, on_sale), on_sale[0])
    return dataclasses.replace(
        visit,
        valid_from=max(visit.valid_from, session.starts_at),
        valid_until=session.ends_at,
        session=session,
    )


def sold_until(package: Package, session: Session, visit: Visit | None = None) -> datetime.datetime:
    """Return until when a session may be sold: its end, or the package's cut-off before the visit."""
    starts = session.starts_at
    if visit is not None:
        starts = max(starts, visit.valid_from)
    return _sold_until(package, starts, session.ends_at)


def local_moment(venue: Venue, date: datetime.date, time: datetime.time) -> datetime.datetime:
    """Return the moment, in UTC, at which the venue's clock shows this date and time."""
    return datetime.datetime.combine(date, time, venue.zone).astimezone(datetime.UTC)


def _sold_until(
    package: Package, starts: datetime.datetime, ends: datetime.datetime
) -> datetime.datetime:
    if package.cut_off_minutes is None:
        return ends
    return starts - datetime.timedelta(minutes=package.cut_off_minutes)


def _at(sessions: Sequence[Session], moment: datetime.datetime) -> list[Session]:
    """Return the session that runs at a moment, the latest begun first; else the next to begin."""
    running = [s for s in sessions if s.starts_at <= moment < s.ends_at]
    if running:
        return [max(running, key=lambda session: session.starts_at)]
    coming = [session for session in sessions if session.starts_at > moment]
    return [min(coming, key=lambda session: session.starts_at)] if coming else []


def _open_visit(asked: _Asked) -> Visit:
    package, venue = asked.package, asked.venue
    unwanted = [
        asked.fault(name, "visit_not_allowed", f"{package.code} is open-dated: it takes no {name}.")
        for name, value in (("visitDate", asked.date), ("visitTime", asked.time))
        if value is not None
    ]
    if unwanted:
        raise UnfitVisit(*unwanted)
    today = asked.now.astimezone(venue.zone).date()
    last_day = today + datetime.timedelta(days=package.validity_days)
    return Visit(None, None, asked.now, local_moment(venue, last_day, venue.closes_at))


def _timed_visit(asked: _Asked) -> Visit:
    """Return the window of a component that has no sessions: until closing, or midnight."""
    venue, date, time = asked.venue, asked.date, asked.time
    faults = list(_date_faults(asked))
    if time is None:
        faults.append(asked.missing("visitTime", "visit_time_required"))
    if faults or date is None or time is None:
        raise UnfitVisit(*faults)
    starts, hours = local_moment(venue, date, time), asked.opening_times.on(date)
    if hours is not None and time < hours.closes_at:
        return Visit(date, time, starts, local_moment(venue, date, hours.closes_at))
    midnight = local_moment(venue, date + datetime.timedelta(days=1), datetime.time())
    return Visit(date, time, starts, midnight)


def _dated_visit(asked: _Asked) -> Visit:
    venue, date, time = asked.venue, asked.date, asked.time
    hours = asked.opening_times.on(date) if date else None
    faults = [*_date_faults(asked), *_hours_faults(asked, hours)]
    if faults or date is None or hours is None:
        raise UnfitVisit(*faults)
    starts = local_moment(venue, date, time or hours.opens_at)
    ends = local_moment(venue, date, hours.closes_at)
    if asked.now >= _sold_until(asked.package, starts, ends):
        raise UnfitVisit(_past(asked.pointer, date, venue))
    return Visit(date, time, starts, ends)


def _date_faults(asked: _Asked) -> Iterator[Fault]:
    date, today = asked.date, asked.now.astimezone(asked.venue.zone).date()
    # A timed visit may be to a session that began before midnight and still runs.
    first = today - datetime.timedelta(days=asked.package.dating == Dating.TIMED)
    if date is None:
        yield asked.missing("visitDate", "visit_date_required")
    elif date > today + datetime.timedelta(days=MAX_DAYS_AHEAD):
        detail = f"{date} is more than {MAX_DAYS_AHEAD} days ahead."
        yield asked.fault("visitDate", "visit_too_far", detail)
    elif date < first:
        yield _past(asked.pointer, date, asked.venue)


def _hours_faults(asked: _Asked, hours: Hours | None) -> Iterator[Fault]:
    venue, date, time = asked.venue, asked.date, asked.time
    if date is not None and hours is None:
        yield asked.fault("visitDate", "venue_closed", f"{venue} is closed on {date}.")
    elif time is not None:
        known = hours or Hours(venue.opens_at, venue.closes_at)
        if not known.opens_at <= time < known.closes_at:
            span = f"{known.opens_at:%H:%M} to {known.closes_at:%H:%M}"
            detail = f"{time:%H:%M} is outside the opening hours, {span} venue time."
            yield asked.fault("visitTime", "outside_opening_hours", detail)


def _no_session(
    package: Package,
    visit: Visit,
    sessions: Sequence[Session],
    now: datetime.datetime,
    venue: Venue,
    pointer: str,
) -> Fault:
    if visit.date is not None and visit.date < now.astimezone(venue.zone).date():
        return _past(pointer, visit.date, venue)
    at = (
        f" at {visit.time.isoformat('auto' if visit.time.second else 'minutes')}"
        if visit.time
        else ""
    )
    detail = f"{package.code} has no session on {visit.date}{at}."
    begins = sorted(f"{session.time:%H:%M}" for session in sessions if session.time)
    if begins:
        more = f" and {len(begins) - _MAX_NAMED} more" if len(begins) > _MAX_NAMED else ""
        detail += f" Sessions that day begin at {', '.join(begins[:_MAX_NAMED])}{more}."
    name = "visitTime" if begins and visit.time else "visitDate"
    return Fault(f"{pointer}/{name}", ErrorCode.UNKNOWN_SESSION, detail)


def _past(pointer: str, date: datetime.date, venue: Venue) -> Fault:
    detail = f"A visit on {date} can no longer be sold (venue time, {venue.timezone})."
    return Fault(f"{pointer}/visitDate", "visit_in_past", detail)
