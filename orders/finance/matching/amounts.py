"""What lines come to together, and how that compares with an order."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from decimal import Decimal

from orders.finance.lines import LineKind, OurOrder, StatedLine

_NOTHING = Decimal(0)


@dataclasses.dataclass(frozen=True, slots=True)
class Total:
    """The sum of some lines of one currency.

    gross and quantity are None unless all of the lines state them.
    """

    count: int
    net: Decimal
    gross: Decimal | None
    quantity: int | None

    def plus(self, line: StatedLine) -> Total:
        """Return the sum with one more line; a refund's units are taken off, whatever their sign."""
        gross, quantity = gross_of(line), line.quantity
        return Total(
            self.count + 1,
            self.net + line.net,
            None if self.gross is None or gross is None else self.gross + gross,
            None
            if self.quantity is None or quantity is None
            else self.quantity + (-abs(quantity) if _is_refund(line) else abs(quantity)),
        )

    def gap(self, order: OurOrder) -> Decimal:
        """Return by how much it is off the order, in net or in gross, whichever is more."""
        return max(abs(self.net - order.net), self.gross_gap(order))

    def gross_gap(self, order: OurOrder) -> Decimal:
        """Return by how much its gross is off the order's; nothing if no gross is stated."""
        return _NOTHING if self.gross is None else abs(self.gross - order.gross)

    def has_other_quantity(self, order: OurOrder) -> bool:
        """Tell whether it states so many units that the order does not have.

        An order of no units says nothing of its quantity, such as one that only lost money.
        """
        stated = self.quantity
        return stated is not None and bool(order.quantity) and abs(stated) != abs(order.quantity)

    @property
    def is_billed(self) -> bool:
        """Tell whether money is asked for."""
        return self.net > 0 or (self.gross or _NOTHING) > 0


def is_billed(order: OurOrder) -> bool:
    """Tell whether money is to come for an order."""
    return order.net > 0 or order.gross > 0


def gross_of(line: StatedLine) -> Decimal | None:
    """Return a line's gross, stated or from its net and commission; None when it says neither."""
    if line.gross is None and line.commission is not None:
        return line.net + line.commission
    return line.gross


def total(lines: Iterable[StatedLine]) -> Total:
    """Add up lines of one currency."""
    added = Total(0, _NOTHING, _NOTHING, 0)
    for line in lines:
        added = added.plus(line)
    return added


def _is_refund(line: StatedLine) -> bool:
    money = line.net or gross_of(line) or _NOTHING
    return money < 0 or (not money and line.kind == LineKind.REFUND)
