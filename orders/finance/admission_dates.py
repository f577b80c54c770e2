"""Dating what counts by admission: an entry's day is filled in once its line was admitted."""

from __future__ import annotations

import datetime

from django.conf import settings
from django.db import connection, transaction

_AT_ONCE = 2000
# A day is filled in hours after its admission. The worker that does it issues the orders, too: it is
# never away for long.
_LOOKED_BACK = datetime.timedelta(days=31)
# What somebody reverses at this moment is skipped: the next run has it. Each line counts on the day
# of the first of all its admissions, also those of tickets that were replaced since.
_DATE = """
WITH admitted AS (
    SELECT DISTINCT w.line_id
    FROM wallets_scan s
    JOIN wallets_asset a ON a.id = s.asset_id
    JOIN wallets_wallet w ON w.id = a.wallet_id
    WHERE s.at >= %(since)s AND s.at <= %(until)s AND s.admitted AND s.undone_at IS NULL
        AND EXISTS (
            SELECT 1 FROM orders_ledgerentry e
            WHERE e.line_id = w.line_id AND e.accounting_date IS NULL
        )
), counting AS (
    SELECT e.id, (first.at AT TIME ZONE v.timezone)::date AS day
    FROM admitted
    JOIN orders_ledgerentry e ON e.line_id = admitted.line_id AND e.accounting_date IS NULL
    JOIN partners_venue v ON v.id = e.venue_id
    CROSS JOIN LATERAL (
        SELECT min(s.at) AS at
        FROM wallets_wallet w
        JOIN wallets_asset a ON a.wallet_id = w.id
        JOIN wallets_scan s ON s.asset_id = a.id
        WHERE w.line_id = e.line_id AND s.admitted AND s.undone_at IS NULL
    ) AS first
    WHERE first.at <= %(until)s
        AND (first.at AT TIME ZONE v.timezone)::date < (%(now)s AT TIME ZONE v.timezone)::date
    ORDER BY e.id
    LIMIT %(at_once)s
    FOR NO KEY UPDATE OF e SKIP LOCKED
)
UPDATE orders_ledgerentry e SET accounting_date = counting.day
FROM counting WHERE counting.id = e.id
"""


def date_admitted(*, now: datetime.datetime) -> int:
    """Fill in the day of entries whose lines were admitted for the first time; return how many.

    The day is over on the venue's clock, and the admission can no longer be undone: what was undone
    before has not happened. Safe when two run at once: each entry is dated by one of them. Several
    transactions of a few thousand entries each.
    """
    asked: dict[str, datetime.datetime | int] = {
        "now": now,
        "since": now - _LOOKED_BACK,
        "until": now - datetime.timedelta(seconds=settings.GATE_UNDO_SECONDS),
        "at_once": _AT_ONCE,
    }
    dated = 0
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_DATE, asked)
            found = int(cursor.rowcount)
        dated += found
        if found < _AT_ONCE:
            return dated
