"""Requests as partners sent them, kept in rows of their own so that they can be erased."""

from django.db import models
from django.db.models import Q

from channel_manager.lib.identity import time_ordered_uuid
from orders.models.order import Order
from partners.models import ApiKey


class RequestKind(models.TextChoices):
    """What a partner asked for, by the API's own words."""

    CREATE = "createOrder"
    REPLACE = "replaceOrder"
    CONFIRM = "confirmOrder"
    DELETE = "deleteOrder"


class ReceivedRequest(models.Model):
    """One request that made or changed an order; it goes with the order's row.

    Holds people's names and addresses, so nothing of it may be copied to where it cannot be erased.
    Headers, and with them the key, are not kept; neither is where it came from.
    """

    id = models.UUIDField(primary_key=True, default=time_ordered_uuid, editable=False)
    order = models.ForeignKey(
        Order, models.CASCADE, related_name="received_requests", db_index=False
    )
    kind = models.CharField(max_length=20, choices=RequestKind.choices)
    received_at = models.DateTimeField()
    # Every order of a partner would lock the row of its key: the database does not look.
    api_key = models.ForeignKey(
        ApiKey,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    idempotency_key = models.CharField(max_length=255, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    body = models.TextField(
        blank=True, help_text="JSON, its members in the order they came in; empty without a body."
    )

    class Meta:
        ordering = ("received_at", "id")
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=RequestKind.values), name="received_request_kind_known"
            ),
        ]
        indexes = [
            models.Index(fields=("order", "received_at", "id"), name="received_request_by_order"),
            # Who was sold to before an order was replaced is found in these few only.
            models.Index(
                fields=("order",),
                condition=Q(kind=RequestKind.REPLACE),
                name="received_replacement",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.received_at:%Y-%m-%d %H:%M:%S}"
