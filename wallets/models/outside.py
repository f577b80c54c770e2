"""What stands at outside systems for our orders: their orders and tickets, as they told us last.

These rows outlive their order: what was made elsewhere does not go away with it.
"""

from __future__ import annotations

import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django_fsm import FSMField, FSMModelMixin, transition

from catalog.models import Connection
from channel_manager.lib.identity import time_ordered_uuid
from wallets.models.asset import Asset


class OutsideOrderStatus(models.TextChoices):
    """The states of an order at an outside system, as far as we know."""

    OPEN = "Open", "Being made"
    MADE = "Made"
    UNKNOWN = "Unknown", "Outcome unknown"
    FAILED = "Failed", "Not made"
    ENDING = "Ending", "Being cancelled"
    ENDED = "Ended", "Cancelled there"
    LEFT = "Left", "Left there, for a person"


class OutsideOrderQuerySet(models.QuerySet["OutsideOrder"]):
    """Filters that read as adjectives."""

    def current(self) -> OutsideOrderQuerySet:
        """Keep those that stand for what their order is now."""
        return self.filter(is_current=True)

    def unsettled(self) -> OutsideOrderQuerySet:
        """Keep those that wait for a person: nobody knows what became of them, or some is left."""
        left = OutsideTicket.objects.filter(status=OutsideTicketStatus.LEFT)
        return self.filter(
            Q(status__in=(OutsideOrderStatus.UNKNOWN, OutsideOrderStatus.LEFT))
            | Q(pk__in=left.values("outside_order"))
        )


class OutsideOrder(FSMModelMixin, models.Model):
    """What one order of ours is at one connection. `reference` is what we call it there.

    `progress` is what the connector has to remember between its calls: ids and moments, no people.
    `round` counts how often it was begun anew, because a hold had ended or a call was in doubt.
    """

    LIFECYCLE_FIELDS: ClassVar[tuple[str, ...]] = (
        "status",
        "status_since",
        "cause",
        "message",
        "is_current",
        "failures",
        "outside_reference",
        "tickets_url",
        "next_poll_at",
    )

    id = models.UUIDField(primary_key=True, default=time_ordered_uuid, editable=False)
    connection = models.ForeignKey(Connection, models.PROTECT, related_name="outside_orders")
    order = models.ForeignKey(
        "orders.Order", models.SET_NULL, null=True, blank=True, related_name="outside_orders"
    )
    order_key = models.UUIDField(help_text="The order's id; it stays when the order's row goes.")
    buy_from_order_reference = models.CharField(max_length=20)
    reference = models.CharField(max_length=40, help_text="What we call it there.")
    is_current = models.BooleanField(default=True)
    status = FSMField(
        default=OutsideOrderStatus.OPEN, choices=OutsideOrderStatus.choices, protected=True
    )
    status_since = models.DateTimeField()
    cause = models.CharField(max_length=30, blank=True, help_text="Why it is not made, in a word.")
    message = models.CharField(max_length=500, blank=True)
    round = models.PositiveSmallIntegerField(default=1)
    failures = models.PositiveSmallIntegerField(
        default=0, help_text="How often in a row it could not be gone on with."
    )
    progress = models.JSONField(default=dict, blank=True)
    outside_reference = models.CharField(
        max_length=100, blank=True, help_text="What that system calls it."
    )
    tickets_url = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField()
    next_poll_at = models.DateTimeField(
        null=True, blank=True, help_text="When it is read back next."
    )
    read_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When it was read back last."
    )
    # Why it could not be read back last; empty once it could.
    read_cause = models.CharField(
        max_length=30, blank=True, default="", db_default="", editable=False
    )
    read_message = models.CharField(
        max_length=300, blank=True, default="", db_default="", editable=False
    )
    read_failed_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = OutsideOrderQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        permissions = [("settle_outsideorder", "Can settle what is uncertain at another system")]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=OutsideOrderStatus.values), name="outside_order_status_known"
            ),
            models.UniqueConstraint(
                fields=("connection", "reference"), name="outside_order_reference_once"
            ),
            # Whoever issues an order again finds what was begun before.
            models.UniqueConstraint(
                fields=("order_key", "connection"),
                condition=Q(is_current=True),
                name="outside_order_once_per_connection",
            ),
        ]
        indexes = [
            models.Index(
                fields=("status_since",),
                condition=Q(status__in=("Unknown", "Left")),
                name="outside_order_unsettled",
            ),
            models.Index(
                fields=("status_since",),
                condition=Q(status="Ending"),
                name="outside_order_ending",
            ),
            models.Index(
                fields=("next_poll_at",),
                condition=Q(next_poll_at__isnull=False),
                name="outside_order_to_poll",
            ),
            models.Index(
                fields=("connection", "outside_reference"), name="outside_order_by_theirs"
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    def _moved(self, now: datetime.datetime, *, cause: str = "", message: str = "") -> None:
        self.status_since = now
        self.cause = cause
        self.message = message[:500]
        self.failures = 0

    @transition(
        "status",
        source=[OutsideOrderStatus.OPEN, OutsideOrderStatus.UNKNOWN, OutsideOrderStatus.FAILED],
        target=OutsideOrderStatus.MADE,
    )
    def make(
        self,
        *,
        now: datetime.datetime,
        outside_reference: str,
        tickets_url: str = "",
        next_poll_at: datetime.datetime | None = None,
    ) -> None:
        """Keep that it exists there."""
        self._moved(now)
        self.outside_reference = outside_reference or self.outside_reference
        self.tickets_url = tickets_url
        self.next_poll_at = next_poll_at

    @transition("status", source=OutsideOrderStatus.OPEN, target=OutsideOrderStatus.UNKNOWN)
    def doubt(self, *, now: datetime.datetime, cause: str, message: str) -> None:
        """Leave it to a person: an answer never came, and it cannot be read back."""
        self._moved(now, cause=cause, message=message)

    @transition(
        "status",
        source=[OutsideOrderStatus.OPEN, OutsideOrderStatus.UNKNOWN],
        target=OutsideOrderStatus.FAILED,
    )
    def fail(self, *, now: datetime.datetime, cause: str, message: str) -> None:
        """Keep that nothing of it exists there; issuing again makes another."""
        self._moved(now, cause=cause, message=message)
        self.is_current = False

    @transition("status", source=OutsideOrderStatus.UNKNOWN, target=OutsideOrderStatus.UNKNOWN)
    def outlive(self, *, now: datetime.datetime) -> None:
        """Let it wait for a person although its order has gone on without it."""
        self.is_current = False

    @transition("status", source=OutsideOrderStatus.MADE, target=OutsideOrderStatus.ENDING)
    def begin_end(self, *, now: datetime.datetime) -> None:
        """Begin to cancel it there, whole."""
        self._moved(now)
        self.is_current = False
        self.next_poll_at = None

    @transition(
        "status",
        source=[OutsideOrderStatus.MADE, OutsideOrderStatus.ENDING, OutsideOrderStatus.LEFT],
        target=OutsideOrderStatus.ENDED,
    )
    def end(self, *, now: datetime.datetime) -> None:
        """Keep that it is cancelled there."""
        self._moved(now)
        self.is_current = False
        self.next_poll_at = None

    @transition("status", source=OutsideOrderStatus.ENDING, target=OutsideOrderStatus.LEFT)
    def leave(
        self,
        *,
        now: datetime.datetime,
        cause: str,
        message: str,
        next_poll_at: datetime.datetime | None = None,
    ) -> None:
        """Leave it to a person: it is there still, and we cannot cancel it."""
        self._moved(now, cause=cause, message=message)
        self.next_poll_at = next_poll_at


class OutsideTicketStatus(models.TextChoices):
    """The states of a ticket at an outside system, as it told us last."""

    VALID = "Valid"
    USED = "Used", "Scanned there"
    ENDING = "Ending", "Being cancelled"
    ENDED = "Ended", "Cancelled there"
    LEFT = "Left", "Left there, for a person"


class OutsideTicket(FSMModelMixin, models.Model):
    """One ticket at an outside system, and the asset of ours that it stands behind.

    number: what is scanned; empty where that system does not tell it.
    """

    LIFECYCLE_FIELDS: ClassVar[tuple[str, ...]] = ("status", "status_since", "message")

    id = models.UUIDField(primary_key=True, default=time_ordered_uuid, editable=False)
    outside_order = models.ForeignKey(
        OutsideOrder, models.PROTECT, related_name="tickets", db_index=False
    )
    position = models.PositiveIntegerField()
    asset = models.ForeignKey(
        Asset, models.SET_NULL, null=True, blank=True, related_name="outside_tickets"
    )
    wallet_key = models.UUIDField()
    component_key = models.UUIDField()
    unit = models.PositiveSmallIntegerField()
    outside_id = models.CharField(max_length=100, blank=True)
    number = models.CharField(max_length=100, blank=True)
    url = models.CharField(max_length=500, blank=True)
    status = FSMField(
        default=OutsideTicketStatus.VALID, choices=OutsideTicketStatus.choices, protected=True
    )
    status_since = models.DateTimeField()
    message = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ("outside_order", "position")
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=OutsideTicketStatus.values),
                name="outside_ticket_status_known",
            ),
            models.UniqueConstraint(
                fields=("outside_order", "position"), name="outside_ticket_position_once"
            ),
            models.UniqueConstraint(
                fields=("outside_order", "outside_id"),
                condition=~Q(outside_id=""),
                name="outside_ticket_id_once",
            ),
        ]
        indexes = [
            models.Index(fields=("number",), condition=~Q(number=""), name="outside_ticket_number"),
            models.Index(
                fields=("status_since",), condition=Q(status="Left"), name="outside_ticket_left"
            ),
            models.Index(
                fields=("status_since",), condition=Q(status="Ending"), name="outside_ticket_ending"
            ),
        ]

    def __str__(self) -> str:
        return self.number or self.outside_id or f"{self.outside_order} {self.position}"

    @transition("status", source=OutsideTicketStatus.VALID, target=OutsideTicketStatus.USED)
    def use(self, *, now: datetime.datetime) -> None:
        """Keep that it was scanned there."""
        self.status_since = now

    @transition("status", source=OutsideTicketStatus.USED, target=OutsideTicketStatus.VALID)
    def undo_use(self, *, now: datetime.datetime) -> None:
        """Keep that its scan was taken back there."""
        self.status_since = now

    @transition(
        "status",
        source=[OutsideTicketStatus.VALID, OutsideTicketStatus.USED],
        target=OutsideTicketStatus.ENDING,
    )
    def begin_end(self, *, now: datetime.datetime) -> None:
        """Begin to cancel it there."""
        self.status_since = now

    @transition(
        "status",
        source=[
            OutsideTicketStatus.VALID,
            OutsideTicketStatus.USED,
            OutsideTicketStatus.ENDING,
            OutsideTicketStatus.LEFT,
        ],
        target=OutsideTicketStatus.ENDED,
    )
    def end(self, *, now: datetime.datetime) -> None:
        """Keep that it is cancelled there."""
        self.status_since = now
        self.message = ""

    @transition("status", source=OutsideTicketStatus.ENDING, target=OutsideTicketStatus.LEFT)
    def leave(self, *, now: datetime.datetime, message: str) -> None:
        """Leave it to a person: it is valid there still."""
        self.status_since = now
        self.message = message[:300]
