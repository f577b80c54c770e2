"""The one place that posts money."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from channel_manager.lib.money import rounded
from orders.models import LedgerEntry, LedgerKind, Order, OrderLine
from wallets.models import Wallet


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Money:
    """What is left of a sale, or a share of that. vat_parts: by rate, with and without VAT."""

    quantity: int
    gross: Decimal
    net: Decimal
    vat_parts: dict[str, tuple[Decimal, Decimal]]

    def share(self, quantity: int, currency: str) -> _Money:
        """Return what so many units of it are worth; the last ones get what rounding has left."""
        if quantity == self.quantity:
            return self

        def part(amount: Decimal) -> Decimal:
            return rounded(amount * quantity / self.quantity, currency)

        parts = {rate: (part(incl), part(excl)) for rate, (incl, excl) in self.vat_parts.items()}
        return _Money(
            quantity=quantity, gross=part(self.gross), net=part(self.net), vat_parts=parts
        )

    def without(self, share: _Money) -> _Money:
        """Return what is left once a share was taken off."""
        parts = {
            rate: (incl - share.vat_parts[rate][0], excl - share.vat_parts[rate][1])
            for rate, (incl, excl) in self.vat_parts.items()
        }
        return _Money(
            quantity=self.quantity - share.quantity,
            gross=self.gross - share.gross,
            net=self.net - share.net,
            vat_parts=parts,
        )


def post_sale(*, order: Order, lines: Iterable[OrderLine], now: datetime.datetime) -> None:
    """Post the sale of an order that has just become Issued: one entry per line.

    Test-mode orders never post.
    """
    if order.test_mode:
        return
    LedgerEntry.objects.bulk_create(_sale(order, line, now) for line in lines)


def post_reversal(*, order: Order, reason: str, now: datetime.datetime) -> None:
    """Take back what is left of the sales of an order that has just been cancelled.

    One entry per line, each pointing at its sale; none for a line that was taken back by wallets.
    """
    LedgerEntry.objects.bulk_create(
        _reversal(sale, left, reason=reason, now=now)
        for sale, left in _standing(order)
        if left.quantity
    )


def post_wallet_reversals(
    *, order: Order, wallets: Iterable[Wallet], reason: str, now: datetime.datetime
) -> None:
    """Take back the money of single wallets: one entry for each, pointing at its line's sale.

    All wallets of a line add up to its sale exactly. Their lines must be at hand.
    """
    sales = {sale.line_id: (sale, left) for sale, left in _standing(order)}
    LedgerEntry.objects.bulk_create(list(_by_wallet(wallets, sales, reason, now)))


def _by_wallet(
    wallets: Iterable[Wallet],
    sales: dict[Any, tuple[LedgerEntry, _Money]],
    reason: str,
    now: datetime.datetime,
) -> Iterator[LedgerEntry]:
    for wallet in wallets:
        if wallet.line is None or wallet.line_id not in sales:
            continue  # a test order posts nothing
        sale, left = sales[wallet.line_id]
        share = left.share(wallet.line.units_of(1), sale.currency)
        sales[wallet.line_id] = (sale, left.without(share))
        entry = _reversal(sale, share, reason=reason, now=now)
        entry.wallet = wallet
        yield entry


def _standing(order: Order) -> list[tuple[LedgerEntry, _Money]]:
    """Return each sale of an order with what is left of it: one statement."""
    entries = list(order.ledger_entries.exclude(kind=LedgerKind.ADJUSTMENT).order_by("pk"))
    return [(sale, _left(sale, entries)) for sale in entries if sale.kind == LedgerKind.SALE]


def _left(sale: LedgerEntry, entries: Sequence[LedgerEntry]) -> _Money:
    parts: dict[str, tuple[Decimal, Decimal]] = {}
    mine = [sale, *(entry for entry in entries if entry.reverses_id == sale.pk)]
    for entry in mine:
        for part in entry.vat_parts:
            incl, excl = parts.get(part["rate"], (Decimal(0), Decimal(0)))
            added = incl + Decimal(part["inclVat"]), excl + Decimal(part["exclVat"])
            parts[part["rate"]] = added
    return _Money(
        quantity=sum(entry.quantity for entry in mine),
        gross=sum((entry.gross for entry in mine), Decimal(0)),
        net=sum((entry.net for entry in mine), Decimal(0)),
        vat_parts=parts,
    )


def _reversal(
    sale: LedgerEntry, money: _Money, *, reason: str, now: datetime.datetime
) -> LedgerEntry:
    return LedgerEntry(
        venue_id=sale.venue_id,
        partner_id=sale.partner_id,
        order_id=sale.order_id,
        line_id=sale.line_id,
        kind=LedgerKind.REVERSAL,
        reverses=sale,
        buy_from_order_reference=sale.buy_from_order_reference,
        quantity=-money.quantity,
        gross=-money.gross,
        vat=-(money.gross - money.net),
        net=-money.net,
        currency=sale.currency,
        vat_parts=[
            {"rate": rate, "inclVat": str(-incl), "exclVat": str(-excl)}
            for rate, (incl, excl) in money.vat_parts.items()
        ],
        reason=reason,
        posted_at=now,
    )


def _sale(order: Order, line: OrderLine, now: datetime.datetime) -> LedgerEntry:
    gross = (line.unit_price_incl_vat or Decimal(0)) * line.quantity
    net = (line.unit_price_excl_vat or Decimal(0)) * line.quantity
    return LedgerEntry(
        venue_id=order.venue_id,
        partner_id=order.partner_id,
        order=order,
        line=line,
        kind=LedgerKind.SALE,
        buy_from_order_reference=order.buy_from_order_reference,
        quantity=line.quantity,
        gross=gross,
        vat=gross - net,
        net=net,
        currency=order.currency,
        vat_parts=[
            {
                "rate": part["rate"],
                "inclVat": str(Decimal(part["inclVat"]) * line.quantity),
                "exclVat": str(Decimal(part["exclVat"]) * line.quantity),
            }
            for part in line.vat_parts
        ],
        posted_at=now,
    )
