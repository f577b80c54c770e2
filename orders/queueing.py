"""The job that issues an order."""

import uuid

from channel_manager.lib import jobs

ISSUE_TASK = "orders.issue_order"


def enqueue_issuance(order_id: uuid.UUID) -> int:
    """Enqueue the job that issues an order, in the open transaction; return its id."""
    return jobs.defer(ISSUE_TASK, order_id=str(order_id))
