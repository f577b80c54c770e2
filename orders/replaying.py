"""Replaying every order that failed for one cause: listed at once as a batch."""

from __future__ import annotations

import datetime
import uuid

from django.db import IntegrityError
from django.db.models import QuerySet

from channel_manager.lib.database import broken_constraint
from channel_manager.lib.errors import ErrorCode, Refusal
from orders import batches
from orders.models import Batch, BatchAction, Order, OrderStatus


class NothingToReplay(Refusal):
    """No order stands in Error for the cause, or a replay of it is running already."""

    code = ErrorCode.ORDER_STATE_CONFLICT


def failed_for(fingerprint: str) -> QuerySet[Order]:
    """Return the live orders that stand in Error for a cause."""
    return Order.objects.live().filter(status=OrderStatus.ERROR, failure_fingerprint=fingerprint)


def start_replay(
    *,
    replay_id: uuid.UUID,
    fingerprint: str,
    title: str,
    reason: str,
    actor: str,
    now: datetime.datetime,
) -> Batch:
    """List every live order that failed for a cause and enqueue their replay, in one transaction.

    However many they are: they are listed in a statement for each 2,000, and worked off fifty at a
    time. Asked again with the same id, nothing happens and the first is returned. Raises
    NothingToReplay when there is no such order, or while another replay of the cause runs.
    """
    batch = Batch(
        pk=replay_id,
        action=BatchAction.REPLAY,
        fingerprint=fingerprint,
        title=title,
        reason=reason,
        started_by=actor,
        started_at=now,
    )
    found = failed_for(fingerprint).order_by("received_at", "id")
    try:
        return batches.list_and_start(
            batch=batch,
            orders=found.values_list("pk", "buy_from_order_reference", "updated_at"),
            data={"fingerprint": fingerprint},
        )
    except batches.NothingToDo as refusal:
        raise NothingToReplay("No order stands in Error for this cause any more.") from refusal
    except IntegrityError as clash:
        if broken_constraint(clash) == "one_replay_of_a_cause_at_a_time":
            raise NothingToReplay("These orders are being replayed already.") from clash
        raise
