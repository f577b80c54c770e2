"""The jobs that issue an order, work off a closed day, replay orders of one cause, mail a guest."""

import uuid

from channel_manager.lib import jobs

ISSUE_TASK = "orders.issue_order"
CLEARING_TASK = "orders.clear_day"
REPLAYING_TASK = "orders.work_off_replay"
MAIL_TASK = "orders.send_mail"


def enqueue_issuance(order_id: uuid.UUID, *, wait: int = 0) -> int:
    """Enqueue the job that issues an order, in the open transaction; return its id.

    wait: seconds until it begins.
    """
    return jobs.defer(ISSUE_TASK, wait=wait, order_id=str(order_id))


def enqueue_clearing(
    closure_id: uuid.UUID, *, since: str = "", after: int = 0, wait: int = 0
) -> int:
    """Enqueue the job that works off a closed day, in the open transaction; return its id.

    since: when the job first ran, by the database's clock; after: the last row it has seen; wait:
    seconds until it goes on.
    """
    return jobs.defer(
        CLEARING_TASK,
        queue="closing",
        wait=wait,
        closure_id=str(closure_id),
        since=since,
        after=str(after),
    )


def enqueue_replaying(replay_id: uuid.UUID, *, wait: int = 0) -> int:
    """Enqueue the job that replays orders of one cause, in the open transaction; return its id.

    wait: seconds until it begins.
    """
    return jobs.defer(REPLAYING_TASK, queue="closing", wait=wait, replay_id=str(replay_id))


def enqueue_mail(mail_id: uuid.UUID) -> int:
    """Enqueue the job that mails a guest, in the open transaction; return its id."""
    return jobs.defer(MAIL_TASK, queue="closing", mail_id=str(mail_id))
