"""What the lines of one order come to, and what that makes of them and of the order."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from decimal import Decimal

from orders.finance.lines import OurOrder, Standing, StatedLine
from orders.finance.matching import wording
from orders.finance.matching.amounts import Total, is_billed, total
from orders.finance.matching.repeats import Lines, pair_off, split_repeats
from orders.finance.states import MatchState

_OUT_OF_SCOPE = {
    Standing.OTHER_PERIOD: MatchState.WRONG_PERIOD,
    Standing.OTHER_PARTNER: MatchState.WRONG_PARTNER,
    Standing.NOT_BILLABLE: MatchState.NOT_BILLABLE,
}


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """The state and cause of an order, and of each of its lines by row.

    counts_in: the state beside which the order's net stands in the bridge.
    """

    state: MatchState
    cause: str
    lines: dict[int, tuple[MatchState, str]]
    counts_in: MatchState


def judge_out_of_scope(order: OurOrder, lines: Sequence[StatedLine]) -> Verdict:
    """Judge the lines of an order of another period or partner, or one that nobody owes for."""
    return _all_alike(lines, _OUT_OF_SCOPE[order.standing], wording.out_of_scope(order))


def judge_unstated(order: OurOrder) -> Verdict:
    """Judge an order that no line is of, or an adjustment of ours."""
    if order.standing == Standing.ADJUSTMENT:
        return _all_alike((), MatchState.ADJUSTMENT, wording.adjusted(order))
    if order.reported_in:
        return _all_alike((), MatchState.WRONG_PERIOD, wording.reported_elsewhere(order))
    if _is_undone(order):
        return _all_alike((), MatchState.REVERSAL_PAIR, "")
    return _all_alike((), MatchState.MISSING_AT_PARTNER, wording.not_stated(order))


def judge(order: OurOrder, lines: Sequence[StatedLine], tolerance: Decimal) -> Verdict:
    """Judge the lines of an order in scope, by row, and the order.

    Lines that undo each other are a reversal pair whatever becomes of the order. What is left is
    compared with the order as a sum.
    """
    pairs, left = pair_off(lines)
    verdict = _judge_sum(order, left, tolerance)
    for pair in pairs:
        for line in pair:
            verdict.lines[line.row] = (MatchState.REVERSAL_PAIR, wording.pair(pair))
    return verdict


def _judge_sum(order: OurOrder, lines: Lines, tolerance: Decimal) -> Verdict:
    if any(line.currency != order.currency for line in lines):
        cause = wording.currencies_differ(lines, order)
        return _all_alike(lines, MatchState.CURRENCY_DIFFERS, cause)
    stated = total(lines)
    if not stated.gap(order) and _is_undone(order):
        return _all_alike(lines, MatchState.REVERSAL_PAIR, "")
    # Before anything else is said of an order that one side has cancelled altogether.
    if order.is_cancelled and not is_billed(order) and stated.is_billed:
        cause = wording.cancelled_here(stated, order)
        return _all_alike(lines, MatchState.CANCELLED_HERE, cause)
    if not stated.is_billed and is_billed(order):
        cause = wording.cancelled_there(stated, order)
        return _all_alike(lines, MatchState.CANCELLED_THERE, cause)
    if stated.gap(order):
        repeated = _judge_repeats(order, lines, tolerance)
        if repeated is not None:
            return repeated
    state, cause = _compare(order, stated, tolerance)
    return _all_alike(lines, state, cause)


def _judge_repeats(order: OurOrder, lines: Lines, tolerance: Decimal) -> Verdict | None:
    """Judge lines some of which state an order, and the others state it again."""
    split = split_repeats(lines, lambda stated: stated.gap(order) <= tolerance)
    if split is None:
        return None
    kept, again = split
    state, cause = _compare(order, total(kept), tolerance)
    by_row = {line.row: (state, cause) for line in kept}
    for line in again:
        by_row[line.row] = (MatchState.DUPLICATE, wording.repeats(line, kept[0], order))
    return Verdict(
        state=MatchState.DUPLICATE,
        cause=wording.amounts_differ(total(lines), order),
        lines=by_row,
        counts_in=state,
    )


def _compare(order: OurOrder, stated: Total, tolerance: Decimal) -> tuple[MatchState, str]:
    """Compare a sum of lines in the order's currency with the order."""
    if stated.has_other_quantity(order):
        return MatchState.QUANTITY_DIFFERS, wording.quantities_differ(stated, order)
    if not stated.gap(order):
        return MatchState.MATCHED, ""
    if stated.gap(order) <= tolerance:
        return MatchState.WITHIN_TOLERANCE, wording.within_tolerance(stated, order)
    if stated.gross is not None and stated.gross_gap(order) <= tolerance:
        return MatchState.COMMISSION_DIFFERS, wording.commissions_differ(stated, order)
    return MatchState.AMOUNT_DIFFERS, wording.amounts_differ(stated, order)


def _is_undone(order: OurOrder) -> bool:
    """Tell whether an order was sold and cancelled within the period, and nothing is due."""
    return order.is_cancelled and not order.net and not order.gross


def _all_alike(lines: Sequence[StatedLine], state: MatchState, cause: str) -> Verdict:
    return Verdict(
        state=state,
        cause=cause,
        lines={line.row: (state, cause) for line in lines},
        counts_in=state,
    )
