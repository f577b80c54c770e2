"""Numbers of a venue that no order has, and why: what was deleted left a tombstone.

A number is drawn for a request before it is accepted, and never given out again.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from channel_manager.lib.document_numbers import running_number_sql
from orders import tombstone
from orders.finance.reports.chosen import ReportVenue
from orders.finance.reports.source import Source

NEVER_ACCEPTED = "Drawn and never accepted"
_KINDS = {"Draft": "draft", "Error": "order in Error"}
_NUMBER = running_number_sql("o.buy_from_order_reference")
_LOST = running_number_sql("(t.data ->> 'buyFromOrderReference')")
# The order before a hole may be one that the report leaves out.
_HOLES = f"""
SELECT hole.place, greatest(hole.told, coalesce(before.number, 0)) + 1, hole.number - 1,
    coalesce(before.reference, '')
FROM unnest(%s::bigint[], %s::bigint[]) WITH ORDINALITY AS hole(told, number, place)
LEFT JOIN LATERAL (
    SELECT {_NUMBER} AS number, o.buy_from_order_reference AS reference FROM orders_order o
    WHERE o.test_mode = false AND o.venue_id = %s AND {_NUMBER} < hole.number
    ORDER BY {_NUMBER} DESC, o.id DESC LIMIT 1
) before ON true
ORDER BY hole.place
"""
# Tombstones of the same day and kind that follow one another are one row.
_TOMBSTONES = f"""
SELECT place, min(number), max(number), day, from_state, min(reference COLLATE "C"),
    max(reference COLLATE "C")
FROM (
    SELECT *, number - row_number() OVER (PARTITION BY place, day, from_state ORDER BY number)
        AS island
    FROM (
        SELECT hole.place, {_LOST} AS number, (t.at AT TIME ZONE %s)::date AS day, t.from_state,
            t.data ->> 'buyFromOrderReference' AS reference
        FROM unnest(%s::bigint[], %s::bigint[]) WITH ORDINALITY AS hole(first, last, place)
        JOIN history_event t ON t.name = '{tombstone.EVENT}' AND t.data ->> 'venueId' = %s
            AND {_LOST} BETWEEN hole.first AND hole.last
    ) lost
) islands
GROUP BY place, day, from_state, island
ORDER BY place, min(number)
LIMIT %s
"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Gap:
    """Numbers that follow one another and are missing for the same reason; both ends are missing.

    reference: them as they were, or would have been, written. why: a sentence.
    """

    first: int
    last: int
    reference: str
    why: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Neighbour:
    """An order behind a hole, and up to which number all was told before it."""

    told: int
    number: int
    reference: str


def find_gaps(
    source: Source, venue: ReportVenue, neighbours: Sequence[Neighbour], most: int | None = None
) -> Mapping[int, list[Gap]]:
    """Return the gaps before some orders, by these orders' numbers: two statements at most.

    most: how many gaps are wanted in all; those beyond may be told wrongly.
    """
    if not neighbours:
        return {}
    told = [one.told for one in neighbours]
    numbers = [one.number for one in neighbours]
    found = source.all(_HOLES, [told, numbers, venue.id])
    holes = [
        (neighbours[place - 1], first, last, before)
        for place, first, last, before in found
        if first <= last
    ]
    if not holes:
        return {}
    lost = source.all(
        _TOMBSTONES,
        [
            venue.zone.key,
            [first for _, first, _, _ in holes],
            [last for _, _, last, _ in holes],
            str(venue.id),
            most,
        ],
    )
    by_place: dict[int, list[tuple[Any, ...]]] = {}
    for place, *island in lost:
        by_place.setdefault(place, []).append(tuple(island))
    return {
        behind.number: list(
            _explained(
                dataclasses.replace(behind, reference=behind.reference or before or venue.letters),
                first,
                last,
                before,
                by_place.get(place, ()),
            )
        )
        for place, (behind, first, last, before) in enumerate(holes, start=1)
    }


def _explained(
    behind: Neighbour, first: int, last: int, before: str, islands: Sequence[tuple[Any, ...]]
) -> Iterator[Gap]:
    """Yield the gaps of one hole: what was deleted, and what lies between."""
    why = f"{NEVER_ACCEPTED}."
    if before and _letters(before) != _letters(behind.reference):
        why = f"{NEVER_ACCEPTED}, between {before} and {behind.reference}."
    letters = _letters(behind.reference)
    for start, end, day, state, first_reference, last_reference in islands:
        if first < start:
            yield _gap(first, start - 1, letters, why)
        kind = _KINDS.get(state, "order")
        many = "Each was" if end > start else "It was"
        yield Gap(
            first=start,
            last=end,
            reference=_span(first_reference, last_reference),
            why=f"Deleted on {day:%-d %b %Y}. {many} {'an' if kind[0] in 'aeo' else 'a'} {kind}, "
            "never issued.",
        )
        first = end + 1
    if first <= last:
        yield _gap(first, last, letters, why)


def _gap(first: int, last: int, letters: str, why: str) -> Gap:
    reference = _span(f"{letters}{first:07d}", f"{letters}{last:07d}")
    return Gap(first=first, last=last, reference=reference, why=why)


def _letters(reference: str) -> str:
    """Return what stands before the running number, the hyphen included."""
    return reference[: reference.rfind("-") + 1]


def _span(first: str, last: str) -> str:
    return first if first == last else f"{first} to {last}"
