"""Everything the page of one order shows, read in a fixed number of statements."""

from __future__ import annotations

import dataclasses
import uuid
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal

from channel_manager.lib.admin.columns import money
from orders.admin.failures import Remedy, find_remedies
from orders.admin.timeline import LOOKS
from orders.models import LedgerEntry, Order, OrderEvent, OrderLine
from partners.timeline import Happening, tell
from wallets.models import Asset, AssetStatus, Wallet, WalletStatus

# A line with more wallets than this is shown folded.
_OPEN_UP_TO = 10


@dataclasses.dataclass(frozen=True)
class WalletView:
    """A wallet with its assets."""

    wallet: Wallet
    assets: Sequence[Asset]


@dataclasses.dataclass(frozen=True)
class LineView:
    """A line with its wallets, its money and what its wallets have come to."""

    line: OrderLine
    wallets: Sequence[WalletView]
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
    happenings: Sequence[Happening]
    ledger: Sequence[LedgerEntry]
    remedies: Sequence[Remedy]
    living_wallets: Sequence[Wallet]
    living_assets: Sequence[Asset]

    @property
    def total_incl_vat(self) -> str:
        """Return the total with VAT."""
        return money(self.order.total_incl_vat, self.order.currency)

    @property
    def total_excl_vat(self) -> str:
        """Return the total without VAT."""
        return money(self.order.total_excl_vat, self.order.currency)

    @property
    def postings(self) -> list[tuple[LedgerEntry, str, str, str]]:
        """Return the ledger entries with gross, VAT and net written out."""
        return [
            (
                entry,
                money(entry.gross, entry.currency),
                money(entry.vat, entry.currency),
                money(entry.net, entry.currency),
            )
            for entry in self.ledger
        ]

    @property
    def vat(self) -> str:
        """Return the VAT."""
        incl, excl = self.order.total_incl_vat, self.order.total_excl_vat
        vat = None if incl is None or excl is None else incl - excl
        return money(vat, self.order.currency)


def find(order_id: uuid.UUID) -> Order | None:
    """Return the order with its partner and venue, None when there is no such order."""
    return Order.objects.select_related("partner__venue", "venue").filter(pk=order_id).first()


def read(order: Order) -> OrderPage:
    """Read the page of an order: eight statements, whatever it holds, five more in Error."""
    lines = order.lines.select_related("package", "mapping").order_by("line_no")
    by_line = _wallets_by_line(order)
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
            unit_price=money(line.unit_price_incl_vat, order.currency),
            total=money(_times(line.unit_price_incl_vat, line.quantity), order.currency),
        )
        for line in lines
    ]
    return OrderPage(
        order=order,
        lines=views,
        replaced=by_line.get(None, ()),
        happenings=tell(OrderEvent.objects.of(order.pk), LOOKS),
        ledger=list(order.ledger_entries.select_related("line").order_by("id")),
        remedies=find_remedies(order, [view.line for view in views]),
        living_wallets=[view.wallet for view in living],
        living_assets=[
            asset
            for view in living
            for asset in view.assets
            if asset.status != AssetStatus.DESTROYED
        ],
    )


def _wallets_by_line(order: Order) -> Mapping[uuid.UUID | None, Sequence[WalletView]]:
    """Read all wallets of an order; those without a line were destroyed when it was replaced."""
    assets: dict[uuid.UUID, list[Asset]] = defaultdict(list)
    for asset in (
        Asset.objects.filter(wallet__order=order)
        .select_related("item")
        .order_by("position", "unit")
    ):
        assets[asset.wallet_id].append(asset)
    by_line: dict[uuid.UUID | None, list[WalletView]] = defaultdict(list)
    for wallet in order.wallets.order_by("seq_no", "id"):
        by_line[wallet.line_id].append(WalletView(wallet, assets[wallet.pk]))
    return by_line


def _times(price: Decimal | None, quantity: int) -> Decimal | None:
    return None if price is None else price * quantity
