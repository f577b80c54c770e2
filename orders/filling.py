"""Filling the wallet shells of orders with their assets: ours, or what outside systems have made."""

from __future__ import annotations

import dataclasses
import datetime
import uuid
from collections import defaultdict
from collections.abc import Sequence

from catalog import expansion
from channel_manager.history import runner
from orders.models import Order, OrderLine
from orders.outside import made, wishes
from wallets.connectors.base import LineToIssue, NumberSource
from wallets.connectors.local import LocalConnector
from wallets.minting import mint_assets
from wallets.models import Asset, OutsideTicket, Wallet

_LOCAL = LocalConnector()


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class ToIssue:
    """A locked order that is being issued, with its lines."""

    order: Order
    lines: Sequence[OrderLine]

    @property
    def is_paid(self) -> bool:
        """Tell whether it becomes Issued; else a Draft."""
        return self.order.payment_reference is not None

    @property
    def is_elsewhere(self) -> bool:
        """Tell whether outside systems issue some of it."""
        return wishes.is_concerned(self.order, self.lines)


def fill(wanted: Sequence[ToIssue], *, now: datetime.datetime) -> list[ToIssue]:
    """Mint the assets of orders and fill their shells with them, in a few statements for all.

    Assets and wallets of paid orders are valid at once. Returns the orders that outside systems
    have to make something of first; nothing is done of those.
    """
    orders = {one.order.pk: one.order for one in wanted}
    shells: dict[uuid.UUID, list[Wallet]] = defaultdict(list)
    for wallet in runner.lock(Wallet.objects.living().filter(order__in=list(orders))):
        shells[wallet.order_id].append(wallet)
    waiting: list[ToIssue] = []
    assets: list[Asset] = []
    tickets: list[OutsideTicket] = []
    for one in wanted:
        connector: NumberSource = _LOCAL
        own = shells[one.order.pk]
        if one.is_elsewhere:
            made_there = made.read_tickets(one.order)
            if not made.is_complete(one.lines, own, made_there):
                waiting.append(one)
                continue
            connector = made.numbers_of(one.order, made_there)
            tickets += made_there
        assets += make_assets(order=one.order, lines=one.lines, shells=own, connector=connector)
    Asset.objects.bulk_create(assets)
    if tickets:
        made.attach(tickets, assets)
    filled = [one for one in wanted if one not in waiting]
    for is_paid in (False, True):
        runner.apply_to(
            [w for one in filled if one.is_paid == is_paid for w in shells[one.order.pk]],
            lambda wallet: fill_shell(wallet, order=orders[wallet.order_id], now=now),
        )
    return waiting


def make_assets(
    *, order: Order, lines: Sequence[OrderLine], shells: Sequence[Wallet], connector: NumberSource
) -> list[Asset]:
    """Make the unsaved assets of an order's shells with a connector's numbers; valid when it is paid."""
    by_line: dict[uuid.UUID | None, list[Wallet]] = defaultdict(list)
    for wallet in shells:
        by_line[wallet.line_id].append(wallet)
    wanted = [
        LineToIssue(
            wallets=by_line[line.pk],
            components=[expansion.from_json(entry) for entry in line.plan],
        )
        for line in lines
    ]
    numbers = connector.issue(wanted).numbers
    assets = [
        asset
        for line in wanted
        for asset in mint_assets(wallets=line.wallets, components=line.components, numbers=numbers)
    ]
    if order.payment_reference is not None:
        for asset in assets:
            asset.validate()
    return assets


def fill_shell(wallet: Wallet, *, order: Order, now: datetime.datetime) -> None:
    """Bring a shell to what it is once it has its assets: the guest's when the order is paid."""
    wallet.mint()
    if order.payment_reference is not None:
        wallet.activate(now=now)
