"""Everything the page of one order shows, read in a fixed number of statements."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import uuid
import zoneinfo
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal

from django.http import HttpRequest
from django.urls import reverse

from catalog.models import Session
from channel_manager.lib.admin import columns, people
from channel_manager.lib.admin.columns import money
from orders.admin.failures import Remedy, find_remedies
from orders.contents import LINE_STEP
from orders.models import Allocation, LedgerEntry, Order, OrderLine, OrderStatus
from wallets.models import Asset, AssetStatus, Wallet, WalletStatus
from wallets.outside_tickets import Outside, outside_of, with_outside

# A line with more wallets than this is shown folded.
_OPEN_UP_TO = 10


@dataclasses.dataclass(frozen=True)
class WalletView:
    """A wallet with its assets: the words for when each is valid, and where it was issued.

    Words are made here and not in the template: a page may have thousands of rows.
    """

    wallet: Wallet
    url: str
    when: str
    assets: Sequence[tuple[Asset, str, Outside | None]]
    token: str


@dataclasses.dataclass(frozen=True)
class LineView:
    """A line with its wallets, its places, its money and what its wallets have come to."""

    line: OrderLine
    wallets: Sequence[WalletView]
    places: Sequence[tuple[Session, int]]
    unit_price: str
    total: str

    @property
    def states(self) -> list[tuple[str, int]]:
        """Return how many wallets are in each state."""
        return Counter(view.wallet.status for view in self.wallets).most_common()

    @property
    def is_open(self) -> bool:
        """Tell whether the wallets are few enough to be shown at once."""
        return len(self.wallets) <= _OPEN_UP_TO


@dataclasses.dataclass(frozen=True, kw_only=True)
class OrderPage:
    """What the page shows beside the order itself."""

    order: Order
    lines: Sequence[LineView]
    replaced: Sequence[WalletView]
    ledger: Sequence[LedgerEntry]
    remedies: Sequence[Remedy]

    @property
    def is_mended(self) -> bool:
        """Tell whether everything that kept the order from being issued is mended."""
        return bool(self.remedies) and all(remedy.is_mended for remedy in self.remedies)

    @property
    def to_mend(self) -> Sequence[Remedy]:
        """Return what somebody has to mend before the order can be replayed."""
        return [remedy for remedy in self.remedies if not remedy.is_mended and remedy.link]

    living_wallets: Sequence[Wallet]
    living_assets: Sequence[Asset]
    # What is to be acted on, where that is not the whole order; their lines are at hand.
    chosen: Sequence[Wallet] = ()
    chosen_asset: Asset | None = None

    @property
    def total_incl_vat(self) -> str:
        """Return what is left of the order, with VAT."""
        return money(self.order.left_incl_vat, self.order.currency)

    @property
    def total_excl_vat(self) -> str:
        """Return what is left of the order, without VAT."""
        return money(self.order.left_excl_vat, self.order.currency)

    @property
    def cancelled_of(self) -> tuple[str, str] | None:
        """Return what was ordered and what of it is cancelled, with VAT; None where nothing is."""
        left, currency = self.order.left_incl_vat, self.order.currency
        lines = [view.line for view in self.lines]
        prices = ((row.unit_price_incl_vat or Decimal(0), row.quantity) for row in lines)
        ordered = sum((price * quantity for price, quantity in prices), Decimal(0))
        if left is None or left == ordered:
            return None
        return money(ordered, currency), money(left - ordered, currency)

    @property
    def postings(self) -> list[tuple[LedgerEntry, list[str]]]:
        """Return the ledger entries with gross, VAT, commission and net written out."""
        return [
            (
                entry,
                [
                    money(amount, entry.currency)
                    for amount in (entry.gross, entry.vat, entry.commission, entry.net)
                ],
            )
            for entry in self.ledger
        ]

    @property
    def vat(self) -> str:
        """Return the VAT."""
        incl, excl = self.order.left_incl_vat, self.order.left_excl_vat
        vat = None if incl is None or excl is None else incl - excl
        return money(vat, self.order.currency)


def token_of(wallet: Wallet, line: OrderLine | None) -> str:
    """Return how a form names a wallet of a line: `2.15` is the 15th of the second line.

    Short, since an address may name a thousand; empty where its line was replaced.
    """
    return f"{line.line_no // LINE_STEP}.{wallet.seq_no}" if line else ""


def find(order_id: uuid.UUID) -> Order | None:
    """Return the order with its partner and venue, None when there is no such order."""
    orders = Order.objects.select_related("partner__venue", "venue")
    return orders.defer("venue__logo", "partner__venue__logo").filter(pk=order_id).first()


def read(order: Order) -> OrderPage:
    """Read the page of an order: five statements, whatever it holds, three more in Error."""
    lines = list(order.lines.select_related("package", "mapping").order_by("line_no"))
    by_line = _wallets_by_line(order, lines)
    places = _places_by_line(order)
    living = [
        view
        for views in by_line.values()
        for view in views
        if view.wallet.status != WalletStatus.DESTROYED
    ]
    views = [
        LineView(
            line=line,
            wallets=by_line.get(line.pk, ()),
            places=list(places[line.pk].items()),
            unit_price=money(line.unit_price_incl_vat, order.currency),
            total=money(_left_of(order, line), order.currency),
        )
        for line in lines
    ]
    return OrderPage(
        order=order,
        lines=views,
        replaced=by_line.get(None, ()),
        ledger=list(order.ledger_entries.select_related("line", "wallet").order_by("id")),
        remedies=find_remedies(order, [view.line for view in views]),
        living_wallets=[view.wallet for view in living],
        living_assets=[
            asset
            for view in living
            for asset, _valid, _outside in view.assets
            if asset.status != AssetStatus.DESTROYED
        ],
    )


def hide_people(request: HttpRequest, page: OrderPage) -> None:
    """Mask what the page says of guests, unless this person may see it; its rows are not to be saved."""
    lines = [view.line for view in page.lines]
    views = itertools.chain(page.replaced, *(view.wallets for view in page.lines))
    people.hide(request, [page.order], "sell_to_name", "sell_to_email")
    people.hide(request, lines, "sell_to_name", "sell_to_email", "names")
    people.hide(request, [view.wallet for view in views], "name")


def _wallets_by_line(
    order: Order, lines: Sequence[OrderLine]
) -> Mapping[uuid.UUID | None, Sequence[WalletView]]:
    """Read all wallets of an order; those without a line were destroyed when it was replaced."""
    zone = order.venue.zone
    span = functools.cache(functools.partial(columns.span, zone=zone))
    assets: dict[uuid.UUID, list[tuple[Asset, str, Outside | None]]] = defaultdict(list)
    for asset in (
        with_outside(Asset.objects.filter(wallet__order=order))
        .select_related("item")
        .order_by("position", "unit", "generation")
    ):
        valid = span(asset.valid_from, asset.valid_until)
        assets[asset.wallet_id].append((asset, valid, outside_of(asset)))
    by_line: dict[uuid.UUID | None, list[WalletView]] = defaultdict(list)
    by_id = {line.pk: line for line in lines}
    for wallet in order.wallets.order_by("seq_no", "id"):
        url = reverse("admin:wallets_wallet_change", args=[wallet.pk])
        when = _when(wallet, zone)
        token = token_of(wallet, by_id[wallet.line_id] if wallet.line_id else None)
        view = WalletView(wallet, url, when, assets[wallet.pk], token)
        by_line[wallet.line_id].append(view)
    return by_line


def _places_by_line(order: Order) -> Mapping[uuid.UUID, Mapping[Session, int]]:
    """Read how many places of which sessions each line has."""
    counted: dict[uuid.UUID, Counter[Session]] = defaultdict(Counter)
    rows = Allocation.objects.filter(line__order=order).select_related("session__attraction")
    for allocation in rows.order_by("session__starts_at", "id"):
        if allocation.line_id:
            counted[allocation.line_id][allocation.session] += allocation.quantity
    return counted


def _when(wallet: Wallet, zone: zoneinfo.ZoneInfo) -> str:
    """Return when a wallet was issued, or destroyed and why."""
    if wallet.destroyed_at:
        why = f" · {wallet.destroyed_why}" if wallet.destroyed_why else ""
        return f"destroyed {columns.moment(wallet.destroyed_at, zone)}{why}"
    if wallet.issued_at:
        return f"issued {columns.moment(wallet.issued_at, zone)}"
    return columns.EMPTY


def _left_of(order: Order, line: OrderLine) -> Decimal | None:
    """Return what is left of a line, with VAT."""
    price = line.unit_price_incl_vat
    units = 0 if order.status == OrderStatus.CANCELLED else line.units_left
    return None if price is None else price * units
