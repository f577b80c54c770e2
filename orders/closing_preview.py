"""What closing a day would mean, before anybody does it: who has bought what, and where it could go."""

from __future__ import annotations

import dataclasses
import datetime
import uuid
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal

from django.db.models import Q

from catalog.closing import Day, replaced_by_closing
from catalog.models import Attraction, CalendarDay, Session, SessionException
from catalog.opening import read_opening_times
from orders.affected import Affected, Entered, Share
from orders.models import Closure, ClosurePlan, OrderStatus, WorklistStatus
from orders.models.order import IN_FLIGHT


@dataclasses.dataclass(frozen=True, kw_only=True)
class Need:
    """The places that all orders together need at one time of the other day.

    left: what that session has; None where no session on sale begins at that time.
    """

    attraction: Attraction
    time: datetime.time | None
    wanted: int
    left: int | None

    @property
    def fits(self) -> bool:
        """Tell whether there is room for all of them."""
        return self.left is not None and self.left >= self.wanted


@dataclasses.dataclass(frozen=True, kw_only=True)
class Target:
    """The day that orders would move to."""

    date: datetime.date
    is_open: bool
    needs: Sequence[Need]

    @property
    def shortages(self) -> list[Need]:
        """Return the times at which there is not room for all."""
        return [need for need in self.needs if not need.fits]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Preview:
    """What is sold and held on a day that may be closed; nothing is written.

    shares: by partner and status. entered: the orders that guests have entered with.
    with_other_visits: how many of the others hold visits besides, that are cancelled with them.
    replaced: what the calendar says of the day and would no longer say. elsewhere: the
    orders that another system has issued for the day, which cannot be moved. running: what is being
    worked off for the same day already; earlier: what has closed it before. is_closed: the
    calendar says so already.
    """

    day: Day
    sessions: Sequence[Session]
    shares: Sequence[Share]
    entered: Sequence[Entered]
    with_other_visits: int
    replaced: Sequence[str]
    running: Sequence[Closure]
    earlier: Sequence[Closure]
    is_closed: bool
    target: Target | None = None
    elsewhere: Collection[uuid.UUID] = ()

    @property
    def orders(self) -> int:
        """Return how many orders it touches."""
        return sum(share.orders for share in self.shares)

    @property
    def guests(self) -> int:
        """Return how many guests they are for; one with two lines of an order counts twice."""
        return sum(share.guests for share in self.shares)

    @property
    def by_status(self) -> Mapping[str, int]:
        """Return how many orders there are in each status, in the order of their life."""
        counts = Counter[str]()
        for share in self.shares:
            counts[share.status] += share.orders
        return {status: counts[status] for status in OrderStatus.values if counts[status]}

    @property
    def in_flight(self) -> int:
        """Return how many are being issued at this moment."""
        return sum(self.by_status.get(status, 0) for status in IN_FLIGHT)

    @property
    def issued_total(self) -> Decimal:
        """Return what the issued orders have brought, VAT included."""
        issued = (share for share in self.shares if share.status == OrderStatus.ISSUED)
        return sum((share.total_incl_vat for share in issued), Decimal(0))

    def staying(self, plan: ClosurePlan) -> Sequence[Entered]:
        """Return the orders that guests have entered with and that stay for that reason."""
        if plan == ClosurePlan.CANCEL:
            return self.entered
        return [one for one in self.entered if plan == ClosurePlan.MOVE and one.on_that_day]

    def touched(self, plan: ClosurePlan) -> int:
        """Return how many orders are moved, cancelled or kept: without those that stay."""
        staying = {one.order_id for one in self.staying(plan)}
        if plan == ClosurePlan.MOVE:
            staying.update(self.elsewhere)
        return self.orders - len(staying)

    def cancelled(self, *statuses: OrderStatus) -> int:
        """Return how many orders of these statuses can be cancelled."""
        used = sum(one.status in statuses for one in self.entered)
        return sum(self.by_status.get(status, 0) for status in statuses) - used

    @property
    def taken_back(self) -> Decimal:
        """Return what cancelling takes back, VAT included: the issued orders that do not stay."""
        stays = (one.total_incl_vat for one in self.entered if one.status == OrderStatus.ISSUED)
        return self.issued_total - sum(stays, Decimal(0))

    @property
    def sold(self) -> int:
        """Return how many places of its sessions are sold."""
        return sum(session.sold for session in self.sessions)

    @property
    def held(self) -> int:
        """Return how many places of its sessions are held."""
        return sum(session.held for session in self.sessions)


def preview_closing(
    *, day: Day, now: datetime.datetime, to_date: datetime.date | None = None
) -> Preview:
    """Return what closing a day touches, and whether the other day has room for it in total."""
    affected = Affected(day=day, now=now)
    closures = Closure.objects.filter(venue=day.venue, date=day.date)
    closures = closures.select_related("venue", "attraction").defer("venue__logo")
    # Whoever closed the whole venue has closed each of its attractions.
    same = Q(attraction=None) | Q(attraction=day.attraction)
    return Preview(
        day=day,
        sessions=day.sessions(now),
        shares=affected.shares(),
        entered=affected.entered(),
        elsewhere=affected.elsewhere(),
        with_other_visits=affected.with_other_visits(),
        replaced=replaced_by_closing(day),
        running=list(closures.filter(status=WorklistStatus.RUNNING)),
        earlier=list(closures.filter(same).exclude(status=WorklistStatus.RUNNING)),
        is_closed=_is_closed(day),
        target=_target(affected, to_date) if to_date else None,
    )


def _is_closed(day: Day) -> bool:
    """Tell whether the calendar says already that the day is closed."""
    special = CalendarDay.objects.filter(venue=day.venue, date=day.date, opens_at=None)
    if day.attraction is None:
        return special.exists()
    none = SessionException.objects.filter(attraction=day.attraction, date=day.date, is_closed=True)
    return special.exists() or none.exists()


def _target(affected: Affected, to_date: datetime.date) -> Target:
    venue = affected.day.venue
    hours = read_opening_times(venue=venue, first=to_date, last=to_date).on(to_date)
    places = affected.places()
    attractions = Attraction.objects.in_bulk({key for key, _time, _count in places})
    on_sale = Session.objects.filter(attraction__in=attractions, date=to_date, is_on_sale=True)
    left = {(row.attraction_id, row.time): row.places_left for row in on_sale}
    needs = [
        Need(attraction=attractions[key], time=time, wanted=wanted, left=left.get((key, time)))
        for key, time, wanted in places
    ]
    midnight = datetime.time()
    needs.sort(key=lambda need: (need.attraction.name, need.time or midnight))
    return Target(date=to_date, is_open=hours is not None, needs=needs)
