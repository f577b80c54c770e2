"""Which package an unmapped item number may be meant for, and why one might think so."""

from __future__ import annotations

import dataclasses
import datetime
import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.db import connection

MOST = 3
# Of pg_trgm: how much of their three-letter parts two texts have in common, at least.
_ALIKE = 0.3

_Number = tuple[uuid.UUID, str]


@dataclasses.dataclass(frozen=True)
class Suggestion:
    """A package that a number may be meant for, and why, most telling first."""

    package_id: uuid.UUID
    code: str
    name: str
    reasons: Sequence[str]


@dataclasses.dataclass(frozen=True)
class Suggestions:
    """What a number may mean; `free_from`: the day after the last version of it, if it has ended."""

    packages: Sequence[Suggestion] = ()
    free_from: datetime.date | None = None


_CANDIDATES = """
    WITH asked AS MATERIALIZED (
        SELECT a.partner_id, a.number, r.venue_id, (
            SELECT max(m.valid_until) FROM catalog_packagemapping m
            WHERE m.partner_id = a.partner_id AND m.item_number = a.number AND m.is_active
        ) AS ended
        FROM unnest(%(partners)s::uuid[], %(numbers)s::text[]) AS a(partner_id, number)
        JOIN partners_partner r ON r.id = a.partner_id
    ), meant AS MATERIALIZED (
        SELECT a.partner_id, a.number, m.package_id,
            max(m.version) FILTER (WHERE m.partner_id = a.partner_id) AS own,
            min(q.name) FILTER (WHERE m.partner_id <> a.partner_id AND m.is_active) AS other
        FROM asked a
        JOIN catalog_packagemapping m ON m.item_number = a.number
        JOIN partners_partner q ON q.id = m.partner_id AND q.venue_id = a.venue_id
        GROUP BY 1, 2, 3
    )
    SELECT a.partner_id, a.number, a.ended, p.id, p.code, p.name,
        lower(p.code) = lower(a.number), m.own, m.other,
        similarity(lower(a.number), lower(p.code)),
        word_similarity(lower(a.number), lower(p.name)), p.status = 'Draft'
    FROM asked a
    LEFT JOIN catalog_package p ON p.venue_id = a.venue_id AND NOT p.is_test
        AND p.status <> 'Withdrawn'
    LEFT JOIN meant m ON m.partner_id = a.partner_id AND m.number = a.number
        AND m.package_id = p.id
    ORDER BY p.code
"""


def suggest_packages(*, asked: Collection[_Number]) -> Mapping[_Number, Suggestions]:
    """Return up to three packages for each partner's number, the likeliest first: one statement.

    Nothing is mapped by it: somebody chooses.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _CANDIDATES,
            {
                "partners": [partner for partner, _number in asked],
                "numbers": [number for _partner, number in asked],
            },
        )
        rows = cursor.fetchall()
    found: dict[_Number, list[tuple[float, Suggestion]]] = defaultdict(list)
    free_from: dict[_Number, datetime.date] = {}
    for partner, number, ended, package, code, name, *signs, is_draft in rows:
        if ended is not None and ended < datetime.date.max:
            free_from[partner, number] = ended + datetime.timedelta(days=1)
        weight, reasons = _weigh(*signs)
        if reasons and package is not None:
            reasons += ["It is not on sale yet."] if is_draft else []
            found[partner, number].append((weight, Suggestion(package, code, name, reasons)))
    return {
        number: Suggestions(
            [one for _, one in sorted(found[number], key=lambda pair: -pair[0])[:MOST]],
            free_from.get(number),
        )
        for number in asked
    }


def _weigh(
    is_code: bool | None, own: int | None, other: str | None, code: Any, name: Any
) -> tuple[float, list[str]]:
    """Return how likely a package is, and why; no reason means that nothing speaks for it."""
    weight = 0.0
    reasons: list[str] = []
    if is_code:
        weight, reasons = weight + 8, [*reasons, "It is the package’s code."]
    if own is not None:
        weight, reasons = weight + 4, [*reasons, f"Version {own} of the number meant it."]
    if other is not None:
        weight, reasons = weight + 2, [*reasons, f"{other} means it by the same number."]
    if not is_code and code is not None and code >= _ALIKE:
        weight, reasons = weight + code, [*reasons, "Its code is much alike."]
    if not is_code and name is not None and name >= 2 * _ALIKE:
        weight, reasons = weight + name / 2, [*reasons, "Its name has much of it."]
    return weight, reasons
