"""The sessions that a calendar asks for: weekly rules, exceptions, opening hours, a clock. Pure."""

from __future__ import annotations

import dataclasses
import datetime
import uuid
import zoneinfo
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from catalog.models import SessionException, SessionRule, SlotPattern
from catalog.opening import Hours, OpeningTimes

_DAY = datetime.timedelta(days=1)


@dataclasses.dataclass(frozen=True)
class WantedSession:
    """One session that the calendar asks for; date and time as the venue's clock shows them.

    time: None for a whole day. starts_at, ends_at: UTC.
    """

    date: datetime.date
    time: datetime.time | None
    starts_at: datetime.datetime
    ends_at: datetime.datetime
    capacity: int
    seat_plan_id: uuid.UUID | None = None


def wanted_sessions(
    *,
    opening_times: OpeningTimes,
    rules: Sequence[SessionRule],
    exceptions: Iterable[SessionException],
    seats: Mapping[uuid.UUID, int],
    first: datetime.date,
    last: datetime.date,
) -> list[WantedSession]:
    """Return the sessions of one attraction from the first day to the last, in order of time.

    A day on which the venue is closed has none. A day's exceptions stand in for the rules; several
    add up. Of two patterns that begin a session at the same moment the later counts: the one valid
    from a later date, then the one written later. seats: how many seats each seat plan has; they
    are the capacity of its sessions.
    """
    zone = opening_times.venue.zone
    exceptions_of = defaultdict(list)
    for exception in exceptions:
        exceptions_of[exception.date].append(exception)
    ranked = sorted(rules, key=_rank)
    starts_of: dict[int, list[datetime.time]] = {}
    wanted: list[WantedSession] = []
    for day in _days(first, last):
        hours = opening_times.on(day)
        if hours is None:
            continue
        by_moment: dict[datetime.datetime, WantedSession] = {}
        for pattern in _patterns_of(day, ranked, exceptions_of):
            key = id(pattern)
            if key not in starts_of:
                starts_of[key] = _starts(pattern)
            capacity = _capacity(pattern, seats)
            for session in _sessions(pattern, starts_of[key], day, hours, zone, capacity):
                by_moment[session.starts_at] = session
        wanted += (by_moment[moment] for moment in sorted(by_moment))
    return wanted


def local_moment(
    zone: zoneinfo.ZoneInfo, date: datetime.date, time: datetime.time
) -> datetime.datetime | None:
    """Return the moment (UTC) at which a clock shows a date and time; None when it skips it.

    Of a time that the clock shows twice it is the first.
    """
    moment = datetime.datetime.combine(date, time, zone).astimezone(datetime.UTC)
    shown = moment.astimezone(zone)
    return moment if (shown.date(), shown.time()) == (date, time) else None


def _patterns_of(
    day: datetime.date,
    ranked: Sequence[SessionRule],
    exceptions_of: Mapping[datetime.date, Sequence[SessionException]],
) -> Sequence[SlotPattern]:
    """Return what makes the sessions of a day; what counts more comes later."""
    exceptions = exceptions_of.get(day)
    if exceptions is None:
        return [rule for rule in ranked if rule.covers(day)]
    return sorted((one for one in exceptions if not one.is_closed), key=_rank)


def _rank(pattern: SessionRule | SessionException) -> tuple[datetime.date, int]:
    begins = pattern.valid_from if isinstance(pattern, SessionRule) else None
    return begins or datetime.date.min, pattern.pk or 0


def _starts(pattern: SlotPattern) -> list[datetime.time]:
    """Return the times at which slots begin; none for a whole day."""
    if pattern.first_start is None:
        return []
    if pattern.last_start is None or not pattern.every_minutes:
        return [pattern.first_start]
    begin, end = (_minute(time) for time in (pattern.first_start, pattern.last_start))
    return [
        datetime.time(minute // 60, minute % 60)
        for minute in range(begin, end + 1, pattern.every_minutes)
    ]


def _sessions(
    pattern: SlotPattern,
    starts: Sequence[datetime.time],
    day: datetime.date,
    hours: Hours,
    zone: zoneinfo.ZoneInfo,
    capacity: int,
) -> Iterator[WantedSession]:
    """Yield the sessions of one pattern on one day."""
    if pattern.first_start is None:
        opens, closes = (
            datetime.datetime.combine(day, time, zone).astimezone(datetime.UTC)
            for time in (hours.opens_at, hours.closes_at)
        )
        # Where the clock skips what lies between there is no session.
        if opens < closes:
            yield WantedSession(day, None, opens, closes, capacity)
        return
    lasts = datetime.timedelta(minutes=pattern.duration_minutes or 0)
    for time in starts:
        moment = local_moment(zone, day, time)
        if moment is not None:
            ends_at = moment + lasts
            yield WantedSession(day, time, moment, ends_at, capacity, pattern.seat_plan_id)


def _capacity(pattern: SlotPattern, seats: Mapping[uuid.UUID, int]) -> int:
    if pattern.seat_plan_id is None:
        return pattern.capacity
    return seats.get(pattern.seat_plan_id, 0)


def _minute(time: datetime.time) -> int:
    return time.hour * 60 + time.minute


def _days(first: datetime.date, last: datetime.date) -> Iterator[datetime.date]:
    day = first
    while day <= last:
        yield day
        day += _DAY
