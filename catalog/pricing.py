"""Which price holds, and how it splits into amounts with and without VAT. Pure."""

from __future__ import annotations

import dataclasses
import datetime
import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal

from catalog.models import Component, Price
from channel_manager.lib.money import apportion, rounded


@dataclasses.dataclass(frozen=True)
class VatPart:
    """The part of an amount that bears one VAT rate (per cent)."""

    rate: Decimal
    incl_vat: Decimal
    excl_vat: Decimal


@dataclasses.dataclass(frozen=True)
class UnitPrice:
    """What one unit of a package costs, with the VAT of its components, in one currency."""

    currency: str
    parts: tuple[VatPart, ...]

    @property
    def incl_vat(self) -> Decimal:
        """Return the amount including VAT."""
        return sum((part.incl_vat for part in self.parts), Decimal(0))

    @property
    def excl_vat(self) -> Decimal:
        """Return the amount without VAT."""
        return sum((part.excl_vat for part in self.parts), Decimal(0))


def choose_price(
    prices: Iterable[Price], *, partner_id: uuid.UUID, visit_date: datetime.date | None
) -> Price | None:
    """Return the price that holds: the partner's own before the general one, dated before undated.

    An open-dated sale (no visit date) takes an undated price. None when no price fits.
    """
    fitting = [
        price
        for price in prices
        if price.partner_id in (None, partner_id) and _covers(price, visit_date)
    ]
    return max(
        fitting,
        key=lambda price: (price.partner_id is not None, _is_dated(price)),
        default=None,
    )


def split_price(amount: Decimal, components: Sequence[Component], *, currency: str) -> UnitPrice:
    """Split a package's amount over its components by share and take out each one's VAT.

    The amount is rounded to the currency first; parts of the same rate are taken together.
    """
    shares = [component.price_share for component in components]
    amounts = apportion(rounded(amount, currency), shares, currency)
    by_rate: dict[Decimal, Decimal] = defaultdict(Decimal)
    for component, part in zip(components, amounts, strict=True):
        by_rate[component.item.vat_rate] += part
    return UnitPrice(
        currency,
        tuple(
            VatPart(rate, incl, rounded(incl / (1 + rate / 100), currency))
            for rate, incl in sorted(by_rate.items())
        ),
    )


def _is_dated(price: Price) -> bool:
    return price.visit_from is not None or price.visit_until is not None


def _covers(price: Price, visit_date: datetime.date | None) -> bool:
    if visit_date is None:
        return not _is_dated(price)
    starts = price.visit_from is None or price.visit_from <= visit_date
    return starts and (price.visit_until is None or visit_date <= price.visit_until)
