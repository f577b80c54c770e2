"""The jobs that issue orders, work off closed days and batches, mail, read statements, write reports."""

import datetime
import uuid
from collections.abc import Mapping

from channel_manager.lib import jobs
from orders.models import Worklist

ISSUE_TASK = "orders.issue_order"
CLEARING_TASK = "orders.clear_day"
BATCH_TASK = "orders.work_off_batch"
MAIL_TASK = "orders.send_mail"
STATEMENT_TASK = "orders.read_statement"
MATCH_TASK = "orders.match_period"
EXPORT_TASK = "orders.write_export"
END_TASK = "orders.end_elsewhere"
PLACES_TASK = "orders.ask_places"
READ_TASK = "orders.read_elsewhere"
NOTIFY_TASK = "orders.notify_of_sandbox_payment"
# By the kind of the worklist.
_TASKS: Mapping[str, str] = {"closure": CLEARING_TASK, "batch": BATCH_TASK}


def enqueue_issuance(order_id: uuid.UUID, *, wait: int = 0) -> int:
    """Enqueue the job that issues an order, in the open transaction; return its id.

    wait: seconds until it begins.
    """
    return jobs.defer(ISSUE_TASK, wait=wait, order_id=str(order_id))


def enqueue_work(worklist: Worklist, *, since: str = "", after: int = 0, wait: int = 0) -> int:
    """Enqueue the job that works off a worklist, in the open transaction; return its id.

    since: when the job first ran, by the database's clock; after: the last row it has seen; wait:
    seconds until it goes on.
    """
    kind = worklist._meta.model_name or ""
    named = {f"{kind}_id": str(worklist.pk)}
    return jobs.defer(
        _TASKS[kind], queue="closing", wait=wait, since=since, after=str(after), **named
    )


def enqueue_mail(mail_id: uuid.UUID) -> int:
    """Enqueue the job that mails a guest, in the open transaction; return its id."""
    return jobs.defer(MAIL_TASK, queue="closing", mail_id=str(mail_id))


def enqueue_statement(statement_id: uuid.UUID) -> int:
    """Enqueue the job that reads a statement, in the open transaction; return its id."""
    return jobs.defer(STATEMENT_TASK, queue="closing", statement_id=str(statement_id))


def enqueue_export(export_id: uuid.UUID) -> int:
    """Enqueue the job that writes a report to a file, in the open transaction; return its id."""
    return jobs.defer(EXPORT_TASK, queue="closing", export_id=str(export_id))


def enqueue_ending(outside_order_id: uuid.UUID, *, wait: int = 0) -> int:
    """Enqueue the job that cancels at an outside system, in the open transaction; return its id.

    wait: seconds until it begins.
    """
    return jobs.defer(END_TASK, queue="closing", wait=wait, outside_order_id=str(outside_order_id))


def enqueue_asking(connection_id: uuid.UUID, outside_session: str) -> int:
    """Enqueue the job that asks an outside system what is left, in the open transaction; return its id."""
    return jobs.defer(
        PLACES_TASK,
        queue="closing",
        connection_id=str(connection_id),
        outside_session=outside_session,
    )


def enqueue_reading(outside_order_id: uuid.UUID, *, since: datetime.datetime, wait: int = 0) -> int:
    """Enqueue the job that reads an outside order back, in the open transaction; return its id.

    since: it need not be read when it was at this moment or later; wait: seconds until it begins.
    """
    return jobs.defer(
        READ_TASK,
        queue="closing",
        wait=wait,
        outside_order_id=str(outside_order_id),
        since=since.isoformat(),
    )


def enqueue_matching(period_id: uuid.UUID) -> int:
    """Enqueue the job that matches a period, in the open transaction; return its id."""
    return jobs.defer(MATCH_TASK, queue="closing", period_id=str(period_id))
