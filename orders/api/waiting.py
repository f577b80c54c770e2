"""Long polling: answering when an order has settled, without letting waiters stop the API."""

from __future__ import annotations

import threading
import time
import uuid

from django.conf import settings

from channel_manager.lib.errors import Fault, InvalidRequest
from orders.models import Order

MAX_WAIT_SECONDS = 25
_POLL_SECONDS = 0.1
# At most half of a process's threads may wait; the others answer at once (contract section 2).
_places = threading.BoundedSemaphore(max(1, settings.WEB_THREADS // 2))


def read_wait(text: str) -> int:
    """Return the seconds to wait; raises InvalidRequest unless 1 to 25."""
    if text.isascii() and text.isdigit() and len(text) < 4 and 1 <= int(text) <= MAX_WAIT_SECONDS:
        return int(text)
    detail = f"Must be a whole number of seconds from 1 to {MAX_WAIT_SECONDS}."
    raise InvalidRequest([Fault("?wait", "invalid_wait", detail)])


def wait_until_settled(order_id: uuid.UUID, seconds: int) -> None:
    """Return once the order has settled, is gone, or the seconds have passed.

    Returns at once when half of the process's threads wait already.
    """
    if not _places.acquire(blocking=False):
        return
    try:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not Order.objects.in_flight().filter(pk=order_id).exists():
                return
            time.sleep(_POLL_SECONDS)
    finally:
        _places.release()
