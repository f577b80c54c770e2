"""Issuing orders that wait together with the one whose turn it is; alone where none waits.

The worker that has an order's job takes over jobs of others as if it had fetched them: they are
Doing and bear its number, so that they are handed on like any job of a worker that has died. What
keeps an order from being issued with others costs these nothing: all go back, to be issued alone.
"""

from __future__ import annotations

import datetime
import logging
import time
import uuid
from collections.abc import Callable, Mapping

from django.conf import settings
from django.db import DatabaseError, close_old_connections, connection
from procrastinate.jobs import Job

from catalog.magic import MAGIC
from channel_manager.lib.database import DATABASE_AWAY
from orders.issuance import issue_order, issue_together
from orders.queueing import ISSUE_TASK

# Together they are one transaction, which is not to last.
_MOST_WALLETS = 500
# How many of those that wait are looked at, for each that is issued: they may be none like most.
_LOOKED_AT = 4
# Between two attempts to give jobs back, while the database is away.
_PAUSE_SECONDS = 0.5
_log = logging.getLogger(__name__)

_IS_ANY_WAITING = """
SELECT EXISTS (
    SELECT 1 FROM procrastinate_jobs
    WHERE status = 'todo' AND task_name = %(task)s AND attempts = 0
        AND (scheduled_at IS NULL OR scheduled_at <= now())
)
"""
# Of an order that is issued like most: nobody else issues any of it, nothing of it is unresolved,
# it plays no fault, and no asset is there more than a few times. Its status is looked at last: by
# the index of what is in flight each would be looked for among all that wait.
_LIKE_MOST = """
SELECT l.order_id, sum(CASE WHEN l.is_group THEN 1 ELSE l.quantity END) AS wallets
FROM orders_order o JOIN orders_orderline l ON l.order_id = o.id
WHERE o.id = (j.args ->> 'order_id')::uuid
GROUP BY l.order_id
HAVING bool_and(
    o.status = 'Submitted'
    AND l.unresolved_cause = ''
    AND (l.plan @@ '$[*].isOutside == true || $[*].units > 20') IS NOT TRUE
    AND NOT (o.test_mode AND l.item_number = ANY(%(magic)s))
)
"""
_TAKE_OVER = f"""
WITH first AS (
    SELECT id FROM procrastinate_jobs
    WHERE status = 'todo' AND task_name = %(task)s AND attempts = 0 AND lock IS NULL
        AND (scheduled_at IS NULL OR scheduled_at <= now())
    ORDER BY priority DESC, id LIMIT %(looked_at)s
), waiting AS (
    SELECT j.id, one.order_id, one.wallets
    FROM first JOIN procrastinate_jobs j ON j.id = first.id
        CROSS JOIN LATERAL ({_LIKE_MOST}) one
    WHERE j.status = 'todo' AND j.attempts = 0
    ORDER BY j.priority DESC, j.id LIMIT %(most)s
    FOR UPDATE OF j SKIP LOCKED
), few AS (
    SELECT id, order_id FROM (
        SELECT id, order_id, sum(wallets) OVER (ORDER BY id) AS wallets FROM waiting
    ) counted WHERE wallets <= %(wallets)s
), taken AS (
    UPDATE procrastinate_jobs j SET status = 'doing', worker_id = %(worker)s
    FROM few WHERE j.id = few.id RETURNING j.id, few.order_id
)
SELECT id, order_id FROM taken
UNION ALL
SELECT j.id, one.order_id FROM procrastinate_jobs j CROSS JOIN LATERAL ({_LIKE_MOST}) one
WHERE j.id = %(own)s AND one.wallets <= %(wallets)s
"""  # noqa: S608 - only names and constants are put in
_FINISH = """
DELETE FROM procrastinate_jobs
WHERE id = ANY(%(jobs)s) AND status = 'doing' AND worker_id = %(worker)s
"""
_GIVE_BACK = """
SELECT procrastinate_retry_job_v2(ours.id, NULL, NULL, NULL, NULL) FROM (
    SELECT id FROM procrastinate_jobs
    WHERE id = ANY(%(jobs)s) AND status = 'doing' AND worker_id = %(worker)s
    ORDER BY id FOR UPDATE
) ours
"""


def issue(*, job: Job, order_id: uuid.UUID, clock: Callable[[], datetime.datetime]) -> None:
    """Issue the order of a job, together with others that wait; raises as `issue_order`."""
    if job.attempts or job.id not in _issue_with_others(job, clock):
        issue_order(order_id=order_id, clock=clock, failures=job.attempts)


def _issue_with_others(job: Job, clock: Callable[[], datetime.datetime]) -> Mapping[int, uuid.UUID]:
    """Issue orders that wait, if any, all or none; return those that have settled, by job: ours, too."""
    orders = _take_over(job)
    others = [key for key in orders if key != job.id]
    if not others:
        return {}
    try:
        issue_together(
            order_ids=sorted(orders.values()),
            clock=clock,
            beside=lambda: _execute(_FINISH, job, others),
        )
    except Exception:
        _log.warning("%s orders are issued alone, not together", len(orders), exc_info=True)
        _give_back(job, others)
        return {}
    return orders


def _take_over(job: Job) -> Mapping[int, uuid.UUID]:
    """Take over jobs that wait; return the orders to be issued together, by job: ours, too."""
    if settings.ISSUED_TOGETHER < 2 or job.worker_id is None:
        return {}
    values = {
        "task": ISSUE_TASK,
        "magic": list(MAGIC),
        "most": settings.ISSUED_TOGETHER - 1,
        "looked_at": _LOOKED_AT * settings.ISSUED_TOGETHER,
        "wallets": _MOST_WALLETS,
        "worker": job.worker_id,
        "own": job.id,
    }
    try:
        with connection.cursor() as cursor:
            cursor.execute(_IS_ANY_WAITING, values)
            if cursor.fetchone() != (True,):
                return {}
            cursor.execute(_TAKE_OVER, values)
            return dict(cursor.fetchall())
    except DatabaseError:
        _log.warning("No jobs were taken over", exc_info=True)
        return {}


def _give_back(job: Job, taken: list[int]) -> None:
    """Let jobs wait again, as tried once: whoever gets one issues its order alone.

    However long the database is away, as how a job ended is written down (`lib/jobs.py`): they would
    be our living worker's for ever.
    """
    while True:
        try:
            return _execute(_GIVE_BACK, job, taken)
        except DATABASE_AWAY as fault:
            _log.warning("Jobs that were taken over cannot be given back yet: %s", fault)
        time.sleep(_PAUSE_SECONDS)
        close_old_connections()


def _execute(sql: str, job: Job, taken: list[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, {"jobs": taken, "worker": job.worker_id})
