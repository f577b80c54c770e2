"""When a package can be sold, as of now: which visits an order would be taken for. Pure."""

from __future__ import annotations

import datetime
import uuid
from typing import NamedTuple

from catalog.mapping import Offer
from catalog.models import Dating
from catalog.opening import OpeningTimes
from catalog.pricing import choose_price
from catalog.visits import local_moment

_NEVER = datetime.datetime.max.replace(tzinfo=datetime.UTC)


class _Hours(NamedTuple):
    """Between which times of a day a visit may begin, and the moments of these."""

    opens_at: datetime.time
    closes_at: datetime.time
    opens: datetime.datetime
    closes: datetime.datetime


class Sale:
    """One offer as it can be sold now.

    It answers for thousands of sessions what `catalog.visits` says of one, and keeps what it knows
    of each day.
    """

    def __init__(
        self,
        offer: Offer,
        *,
        partner_id: uuid.UUID,
        opening_times: OpeningTimes,
        now: datetime.datetime,
    ) -> None:
        self._offer, self._partner_id, self._now = offer, partner_id, now
        self._opening_times = opening_times
        self._is_timed = offer.package.dating == Dating.TIMED
        self._today = now.astimezone(opening_times.venue.zone).date()
        cut_off = offer.package.cut_off_minutes
        self._begins_after = None if cut_off is None else now + datetime.timedelta(minutes=cut_off)
        self._days: dict[datetime.date, _Hours | None] = {}

    def takes(
        self,
        date: datetime.date,
        time: datetime.time | None,
        starts_at: datetime.datetime,
        ends_at: datetime.datetime,
    ) -> bool:
        """Tell whether an order that names this date and time would be taken."""
        if date not in self._days:
            self._days[date] = self._hours(date)
        hours = self._days[date]
        if hours is None or (self._is_timed and time is None):
            return False
        if time is None:
            starts_at = hours.opens
        elif not hours.opens_at <= time < hours.closes_at:
            return False
        if self._begins_after is not None:
            return starts_at > self._begins_after
        return min(ends_at, hours.closes) > self._now

    def left(self, free: int, taken: int) -> int:
        """Return how many of a session's free places this offer may still take; never negative.

        `taken` are those that the partner has already under its allotment.
        """
        allotment = self._offer.allotment
        return free if allotment is None else max(0, min(free, allotment.places - taken))

    @property
    def allotment_id(self) -> uuid.UUID | None:
        """Return the allotment that limits it, if any."""
        allotment = self._offer.allotment
        return None if allotment is None else allotment.pk

    def _hours(self, date: datetime.date) -> _Hours | None:
        """Return when a visit may begin on a day; None without a price, or while it is closed."""
        prices, venue = self._offer.prices, self._opening_times.venue
        if choose_price(prices, partner_id=self._partner_id, visit_date=date) is None:
            return None
        if self._is_timed:
            return _Hours(datetime.time.min, datetime.time.max, self._now, _NEVER)
        hours = self._opening_times.on(date)
        if hours is None or date < self._today:
            return None
        opens = local_moment(venue, date, hours.opens_at)
        closes = local_moment(venue, date, hours.closes_at)
        return _Hours(hours.opens_at, hours.closes_at, opens, closes)
