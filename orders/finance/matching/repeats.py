"""Lines of one order that undo each other, and lines that say the same again."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from decimal import Decimal

from orders.finance.lines import StatedLine
from orders.finance.matching.amounts import Total, gross_of, total

Pair = tuple[StatedLine, StatedLine]
Lines = list[StatedLine]


def pair_off(lines: Sequence[StatedLine]) -> tuple[list[Pair], Lines]:
    """Return pairs of opposite equal amounts, sale first, and the lines that are left, by row.

    The first sale goes with the first refund. Amounts are equal when net and gross are.
    """
    sales: dict[Hashable, Lines] = {}
    refunds: dict[Hashable, Lines] = {}
    left = []
    for line in lines:
        gross = gross_of(line)
        money = line.net or gross or Decimal(0)
        if not money:
            left.append(line)
            continue
        sign = 1 if money > 0 else -1
        amounts: Hashable = (
            line.currency,
            sign * line.net,
            None if gross is None else sign * gross,
        )
        (sales if sign > 0 else refunds).setdefault(amounts, []).append(line)
    pairs: list[Pair] = []
    for amounts, sold in sales.items():
        back = refunds.pop(amounts, [])
        count = min(len(sold), len(back))
        pairs.extend(zip(sold[:count], back[:count], strict=True))
        left.extend(sold[count:] + back[count:])
    for back in refunds.values():
        left.extend(back)
    return pairs, sorted(left, key=_row)


def split_repeats(
    lines: Sequence[StatedLine], fits: Callable[[Total], bool]
) -> tuple[Lines, Lines] | None:
    """Return the lines that state an order, and those that repeat them; None without repeats.

    `fits` tells whether a total comes to the order. Tried in turn: lines that are alike but for
    their row count once; every amount is there twice as often as it should be, or more (four
    tickets for two); the lines fall, by row, into stretches that each come to the order.
    """
    splits = itertools.chain((_alike(lines),), _shares(lines))
    for kept, repeats in splits:
        if repeats and fits(total(kept)):
            return kept, repeats
    length = _first_stretch(lines, fits)
    return (list(lines[:length]), list(lines[length:])) if length else None


def _alike(lines: Sequence[StatedLine]) -> tuple[Lines, Lines]:
    kept: dict[Hashable, StatedLine] = {}
    repeats = []
    for line in lines:
        if kept.setdefault(dataclasses.replace(line, row=0), line) is not line:
            repeats.append(line)
    return list(kept.values()), repeats


def _shares(lines: Sequence[StatedLine]) -> Iterator[tuple[Lines, Lines]]:
    """Offer, for each number that divides how often every amount is there, the first share."""
    counts = Counter((line.net, gross_of(line)) for line in lines)
    most = math.gcd(*counts.values())
    for times in range(2, most + 1):
        if most % times:
            continue
        kept: Lines = []
        repeats: Lines = []
        seen: Counter[Hashable] = Counter()
        for line in lines:
            amounts = (line.net, gross_of(line))
            seen[amounts] += 1
            (kept if seen[amounts] * times <= counts[amounts] else repeats).append(line)
        yield kept, repeats


def _first_stretch(lines: Sequence[StatedLine], fits: Callable[[Total], bool]) -> int:
    """Return how many lines the first of several stretches has; 0 unless the last one is whole."""
    stretches = []
    start = 0
    running = total(())
    for end, line in enumerate(lines, start=1):
        running = running.plus(line)
        if fits(running):
            stretches.append(end - start)
            start, running = end, total(())
    return stretches[0] if len(stretches) > 1 and start == len(lines) else 0


def _row(line: StatedLine) -> int:
    return line.row
