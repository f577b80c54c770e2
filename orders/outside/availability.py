"""Asking outside systems what is left of what they issue for us, when somebody wants to know.

At most one question for an outside session in its connection's `availability_seconds`, and rarer
while it does not answer. Nothing is asked within a transaction.
"""

from __future__ import annotations

import datetime
import logging
import uuid
from collections.abc import Callable, Iterable, Mapping

from django.db import connection as database
from django.db import transaction

from catalog.models import Connection, OutsidePlaces
from orders.queueing import enqueue_asking
from wallets.connectors.base import ConnectorError, PlacesThere, UnsupportedByPartner
from wallets.connectors.registry import CONNECTORS, connector_of

Clock = Callable[[], datetime.datetime]
# So many outside sessions are asked about in one run, those first that wait longest.
AT_A_TIME = 40
# After a failure so many seconds, and twice as many after each further one, up to an hour.
FIRST_WAIT, LONGEST_WAIT = 60, 3600
_log = logging.getLogger(__name__)

# Due is a session that somebody wants to know of since it was told, which was not asked about too
# short a while ago. All its rows are claimed together: one answer has all of them.
_CLAIM = """
    WITH due AS (
        SELECT p.connection_id, p.outside_session
        FROM catalog_outsideplaces p JOIN catalog_connection n ON n.id = p.connection_id
        WHERE n.is_active AND n.system = ANY(%(systems)s)
        GROUP BY p.connection_id, p.outside_session, n.availability_seconds
        HAVING bool_or(p.told_at IS NULL OR p.asked_at > p.told_at)
            AND coalesce(max(p.tried_at) + make_interval(secs => greatest(
                n.availability_seconds,
                CASE WHEN max(p.failures) > 0 THEN
                    least(%(longest)s, %(first)s * 2 ^ least(max(p.failures) - 1, 10))
                ELSE 0 END
            )) <= %(now)s, TRUE)
        ORDER BY min(p.asked_at) LIMIT %(most)s
    )
    UPDATE catalog_outsideplaces p SET tried_at = %(now)s WHERE p.id IN (
        SELECT own.id FROM catalog_outsideplaces own
        JOIN due ON due.connection_id = own.connection_id
            AND due.outside_session = own.outside_session
        FOR UPDATE OF own SKIP LOCKED
    )
    RETURNING p.connection_id, p.outside_session
"""


def ask_due(*, now: datetime.datetime) -> int:
    """Enqueue a question for each outside session that is due; return how many."""
    systems = [name for name, one in CONNECTORS.items() if one.capabilities.availability]
    with transaction.atomic(), database.cursor() as cursor:
        cursor.execute(
            _CLAIM,
            {
                "systems": systems,
                "now": now,
                "first": FIRST_WAIT,
                "longest": LONGEST_WAIT,
                "most": AT_A_TIME,
            },
        )
        due = set(cursor.fetchall())
        for connection_id, outside_session in sorted(due):
            enqueue_asking(connection_id, outside_session)
    return len(due)


def ask_places(*, connection_id: uuid.UUID, outside_session: str, clock: Clock) -> None:
    """Ask an outside system what is left of one of its sessions, and keep what it tells.

    What it does not tell is kept with the reason, and asked again later. No transaction may be open.
    """
    connection = Connection.objects.filter(pk=connection_id, is_active=True).first()
    if connection is None:
        return
    try:
        told = connector_of(connection).ask_places(connection, outside_session)
    except (ConnectorError, UnsupportedByPartner) as error:
        _log.warning("%s did not tell what is left of %s: %s", connection, outside_session, error)
        _keep_failure(connection, outside_session, str(error), now=clock())
        return
    _keep(connection, outside_session, told, now=clock())


def _keep(
    connection: Connection,
    outside_session: str,
    told: Iterable[PlacesThere],
    *,
    now: datetime.datetime,
) -> None:
    """Keep what was told of each item we sell; nobody knows of an item that was left out."""
    left: Mapping[str, int | None] = {
        one.outside_item: one.left for one in told if one.outside_session == outside_session
    }
    with transaction.atomic():
        for row in _lock(connection, outside_session):
            count = left.get(row.outside_item)
            row.left = None if count is None else max(count, 0)
            row.told_at, row.failures, row.message = now, 0, ""
            row.save(update_fields=["left", "told_at", "failures", "message"])


def _keep_failure(
    connection: Connection, outside_session: str, message: str, *, now: datetime.datetime
) -> None:
    with transaction.atomic():
        for row in _lock(connection, outside_session):
            row.failures = min(row.failures + 1, 1000)
            row.tried_at, row.message = now, message[:300]
            row.save(update_fields=["failures", "tried_at", "message"])


def _lock(connection: Connection, outside_session: str) -> list[OutsidePlaces]:
    rows = OutsidePlaces.objects.filter(connection=connection, outside_session=outside_session)
    return list(rows.select_for_update().order_by("outside_item"))
