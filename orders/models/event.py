"""The order's view of the event log."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models

from channel_manager.history.models import Event
from orders.models.order import ORDER_KIND


class OrderEventManager(models.Manager["OrderEvent"]):
    """Events whose subject is an order."""

    def get_queryset(self) -> models.QuerySet[OrderEvent]:
        """Keep the events of orders."""
        return super().get_queryset().filter(kind=ORDER_KIND)

    def of(self, order_id: uuid.UUID) -> models.QuerySet[OrderEvent]:
        """Return one order's events, oldest first; they outlive the order."""
        return self.get_queryset().filter(subject_id=order_id).order_by("id")


class OrderEvent(Event):
    """One thing that happened to an order, its removal included."""

    objects: ClassVar[OrderEventManager] = OrderEventManager()

    class Meta:
        proxy = True
