"""Telling a partner the link of an order's manifest again."""

from __future__ import annotations

import datetime
import uuid

from django.db import transaction
from django.db.models import QuerySet

from channel_manager.history.runner import Change
from orders import reading
from orders.actions import require_issued
from orders.announcing import announce_change
from orders.manifests import order_url
from orders.models import Order

EVENT = "link_resent"


def resend_to_partner(
    *,
    orders: QuerySet[Order],
    order_id: uuid.UUID,
    actor: str,
    now: datetime.datetime,
    reason: str = "",
) -> Order:
    """Announce an Issued order again, with the address of its manifest; return it.

    Raises NotFound, OrderStateConflict.
    """
    with transaction.atomic():
        order = reading.lock_order(orders, order_id)
        require_issued(order)
        change = Change(name=EVENT, actor=actor, now=now, reason=reason)
        announce_change(order, change=change, manifestUrl=order_url(order))
        return order
