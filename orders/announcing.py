"""Telling a partner what became of its order: one event, in the transaction of the change."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from typing import Any

from channel_manager.history import runner
from channel_manager.history.runner import Change
from orders.magic import is_webhook_lost
from orders.models import Order
from partners.models import EventType
from partners.webhooks.recording import NewEvent, record_events


def announce(order: Order, event_type: EventType, *, now: datetime.datetime, **more: Any) -> None:
    """Write down that the order's partner is to be told of it as it is now (contract section 7).

    more: further members of the payload; ids and numbers, no person.
    """
    record_events([_event_of(order, event_type, more)], now=now)


def announce_together(
    orders: Iterable[Order], event_type: EventType, *, now: datetime.datetime
) -> None:
    """Write down the same of several orders, in the order given; one statement."""
    record_events([_event_of(order, event_type, {}) for order in orders], now=now)


def _event_of(order: Order, event_type: EventType, more: Mapping[str, Any]) -> NewEvent:
    return NewEvent(
        event_type=event_type,
        partner_id=order.partner_id,
        test_mode=order.test_mode,
        order_id=order.pk,
        data={
            "orderId": str(order.pk),
            "partnerId": str(order.partner_id),
            "buyFromOrderReference": order.buy_from_order_reference,
            "sellToOrderReference": order.sell_to_order_reference,
            "status": order.status,
            "statusMessage": order.status_message or None,
            **more,
        },
        is_feed_only=is_webhook_lost(order),
    )


def announce_change(order: Order, *, change: Change, **more: Any) -> None:
    """Record what was changed of an order that keeps its status, and tell its partner of it."""
    runner.note(order, change=change)
    announce(order, EventType.CHANGED, now=change.now, **more)
