"""Whose turn it is to ask outside systems about an order: one worker's at a time."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from channel_manager.lib.database import session_lock
from wallets.connectors.base import TryLater

# Until a worker that finds another one at the order looks again.
_BUSY_SECONDS = 5


@contextmanager
def at_order(order_id: uuid.UUID) -> Iterator[None]:
    """Be the only one who asks outside systems about an order; raises TryLater when another is.

    By a lock of the database session: a frozen worker keeps it, a dead one loses it.
    """
    with session_lock(order_id.int % 2**63) as is_ours:
        if not is_ours:
            raise TryLater(_BUSY_SECONDS, "Another worker is at this order.")
        yield
