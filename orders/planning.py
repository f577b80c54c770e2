"""From requested lines to planned ones: catalogue, visits, prices and counts, all faults at once.

Reads nothing: the offers are handed in, so that intake, replacement, replay and preview plan alike.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterator, Mapping, Sequence

from catalog.expansion import Expansion, expand, wallet_count
from catalog.mapping import Offer
from catalog.models import PackageStatus
from catalog.pricing import UnitPrice, choose_price, split_price
from catalog.visits import UnfitVisit, Visit, plan_visit
from channel_manager.lib.errors import ErrorCode, Fault, InvalidRequest
from orders.models import FailureCode
from orders.requests import LineRequest
from partners.models import Partner, UnmappedItems, Venue

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


def plan_lines(
    *,
    partner: Partner,
    venue: Venue,
    lines: Sequence[LineRequest],
    offers: Mapping[str, Offer],
    now: datetime.datetime,
) -> list[LinePlan]:
    """Plan every line as of `now`, the moment of receipt.

    Raises InvalidRequest with every fault of every line (contract sections 1, 3 and 6).
    """
    planner = _Planner(partner, venue, offers, now)
    plans = [planner.plan(line, f"/items/{index}") for index, line in enumerate(lines)]
    faults = [*planner.faults, *_taken_twice(lines), *_too_large(plans)]
    if faults:
        raise InvalidRequest(faults)
    return plans


class _Planner:
    """Plans lines one by one and collects their faults."""

    def __init__(
        self,
        partner: Partner,
        venue: Venue,
        offers: Mapping[str, Offer],
        now: datetime.datetime,
    ) -> None:
        self.partner = partner
        self.venue = venue
        self.offers = offers
        self.now = now
        self.faults: list[Fault] = []

    def plan(self, line: LineRequest, pointer: str) -> LinePlan:
        """Plan one line; its faults are added to `faults`."""
        offer = self.offers.get(line.item_number)
        if offer is None:
            detail = f"The item number {line.item_number} is not known at {self.venue}."
            return self._unresolved(
                line, None, FailureCode.UNMAPPED_ITEM, ErrorCode.UNKNOWN_ITEM, detail, pointer
            )
        package = offer.package
        if package.status != PackageStatus.ON_SALE:
            detail = f"{package.code} is not on sale."
            self.faults.append(Fault(f"{pointer}/itemNumber", ErrorCode.NOT_ON_SALE, detail))
            return LinePlan(request=line, offer=offer)
        self._check_counts(line, offer, pointer)
        visit = self._visit(offer, line.visit_date, line.visit_time, pointer)
        component_visits = self._component_visits(line, offer, pointer)
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
            expansion=expand(
                package=package,
                components=offer.components,
                quantity=line.quantity,
                visit=visit,
                component_visits=component_visits,
            ),
            price=split_price(
                price.amount_incl_vat, offer.components, currency=self.venue.currency
            ),
        )

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
            self.faults.append(Fault(f"{pointer}/itemNumber", code, detail))
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
                venue=self.venue,
                date=date,
                time=time,
                now=self.now,
                pointer=pointer,
            )
        except UnfitVisit as refusal:
            self.faults.extend(refusal.faults)
            return None

    def _component_visits(self, line: LineRequest, offer: Offer, pointer: str) -> dict[str, Visit]:
        """Check the componentSchedule; components left out follow the line's date and time."""
        visits: dict[str, Visit] = {}
        schedule = line.component_schedule
        if schedule is None:
            return visits
        base = f"{pointer}/wallet/componentSchedule"
        if len(offer.components) < 2:
            detail = f"{offer.package.code} is not a package of several components."
            self.faults.append(Fault(base, "component_schedule_not_allowed", detail))
            return visits
        known = {component.item.number for component in offer.components}
        for index, entry in enumerate(schedule):
            at = f"{base}/{index}"
            if entry.item_number not in known:
                detail = f"{entry.item_number} is not a component of {offer.package.code}."
                self.faults.append(Fault(f"{at}/itemNumber", "not_a_component", detail))
                continue
            if entry.item_number in visits:
                detail = f"{entry.item_number} stands twice in the schedule."
                self.faults.append(Fault(f"{at}/itemNumber", "component_twice", detail))
                continue
            visit = self._visit(
                offer,
                entry.visit_date or line.visit_date,
                entry.visit_time or line.visit_time,
                at,
            )
            if visit is not None:
                visits[entry.item_number] = visit
        return visits

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
                self.faults.append(Fault(f"{pointer}/wallet/{name}", code, detail))


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
