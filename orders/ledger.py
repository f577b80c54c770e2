"""The one place that makes entries of the ledger."""

from __future__ import annotations

import dataclasses
import datetime
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from channel_manager.lib.money import rounded
from orders.models import LedgerEntry, LedgerKind, Order, OrderLine, Period, Position
from partners.models import Contract, DateBasis
from wallets.models import Wallet


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Money:
    """What is left of a sale, or a share of that. vat_parts: by rate, with and without VAT."""

    quantity: int
    gross: Decimal
    excl_vat: Decimal
    commission: Decimal
    vat_parts: dict[str, tuple[Decimal, Decimal]]

    def share(self, quantity: int, currency: str) -> _Money:
        """Return what so many units of it are worth; the last ones get what rounding has left."""
        if quantity == self.quantity:
            return self

        def part(amount: Decimal) -> Decimal:
            return share_of(amount, quantity, self.quantity, currency)

        parts = {rate: (part(incl), part(excl)) for rate, (incl, excl) in self.vat_parts.items()}
        return _Money(
            quantity=quantity,
            gross=part(self.gross),
            excl_vat=part(self.excl_vat),
            commission=part(self.commission),
            vat_parts=parts,
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
            excl_vat=self.excl_vat - share.excl_vat,
            commission=self.commission - share.commission,
            vat_parts=parts,
        )


@dataclasses.dataclass(kw_only=True)
class _Standing:
    """A sale with what is left of it, and of the commission that was worked out later."""

    sale: LedgerEntry
    left: _Money
    late: Decimal
    late_contract_id: uuid.UUID | None

    def take(self, quantity: int, *, reason: str, now: datetime.datetime) -> list[LedgerEntry]:
        """Take so many units off, and return the entries: the reversal stands first."""
        currency = self.sale.currency
        share = self.left.share(quantity, currency)
        late = share_of(self.late, quantity, self.left.quantity, currency)
        self.left, self.late = self.left.without(share), self.late - late
        entries = [_reversal(self.sale, share, reason=reason, now=now)]
        if late and self.late_contract_id:
            why = f"Commission on what was taken back{reason and ': '}{reason}"
            entries.append(
                late_commission(
                    self.sale, self.late_contract_id, -late, day=self.sale, reason=why, now=now
                )
            )
        return entries


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Days:
    """The days on which an order was booked and paid, on the venue's clock."""

    booked: datetime.date
    paid: datetime.date

    def counting(self, contract: Contract | None, line: OrderLine) -> datetime.date | None:
        """Return the day on which a line counts; None until its first admission."""
        match contract.date_basis if contract else DateBasis.BOOKED:
            case DateBasis.VISIT:
                return line.visit_date or self.booked
            case DateBasis.PAID:
                return self.paid
            case DateBasis.ADMITTED:
                return None
            case _:
                return self.booked


def contracts_of(orders: Collection[Order]) -> list[Contract]:
    """Return what may hold for the sales of orders, for `sale_of`; one statement, none for tests."""
    live = [order for order in orders if not order.test_mode]
    if not live:
        return []
    days = [_booked(order) for order in live]
    contracts = Contract.objects.holding_between(min(days), max(days))
    return list(contracts.filter(partner__in={order.partner_id for order in live}))


def sale_of(
    *,
    order: Order,
    lines: Iterable[OrderLine],
    contracts: Iterable[Contract],
    now: datetime.datetime,
) -> list[LedgerEntry]:
    """Return the new entries of an order that becomes Issued: one per line, to be written with that.

    Each is stamped with the one of the contracts that holds on the day the order was received.
    Test-mode orders never post. Its partner must be at hand.
    """
    if order.test_mode:
        return []
    booked = _booked(order)
    paid = now.astimezone(order.partner.venue.zone).date()
    holding = (
        one
        for one in contracts
        if (one.partner_id, one.currency) == (order.partner_id, order.currency)
        and one.holds_on(booked)
    )
    contract = next(holding, None)
    days = _Days(booked=booked, paid=paid)
    return [_sale(order, line, contract, days, now) for line in lines]


def _booked(order: Order) -> datetime.date:
    return order.received_at.astimezone(order.partner.venue.zone).date()


def post_reversal(*, order: Order, reason: str, now: datetime.datetime) -> None:
    """Take back what is left of the sales of an order that has just been cancelled.

    One entry per line, each pointing at its sale; none for a line that was taken back by wallets.
    What finance has adjusted of the order as a whole goes back, too: nothing is left of it.
    """
    entries = [
        entry
        for one in _standing(order)
        if one.left.quantity
        for entry in one.take(one.left.quantity, reason=reason, now=now)
    ]
    LedgerEntry.objects.bulk_create([*entries, *_adjusted_back(order, reason, now)])


def post_wallet_reversals(
    *, order: Order, wallets: Iterable[Wallet], reason: str, now: datetime.datetime
) -> None:
    """Take back the money of single wallets: one entry for each, pointing at its line's sale.

    All wallets of a line add up to its sale exactly. Their lines must be at hand.
    """
    by_line = {one.sale.line_id: one for one in _standing(order)}
    LedgerEntry.objects.bulk_create(list(_by_wallet(wallets, by_line, reason, now)))


def _adjusted_back(order: Order, reason: str, now: datetime.datetime) -> Iterator[LedgerEntry]:
    """Make an entry that takes back the adjustments of no line in particular, if they come to any."""
    adjusted = list(order.ledger_entries.filter(kind=LedgerKind.ADJUSTMENT, line=None))
    gross = sum((entry.gross for entry in adjusted), Decimal(0))
    vat = sum((entry.vat for entry in adjusted), Decimal(0))
    commission = sum((entry.commission for entry in adjusted), Decimal(0))
    if gross or vat or commission:
        yield LedgerEntry(
            venue_id=order.venue_id,
            partner_id=order.partner_id,
            order=order,
            kind=LedgerKind.ADJUSTMENT,
            buy_from_order_reference=order.buy_from_order_reference,
            quantity=0,
            gross=-gross,
            vat=-vat,
            excl_vat=vat - gross,
            commission=-commission,
            currency=order.currency,
            reason=f"Adjustments of an order that was cancelled{reason and ': '}{reason}",
            posted_at=now,
            accounting_date=max(
                entry.accounting_date for entry in adjusted if entry.accounting_date
            ),
        )


def adjustment(
    *,
    period: Period,
    position: Position | None,
    contract: Contract | None,
    gross: Decimal,
    net: Decimal,
    currency: str,
    reason: str,
    now: datetime.datetime,
) -> LedgerEntry:
    """Return the unsaved entry by which finance adjusts what counts in a period; VAT stays as it is.

    position: the order it is of; without one it stands for itself. It counts today, or on the last
    day of a period that is over. Amounts are in `currency`.
    """
    today = now.astimezone(period.partner.venue.zone).date()
    return LedgerEntry(
        venue_id=period.partner.venue_id,
        partner_id=period.partner_id,
        order_id=position.order_id if position else None,
        kind=LedgerKind.ADJUSTMENT,
        buy_from_order_reference=position.buy_from_order_reference if position else "",
        contract=contract if contract and contract.currency == currency else None,
        quantity=0,
        gross=gross,
        vat=Decimal(0),
        excl_vat=gross,
        commission=gross - net,
        currency=currency,
        reason=reason,
        posted_at=now,
        accounting_date=max(period.first_day, min(period.last_day, today)),
    )


def share_of(amount: Decimal, quantity: int, of: int, currency: str) -> Decimal:
    """Return what so many of all units are worth, rounded; all of them are worth it all."""
    return amount if quantity == of else rounded(amount * quantity / of, currency)


def late_commission(
    sale: LedgerEntry,
    contract_id: uuid.UUID,
    commission: Decimal,
    *,
    day: LedgerEntry,
    reason: str,
    now: datetime.datetime,
) -> LedgerEntry:
    """Return an adjustment of a sale that got its terms later: commission alone.

    day: the entry on whose day it counts.
    """
    return LedgerEntry(
        venue_id=sale.venue_id,
        partner_id=sale.partner_id,
        order_id=sale.order_id,
        line_id=sale.line_id,
        kind=LedgerKind.ADJUSTMENT,
        buy_from_order_reference=sale.buy_from_order_reference,
        contract_id=contract_id,
        accounting_date=day.accounting_date,
        quantity=0,
        gross=Decimal(0),
        vat=Decimal(0),
        excl_vat=Decimal(0),
        commission=commission,
        currency=sale.currency,
        reason=reason,
        posted_at=now,
    )


def _by_wallet(
    wallets: Iterable[Wallet],
    by_line: Mapping[Any, _Standing],
    reason: str,
    now: datetime.datetime,
) -> Iterator[LedgerEntry]:
    for wallet in wallets:
        if wallet.line is None or wallet.line_id not in by_line:
            continue  # a test order posts nothing
        units = wallet.line.units_of(1)
        entries = by_line[wallet.line_id].take(units, reason=reason, now=now)
        entries[0].wallet = wallet
        yield from entries


def _standing(order: Order) -> list[_Standing]:
    """Return each sale of an order with what is left of it: one statement."""
    entries = list(order.ledger_entries.order_by("pk"))
    return [
        _Standing(
            sale=sale,
            left=_left(sale, entries),
            late=sum((entry.commission for entry in _late(sale, entries)), Decimal(0)),
            late_contract_id=next((entry.contract_id for entry in _late(sale, entries)), None),
        )
        for sale in entries
        if sale.kind == LedgerKind.SALE
    ]


def _late(sale: LedgerEntry, entries: Iterable[LedgerEntry]) -> Iterator[LedgerEntry]:
    """Go through the commission of a sale that was worked out later (with_late_terms)."""
    for entry in entries:
        is_adjustment = entry.kind == LedgerKind.ADJUSTMENT
        if is_adjustment and entry.line_id == sale.line_id and entry.contract_id:
            yield entry


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
        excl_vat=sum((entry.excl_vat for entry in mine), Decimal(0)),
        commission=sum((entry.commission for entry in mine), Decimal(0)),
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
        contract_id=sale.contract_id,
        accounting_date=sale.accounting_date,
        quantity=-money.quantity,
        gross=-money.gross,
        vat=-(money.gross - money.excl_vat),
        excl_vat=-money.excl_vat,
        commission=-money.commission,
        currency=sale.currency,
        vat_parts=[
            {"rate": rate, "inclVat": str(-incl), "exclVat": str(-excl)}
            for rate, (incl, excl) in money.vat_parts.items()
        ],
        reason=reason,
        posted_at=now,
    )


def _sale(
    order: Order,
    line: OrderLine,
    contract: Contract | None,
    days: _Days,
    now: datetime.datetime,
) -> LedgerEntry:
    gross = (line.unit_price_incl_vat or Decimal(0)) * line.quantity
    excl_vat = (line.unit_price_excl_vat or Decimal(0)) * line.quantity
    commission = Decimal(0)
    if contract is not None:
        commission = contract.commission_on(gross=gross, excl_vat=excl_vat, units=line.quantity)
    return LedgerEntry(
        venue_id=order.venue_id,
        partner_id=order.partner_id,
        order=order,
        line=line,
        kind=LedgerKind.SALE,
        buy_from_order_reference=order.buy_from_order_reference,
        contract=contract,
        accounting_date=days.counting(contract, line),
        quantity=line.quantity,
        gross=gross,
        vat=gross - excl_vat,
        excl_vat=excl_vat,
        commission=commission,
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
