"""What replaying failed orders would do, by the code that resolves and issues; nothing is kept."""

from __future__ import annotations

import copy
import dataclasses
import datetime
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from catalog import expansion
from catalog.mapping import Catalogue, Offer, read_catalogue, read_catalogue_of
from catalog.models import PackageMapping
from channel_manager.lib.database import reading, set_for_now
from channel_manager.lib.errors import Fault
from orders import clashes, places, resolution, shortages
from orders.contents import fill_line, make_allocations, make_shells
from orders.models import Allocation, Order, OrderLine
from orders.outside.uncertain import read_unsettled, to_settle
from orders.planning import LinePlan, NoRoom
from orders.preview import issue_unsaved

# A partner, and a day of receipt at its venue.
_Key = tuple[uuid.UUID, datetime.date]


@dataclasses.dataclass(frozen=True, kw_only=True)
class ReplayPreview:
    """What a failed order would become: its status with so many wallets and assets, or why not.

    obstacles: what would be refused, in sentences; empty when nothing would. is_unsettled: somebody
    has to say first whether another system made it.
    """

    order: Order
    obstacles: Sequence[str] = ()
    wallets: int = 0
    assets: int = 0
    is_unsettled: bool = False


def preview_replays(
    *, orders: Sequence[Order], now: datetime.datetime, meaning: PackageMapping | None = None
) -> list[ReplayPreview]:
    """Return what live orders in Error would become if they were replayed now, one by one.

    orders: in that order, with partner, venue and lines at hand; not to be used afterwards. Places
    that one would take are gone for the next, but for the names of seats, and for one whose own
    went back when it stood too long. meaning: a mapping that counts as stored as it stands.

    Nothing is written: it reads in a transaction that PostgreSQL keeps from writing. Three statements,
    one for each partner, one for each day of receipt, one for each order of numbered seats, and
    some for each whose places went back. Raises TookTooLong.
    """
    with reading():
        set_for_now(transaction_read_only="on")
        desk = _Desk(orders, meaning, now)
        return [desk.replay(order) for order in orders]


class _Desk:
    """Replays orders one after the other, and remembers what they would take."""

    def __init__(
        self, orders: Sequence[Order], meaning: PackageMapping | None, now: datetime.datetime
    ) -> None:
        self._now = now
        self._catalogues = _read_catalogues(orders, meaning)
        self._holders = set(
            Allocation.objects.filter(line__order__in=orders).values_list("line_id", flat=True)
        )
        self._unsettled = read_unsettled([order.pk for order in orders])
        self._taken: dict[uuid.UUID, set[str]] = {}
        for partner_id in {order.partner_id for order in orders}:
            theirs = [order for order in orders if order.partner_id == partner_id]
            requests = [resolution.as_request(line) for order in theirs for line in _waiting(order)]
            self._taken[partner_id] = clashes.find_taken(theirs[0].account, requests)

    def replay(self, order: Order) -> ReplayPreview:
        """Resolve and issue one order; what it takes is gone for the next."""
        if names := self._unsettled.get(order.pk):
            return ReplayPreview(order=order, obstacles=[to_settle(names)], is_unsettled=True)
        lines, waiting, before = list(order.lines.all()), _waiting(order), self._catalogues
        if self._has_lost_places(lines):
            shortage = resolution.shortage_of(order, lines)
            if shortage is not None:
                told = [fault.detail for fault in shortage.faults] or [shortage.detail]
                return ReplayPreview(order=order, obstacles=told)
            # First, as a replay does: the waiting lines are planned with what is left then.
            self._take(resolution.missing_places(order, lines))
        plans: Sequence[LinePlan] = ()
        if waiting:
            plans, faults = self._plan(order, waiting)
            if faults:
                self._catalogues = before
                return ReplayPreview(order=order, obstacles=[fault.detail for fault in faults])
        for line, plan in zip(waiting, plans, strict=True):
            fill_line(line, plan)
            self._taken[order.partner_id].update(line.external_reference_numbers)
        self._take(make_allocations(waiting, plans))
        wallets = make_shells(order, lines)
        order.replay(now=self._now, job_id=0)
        assets, _asked = issue_unsaved(order, lines, wallets, self._now)
        return ReplayPreview(order=order, wallets=len(wallets), assets=len(assets))

    def _has_lost_places(self, lines: Iterable[OrderLine]) -> bool:
        """Tell whether a line that was resolved before has no places any more."""
        return any(
            line.pk not in self._holders
            and any(places.of_line(line, map(expansion.from_json, line.plan), None))
            for line in lines
            if not line.unresolved_cause
        )

    def _plan(
        self, order: Order, waiting: Sequence[OrderLine]
    ) -> tuple[Sequence[LinePlan], Sequence[Fault]]:
        requests = [resolution.as_request(line) for line in waiting]
        try:
            return resolution.plan_waiting(
                order=order,
                waiting=waiting,
                catalogue=self._catalogues[_key(order)],
                faults=clashes.faults_of(requests, self._taken[order.partner_id]),
            )
        except NoRoom as no_room:
            found = shortages.faults_of(no_room)
            return [], [resolution.about_line(fault, waiting) for fault in found]

    def _take(self, allocations: Sequence[Allocation]) -> None:
        """Count places as gone, in whatever catalogue the next line is planned by."""
        if allocations:
            self._catalogues = {
                key: Catalogue(
                    {number: _after(offer, allocations) for number, offer in each.offers.items()},
                    each.opening_times,
                )
                for key, each in self._catalogues.items()
            }


def _after(offer: Offer, allocations: Iterable[Allocation]) -> Offer:
    """Return an offer as it is once these places are taken."""
    taken, under = Counter[uuid.UUID](), Counter(offer.allotment_taken)
    for allocation in allocations:
        taken[allocation.session_id] += allocation.quantity
        if allocation.allotment is not None and allocation.allotment == offer.allotment:
            under[allocation.session_id] += allocation.quantity
    sessions = []
    for session in offer.sessions:
        row = copy.copy(session)
        row.sold += taken[session.pk]
        sessions.append(row)
    return dataclasses.replace(offer, sessions=tuple(sessions), allotment_taken=under)


def _read_catalogues(
    orders: Iterable[Order], meaning: PackageMapping | None
) -> dict[_Key, Catalogue]:
    """Return what is sold to each partner as of each day of receipt."""
    accounts = {order.partner_id: order.account for order in orders}
    asked: dict[_Key, set[tuple[str, datetime.date | None]]] = defaultdict(set)
    for order in orders:
        for line in _waiting(order):
            asked[_key(order)].update(resolution.as_request(line).asked())
    days = {day for pairs in asked.values() for _number, day in pairs}
    meant = _read_meant(meaning, days) if meaning else None
    found: dict[_Key, Catalogue] = {}
    for key, pairs in asked.items():
        holds = meaning is not None and meaning.is_valid_on(key[1])
        numbers = {number for number, _day in pairs}
        if meant and meaning and holds and numbers == {meaning.item_number}:
            found[key] = meant
            continue
        stored = read_catalogue(account=accounts[key[0]], asked=pairs, on=key[1])
        found[key] = _changed(stored, meaning, meant if holds else None) if meaning else stored
    return found


def _read_meant(meaning: PackageMapping, days: Iterable[datetime.date | None]) -> Catalogue:
    return read_catalogue_of(
        partner=meaning.partner,
        package=meaning.package,
        item_number=meaning.item_number,
        mapping_id=None,
        days=days,
    )


def _changed(stored: Catalogue, meaning: PackageMapping, meant: Catalogue | None) -> Catalogue:
    """Return a stored catalogue as it is once a mapping stands as it is to."""
    offers = {
        number: offer for number, offer in stored.offers.items() if offer.mapping_id != meaning.pk
    }
    times = stored.opening_times
    if meant is not None:
        offers |= meant.offers
        # Of nothing that is sold, no hours were read.
        times = times if stored.offers else meant.opening_times
    return Catalogue(offers, times)


def _waiting(order: Order) -> list[OrderLine]:
    return [line for line in order.lines.all() if line.unresolved_cause]


def _key(order: Order) -> _Key:
    return order.partner_id, order.received_at.astimezone(order.account.venue.zone).date()
