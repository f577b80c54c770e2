"""What the buttons of an order do: one call of the domain each, and what staff are told of it."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping
from typing import Any, TypedDict

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from channel_manager.lib.admin.confirmation import actor_of
from orders import cancellation, lifecycle
from orders.models import Order, OrderStatus


class Deed(TypedDict):
    """Which order, who, when and why, as the domain's functions take them."""

    orders: QuerySet[Order]
    order_id: uuid.UUID
    actor: str
    now: datetime.datetime
    reason: str


def deed_of(request: HttpRequest, order: Order, answers: Mapping[str, Any]) -> Deed:
    """Return what the signed-in person does now to an order, for the reason in their answers."""
    return Deed(
        orders=Order.objects.all(),
        order_id=order.pk,
        actor=actor_of(request),
        now=timezone.now(),
        reason=answers["reason"],
    )


def confirm(request: HttpRequest, order: Order, answers: Mapping[str, Any]) -> str:
    """Issue a Draft that is paid."""
    lifecycle.confirm_order(
        payment_reference=answers["payment_reference"], **deed_of(request, order, answers)
    )
    return f"Order {order} is confirmed and issued."


def replay(request: HttpRequest, order: Order, answers: Mapping[str, Any]) -> str:
    """Have an order in Error issued again."""
    lifecycle.replay_order(**deed_of(request, order, answers))
    return f"Order {order} was submitted again."


def overbook(request: HttpRequest, order: Order, answers: Mapping[str, Any]) -> str:
    """Have an order in Error issued again, with more places than there are."""
    lifecycle.replay_over_capacity(**deed_of(request, order, answers))
    return f"Order {order} was submitted again, over the capacity of its sessions."


def cancel(request: HttpRequest, order: Order, answers: Mapping[str, Any]) -> str:
    """Cancel an Issued order; remove any other."""
    was_issued = order.status == OrderStatus.ISSUED
    cancellation.cancel_order(**deed_of(request, order, answers))
    if was_issued:
        return f"Order {order} is cancelled."
    return f"Order {order} was removed for good. The history keeps its numbers."


def cancel_used(request: HttpRequest, order: Order, answers: Mapping[str, Any]) -> str:
    """Cancel an Issued order though guests have entered."""
    cancellation.cancel_used_order(**deed_of(request, order, answers))
    return f"Order {order} is cancelled, although it was used."
