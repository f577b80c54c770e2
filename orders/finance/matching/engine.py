"""Matching a whole statement: every line and every order of ours ends in exactly one state."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from decimal import Decimal

from orders.finance.lines import LineKind, OurOrder, Standing, StatedLine
from orders.finance.matching import wording
from orders.finance.matching.comparing import Verdict, judge, judge_out_of_scope, judge_unstated
from orders.finance.matching.finding import Finder, Found
from orders.finance.matching.references import stated
from orders.finance.matching.results import LineResult, Matching, OrderResult
from orders.finance.matching.suggesting import Suggester
from orders.finance.states import MatchState

_IN_THE_RESULTS = (Standing.IN_SCOPE, Standing.ADJUSTMENT)


def match(
    *, lines: Sequence[StatedLine], orders: Iterable[OurOrder], tolerance: Decimal
) -> Matching:
    """Match a statement's lines with our orders, by the same result whatever their sequence.

    orders: those in scope, our adjustments, and orders out of scope that the lines name. tolerance:
    what an order's net and gross may each be off, in its currency. Raises ValueError when a row or
    a key is there twice.
    """
    by_row = sorted(lines, key=lambda line: line.row)
    by_key = sorted(orders, key=lambda order: order.key)
    _refuse_repeated("row", [line.row for line in by_row])
    _refuse_repeated("key", [order.key for order in by_key])
    finder = Finder(by_key)
    found = {line.row: finder.find(line) for line in by_row}
    groups: dict[str, list[StatedLine]] = {}
    for line in by_row:
        if order := found[line.row].order:
            groups.setdefault(order.key, []).append(line)
    verdicts = {
        order.key: _verdict(order, groups.get(order.key, []), tolerance) for order in by_key
    }
    suggester = Suggester(
        order for order in by_key if verdicts[order.key].state == MatchState.MISSING_AT_PARTNER
    )
    return Matching(
        lines=[_line_result(line, found[line.row], verdicts, suggester) for line in by_row],
        orders=[
            OrderResult(
                key=order.key,
                state=verdicts[order.key].state,
                counts_in=verdicts[order.key].counts_in,
                cause=verdicts[order.key].cause,
                rows=tuple(line.row for line in groups.get(order.key, [])),
            )
            for order in by_key
            if order.standing in _IN_THE_RESULTS
        ],
    )


def _verdict(order: OurOrder, lines: Sequence[StatedLine], tolerance: Decimal) -> Verdict:
    if order.standing not in _IN_THE_RESULTS:
        return judge_out_of_scope(order, lines)
    return judge(order, lines, tolerance) if lines else judge_unstated(order)


def _line_result(
    line: StatedLine, found: Found, verdicts: dict[str, Verdict], suggester: Suggester
) -> LineResult:
    if found.order is None:
        # With a number it is meant for an order, and somebody has to say which.
        is_adjustment = line.kind == LineKind.ADJUSTMENT and not any(stated(line))
        return LineResult(
            row=line.row,
            state=MatchState.ADJUSTMENT if is_adjustment else MatchState.MISSING_AT_US,
            cause=wording.not_found(line, found),
            suggestions=() if is_adjustment else suggester.suggest(line),
        )
    state, cause = verdicts[found.order.key].lines[line.row]
    if found.also_names:
        cause = f"{cause} The line also names {found.also_names}.".lstrip()
    return LineResult(
        row=line.row, state=state, rule=found.rule, order_key=found.order.key, cause=cause
    )


def _refuse_repeated(name: str, sorted_values: Sequence[object]) -> None:
    for value, following in itertools.pairwise(sorted_values):
        if value == following:
            raise ValueError(f"The {name} {value!r} is there twice.")
