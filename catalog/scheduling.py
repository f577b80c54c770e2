"""Bringing sessions in line with the calendar: planned, shown, and then applied as shown.

Kinds are locked in the order: attraction, session; each by primary key. The attraction's lock makes
changes of one calendar take turns; sales do not take it.
"""

from __future__ import annotations

import dataclasses
import datetime
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from django.conf import settings
from django.contrib.postgres.aggregates import ArrayAgg
from django.db import transaction
from django.db.models import Count, Max, Min

from catalog import session_rows
from catalog.calendar import WantedSession, wanted_sessions
from catalog.changes import CalendarChange, Creation, compare, in_numbers
from catalog.models import Attraction, Seat, Session, SessionException, SessionRule
from catalog.opening import read_opening_times
from channel_manager.history import runner
from channel_manager.history.models import Event
from partners.models import Venue

ATTRACTION_KIND, SESSION_KIND = "attraction", "session"
# A slot lasts a day at most: what began earlier is over.
_LONGEST = datetime.timedelta(days=1)
_MOST_NAMED = 100


@dataclasses.dataclass(frozen=True, kw_only=True)
class Scope:
    """Attractions of one venue, and the days on which their sessions are brought in line.

    Without a first day from today, without a last day as far as sessions are made.
    """

    venue_id: uuid.UUID
    attraction_ids: frozenset[uuid.UUID]
    first: datetime.date | None = None
    last: datetime.date | None = None

    def __or__(self, other: Scope) -> Scope:
        """Return the scope that covers both."""
        firsts = [scope.first or datetime.date.min for scope in (self, other)]
        lasts = [scope.last or datetime.date.max for scope in (self, other)]
        return dataclasses.replace(
            self,
            attraction_ids=self.attraction_ids | other.attraction_ids,
            first=min(firsts),
            last=max(lasts),
        )


class ShownOtherwise(Exception):
    """What would happen is no longer what was shown: places were sold, or a colleague was faster."""

    def __init__(self, change: CalendarChange) -> None:
        super().__init__("The calendar has changed since it was looked at.")
        self.change = change


class PlacesTaken(Exception):
    """A session cannot have fewer places than are sold and held."""

    def __init__(self, session: Session) -> None:
        super().__init__(
            f"{in_numbers(session)}, so at least {session.places_taken:,}.".capitalize()
        )


class SessionIsOver(Exception):
    """A session that has ended is not changed any more."""

    def __init__(self) -> None:
        super().__init__("This session is over.")


class SeveralVenues(Exception):
    """Sessions of one venue at a time are brought in line."""

    def __init__(self) -> None:
        super().__init__("Choose sessions of one venue.")


def scope_of(
    venue: Venue, *, first: datetime.date | None = None, last: datetime.date | None = None
) -> Scope:
    """Return the scope of all attractions of a venue."""
    keys = Attraction.objects.filter(venue=venue).values_list("pk", flat=True)
    return Scope(venue_id=venue.pk, attraction_ids=frozenset(keys), first=first, last=last)


def lock_calendars(scope: Scope) -> None:
    """Let changes of these attractions' calendars take turns: before anything of them is written."""
    runner.lock(Attraction.objects.filter(pk__in=scope.attraction_ids))


def plan_changes(*, scope: Scope, now: datetime.datetime) -> CalendarChange:
    """Return what is to be done so that the sessions are as the stored calendar wants them.

    Nothing is written. Sessions that are over are left alone. Eight statements.
    """
    venue = Venue.objects.defer("logo").get(pk=scope.venue_id)
    attractions = list(Attraction.objects.filter(pk__in=scope.attraction_ids))
    for attraction in attractions:
        attraction.venue = venue
    until = max([_horizon(venue, now), *filter(None, (one.sessions_until for one in attractions))])
    earliest = now.astimezone(venue.zone).date() - _LONGEST
    first = max(scope.first or earliest, earliest)
    last = min(scope.last or until, until)
    sessions = defaultdict(list)
    by_key = {attraction.pk: attraction for attraction in attractions}
    coming = Session.objects.filter(
        attraction__in=attractions, date__range=(first, last), ends_at__gt=now
    )
    for session in coming.order_by("starts_at", "pk"):
        session.attraction = by_key[session.attraction_id]
        sessions[session.attraction_id].append(session)
    change = CalendarChange()
    for attraction, wanted in _wanted(venue, attractions, first, last):
        not_over = (one for one in wanted if one.ends_at > now)
        change += compare(attraction, sessions[attraction.pk], not_over)
    return change


def apply_changes(
    *, scope: Scope, shown: str, actor: str, now: datetime.datetime, reason: str = ""
) -> CalendarChange:
    """Bring the sessions in line with the stored calendar, if that does what was shown.

    shown: the fingerprint of the change that somebody agreed to. Records one event for each
    attraction. Raises ShownOtherwise, with what would happen now; nothing is done then.
    """
    with transaction.atomic():
        lock_calendars(scope)
        change = plan_changes(scope=scope, now=now)
        locked = session_rows.lock_sessions(session for session, _wanted in change.existing())
        change = dataclasses.replace(change.as_of(locked), adjusted=change.adjusted)
        if change.fingerprint != shown or change.refused:
            raise ShownOtherwise(change)
        session_rows.alter(change.changed)
        session_rows.take_off_sale(change.kept)
        session_rows.remove(change.removed)
        session_rows.create(change.created)
        _record(change, actor=actor, now=now, reason=reason)
        return change


def adjust_session(
    *,
    session_id: uuid.UUID,
    capacity: int | None = None,
    is_on_sale: bool | None = None,
    actor: str,
    now: datetime.datetime,
) -> Session:
    """Change one session by hand; the rules leave it as it is from then on.

    What is None stays as it is, also when somebody else has just changed it. Raises Session.DoesNotExist, SessionIsOver, and PlacesTaken with the numbers of this moment.
    """
    with transaction.atomic():
        locked = runner.lock(Session.objects.filter(pk=session_id))
        if not locked:
            raise Session.DoesNotExist
        session = locked[0]
        if session.ends_at <= now:
            raise SessionIsOver
        capacity = session.capacity if capacity is None else capacity
        is_on_sale = session.is_on_sale if is_on_sale is None else is_on_sale
        if capacity < session.places_taken:
            raise PlacesTaken(session)
        data = {}
        if capacity != session.capacity:
            data["capacity"] = f"{session.capacity} → {capacity}"
        if is_on_sale != session.is_on_sale:
            data["on_sale"] = "no → yes" if is_on_sale else "yes → no"
        if data:
            session.capacity, session.is_on_sale, session.is_adjusted = capacity, is_on_sale, True
            session.save(update_fields=("capacity", "is_on_sale", "is_adjusted"))
            _append(SESSION_KIND, session.pk, "adjusted", actor=actor, now=now, data=data)
        return session


def follow_rules(
    *, session_ids: Collection[uuid.UUID], actor: str, now: datetime.datetime
) -> Scope:
    """Let the rules decide sessions again that were changed by hand; return where to apply them.

    Sessions that are over, or follow the rules anyway, are left alone. Raises Session.DoesNotExist
    when there are no others, and SeveralVenues.
    """
    chosen = Session.objects.filter(pk__in=session_ids, is_adjusted=True, ends_at__gt=now)
    with transaction.atomic():
        where = chosen.aggregate(
            venues=ArrayAgg("attraction__venue", distinct=True),
            attractions=ArrayAgg("attraction", distinct=True),
            first=Min("date"),
            last=Max("date"),
        )
        if not where["venues"]:
            raise Session.DoesNotExist
        if len(where["venues"]) > 1:
            raise SeveralVenues
        scope = Scope(
            venue_id=where["venues"][0],
            attraction_ids=frozenset(where["attractions"]),
            first=where["first"],
            last=where["last"],
        )
        lock_calendars(scope)
        # With all that applying the rules may change: sessions are locked once.
        days = (where["first"], where["last"])
        runner.lock(
            Session.objects.filter(
                attraction__in=where["attractions"], date__range=days, ends_at__gt=now
            ).only("pk")
        )
        locked = list(chosen)
        Session.objects.filter(pk__in=[one.pk for one in locked]).update(is_adjusted=False)
        Event.objects.bulk_create(
            Event(kind=SESSION_KIND, subject_id=one.pk, name="follows_rules", actor=actor, at=now)
            for one in locked
        )
        return scope


def extend_horizon(*, now: datetime.datetime) -> int:
    """Make the sessions that are missing up to the horizon; return how many were made.

    One statement when there is nothing to do. Each attraction is a transaction of its own; one
    that somebody else works on is left for the next run.
    """
    with_venues = Attraction.objects.select_related("venue").defer("venue__logo").order_by("pk")
    behind = [
        attraction
        for attraction in with_venues
        if (attraction.sessions_until or datetime.date.min) < _horizon(attraction.venue, now)
    ]
    return sum(_extend(attraction, now) for attraction in behind)


def _extend(attraction: Attraction, now: datetime.datetime) -> int:
    venue = attraction.venue
    last = _horizon(venue, now)
    first = now.astimezone(venue.zone).date()
    with transaction.atomic():
        rows = Attraction.objects.filter(pk=attraction.pk)
        if not runner.lock_if_free(rows):
            return 0
        venue = Venue.objects.defer("logo").get(pk=venue.pk)  # as it is under the lock
        taken = Session.objects.filter(attraction=attraction, date__range=(first, last))
        times = set(taken.values_list("date", "time"))
        ((_attraction, wanted),) = _wanted(venue, [attraction], first, last)
        missing = [
            Creation(attraction, one)
            for one in wanted
            if one.ends_at > now and (one.date, one.time) not in times
        ]
        session_rows.create(missing)
        rows.update(sessions_until=last)
        return len(missing)


def _horizon(venue: Venue, now: datetime.datetime) -> datetime.date:
    """Return the last day that has sessions, on the venue's calendar."""
    today = now.astimezone(venue.zone).date()
    return today + datetime.timedelta(days=settings.SESSION_HORIZON_DAYS)


def _wanted(
    venue: Venue, attractions: Sequence[Attraction], first: datetime.date, last: datetime.date
) -> Iterator[tuple[Attraction, list[WantedSession]]]:
    """Yield the sessions that the stored calendar wants of each attraction: five statements."""
    opening_times = read_opening_times(venue=venue, first=first, last=last)
    rules = defaultdict(list)
    for rule in SessionRule.objects.filter(attraction__in=attractions):
        rules[rule.attraction_id].append(rule)
    exceptions = defaultdict(list)
    of_days = SessionException.objects.filter(attraction__in=attractions, date__range=(first, last))
    for exception in of_days:
        exceptions[exception.attraction_id].append(exception)
    plans = Seat.objects.filter(plan__venue=venue).order_by().values_list("plan")
    seats = dict(plans.annotate(Count("pk")))
    for attraction in attractions:
        yield (
            attraction,
            wanted_sessions(
                opening_times=opening_times,
                rules=rules[attraction.pk],
                exceptions=exceptions[attraction.pk],
                seats=seats,
                first=first,
                last=last,
            ),
        )


def _record(change: CalendarChange, *, actor: str, now: datetime.datetime, reason: str) -> None:
    """Append one event for each attraction whose sessions are touched."""
    for attraction in change.attractions():
        part = change.of(attraction)
        data: dict[str, Any] = {
            "created": len(part.created),
            "changed": len(part.changed),
            "removed": len(part.removed),
            "taken_off_sale": len(part.kept),
            "sold_sessions": [str(session.pk) for session in part.kept[:_MOST_NAMED]],
        }
        data = {name: value for name, value in data.items() if value}
        _append(
            ATTRACTION_KIND,
            attraction.pk,
            "sessions_changed",
            actor=actor,
            now=now,
            data=data,
            reason=reason,
        )


def _append(
    kind: str,
    subject_id: uuid.UUID,
    name: str,
    *,
    actor: str,
    now: datetime.datetime,
    data: Mapping[str, Any],
    reason: str = "",
) -> None:
    Event.objects.create(
        kind=kind,
        subject_id=subject_id,
        name=name,
        actor=actor,
        reason=reason,
        data=dict(data),
        at=now,
    )
