"""What an order would become, by the code that plans, prices and issues; nothing of it is kept."""

from __future__ import annotations

import dataclasses
import datetime
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from catalog.elsewhere import in_session
from catalog.expansion import PlannedComponent
from catalog.mapping import Catalogue, Offer, read_catalogue_of
from catalog.models import Allotment, Attraction, Package, PackageMapping, PackageStatus, Session
from catalog.opening import read_opening_times
from catalog.pricing import VatPart
from catalog.sample_visits import SampleVisit, find_sample_visits
from catalog.visits import MAX_DAYS_AHEAD
from channel_manager.lib.database import reading, set_for_now
from channel_manager.lib.errors import InvalidRequest, NotFound, Refusal
from channel_manager.lib.identity import time_ordered_uuid
from orders import filling, issuance
from orders.contents import make_allocations, make_lines, make_shells, plan_by, set_contents
from orders.intake import new_order
from orders.manifests import sale_of
from orders.models import Allocation, Order, OrderLine
from orders.planning import LinePlan, NoRoom
from orders.reading import attach
from orders.requests import LineRequest, OrderRequest
from orders.shortages import explain
from partners.account import Account
from partners.models import Partner, PartnerStatus, UnmappedItems, Venue
from wallets import manifest
from wallets.connectors.base import LineToIssue
from wallets.connectors.recording import RecordingConnector
from wallets.manifest import ManifestPage, WalletContents
from wallets.models import Asset, Wallet

# Stands where an order has its numbers.
PLACEHOLDER = "PREVIEW"


@dataclasses.dataclass(frozen=True, kw_only=True)
class PlacesEffect:
    """How many places an order would take of a session as it is now.

    `allotment` is the one they would count against, of which `allotment_taken` are gone already.
    """

    session: Session
    attraction: str
    places: int
    allotment: Allotment | None
    allotment_taken: int

    @property
    def sold_after(self) -> int:
        """Return how many places would be sold then."""
        return self.session.sold + self.places

    @property
    def left_after(self) -> int:
        """Return how many places would be left then."""
        return self.session.places_left - self.places

    @property
    def allotment_taken_after(self) -> int:
        """Return how many places would be taken under the allotment then."""
        return self.allotment_taken + self.places


@dataclasses.dataclass(frozen=True, kw_only=True)
class OrderPreview:
    """An order as it would be issued, its rows unsaved and at hand; its numbers are placeholders.

    not_on_sale: what an order is answered as long as the package is not on sale; the rest is what
    it would become then. failure: why the order would be accepted and end in Error; it has no
    wallets then, and no manifest. asked: what a connector would be asked for. elsewhere: by
    component, the connection that would issue it; "" where it has no outside id for this visit, so
    that a live order would end in Error.
    """

    order: Order
    line: OrderLine
    components: Sequence[PlannedComponent]
    vat_parts: Sequence[VatPart]
    wallets: Sequence[Wallet]
    places: Sequence[PlacesEffect]
    asked: Sequence[LineToIssue]
    manifest: ManifestPage | None
    not_on_sale: Refusal | None = None
    failure: str = ""
    elsewhere: Mapping[uuid.UUID, str] = dataclasses.field(default_factory=dict)

    @property
    def asset_count(self) -> int:
        """Return how many tickets and coupons all wallets hold."""
        return sum(len(wallet.assets.all()) for wallet in self.wallets)


def preview_order(
    *,
    partner: Partner,
    package: Package,
    line: LineRequest,
    now: datetime.datetime,
    mapping_id: uuid.UUID | None = None,
) -> OrderPreview:
    """Return what an order of one line would become if its item number meant this package.

    mapping_id: the stored mapping that says so, if there is one. No place is taken, no number
    drawn and nothing written: it reads in a transaction that PostgreSQL keeps from writing.
    Raises what createOrder would (InvalidRequest, SoldOut, SeatTaken), and NotFound for a package
    that is gone.
    """
    with reading():
        set_for_now(transaction_read_only="on")
        catalogue = read_catalogue_of(
            partner=partner,
            package=package,
            item_number=line.item_number,
            mapping_id=mapping_id,
            days=[day for _number, day in line.asked()],
        )
        return _preview(Account(partner), catalogue, line, now)


def anybody(venue: Venue) -> Partner:
    """Return a partner who is nobody: without prices, mappings and allotments of its own."""
    return Partner(
        id=time_ordered_uuid(),
        venue=venue,
        name="a partner",
        status=PartnerStatus.ACTIVE,
        unmapped_items=UnmappedItems.REFUSE,
    )


def read_offer(*, partner: Partner, package: Package, item_number: str) -> Offer:
    """Return the package as the partner would be offered it under this number, without sessions.

    Raises NotFound for a package that is gone.
    """
    catalogue = read_catalogue_of(
        partner=partner, package=package, item_number=item_number, mapping_id=None, days=()
    )
    return _offer(catalogue, item_number)


def find_next_visit(
    *, partner: Partner, offer: Offer, now: datetime.datetime
) -> SampleVisit | None:
    """Return the next visit that has room for one; None when there is none to come."""
    today = now.astimezone(partner.venue.zone).date()
    opening_times = read_opening_times(
        venue=partner.venue, first=today, last=today + datetime.timedelta(days=MAX_DAYS_AHEAD)
    )
    found = find_sample_visits(
        partner=partner, offers=[offer], opening_times=opening_times, now=now
    )
    return found.get(offer.package.pk)


def sold_under(*, mapping: PackageMapping, now: datetime.datetime) -> PackageMapping | None:
    """Return the mapping that an order for this one's item number is sold under if received now.

    The mapping itself, as it stands, where it is valid; else the stored one that is; None when the
    number means nothing today.
    """
    today = now.astimezone(mapping.partner.venue.zone).date()
    if mapping.is_valid_on(today):
        return mapping
    others = PackageMapping.objects.filter(
        partner=mapping.partner, item_number=mapping.item_number
    ).exclude(pk=mapping.pk)
    rows = others.select_related("package")
    return next((row for row in rows if row.is_valid_on(today)), None)


def _preview(
    account: Account, catalogue: Catalogue, line: LineRequest, now: datetime.datetime
) -> OrderPreview:
    offer = _offer(catalogue, line.item_number)
    not_on_sale = None
    if offer.package.status != PackageStatus.ON_SALE:
        not_on_sale = _refusal_of(account, catalogue, line, now)
        offer.package.put_on_sale()
    try:
        plans = plan_by(catalogue, account, [line], now)
    except NoRoom as no_room:
        raise explain(no_room, partner=account.partner, now=now) from no_room
    order = _order(account, line, plans, now)
    return _issued(order, plans, offer, not_on_sale, now)


def _offer(catalogue: Catalogue, item_number: str) -> Offer:
    offer = catalogue.offers.get(item_number)
    if offer is None:
        raise NotFound("This package no longer exists.")
    return offer


def _refusal_of(
    account: Account, catalogue: Catalogue, line: LineRequest, now: datetime.datetime
) -> Refusal | None:
    """Return how an order is answered while the package is not on sale."""
    try:
        plan_by(catalogue, account, [line], now)
    except InvalidRequest as refusal:
        return refusal
    return None


def _order(
    account: Account, line: LineRequest, plans: Sequence[LinePlan], now: datetime.datetime
) -> Order:
    """Make the unsaved order with its lines and shells, as intake does, without its numbers."""
    order = new_order(account, PLACEHOLDER, now)
    order.buy_from_order_reference = order.token = PLACEHOLDER
    lines = make_lines(order, plans)
    asked = OrderRequest(
        sell_to_order_reference=PLACEHOLDER,
        lines=(line,),
        sell_to_language=line.sell_to_language,
        payment_reference=PLACEHOLDER,
    )
    set_contents(order, asked, lines)
    shells = make_shells(order, lines)
    for number, shell in enumerate(shells, start=1):
        shell.reference_number = f"{PLACEHOLDER}-WALLET-{number}"
        shell.token = PLACEHOLDER
    attach(order, lines, shells)
    return order


def _issued(
    order: Order,
    plans: Sequence[LinePlan],
    offer: Offer,
    not_on_sale: Refusal | None,
    now: datetime.datetime,
) -> OrderPreview:
    """Issue the unsaved order and return what it became, or why it would fail."""
    (plan,), (line,) = plans, order.lines.all()
    if plan.expansion is None or plan.price is None:
        return OrderPreview(
            order=order,
            line=line,
            components=(),
            vat_parts=(),
            wallets=(),
            places=(),
            asked=(),
            manifest=None,
            not_on_sale=not_on_sale,
            failure=issuance.explain_line(line),
        )
    wallets = list(line.wallets.all())
    assets, asked = issue_unsaved(order, [line], wallets, now)
    items = {component.item_id: component.item for component in offer.components}
    for asset in assets:
        asset.item = items[asset.item_id]
    attach(order, [line], wallets, assets)
    return OrderPreview(
        order=order,
        line=line,
        components=plan.expansion.components,
        vat_parts=plan.price.parts,
        wallets=wallets,
        places=_effects(make_allocations([line], plans), offer),
        asked=asked,
        manifest=_manifest(order, line, wallets, now),
        not_on_sale=not_on_sale,
        elsewhere=_elsewhere(plan.expansion.components, offer),
    )


def _elsewhere(planned: Iterable[PlannedComponent], offer: Offer) -> dict[uuid.UUID, str]:
    """Return the connections that would issue components of an offer."""
    known = {component.pk: component.elsewhere for component in offer.components}
    found = {}
    for component in planned:
        if component.is_outside:
            one = in_session(known[component.component_id], component.session_id)
            found[component.component_id] = one.connection if one else ""
    return found


def issue_unsaved(
    order: Order, lines: Sequence[OrderLine], wallets: Sequence[Wallet], now: datetime.datetime
) -> tuple[list[Asset], Sequence[LineToIssue]]:
    """Issue a submitted order as a worker does and return its unsaved assets; nothing is saved.

    The connector only notes what it is asked for, which is returned, too.
    """
    order.schedule(now=now)
    order.start(now=now)
    connector = RecordingConnector()
    assets = filling.make_assets(order=order, lines=lines, shells=wallets, connector=connector)
    for wallet in wallets:
        filling.fill_shell(wallet, order=order, now=now)
    if order.payment_reference is None:
        order.settle_as_draft(now=now, expires_at=now)
    else:
        order.settle_as_issued(now=now)
    return assets, connector.asked


def _effects(allocations: Iterable[Allocation], offer: Offer) -> list[PlacesEffect]:
    """Say what the allocations would take of each session: one statement, for the names."""
    wanted = Counter[uuid.UUID]()
    for allocation in allocations:
        wanted[allocation.session_id] += allocation.quantity
    sessions = [session for session in offer.sessions if session.pk in wanted]
    names = Attraction.objects.in_bulk({session.attraction_id for session in sessions})
    return [
        PlacesEffect(
            session=session,
            attraction=names[session.attraction_id].name,
            places=wanted[session.pk],
            allotment=offer.allotment,
            allotment_taken=offer.allotment_taken.get(session.pk, 0),
        )
        for session in sessions
    ]


def _manifest(
    order: Order, line: OrderLine, wallets: Sequence[Wallet], now: datetime.datetime
) -> ManifestPage:
    """Build what the guest would see; it has no address, and neither have its wallets."""
    return manifest.build_page(
        path="",
        number=order.buy_from_order_reference,
        venue=order.venue,
        sale=sale_of(order),
        language_tag=order.sell_to_language,
        contents=[
            WalletContents(
                wallet=wallet, package_name=line.description, assets=list(wallet.assets.all())
            )
            for wallet in wallets
        ],
        wallet_path=lambda _wallet: "",
        now=now,
    )
