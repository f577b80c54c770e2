"""Finding orders by any part of their texts, in bounded time however common the part is.

A part that many orders have is found soon among the newest ones; a part that few have is found soon
by the trigram index. How many have it nobody knows beforehand, least of all the planner, whose
guess for a LIKE may be wrong by a factor of a thousand: so the one is tried, then the other, each
with the plan it is meant to have.
"""

from __future__ import annotations

import dataclasses
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.db.models import Func, Q, QuerySet, Value

from channel_manager.lib.database import TookTooLong, reading, set_for_now
from orders.models import Order, OrderLine
from orders.models.order import IN_FLIGHT, SETTLED
from orders.models.searched import (
    line_numbers,
    line_text,
    names,
    order_numbers,
    order_text,
    says,
)

# How many of the newest orders, and of the newest lines, are looked through.
NEWEST = 20_000
# How long the indexes may take. A part that the newest do not have and most older ones do takes
# longer, and is not looked for to the end.
PATIENCE = "700ms"

# The others are for those who sell.
_ONE_CORE = {"max_parallel_workers_per_gather": "0"}
_OWN, _LINES = 0, 1
# Rows of which one, and the id of an order.
_Hits = list[tuple[int, uuid.UUID]]
# The condition that a text has a word.
_Has = Callable[[str, str], Q]


@dataclasses.dataclass(frozen=True)
class Texts:
    """What is looked through of an order and of a line; a part of what the indexes hold."""

    of_order: Callable[[], Func]
    of_line: Callable[[], Func]


EVERYTHING = Texts(order_text, line_text)
# For those who may not see names and addresses: finding an order by one would tell it to them.
NUMBERS = Texts(order_numbers, line_numbers)


@dataclasses.dataclass(frozen=True)
class Parts:
    """The ids of orders that have all words; more exist if `is_cut`, or may unless complete."""

    ids: set[uuid.UUID]
    is_cut: bool
    is_complete: bool


def find_by_part(
    orders: QuerySet[Order], words: Sequence[str], texts: Texts, *, most: int
) -> Parts:
    """Find orders that have each word somewhere in their own text, or in that of one line.

    At most `most` by their own text, of those in `orders`, and as many by lines; the newest. Words
    with accents are names to begin with, and only else a part of something that keeps its accents.
    """
    found = _find(orders, words, texts, most, names)
    if found.ids or not found.is_complete or all(map(str.isascii, words)):
        return found
    return _find(orders, words, texts, most, says)


def _find(
    orders: QuerySet[Order], words: Sequence[str], texts: Texts, most: int, has: _Has
) -> Parts:
    own = _holding(orders, order_text(), words, texts.of_order(), has)
    own = own.values_list(Value(_OWN), "pk")
    lines = _holding(OrderLine.objects.all(), line_text(), words, texts.of_line(), has)
    lines = lines.values_list(Value(_LINES), "order")
    first_own, first_line = _first_of_newest()
    with reading():
        set_for_now(enable_seqscan="off", enable_bitmapscan="off", **_ONE_CORE)
        hits = _read([own.filter(pk__gte=first_own), lines.filter(pk__gte=first_line)], most)
    cut = _cut(hits, most)
    rest = []
    if _OWN not in cut:
        # Those in flight are not in the trigram index, and few.
        rest += [own.filter(status__in=SETTLED), own.filter(status__in=IN_FLIGHT)]
    if _LINES not in cut:
        rest.append(lines)
    try:
        older = _by_index(rest, most)
    except TookTooLong:
        return Parts(_newest_of(hits, most), is_cut=bool(cut), is_complete=False)
    cut |= _cut(older, most)
    return Parts(_newest_of([*hits, *older], most), is_cut=bool(cut), is_complete=True)


def _holding(
    rows: QuerySet[Any], indexed: Func, words: Iterable[str], text: Func, has: _Has
) -> QuerySet[Any]:
    """Keep the rows whose text, a part of the indexed one, has each word."""
    condition = Q()
    for word in words:
        condition &= has("searched", word)
        if text != indexed:
            condition &= has("text", word)
    holding: QuerySet[Any] = rows.alias(searched=indexed, text=text).filter(condition)
    return holding


def _first_of_newest() -> list[uuid.UUID]:
    """Return with which ids the newest orders and lines begin: ids are in order of time."""
    orders, lines = (
        rows.order_by("-pk").values_list(Value(part), "pk")[NEWEST - 1 : NEWEST]
        for part, rows in ((_OWN, Order.objects), (_LINES, OrderLine.objects))
    )
    first = dict(orders.union(lines, all=True))
    return [first.get(part, uuid.UUID(int=0)) for part in (_OWN, _LINES)]


def _by_index(parts: Sequence[QuerySet[Any]], most: int) -> _Hits:
    if not parts:
        return []
    with reading():
        set_for_now(
            enable_seqscan="off", enable_indexscan="off", statement_timeout=PATIENCE, **_ONE_CORE
        )
        return _read(parts, most)


def _read(parts: Sequence[QuerySet[Any]], most: int) -> _Hits:
    first, *others = [part.order_by("-pk")[: most + 1] for part in parts]
    return list(first.union(*others, all=True) if others else first)


def _cut(hits: _Hits, most: int) -> set[int]:
    """Return which rows there are more of than are asked for."""
    counts = Counter(part for part, _ in hits)
    return {part for part, count in counts.items() if count > most}


def _newest_of(hits: _Hits, most: int) -> set[uuid.UUID]:
    newest: set[uuid.UUID] = set()
    for part in (_OWN, _LINES):
        newest |= set(sorted({order for kind, order in hits if kind == part}, reverse=True)[:most])
    return newest
