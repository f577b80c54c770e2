"""Locking and writing sessions by the ten thousand: as text, because the ORM takes seconds."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence

from django.db import connection

from catalog.changes import Alteration, Creation
from catalog.models import Session
from channel_manager.lib.identity import time_ordered_uuid

# What sales and changes by hand write; all else is the calendar's, whose lock is held.
_OTHERS_WRITE = ("capacity", "held", "sold", "is_on_sale", "is_adjusted")


def lock_sessions(sessions: Iterable[Session]) -> dict[uuid.UUID, Session]:
    """Lock sessions in the order of their keys, and note what others have written in the meantime.

    Returns them by key; one that is gone is left out. The lock is the runner's (FOR NO KEY UPDATE).
    """
    by_key = {session.pk: session for session in sessions}
    if not by_key:
        return {}
    rows = Session.objects.filter(pk__in=by_key).order_by("pk").select_for_update(no_key=True)
    locked = {}
    for key, *values in rows.values_list("pk", *_OTHERS_WRITE):
        locked[key] = by_key[key]
        vars(locked[key]).update(zip(_OTHERS_WRITE, values, strict=True))
    return locked


def alter(alterations: Sequence[Alteration]) -> None:
    """Make sessions as they are wanted, and put them on sale."""
    if not alterations:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE catalog_session AS s
            SET starts_at = w.starts_at, ends_at = w.ends_at, capacity = w.capacity,
                seat_plan_id = w.seat_plan_id, is_on_sale = true
            FROM unnest(%s::uuid[], %s::timestamptz[], %s::timestamptz[], %s::integer[],
                %s::uuid[]) AS w(id, starts_at, ends_at, capacity, seat_plan_id)
            WHERE s.id = w.id
            """,
            [
                [one.session.pk for one in alterations],
                [one.wanted.starts_at for one in alterations],
                [one.wanted.ends_at for one in alterations],
                [one.wanted.capacity for one in alterations],
                [one.wanted.seat_plan_id for one in alterations],
            ],
        )


def create(creations: Sequence[Creation]) -> None:
    """Make sessions; one that somebody else has just made stays as it is."""
    if not creations:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO catalog_session (id, attraction_id, date, time, starts_at, ends_at,
                capacity, seat_plan_id, held, sold, is_on_sale, is_adjusted)
            SELECT w.*, 0, 0, true, false
            FROM unnest(%s::uuid[], %s::uuid[], %s::date[], %s::time[], %s::timestamptz[],
                %s::timestamptz[], %s::integer[], %s::uuid[]) AS w
            ON CONFLICT ON CONSTRAINT session_once_per_time DO NOTHING
            """,
            [
                [time_ordered_uuid() for _ in creations],
                [one.attraction.pk for one in creations],
                [one.wanted.date for one in creations],
                [one.wanted.time for one in creations],
                [one.wanted.starts_at for one in creations],
                [one.wanted.ends_at for one in creations],
                [one.wanted.capacity for one in creations],
                [one.wanted.seat_plan_id for one in creations],
            ],
        )


def take_off_sale(sessions: Sequence[Session]) -> None:
    """Sell no more places of sessions."""
    if sessions:
        keys = [session.pk for session in sessions]
        Session.objects.filter(pk__in=keys).update(is_on_sale=False)


def remove(sessions: Sequence[Session]) -> None:
    """Delete locked sessions that nobody has a place of, with the counts of their allotments."""
    if not sessions:
        return
    keys = [session.pk for session in sessions]
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM catalog_allotmentuse WHERE session_id = ANY(%s)", [keys])
        cursor.execute("DELETE FROM catalog_session WHERE id = ANY(%s)", [keys])
