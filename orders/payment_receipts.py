"""What a guest gets for the books: what was bought, the VAT in it, how it was paid."""

from __future__ import annotations

import dataclasses
import datetime
from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal

from orders.checkouts import ON_ACCOUNT
from orders.models import Checkout, Order, OrderLine, OrderStatus
from orders.payment.texts import write_method
from wallets.manifest_texts import choose_language
from wallets.venue_look import VenueLook, look_of


@dataclasses.dataclass(frozen=True, kw_only=True)
class ReceiptLine:
    """What was bought for one visit; amounts include VAT."""

    description: str
    visit_date: datetime.date | None
    visit_time: datetime.time | None
    seats: str
    quantity: int
    unit_price: Decimal

    @property
    def amount(self) -> Decimal:
        """Return what all units cost together."""
        return self.unit_price * self.quantity


@dataclasses.dataclass(frozen=True, kw_only=True)
class VatTotal:
    """What bears one VAT rate (per cent) in all."""

    rate: Decimal
    excl_vat: Decimal
    incl_vat: Decimal

    @property
    def vat(self) -> Decimal:
        """Return the VAT."""
        return self.incl_vat - self.excl_vat


@dataclasses.dataclass(frozen=True, kw_only=True)
class PaymentReceipt:
    """A whole receipt, in one language and currency; moments are in the venue's time zone.

    payment_cost: what paying this way cost on top; paid_amount includes it.
    """

    language: str
    currency: str
    venue: VenueLook
    number: str
    seller: str
    seller_number: str
    sold_at: datetime.datetime
    buyer: tuple[str, ...]
    lines: tuple[ReceiptLine, ...]
    vat: tuple[VatTotal, ...]
    payment_method: str
    is_on_account: bool
    payment_cost: Decimal
    paid_amount: Decimal
    is_test: bool
    is_cancelled: bool

    @property
    def total(self) -> Decimal:
        """Return what the lines cost together."""
        return sum((line.amount for line in self.lines), Decimal(0))

    @property
    def file_name(self) -> str:
        """Return what the document is called when it is kept."""
        return f"receipt-{self.number}.pdf"


def build_receipt(*, checkout: Checkout, order: Order) -> PaymentReceipt:
    """Return the receipt of a checkout that has become an order, in its guest's language."""
    lines = list(order.lines.order_by("line_no"))
    seats = _seats_of(checkout)
    language = choose_language(order.sell_to_language, order.venue.language)
    return PaymentReceipt(
        language=language,
        currency=order.currency,
        venue=look_of(order.venue),
        number=order.buy_from_order_reference,
        seller=order.partner.name,
        seller_number=order.sell_to_order_reference,
        sold_at=order.received_at.astimezone(order.venue.zone),
        buyer=_buyer_of(checkout),
        lines=tuple(_line_of(line, seats.get(line.line_no, ())) for line in lines),
        vat=_vat_of(lines),
        payment_method=write_method(checkout.payment_method, language),
        is_on_account=checkout.payment_method == ON_ACCOUNT,
        payment_cost=checkout.payment_cost,
        paid_amount=checkout.paid_amount,
        is_test=order.test_mode,
        is_cancelled=order.status == OrderStatus.CANCELLED,
    )


def _line_of(line: OrderLine, seats: Sequence[str]) -> ReceiptLine:
    return ReceiptLine(
        description=line.description or line.item_number,
        visit_date=line.visit_date,
        visit_time=line.visit_time,
        seats=", ".join(seats),
        quantity=line.quantity,
        unit_price=line.unit_price_incl_vat or Decimal(0),
    )


def _seats_of(checkout: Checkout) -> dict[int | None, list[str]]:
    """Return the numbered seats of each line."""
    seats: dict[int | None, list[str]] = defaultdict(list)
    for item in checkout.items.order_by("line_no", "seq_no"):
        if item.seat:
            seats[item.line_no].append(item.seat)
    return seats


def _vat_of(lines: Sequence[OrderLine]) -> tuple[VatTotal, ...]:
    """Add up what bears the same rate, as it was sold: per unit, then times the quantity."""
    excl: dict[Decimal, Decimal] = defaultdict(Decimal)
    incl: dict[Decimal, Decimal] = defaultdict(Decimal)
    for line in lines:
        for part in line.vat_parts:
            rate = Decimal(part["rate"])
            excl[rate] += Decimal(part["exclVat"]) * line.quantity
            incl[rate] += Decimal(part["inclVat"]) * line.quantity
    return tuple(
        VatTotal(rate=rate, excl_vat=excl[rate], incl_vat=incl[rate]) for rate in sorted(incl)
    )


def _buyer_of(checkout: Checkout) -> tuple[str, ...]:
    """Return who bought, line by line; whatever is not known (any more) is left out."""
    data = checkout.buyer_data
    city = " ".join(filter(None, [str(data.get("zip", "")), str(data.get("city", ""))]))
    known = (checkout.buyer_name, str(data.get("address", "")), city, checkout.buyer_email)
    return tuple(filter(None, known))
