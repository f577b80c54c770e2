"""What outside systems say is left of what they issue for us: kept for a while, asked for when due.

Whoever looks at availability is shown what was told last and leaves a note that somebody wants to
know; a job asks (orders/outside/availability.py). Nobody waits for an outside system to read a page.
"""

from __future__ import annotations

import datetime
import json
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import connection

from catalog.elsewhere import Elsewhere, in_session
from catalog.models import SUPPLIER_PAID, Component

# A note that somebody wants to know is written this often at most, whatever is asked.
NOTED_SECONDS = 10
# Of a request for a year, the sessions that come first are asked about.
_MOST_NOTED = 100

_OF_COMPONENTS = """
    FROM catalog_componentsource e
    JOIN catalog_connection n ON n.id = e.connection_id
    LEFT JOIN catalog_session s ON s.id = e.session_id
    LEFT JOIN catalog_outsideplaces o ON o.connection_id = e.connection_id
        AND o.outside_session = e.outside_session AND o.outside_item = e.outside_item
    WHERE e.component_id = ANY(%(components)s::uuid[])
        AND (e.session_id IS NULL OR s.date BETWEEN %(first)s AND %(last)s)
"""
_READ = f"""
    SELECT e.component_id, o.asked_at, n.is_active, jsonb_build_object('session', e.session_id,
        'guestPays', n.system = ANY(%(supplier_paid)s) AND n.payment_method = ''
            AND e.outside_price IS DISTINCT FROM 0,
        'connection', n.name, 'left', o.left, 'toldAt', o.told_at,
        'seconds', n.availability_seconds)
    {_OF_COMPONENTS}
"""  # noqa: S608 - of constants of this file
# Whoever reads a page waits for nobody: rows that a job is at are left, and new ones are made in the
# order of their keys.
_NOTE = f"""
    WITH wanted AS (
        SELECT e.connection_id, e.outside_session, e.outside_item, o.id
        {_OF_COMPONENTS} AND n.is_active AND (o.id IS NULL OR o.asked_at < %(before)s)
        GROUP BY e.connection_id, e.outside_session, e.outside_item, o.id
        ORDER BY min(s.starts_at) NULLS FIRST LIMIT {_MOST_NOTED}
    ), noted AS (
        UPDATE catalog_outsideplaces SET asked_at = %(now)s WHERE id IN (
            SELECT p.id FROM catalog_outsideplaces p WHERE p.id IN (SELECT w.id FROM wanted w)
            FOR UPDATE SKIP LOCKED
        )
    )
    INSERT INTO catalog_outsideplaces
        (connection_id, outside_session, outside_item, asked_at, failures, message)
    SELECT w.connection_id, w.outside_session, w.outside_item, %(now)s::timestamptz, 0, ''
    FROM wanted w WHERE w.id IS NULL
    ORDER BY w.connection_id, w.outside_session, w.outside_item
    ON CONFLICT (connection_id, outside_session, outside_item) DO NOTHING
"""  # noqa: S608 - of constants of this file


class PlacesElsewhere:
    """What is left elsewhere of some components, as of one moment."""

    def __init__(
        self, by_component: Mapping[uuid.UUID, tuple[Elsewhere, ...]], now: datetime.datetime
    ) -> None:
        self._by_component = by_component
        self._now = now

    def left(self, components: Iterable[Component], session_id: uuid.UUID) -> int | None:
        """Return how many places of a session of ours are left elsewhere; None: nobody knows."""
        known = [
            left
            for component in components
            if (one := in_session(self._by_component.get(component.pk, ()), session_id))
            and (left := one.left_at(self._now)) is not None
        ]
        return min(known, default=None)


def read_places(
    *,
    components: Iterable[Component],
    first: datetime.date,
    last: datetime.date,
    now: datetime.datetime,
) -> PlacesElsewhere:
    """Return what is left elsewhere of components, and note that somebody wants to know.

    first, last: days on the venue's calendar. One statement where others issue some of them, and
    another at most once in NOTED_SECONDS.
    """
    keys = _outside(components)
    if not keys:
        return PlacesElsewhere({}, now)
    before = now - datetime.timedelta(seconds=NOTED_SECONDS)
    asked: dict[str, Any] = {"components": keys, "first": first, "last": last}
    found: dict[uuid.UUID, list[Elsewhere]] = defaultdict(list)
    is_due = False
    with connection.cursor() as cursor:
        cursor.execute(_READ, {**asked, "supplier_paid": list(SUPPLIER_PAID)})
        for component, asked_at, is_active, row in cursor.fetchall():
            found[component].append(Elsewhere.from_row(json.loads(row)))
            is_due = is_due or (is_active and (asked_at is None or asked_at < before))
        if is_due:
            cursor.execute(_NOTE, {**asked, "now": now, "before": before})
    return PlacesElsewhere({key: tuple(rows) for key, rows in found.items()}, now)


def note_interest(
    *,
    components: Iterable[Component],
    first: datetime.date,
    last: datetime.date,
    now: datetime.datetime,
) -> None:
    """Note that somebody wants to know what is left elsewhere of components.

    first, last: as `read_places` takes them. One statement where others issue some of them.
    """
    if keys := _outside(components):
        before = now - datetime.timedelta(seconds=NOTED_SECONDS)
        asked: dict[str, Any] = {
            "components": keys,
            "first": first,
            "last": last,
            "now": now,
            "before": before,
        }
        with connection.cursor() as cursor:
            cursor.execute(_NOTE, asked)


def _outside(components: Iterable[Component]) -> list[uuid.UUID]:
    return [component.pk for component in components if component.is_outside]
