"""What the database says of work that waits and work that failed, in seven statements.

They read partial indexes, small tables, and what is counted up to a limit: with a million orders
they cost what they cost with none.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection

from catalog.models.connection import System
from channel_manager.lib.meters import Meter
from channel_manager.lib.queues import QUEUES
from channel_manager.workers import read_signs
from orders.models.order import IN_FLIGHT
from wallets.models import CallEffect

MODES = ("live", "test")
# Nobody counts further than this at one endpoint, nor events that wait for their number.
MOST_COUNTED = 10_000
# Calls to outside systems are told of as far back as this, in seconds.
RECENT = 300
_Values = dict[tuple[str, ...], float | None]


class _InFlight(NamedTuple):
    status: str
    orders: int = 0
    age: float = 0


class _Jobs(NamedTuple):
    kind: str
    queue: str
    jobs: int
    age: float | None


class _Endpoints(NamedTuple):
    """Of one mode: deliveries, for how many seconds the oldest has been due, endpoints by state."""

    mode: str
    waiting: int = 0
    failed: int = 0
    age: float | None = 0
    active: int = 0
    failing: int = 0
    paused: int = 0
    off: int = 0


class _Calls(NamedTuple):
    system: str
    effect: str
    calls: int


IN_FLIGHT_ORDERS = Meter("orders_in_flight", "Orders that are being worked on.", ("status",))
IN_FLIGHT_AGE = Meter(
    "orders_oldest_in_flight_seconds",
    "How long the order that stands longest in a status has stood there; 0: none does.",
    ("status",),
)
FAILED_ORDERS = Meter(
    "orders_failed", "Orders in Error, by the code of why.", ("failure_code", "mode")
)
JOBS_WAITING = Meter("jobs_waiting", "Background jobs that are due and not begun.", ("queue",))
JOBS_AGE = Meter(
    "jobs_oldest_waiting_seconds",
    "For how long the oldest of them has been due; 0: none is.",
    ("queue",),
)
JOBS_RUNNING = Meter("jobs_running", "Background jobs that a worker has begun.", ("queue",))
HEARTBEAT = Meter(
    "worker_heartbeat_age_seconds", "When any worker was last heard of; absent: there is none."
)
REGULAR_WORK = Meter(
    "worker_regular_work_age_seconds",
    "When work that is due every few seconds was last begun; absent: never.",
)
WEBHOOKS_WAITING = Meter(
    "webhook_deliveries_waiting",
    "Deliveries that wait for their next attempt, 10,000 of each endpoint at most.",
    ("mode",),
)
WEBHOOKS_FAILED = Meter(
    "webhook_deliveries_failed",
    "Deliveries that were given up and are kept, 10,000 of each endpoint at most.",
    ("mode",),
)
WEBHOOKS_AGE = Meter(
    "webhook_oldest_due_seconds",
    "For how long the oldest delivery to an active endpoint has been due; 0: none is.",
    ("mode",),
)
ENDPOINTS = Meter(
    "webhook_endpoints",
    "Webhook endpoints by state; an active one whose last attempt failed is failing.",
    ("state", "mode"),
)
CALLS = Meter(
    "outside_calls_recent",
    "Calls to other systems that ended within five minutes, by what they did there.",
    ("system", "effect"),
)
_SINGLE: Mapping[Meter, str] = {
    Meter("workers", "Workers that are not taken for dead."): """
        SELECT count(*) FROM procrastinate_workers
        WHERE last_heartbeat > now() - make_interval(secs => %(silence)s)""",
    Meter("webhook_events_total", "Events that were numbered for webhooks and the feed."): """
        SELECT coalesce(max(last_position), 0) FROM partners_eventsequence""",
    Meter("webhook_events_unnumbered", "Events that wait for their number, 10,000 at most."): """
        SELECT count(*) FROM (
            SELECT FROM partners_webhookevent WHERE position IS NULL LIMIT %(most)s) AS counted""",
    Meter("outside_orders_unknown", "Orders at other systems whose outcome nobody knows."): """
        SELECT count(*) FROM wallets_outsideorder WHERE status = 'Unknown'""",
    Meter("outside_orders_left", "Orders that a person has to cancel at another system."): """
        SELECT count(*) FROM wallets_outsideorder WHERE status = 'Left'""",
    Meter("outside_orders_ending", "Orders that are being cancelled at other systems."): """
        SELECT count(*) FROM wallets_outsideorder WHERE status = 'Ending'""",
    Meter("outside_orders_oldest_unknown_seconds", "For how long; 0: there is none."): """
        SELECT coalesce(EXTRACT(EPOCH FROM now() - min(status_since)), 0)
        FROM wallets_outsideorder WHERE status = 'Unknown'""",
    Meter("outside_tickets_left", "Tickets that a person has to cancel at another system."): """
        SELECT count(*) FROM wallets_outsideticket WHERE status = 'Left'""",
    Meter("checkouts_paid_late", "Live checkouts paid for when their places were gone."): """
        SELECT count(*) FROM orders_checkout c
        JOIN partners_storefront s ON s.id = c.storefront_id
        WHERE c.status = 'PaidLate' AND NOT s.test_mode""",
    Meter("holds", "Holds that keep places."): """
        SELECT count(*) FROM orders_hold WHERE status = 'Held'""",
    Meter(
        "holds_oldest_overdue_seconds", "How long a hold has outlived its time; 0: none has."
    ): """
        SELECT greatest(0, EXTRACT(EPOCH FROM now() - min(expires_at)))
        FROM orders_hold WHERE status = 'Held'""",
    Meter("sessions_sold_out", "Sessions on sale within a week without a place left."): """
        SELECT count(*) FROM catalog_session
        WHERE date BETWEEN current_date AND current_date + 6
          AND is_on_sale AND held + sold = capacity""",
    Meter("database_connections", "Connections to the database, everybody's."): """
        SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()""",
    Meter("database_connections_allowed", "What max_connections of the server says."): """
        SELECT current_setting('max_connections')::int""",
}
METERS = (
    *(IN_FLIGHT_ORDERS, IN_FLIGHT_AGE, FAILED_ORDERS, JOBS_WAITING, JOBS_AGE, JOBS_RUNNING),
    *(HEARTBEAT, REGULAR_WORK, WEBHOOKS_WAITING, WEBHOOKS_FAILED, WEBHOOKS_AGE, ENDPOINTS),
    *(CALLS, *_SINGLE),
)
_IN_FLIGHT_SQL = """
SELECT status, count(*), EXTRACT(EPOCH FROM now() - min(status_since))
FROM orders_order WHERE status IN ('Submitted', 'Scheduled', 'Processing') GROUP BY status
"""
_FAILED_SQL = """
SELECT failure_code, CASE WHEN test_mode THEN 'test' ELSE 'live' END, count(*)
FROM orders_order WHERE status = 'Error' GROUP BY 1, 2
"""
# A job that was never put off has the moment it was made in its first event only.
_JOBS_SQL = """
WITH due AS (
    SELECT queue_name, count(*) AS jobs, min(scheduled_at) AS put_off,
           min(id) FILTER (WHERE scheduled_at IS NULL) AS oldest
    FROM procrastinate_jobs
    WHERE status = 'todo' AND (scheduled_at IS NULL OR scheduled_at <= now()) GROUP BY queue_name
)
SELECT 'waiting', queue_name, jobs, EXTRACT(EPOCH FROM now() - least(
    put_off, (SELECT min(at) FROM procrastinate_events WHERE job_id = oldest)))
FROM due
UNION ALL
SELECT 'running', queue_name, count(*), 0
FROM procrastinate_jobs WHERE status = 'doing' GROUP BY queue_name
"""
_WEBHOOKS_SQL = """
SELECT CASE WHEN e.test_mode THEN 'test' ELSE 'live' END,
       sum(waiting.deliveries), sum(failed.deliveries),
       greatest(0, max(EXTRACT(EPOCH FROM now() - waiting.due)) FILTER (WHERE e.status = 'Active')),
       count(*) FILTER (WHERE e.status = 'Active' AND e.failing_since IS NULL),
       count(*) FILTER (WHERE e.status = 'Active' AND e.failing_since IS NOT NULL),
       count(*) FILTER (WHERE e.status = 'Paused'),
       count(*) FILTER (WHERE e.status = 'Off')
FROM partners_webhookendpoint e
CROSS JOIN LATERAL (
    SELECT count(*) AS deliveries, min(next_attempt_at) AS due FROM (
        SELECT next_attempt_at FROM partners_webhookdelivery d
        WHERE d.endpoint_id = e.id AND d.status = 'Pending'
        ORDER BY next_attempt_at LIMIT %(most)s) AS counted
) AS waiting
CROSS JOIN LATERAL (
    SELECT count(*) AS deliveries FROM (
        SELECT FROM partners_webhookdelivery d
        WHERE d.endpoint_id = e.id AND d.status = 'Failed' LIMIT %(most)s) AS counted
) AS failed
GROUP BY e.test_mode
"""
# The keys of outcomes begin with the moment they were made at.
_CALLS_SQL = """
SELECT c.system, o.effect, count(*)
FROM wallets_connectoroutcome o
JOIN wallets_connectorcall k ON k.id = o.call_id
JOIN wallets_outsideorder r ON r.id = k.outside_order_id
JOIN catalog_connection c ON c.id = r.connection_id
WHERE o.id >= %(since)s GROUP BY 1, 2
"""


def read_families() -> Iterator[Any]:
    """Read every metric of METERS; raises one of DATABASE_AWAY when the database cannot be asked."""
    yield from _orders()
    yield from _jobs()
    yield from _webhooks()
    signs = read_signs()
    yield HEARTBEAT.family({(): signs.heartbeat})
    yield REGULAR_WORK.family({(): signs.regular_work})
    since = uuid.UUID(int=int((time.time() - RECENT) * 1000) << 80)
    calls: _Values = {
        (system, effect): 0 for system in System.values for effect in CallEffect.values
    }
    found = map(_Calls._make, _rows(_CALLS_SQL, since=since))
    calls.update({(row.system, row.effect): row.calls for row in found})
    yield CALLS.family(calls)
    selected = ", ".join(f"({sql})" for sql in _SINGLE.values())
    values = {"silence": settings.WORKER_SILENCE_SECONDS, "most": MOST_COUNTED}
    (row,) = _rows(f"SELECT {selected}", **values)
    for meter, value in zip(_SINGLE, row, strict=True):
        yield meter.family({(): value})


def _orders() -> Iterator[Any]:
    found = {row.status: row for row in map(_InFlight._make, _rows(_IN_FLIGHT_SQL))}
    rows = [found.get(status.value, _InFlight(status.value)) for status in IN_FLIGHT]
    yield IN_FLIGHT_ORDERS.family({(row.status,): row.orders for row in rows})
    yield IN_FLIGHT_AGE.family({(row.status,): row.age for row in rows})
    yield FAILED_ORDERS.family({(code, mode): count for code, mode, count in _rows(_FAILED_SQL)})


def _jobs() -> Iterator[Any]:
    nothing: _Values = {(queue,): 0 for queue in QUEUES}
    waiting, ages, running = dict(nothing), dict(nothing), dict(nothing)
    for row in map(_Jobs._make, _rows(_JOBS_SQL)):
        if row.kind == "waiting":
            waiting[(row.queue,)], ages[(row.queue,)] = row.jobs, row.age
        else:
            running[(row.queue,)] = row.jobs
    yield JOBS_WAITING.family(waiting)
    yield JOBS_AGE.family(ages)
    yield JOBS_RUNNING.family(running)


def _webhooks() -> Iterator[Any]:
    found = {
        row.mode: row for row in map(_Endpoints._make, _rows(_WEBHOOKS_SQL, most=MOST_COUNTED))
    }
    rows = [found.get(mode, _Endpoints(mode)) for mode in MODES]
    yield WEBHOOKS_WAITING.family({(row.mode,): row.waiting for row in rows})
    yield WEBHOOKS_FAILED.family({(row.mode,): row.failed for row in rows})
    yield WEBHOOKS_AGE.family({(row.mode,): row.age or 0 for row in rows})
    endpoints: _Values = {}
    for row in rows:
        endpoints["active", row.mode] = row.active
        endpoints["failing", row.mode] = row.failing
        endpoints["paused", row.mode] = row.paused
        endpoints["off", row.mode] = row.off
    yield ENDPOINTS.family(endpoints)


def _rows(sql: str, **values: Any) -> Iterable[tuple[Any, ...]]:
    """Return the rows of one statement."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values or None)
        return list(cursor.fetchall())
