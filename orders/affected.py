"""Which orders a closed day touches, found by index in a table of any size; tests are none."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import uuid
from decimal import Decimal
from typing import Any

from django.db import connection

from catalog.closing import Day

# A line is touched when one of its components is still to be visited that day (in one of the
# sessions, where only an attraction is closed), when it has places of those sessions, or when it
# waits to be resolved and was asked for that day. The candidates are found by three indexes.
_ALL_CANDIDATES = """
        SELECT id FROM orders_orderline WHERE visit_date = %(date)s
        UNION
        SELECT id FROM orders_orderline
        WHERE component_schedule @> %(schedule)s::jsonb AND NOT (component_schedule = '[]'::jsonb)
        UNION
        SELECT line_id FROM orders_allocation
        WHERE session_id = ANY(%(sessions)s::uuid[]) AND line_id IS NOT NULL
"""
_OF_ONE_ORDER = "SELECT id FROM orders_orderline WHERE order_id = %(order)s"
_AFFECTED = """
    affected AS (
        SELECT l.id, l.order_id, planned.is_nothing_else,
            coalesce(planned.guests, 1) * sold.wallets AS guests
        FROM candidate c
        JOIN orders_orderline l ON l.id = c.id
        CROSS JOIN LATERAL (
            SELECT CASE WHEN l.is_group THEN 1 ELSE l.quantity END - cardinality(l.cancelled)
                AS wallets
        ) AS sold
        JOIN orders_order o ON o.id = l.order_id
        CROSS JOIN LATERAL (
            SELECT max((e ->> 'units')::integer * (e ->> 'admissions')::integer)
                    FILTER (WHERE e ->> 'type' = 'ticket') AS guests,
                bool_or(is_then) AS is_that_day,
                bool_and(is_then) AS is_nothing_else
            FROM jsonb_array_elements(l.plan) AS e
            CROSS JOIN LATERAL (
                SELECT coalesce(
                    e ->> 'visitDate' = %(day)s
                    AND (e ->> 'validUntil')::timestamptz > %(now)s
                    AND (NOT %(is_partial)s OR e ->> 'sessionId' = ANY(%(sessions)s::text[])),
                    FALSE
                ) AS is_then
            ) AS judged
        ) AS planned
        WHERE o.venue_id = %(venue)s AND o.status <> 'Cancelled' AND NOT o.test_mode
            AND sold.wallets > 0
            AND (
                planned.is_that_day
                OR (NOT %(is_partial)s AND l.unresolved_cause <> ''
                    AND (l.visit_date = %(date)s OR l.component_schedule @> %(schedule)s::jsonb))
                OR EXISTS (SELECT 1 FROM orders_allocation a
                    WHERE a.line_id = l.id AND a.session_id = ANY(%(sessions)s::uuid[]))
            )
    ),
    entered AS (
        SELECT w.order_id, coalesce(bool_or(a.visit_date = %(date)s), FALSE) AS on_that_day
        FROM wallets_wallet w
        JOIN wallets_asset a ON a.wallet_id = w.id AND a.admitted > 0 AND a.status <> 'Destroyed'
        WHERE w.order_id IN (SELECT order_id FROM affected)
        GROUP BY w.order_id
    )
"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Share:
    """What one partner has sold of a day, in orders of one status; money of the whole orders."""

    partner: str
    status: str
    orders: int
    guests: int
    total_incl_vat: Decimal


@dataclasses.dataclass(frozen=True, kw_only=True)
class Entered:
    """An order that guests have entered with: it cannot be cancelled.

    on_that_day: with a ticket of the closed day, so that it cannot be moved either.
    """

    order_id: uuid.UUID
    number: str
    status: str
    total_incl_vat: Decimal
    on_that_day: bool


@dataclasses.dataclass(frozen=True, kw_only=True)
class Affected:
    """The orders that closing a day touches, asked as of one moment.

    The moment is that of the closing: what was over by then is left alone.
    """

    day: Day
    now: datetime.datetime

    def orders(self) -> list[tuple[uuid.UUID, str]]:
        """Return their ids and document numbers, in the order in which they were taken."""
        return self._rows("""
            SELECT o.id, o.buy_from_order_reference FROM orders_order o
            WHERE o.id IN (SELECT order_id FROM affected) ORDER BY o.id
        """)

    def includes(self, order_id: uuid.UUID) -> bool:
        """Tell whether an order is still among them."""
        return bool(self._rows("SELECT 1 FROM affected LIMIT 1", order=order_id))

    def shares(self) -> list[Share]:
        """Return how much each partner has sold, by status."""
        rows = self._rows("""
            SELECT p.name, o.status, count(*)::integer, sum(mine.guests)::integer,
                coalesce(sum(o.total_incl_vat), 0)
            FROM (SELECT order_id, sum(guests) AS guests FROM affected GROUP BY order_id) AS mine
            JOIN orders_order o ON o.id = mine.order_id
            JOIN partners_partner p ON p.id = o.partner_id
            GROUP BY p.id, o.status ORDER BY p.name, p.id, o.status
        """)
        return [
            Share(partner=name, status=status, orders=orders, guests=guests, total_incl_vat=total)
            for name, status, orders, guests, total in rows
        ]

    def entered(self) -> list[Entered]:
        """Return the orders that somebody has entered with, in the order in which they were taken."""
        rows = self._rows("""
            SELECT o.id, o.buy_from_order_reference, o.status, coalesce(o.total_incl_vat, 0),
                entered.on_that_day
            FROM entered JOIN orders_order o ON o.id = entered.order_id ORDER BY o.id
        """)
        return [
            Entered(
                order_id=key, number=number, status=status, total_incl_vat=total, on_that_day=on
            )
            for key, number, status, total, on in rows
        ]

    def elsewhere(self) -> list[uuid.UUID]:
        """Return the orders that another system has issued for that day: they cannot be moved."""
        rows = self._rows("""
            SELECT DISTINCT l.order_id
            FROM orders_orderline l
            JOIN wallets_outsideorder r ON r.order_key = l.order_id AND r.is_current
                AND r.status IN ('Open', 'Made', 'Unknown')
            WHERE l.order_id IN (SELECT order_id FROM affected) AND jsonb_path_exists(
                l.plan, '$[*] ? (@.visitDate == $day && @.isOutside == true)',
                jsonb_build_object('day', %(day)s::text))
        """)
        return [row[0] for row in rows]

    def with_other_visits(self) -> int:
        """Return how many of the orders hold something besides what is closed.

        Those that somebody has entered with are left out: they are not cancelled.
        """
        rows = self._rows("""
            SELECT count(DISTINCT l.order_id)::integer
            FROM orders_orderline l LEFT JOIN affected ON affected.id = l.id
            WHERE l.order_id IN (
                    SELECT order_id FROM affected EXCEPT SELECT order_id FROM entered
                )
                AND l.plan <> '[]'::jsonb AND NOT coalesce(affected.is_nothing_else, FALSE)
                AND cardinality(l.cancelled) < CASE WHEN l.is_group THEN 1 ELSE l.quantity END
        """)
        return int(rows[0][0])

    def places(self) -> list[tuple[uuid.UUID, datetime.time | None, int]]:
        """Return how many places the orders that move have that day: by attraction and time.

        Those of other attractions are counted, too: every visit of the day moves.
        """
        return self._rows(
            """
            SELECT s.attraction_id, s.time, sum(a.quantity)::integer
            FROM orders_allocation a
            JOIN orders_orderline l ON l.id = a.line_id
            JOIN catalog_session s ON s.id = a.session_id
            WHERE s.date = %(date)s AND l.order_id IN (
                    SELECT order_id FROM affected
                    EXCEPT SELECT order_id FROM entered WHERE on_that_day
                )
            GROUP BY s.attraction_id, s.time ORDER BY s.attraction_id, s.time
            """
        )

    @functools.cached_property
    def _sessions(self) -> list[uuid.UUID]:
        return [session.pk for session in self.day.sessions(self.now)]

    def _rows(self, query: str, *, order: uuid.UUID | None = None) -> list[Any]:
        candidates = _OF_ONE_ORDER if order else _ALL_CANDIDATES
        day = self.day.date.isoformat()
        with connection.cursor() as cursor:
            cursor.execute(
                f"WITH candidate AS ({candidates}), {_AFFECTED} {query}",
                {
                    "date": self.day.date,
                    "day": day,
                    "schedule": f'[{{"visitDate": "{day}"}}]',
                    "sessions": self._sessions,
                    "venue": self.day.venue.pk,
                    "is_partial": self.day.attraction is not None,
                    "now": self.now,
                    "order": order,
                },
            )
            rows: list[Any] = cursor.fetchall()
            return rows
