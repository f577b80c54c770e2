"""From requested lines to planned ones: catalogue, visits, prices and counts, all faults at once.

Reads nothing: the offers are handed in, so that intake, replacement, replay and preview plan alike.
"""

from __future__ import annotations

import dataclasses
import datetime
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence

from catalog.agenda import Agenda
from catalog.elsewhere import in_session
from catalog.expansion import Expansion, NeverRedeemable, expand, wallet_count
from catalog.mapping import Offer
from catalog.models import Component, Dating, PackageStatus
from catalog.pricing import UnitPrice, choose_price, split_price
from catalog.visits import UnfitVisit, Visit, plan_visit
from channel_manager.lib.errors import ErrorCode, Fault, InvalidRequest
from orders.models import FailureCode
from orders.placing import Placer, Shortage, Stop
from orders.requests import LineRequest
from partners.models import Partner, UnmappedItems

MAX_LINES = 500
MAX_WALLETS = 1000
MAX_ASSETS = 10_000


@dataclasses.dataclass(frozen=True, kw_only=True)
class LinePlan:
    """A line ready to be stored: resolved, or with the cause why it cannot be issued yet."""

    request: LineRequest
    offer: Offer | None = None
    expansion: Expansion | None = None
    price: UnitPrice | None = None
    unresolved_cause: FailureCode | None = None

    @property
    def wallet_count(self) -> int:
        """Return how many wallet shells the line gets; none while it is unresolved."""
        return self.expansion.wallet_count if self.expansion else 0


class NoRoom(Exception):
    """Every line is in order, but places or seats are gone: `shortages`, `taken_seats`.

    `agenda` says what the lines that do fit leave.
    """

    def __init__(
        self, agenda: Agenda, shortages: Iterable[Shortage], taken_seats: Iterable[Fault] = ()
    ) -> None:
        super().__init__("There is no room for the order.")
        self.agenda = agenda
        self.shortages = tuple(shortages)
        self.taken_seats = tuple(taken_seats)

    def places_needed(self) -> dict[uuid.UUID, int]:
        """Return how many places a full session must have left for all lines that want it."""
        needed: dict[uuid.UUID, int] = {}
        for shortage in self.shortages:
            session = shortage.session
            fitting = session.places_left - self.agenda.unsold(session)
            needed[session.pk] = needed.get(session.pk, fitting) + shortage.wanted
        return needed


def plan_lines(
    *,
    partner: Partner,
    lines: Sequence[LineRequest],
    offers: Mapping[str, Offer],
    agenda: Agenda,
    now: datetime.datetime,
    faults: Sequence[Fault] = (),
) -> list[LinePlan]:
    """Plan every line as of `now`, the moment of receipt; count its places down in the agenda.

    Raises InvalidRequest with every fault of every line (contract sections 1, 3 and 6) after the
    `faults` found before, or else NoRoom with every shortage.
    """
    named = frozenset(label for line in lines for label in line.named_seats())
    planner = _Planner(partner, offers, Placer(agenda, now, named))
    plans = [planner.plan(line, f"/items/{index}") for index, line in enumerate(lines)]
    placer = planner.placer
    faults = [*faults, *placer.faults, *_taken_twice(lines), *_too_large(plans)]
    if faults:
        raise InvalidRequest(faults)
    if placer.shortages or placer.taken_seats:
        raise NoRoom(agenda, placer.shortages, placer.taken_seats)
    return plans


class _Planner:
    """Plans lines one by one; the placer collects their faults."""

    def __init__(
        self,
        partner: Partner,
        offers: Mapping[str, Offer],
        placer: Placer,
    ) -> None:
        self.partner = partner
        self.opening_times = placer.agenda.opening_times
        self.venue = self.opening_times.venue
        self.offers = offers
        self.now = placer.now
        self.placer = placer

    def plan(self, line: LineRequest, pointer: str) -> LinePlan:
        """Plan one line; what is wrong with it is kept by the placer."""
        offer = self.offers.get(line.item_number)
        if offer is None:
            detail = f"The item number {line.item_number} is not known at {self.venue}."
            return self._unresolved(
                line, None, FailureCode.UNMAPPED_ITEM, ErrorCode.UNKNOWN_ITEM, detail, pointer
            )
        package = offer.package
        if package.status != PackageStatus.ON_SALE:
            detail = f"{package.code} is not on sale."
            self._add_fault(f"{pointer}/itemNumber", ErrorCode.NOT_ON_SALE, detail)
            return LinePlan(request=line, offer=offer)
        self._check_counts(line, offer, pointer)
        visit = self._visit(offer, line.visit_date, line.visit_time, pointer)
        stops = self._scheduled(line, offer, pointer)
        if not offer.can_be_issued:
            detail = f"{package.code} has nothing to issue."
            return self._unresolved(
                line,
                offer,
                FailureCode.NO_ACTIVE_COMPONENT,
                ErrorCode.PACKAGE_NOT_READY,
                detail,
                pointer,
            )
        price = choose_price(offer.prices, partner_id=self.partner.pk, visit_date=line.visit_date)
        if price is None:
            detail = f"{package.code} has no price for this visit date."
            return self._unresolved(
                line,
                offer,
                FailureCode.NO_PRICE,
                ErrorCode.PACKAGE_NOT_READY,
                detail,
                pointer,
            )
        if visit is None:
            return LinePlan(request=line, offer=offer)
        return LinePlan(
            request=line,
            offer=offer,
            expansion=self._expand(
                line, offer, Stop(visit=visit, pointer=pointer, seats=line.seats), stops
            ),
            price=split_price(
                price.amount_incl_vat if line.agreed_price is None else line.agreed_price,
                offer.components,
                currency=self.venue.currency,
            ),
        )

    def _expand(
        self, line: LineRequest, offer: Offer, whole: Stop, stops: Mapping[str, Stop]
    ) -> Expansion | None:
        """Place every component in its session, and return what the line becomes; None at a fault."""
        counted = [c for c in offer.components if c.item.attraction_id and whole.visit.date]
        if whole.visit.time and offer.package.dating == Dating.TIMED and not counted:
            detail = f"{offer.package.code} has no sessions."
            self._add_fault(f"{whole.pointer}/visitTime", ErrorCode.UNKNOWN_SESSION, detail)
        twice = any(stop.seats for stop in stops.values())
        if whole.seats and (twice or len(counted) > 1):
            detail = (
                "Seats stand in the line and in its componentSchedule: name them once."
                if twice
                else "Several components have places: name the seats in the componentSchedule."
            )
            self._add_fault(f"{whole.pointer}/seats", "seats_ambiguous", detail)
            whole = dataclasses.replace(whole, seats=None)
        visits, seats = {}, {}
        for component in offer.components:
            number = component.item.number
            stop = stops.get(number, whole)
            if stop.seats is None and component in counted:
                stop = dataclasses.replace(stop, seats=whole.seats, seats_at=whole.pointer)
            elif component not in counted and stop is whole and counted:
                stop = dataclasses.replace(whole, seats=None)
            visits[number], seats[number] = self.placer.place(
                offer=offer, component=component, quantity=line.quantity, stop=stop
            )
            self._check_payment(offer, component, visits[number], whole.pointer)
        try:
            return expand(
                package=offer.package,
                components=offer.components,
                quantity=line.quantity,
                visit=whole.visit,
                component_visits=visits,
                component_seats=seats,
                redemption=line.redemption,
            )
        except NeverRedeemable:
            detail = f"{offer.package.code} is not valid at any moment of the redeem window."
            self._add_fault(whole.pointer, "not_redeemable", detail)
            return None

    def _add_fault(self, pointer: str, code: str, detail: str) -> None:
        self.placer.add_faults([Fault(pointer, code, detail)])

    def _unresolved(
        self,
        line: LineRequest,
        offer: Offer | None,
        cause: FailureCode,
        code: ErrorCode,
        detail: str,
        pointer: str,
    ) -> LinePlan:
        """Keep a line that cannot be issued yet, or refuse it where the partner's setting says so."""
        if self.partner.unmapped_items == UnmappedItems.REFUSE:
            self._add_fault(f"{pointer}/itemNumber", code, detail)
        return LinePlan(request=line, offer=offer, unresolved_cause=cause)

    def _visit(
        self,
        offer: Offer,
        date: datetime.date | None,
        time: datetime.time | None,
        pointer: str,
    ) -> Visit | None:
        try:
            return plan_visit(
                package=offer.package,
                opening_times=self.opening_times,
                date=date,
                time=time,
                now=self.now,
                pointer=pointer,
            )
        except UnfitVisit as refusal:
            self.placer.add_faults(refusal.faults)
            return None

    def _scheduled(self, line: LineRequest, offer: Offer, pointer: str) -> dict[str, Stop]:
        """Check the componentSchedule; components left out follow the line's date and time."""
        stops: dict[str, Stop] = {}
        schedule = line.component_schedule
        if schedule is None:
            return stops
        base = f"{pointer}/wallet/componentSchedule"
        if len(offer.components) < 2:
            detail = f"{offer.package.code} is not a package of several components."
            self._add_fault(base, "component_schedule_not_allowed", detail)
            return stops
        known = {component.item.number for component in offer.components}
        for index, entry in enumerate(schedule):
            at = f"{base}/{index}"
            if entry.item_number not in known:
                detail = f"{entry.item_number} is not a component of {offer.package.code}."
                self._add_fault(f"{at}/itemNumber", "not_a_component", detail)
                continue
            if entry.item_number in stops:
                detail = f"{entry.item_number} stands twice in the schedule."
                self._add_fault(f"{at}/itemNumber", "component_twice", detail)
                continue
            visit = self._visit(
                offer,
                entry.visit_date or line.visit_date,
                entry.visit_time or line.visit_time,
                at,
            )
            if visit is not None:
                stops[entry.item_number] = Stop(visit=visit, pointer=at, seats=entry.seats)
        return stops

    def _check_payment(
        self, offer: Offer, component: Component, visit: Visit, pointer: str
    ) -> None:
        """Refuse what an outside system would ask a guest to pay for (common model, section 2)."""
        if not self.placer.agenda.asks_elsewhere:
            return
        one = in_session(component.elsewhere, visit.session.pk if visit.session else None)
        if one and one.asks_guests_for_money:
            detail = (
                f"{offer.package.code} is issued by {one.connection}, which would ask a guest to "
                "pay for it: the venue has no prepaid payment method there."
            )
            self._add_fault(f"{pointer}/itemNumber", ErrorCode.GUEST_PAYMENT_NEEDED, detail)

    def _check_counts(self, line: LineRequest, offer: Offer, pointer: str) -> None:
        expected = wallet_count(offer.package, line.quantity)
        for name, code, sent in (
            ("names", "names_count", line.names),
            (
                "externalReferenceNumbers",
                "external_reference_numbers_count",
                line.external_reference_numbers,
            ),
        ):
            if sent is not None and len(sent) != expected:
                detail = (
                    f"{expected} {'wallet is' if expected == 1 else 'wallets are'} expected for "
                    f"this line, and {len(sent)} sent in {name}."
                )
                self._add_fault(f"{pointer}/wallet/{name}", code, detail)


def _taken_twice(lines: Sequence[LineRequest]) -> Iterator[Fault]:
    """Find external reference numbers that stand more than once in the order."""
    seen: set[str] = set()
    for index, line in enumerate(lines):
        for position, number in enumerate(line.external_reference_numbers or ()):
            if number in seen:
                yield Fault(
                    f"/items/{index}/wallet/externalReferenceNumbers/{position}",
                    ErrorCode.EXTERNAL_REFERENCE_TAKEN,
                    f"{number} stands twice in this order.",
                )
            seen.add(number)


def _too_large(plans: Sequence[LinePlan]) -> Iterator[Fault]:
    """Find an order that is too large to be issued in one transaction."""
    total = sum(
        wallet_count(plan.offer.package, plan.request.quantity)
        if plan.offer
        else plan.request.quantity
        for plan in plans
    )
    if total > MAX_WALLETS:
        detail = f"One order may have at most {MAX_WALLETS} wallets; this one asks for {total}."
        yield Fault("/items", "too_many_wallets", detail)
    assets = sum(plan.expansion.asset_count for plan in plans if plan.expansion)
    if assets > MAX_ASSETS:
        detail = (
            f"One order may have at most {MAX_ASSETS} tickets and coupons; this one asks for "
            f"{assets}."
        )
        yield Fault("/items", "too_many_assets", detail)
