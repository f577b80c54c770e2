"""What matching leaves: a result for each line, and one for each order of the period."""

from __future__ import annotations

import dataclasses

from orders.finance.states import MatchRule, MatchState


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class LineResult:
    """What became of one line.

    rule and order_key: how it was found to be of which order; None for a line of no order.
    cause: in words; empty when there is nothing to say. suggestions: keys of at most three orders
    that it may be of, for somebody to link by hand.
    """

    row: int
    state: MatchState
    rule: MatchRule | None = None
    order_key: str | None = None
    cause: str = ""
    suggestions: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class OrderResult:
    """What became of one order in scope, or of an adjustment of ours.

    rows: of all its lines. counts_in: the state that its net stands beside in the bridge. It is
    `state`, but for an order with duplicates: its net stands with the lines that were kept, so
    that the difference is what the duplicates state.
    """

    key: str
    state: MatchState
    counts_in: MatchState
    cause: str = ""
    rows: tuple[int, ...] = ()


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Matching:
    """One result per line, by row, and one per order in scope or adjustment, by key."""

    lines: list[LineResult]
    orders: list[OrderResult]
