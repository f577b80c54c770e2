"""The ways in which partners' files name an order, all of which must find it."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable, Sequence

from orders.finance.lines import OurOrder, StatedLine

COLUMNS = ("our_reference", "their_reference", "other_reference")
NO_NUMBERS = dict.fromkeys(COLUMNS, "")

_Way = Callable[[OurOrder, random.Random], dict[str, str]]


def by_our_number(order: OurOrder, rng: random.Random) -> dict[str, str]:
    """Name our number in its column, and perhaps what is in nobody's books beside it."""
    theirs = rng.choice((order.their_reference, "", "a booking", "1.23E+11"))
    return {"our_reference": rng.choice(("", " ")) + order.our_reference, "their_reference": theirs}


def _by_their_number(order: OurOrder, rng: random.Random) -> dict[str, str]:
    return {"their_reference": order.their_reference}


def _in_an_odd_column(order: OurOrder, rng: random.Random) -> dict[str, str]:
    return {rng.choice(COLUMNS): rng.choice((order.our_reference, order.their_reference))}


def _rewritten(order: OurOrder, rng: random.Random) -> dict[str, str]:
    text = rng.choice((order.our_reference, order.their_reference))
    change: Callable[[str], str] = rng.choice(
        (
            str.lower,
            lambda text: text.lstrip("0"),
            lambda text: f"00{text}",
            lambda text: text.replace("-", "").replace("/", " "),
            lambda text: text.translate({ord("0") + i: 0xFF10 + i for i in range(10)}),
        )
    )
    return {rng.choice(COLUMNS): change(text)}


def _by_ticket(order: OurOrder, rng: random.Random) -> dict[str, str]:
    return {rng.choice(COLUMNS): rng.choice(sorted(order.other_numbers))}


def _by_hand(order: OurOrder, rng: random.Random) -> dict[str, str]:
    return {"linked_order": order.key, "other_reference": rng.choice(("", "7.77E+20", "unknown"))}


WAYS: tuple[_Way, ...] = (
    by_our_number,
    _by_their_number,
    _in_an_odd_column,
    _rewritten,
    _by_ticket,
    _by_hand,
)


def name_lines(
    lines: Sequence[StatedLine], order: OurOrder, rng: random.Random
) -> list[StatedLine]:
    """Return lines that name an order in one way or another: all alike, or each by its ticket."""
    if rng.random() < 0.3:
        tickets = sorted(order.other_numbers)
        return [
            dataclasses.replace(
                line, our_reference=order.our_reference, other_reference=tickets[position]
            )
            for position, line in enumerate(lines)
        ]
    named = rng.choice(WAYS)(order, rng)
    return [dataclasses.replace(line, **{**NO_NUMBERS, **named}) for line in lines]


def renamed(line: StatedLine, order: OurOrder, rng: random.Random) -> StatedLine:
    """Return a line that names the same order in another way."""
    return dataclasses.replace(line, **{**NO_NUMBERS, **rng.choice(WAYS)(order, rng)})
