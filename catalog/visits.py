"""When a guest may come: a visit date and time checked against the package and the venue's clock."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterator

from catalog.models import Dating, Package
from channel_manager.lib.errors import Fault
from partners.models import Venue

# Beyond this nobody plans, and a typo in the year is likelier than a sale.
MAX_DAYS_AHEAD = 3 * 365


@dataclasses.dataclass(frozen=True)
class Visit:
    """A visit as asked for (venue's local date and time) and the window it is valid in (UTC)."""

    date: datetime.date | None
    time: datetime.time | None
    valid_from: datetime.datetime
    valid_until: datetime.datetime


class UnfitVisit(Exception):
    """The visit does not fit the package; `faults` say where and why."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__(faults[0].detail)
        self.faults = faults


def plan_visit(
    *,
    package: Package,
    venue: Venue,
    date: datetime.date | None,
    time: datetime.time | None,
    now: datetime.datetime,
    pointer: str,
) -> Visit:
    """Return the window in which a visit is valid, by the package's dating (contract section 3).

    Dated: from the time, or opening, until closing. Timed: both are needed. Open-dated: from the
    day of sale for the package's validity. Raises UnfitVisit with faults below the JSON pointer.
    """
    if package.dating == Dating.OPEN:
        return _open_visit(package, venue, date, time, now, pointer)
    faults = [*_date_faults(package, venue, date, now, pointer)]
    faults += _time_faults(package, venue, time, pointer)
    if faults or date is None:
        raise UnfitVisit(*faults)
    starts = local_moment(venue, date, time or venue.opens_at)
    ends = local_moment(venue, date, venue.closes_at)
    sold_until = ends
    if package.cut_off_minutes is not None:
        sold_until = starts - datetime.timedelta(minutes=package.cut_off_minutes)
    if now >= sold_until:
        raise UnfitVisit(_past(pointer, date, venue))
    return Visit(date, time, starts, ends)


def local_moment(venue: Venue, date: datetime.date, time: datetime.time) -> datetime.datetime:
    """Return the moment, in UTC, at which the venue's clock shows this date and time."""
    return datetime.datetime.combine(date, time, venue.zone).astimezone(datetime.UTC)


def _open_visit(
    package: Package,
    venue: Venue,
    date: datetime.date | None,
    time: datetime.time | None,
    now: datetime.datetime,
    pointer: str,
) -> Visit:
    unwanted = [
        Fault(
            f"{pointer}/{name}",
            "visit_not_allowed",
            f"{package.code} is open-dated: it takes no {name}.",
        )
        for name, value in (("visitDate", date), ("visitTime", time))
        if value is not None
    ]
    if unwanted:
        raise UnfitVisit(*unwanted)
    last_day = now.astimezone(venue.zone).date() + datetime.timedelta(days=package.validity_days)
    return Visit(None, None, now, local_moment(venue, last_day, venue.closes_at))


def _date_faults(
    package: Package,
    venue: Venue,
    date: datetime.date | None,
    now: datetime.datetime,
    pointer: str,
) -> Iterator[Fault]:
    today = now.astimezone(venue.zone).date()
    if date is None:
        yield _missing(package, pointer, "visitDate", "visit_date_required")
    elif date > today + datetime.timedelta(days=MAX_DAYS_AHEAD):
        detail = f"{date} is more than {MAX_DAYS_AHEAD} days ahead."
        yield Fault(f"{pointer}/visitDate", "visit_too_far", detail)
    elif date < today:
        yield _past(pointer, date, venue)


def _time_faults(
    package: Package, venue: Venue, time: datetime.time | None, pointer: str
) -> Iterator[Fault]:
    if time is None:
        if package.dating == Dating.TIMED:
            yield _missing(package, pointer, "visitTime", "visit_time_required")
    elif not venue.opens_at <= time < venue.closes_at:
        hours = f"{venue.opens_at:%H:%M} to {venue.closes_at:%H:%M}"
        detail = f"{time:%H:%M} is outside the opening hours, {hours} venue time."
        yield Fault(f"{pointer}/visitTime", "outside_opening_hours", detail)


def _missing(package: Package, pointer: str, name: str, code: str) -> Fault:
    return Fault(f"{pointer}/{name}", code, f"{package.code} needs a {name}.")


def _past(pointer: str, date: datetime.date, venue: Venue) -> Fault:
    detail = f"A visit on {date} can no longer be sold (venue time, {venue.timezone})."
    return Fault(f"{pointer}/visitDate", "visit_in_past", detail)
