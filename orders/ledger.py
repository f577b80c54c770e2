"""The one place that posts money."""

import datetime
from collections.abc import Iterable
from decimal import Decimal

from orders.models import LedgerEntry, LedgerKind, Order, OrderLine


def post_sale(*, order: Order, lines: Iterable[OrderLine], now: datetime.datetime) -> None:
    """Post the sale of an order that has just become Issued: one entry per line.

    Test-mode orders never post.
    """
    if order.test_mode:
        return
    LedgerEntry.objects.bulk_create(_sale(order, line, now) for line in lines)


def post_reversal(*, order: Order, reason: str, now: datetime.datetime) -> None:
    """Take back the sales of an order that has just been cancelled, each pointing at its sale."""
    sales = order.ledger_entries.filter(kind=LedgerKind.SALE)
    LedgerEntry.objects.bulk_create(
        LedgerEntry(
            venue_id=sale.venue_id,
            partner_id=sale.partner_id,
            order=order,
            line_id=sale.line_id,
            kind=LedgerKind.REVERSAL,
            reverses=sale,
            buy_from_order_reference=sale.buy_from_order_reference,
            quantity=-sale.quantity,
            gross=-sale.gross,
            vat=-sale.vat,
            net=-sale.net,
            currency=sale.currency,
            vat_parts=[
                {
                    "rate": part["rate"],
                    "inclVat": str(-Decimal(part["inclVat"])),
                    "exclVat": str(-Decimal(part["exclVat"])),
                }
                for part in sale.vat_parts
            ],
            reason=reason,
            posted_at=now,
        )
        for sale in sales
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
