"""Asking outside systems what is left of what they issue for us, when somebody wants to know.

At most one question for an outside session in its connection's `availability_seconds`, one at a time
for each connection, and rarer while it does not answer. Nothing is asked within a transaction.
"""

from __future__ import annotations

import datetime
import logging
import uuid
from collections.abc import Callable, Iterable, Mapping

from django.db import connection as database
from django.db import transaction
from django.db.models import F, Q

from catalog.models import Connection, OutsidePlaces
from orders.queueing import enqueue_asking
from wallets.connectors.base import Cause, ConnectorError, PlacesThere, UnsupportedByPartner
from wallets.connectors.registry import CONNECTORS, connector_of

Clock = Callable[[], datetime.datetime]
# So many connections are asked in one run, those first for which somebody waits longest.
AT_A_TIME = 40
# After a failure so many seconds, and twice as many after each further one, up to an hour.
FIRST_WAIT, LONGEST_WAIT = 60, 3600
# Nobody is kept from selling by a question: a system that takes longer is away.
READ_SECONDS = 5
# What it refuses or cannot tell is an answer about one session; all else puts off the connection.
_ANSWERS = (Cause.REFUSED,)
_log = logging.getLogger(__name__)

# Due is a session that somebody wants to know of since it was told, which was not asked about too
# short a while ago. A connection is asked one question at a time: while one is not answered yet, or
# for a while after one was not, it is put off with all its sessions. All rows of a session are
# claimed together: one answer has all of them. Of two runs at once, the second claims nothing.
_CLAIM = """
    WITH put_off AS (
        SELECT p.connection_id FROM catalog_outsideplaces p
        WHERE p.tried_at IS NOT NULL AND (p.told_at IS NULL OR p.told_at < p.tried_at)
        GROUP BY p.connection_id
        HAVING max(p.tried_at) + make_interval(secs => least(
            %(longest)s, %(first)s * 2 ^ least(greatest(max(p.failures) - 1, 0), 10)
        )) > %(now)s
    ), wanted AS (
        SELECT DISTINCT ON (p.connection_id) p.connection_id, p.outside_session,
            min(p.asked_at) AS since, max(p.tried_at) AS tried_at
        FROM catalog_outsideplaces p JOIN catalog_connection n ON n.id = p.connection_id
        WHERE n.is_active AND n.system = ANY(%(systems)s)
            AND n.id NOT IN (SELECT connection_id FROM put_off)
        GROUP BY p.connection_id, p.outside_session, n.availability_seconds
        HAVING bool_or(p.told_at IS NULL OR p.asked_at > p.told_at)
            AND coalesce(max(p.tried_at) + make_interval(secs => greatest(
                n.availability_seconds,
                CASE WHEN max(p.failures) > 0 THEN
                    least(%(longest)s, %(first)s * 2 ^ least(max(p.failures) - 1, 10))
                ELSE 0 END
            )) <= %(now)s, TRUE)
        ORDER BY p.connection_id, max(p.tried_at) NULLS FIRST, min(p.asked_at), p.outside_session
    ), due AS (SELECT * FROM wanted ORDER BY since LIMIT %(most)s)
    UPDATE catalog_outsideplaces p SET tried_at = %(now)s WHERE p.id IN (
        SELECT own.id FROM catalog_outsideplaces own
        JOIN due ON due.connection_id = own.connection_id
            AND due.outside_session = own.outside_session
        WHERE own.tried_at IS NULL OR own.tried_at <= due.tried_at
        FOR UPDATE OF own SKIP LOCKED
    )
    RETURNING p.connection_id, p.outside_session
"""


def ask_due(*, now: datetime.datetime) -> int:
    """Enqueue a question at each connection of which somebody waits for one; return how many."""
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
    # The row in hand only, which nobody saves.
    connection.read_seconds = min(connection.read_seconds, READ_SECONDS)
    try:
        told = connector_of(connection).ask_places(connection, outside_session)
    except (ConnectorError, UnsupportedByPartner) as error:
        _log.warning("%s did not tell what is left of %s: %s", connection, outside_session, error)
        if not _keep_failure(connection, outside_session, error, now=clock()):
            return
    else:
        _keep(connection, outside_session, told, now=clock())
    ask_due(now=clock())


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
        rows = _lock(connection, outside_session)
        for row in rows:
            count = left.get(row.outside_item)
            row.left = None if count is None else max(count, 0)
            row.told_at, row.failures, row.message = now, 0, ""
            row.save(update_fields=["left", "told_at", "failures", "message"])
        _forgive(connection, outside_session)


def _keep_failure(
    connection: Connection,
    outside_session: str,
    error: ConnectorError | UnsupportedByPartner,
    *,
    now: datetime.datetime,
) -> bool:
    """Keep why it did not tell; return whether it has answered, if only of this session."""
    has_answered = isinstance(error, UnsupportedByPartner) or error.cause in _ANSWERS
    with transaction.atomic():
        rows = _lock(connection, outside_session)
        before = rows if has_answered else _failing(connection) | set(rows)
        failures = min(max((row.failures for row in before), default=0) + 1, 1000)
        for row in rows:
            row.failures, row.tried_at, row.message = failures, now, str(error)[:300]
            if has_answered:
                row.left, row.told_at = None, now
            row.save(update_fields=["failures", "tried_at", "message", "left", "told_at"])
        if has_answered:
            _forgive(connection, outside_session)
    return has_answered


def _failing(connection: Connection) -> set[OutsidePlaces]:
    """Return the rows for which a connection was asked in vain."""
    rows = OutsidePlaces.objects.filter(connection=connection, failures__gt=0)
    return set(rows.filter(Q(told_at=None) | Q(told_at__lt=F("tried_at"))))


def _forgive(connection: Connection, outside_session: str) -> None:
    """Count anew how often a connection fails: it has answered."""
    others = [row for row in _failing(connection) if row.outside_session != outside_session]
    # Nobody else writes them: a connection is asked one question at a time.
    OutsidePlaces.objects.filter(pk__in=[row.pk for row in others]).update(failures=0)


def _lock(connection: Connection, outside_session: str) -> list[OutsidePlaces]:
    rows = OutsidePlaces.objects.filter(connection=connection, outside_session=outside_session)
    return list(rows.select_for_update().order_by("outside_item"))
