"""An order of ours and a line that states it, for tests that say only what is unlike."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

from orders.finance.lines import OurOrder, StatedLine
from orders.finance.matching import LineResult, Matching, OrderResult, match

DAY = datetime.date(2026, 3, 14)
TOLERANCE = Decimal("0.05")


def an_order(key: str = "a", **members: Any) -> OurOrder:
    """Make an order of one ticket at 36.00 EUR, of which the partner keeps 5.40."""
    return OurOrder(
        **{
            "key": key,
            "our_reference": f"CM26-{key}",
            "their_reference": f"WEB-{key}",
            "quantity": 1,
            "gross": Decimal("36.00"),
            "commission": Decimal("5.40"),
            "net": Decimal("30.60"),
            "currency": "EUR",
            "guest_names": frozenset({"Ada Lovelace"}),
            "dates": frozenset({DAY}),
            **members,
        }
    )


def a_cancelled_order(key: str = "a", **members: Any) -> OurOrder:
    """Make an order that was sold and cancelled within the period."""
    nothing = dict.fromkeys(("gross", "commission", "net"), Decimal(0))
    return an_order(key, **{"is_cancelled": True, "quantity": 0, **nothing, **members})


def a_line(
    row: int = 1, gross: str | None = "36.00", net: str = "30.60", **members: Any
) -> StatedLine:
    """Make a line that states an_order() truly, naming it by our number."""
    return StatedLine(
        **{
            "row": row,
            "our_reference": "CM26-a",
            "gross": None if gross is None else Decimal(gross),
            "net": Decimal(net),
            "currency": "EUR",
            "quantity": 1,
            **members,
        }
    )


def a_refund(row: int = 2, **members: Any) -> StatedLine:
    """Make the line that undoes a_line()."""
    return a_line(row, "-36.00", "-30.60", kind="refund", **members)


def matched(
    lines: list[StatedLine], orders: list[OurOrder], tolerance: Decimal = TOLERANCE
) -> Matching:
    """Match them."""
    return match(lines=lines, orders=orders, tolerance=tolerance)


def only(lines: list[StatedLine], orders: list[OurOrder]) -> tuple[LineResult, OrderResult]:
    """Match one line with one order in scope and return both results."""
    result = matched(lines, orders)
    (line,), (order,) = result.lines, result.orders
    return line, order


def states(lines: list[StatedLine], orders: list[OurOrder]) -> tuple[list[str], list[str]]:
    """Match and return the states of the lines and of the orders."""
    result = matched(lines, orders)
    return [str(line.state) for line in result.lines], [str(order.state) for order in result.orders]
