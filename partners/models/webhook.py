"""Webhooks: what happened to a partner's orders, where it wants to hear of it, and each attempt.

An event is written in the transaction of the change. A sequencer gives committed events their
position, by which the feed is read, and makes a delivery for each endpoint that wants it.
"""

from __future__ import annotations

import datetime
import uuid
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django_fsm import FSMField, FSMModelMixin, transition

from channel_manager.lib.identity import time_ordered_uuid
from channel_manager.lib.sealing import unseal
from partners.models.partner import Partner

MAX_URL_LENGTH = 500


class EventType(models.TextChoices):
    """What a partner is told (contract section 7)."""

    PROCESSED = "ota_cm_order_processed", "Order processed"
    CONFIRMED = "ota_cm_order_confirmed", "Order confirmed"
    CANCELLED = "ota_cm_order_cancelled", "Order cancelled"
    CHANGED = "ota_cm_order_changed", "Order changed"
    ADMITTED = "ota_cm_asset_admitted", "Guest admitted"
    ADMISSION_UNDONE = "ota_cm_asset_admission_undone", "Admission undone"
    TEST = "ota_cm_test", "Test event"


class EndpointStatus(models.TextChoices):
    """The states of an endpoint. What comes while it is Paused waits; Off gets nothing new."""

    ACTIVE = "Active"
    PAUSED = "Paused"
    OFF = "Off"


class WebhookEndpoint(FSMModelMixin, models.Model):
    """An address of a partner's that is told of events of one mode, live or test."""

    LIFECYCLE_FIELDS: ClassVar[tuple[str, ...]] = (
        "status",
        "status_since",
        "status_reason",
        "failing_since",
        "not_before",
        "updated_at",
    )

    id = models.UUIDField(primary_key=True, default=time_ordered_uuid, editable=False)
    partner = models.ForeignKey(Partner, models.CASCADE, related_name="webhook_endpoints")
    test_mode = models.BooleanField(default=False, help_text="Hears of test orders only.")
    url = models.CharField("URL", max_length=MAX_URL_LENGTH)
    description = models.CharField(max_length=100, blank=True)
    event_types = ArrayField(
        models.CharField(max_length=40, choices=EventType.choices),
        default=list,
        blank=True,
        help_text="None chosen: all of them.",
    )
    status = FSMField(default=EndpointStatus.ACTIVE, choices=EndpointStatus.choices, protected=True)
    status_since = models.DateTimeField()
    status_reason = models.CharField(max_length=200, blank=True)
    sealed_secret = models.TextField(editable=False)
    sealed_old_secret = models.TextField(editable=False, blank=True)
    old_secret_until = models.DateTimeField(null=True, editable=False)
    failing_since = models.DateTimeField(null=True, editable=False)
    last_success_at = models.DateTimeField(null=True, editable=False)
    not_before = models.DateTimeField(
        null=True, editable=False, help_text="It asked to be left alone until then (Retry-After)."
    )
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        ordering = ("created_at", "id")
        permissions = [("replay_webhook", "Can send webhook events again")]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=EndpointStatus.values), name="webhook_endpoint_status_known"
            ),
            models.CheckConstraint(
                condition=Q(event_types__contained_by=EventType.values),
                name="webhook_endpoint_event_types_known",
            ),
            models.CheckConstraint(
                condition=Q(url__regex="^https?://."), name="webhook_endpoint_url_is_http"
            ),
            models.CheckConstraint(
                condition=Q(sealed_old_secret="") ^ Q(old_secret_until__isnull=False),
                name="webhook_old_secret_ends",
            ),
        ]

    def __str__(self) -> str:
        return self.description or self.url

    def secrets_at(self, now: datetime.datetime) -> list[str]:
        """Return the secrets that a delivery is signed with, the newest first."""
        sealed = [self.sealed_secret]
        if self.old_secret_until is not None and now < self.old_secret_until:
            sealed.append(self.sealed_old_secret)
        return [unseal(one) for one in sealed]

    def is_open(self, now: datetime.datetime) -> bool:
        """Tell whether something may be sent to it now."""
        return self.status == EndpointStatus.ACTIVE and (
            self.not_before is None or self.not_before <= now
        )

    def _moved(self, now: datetime.datetime, reason: str) -> None:
        self.status_since = self.updated_at = now
        self.status_reason = reason

    @transition("status", source=EndpointStatus.ACTIVE, target=EndpointStatus.PAUSED)
    def pause(self, *, now: datetime.datetime, reason: str) -> None:
        """Let events wait."""
        self._moved(now, reason)

    @transition(
        "status", source=[EndpointStatus.ACTIVE, EndpointStatus.PAUSED], target=EndpointStatus.OFF
    )
    def switch_off(self, *, now: datetime.datetime, reason: str) -> None:
        """Send nothing any more and keep nothing new for it."""
        self._moved(now, reason)

    @transition(
        "status", source=[EndpointStatus.PAUSED, EndpointStatus.OFF], target=EndpointStatus.ACTIVE
    )
    def resume(self, *, now: datetime.datetime) -> None:
        """Send again, what has waited first."""
        self._moved(now, "")
        self.failing_since = None
        self.not_before = None


class WebhookEvent(models.Model):
    """One thing a partner is told; append-only but for its position (trigger).

    Carries ids, numbers and states, never a person. It outlives its order.
    """

    event_id = models.UUIDField(unique=True, default=time_ordered_uuid, editable=False)
    partner = models.ForeignKey(
        Partner, models.PROTECT, related_name="webhook_events", db_index=False
    )
    test_mode = models.BooleanField(default=False)
    type = models.CharField(max_length=40, choices=EventType.choices)
    order_id = models.UUIDField(null=True, help_text="No key: events outlive orders.")
    data = models.JSONField(default=dict)
    at = models.DateTimeField()
    endpoint = models.ForeignKey(
        WebhookEndpoint,
        models.CASCADE,
        null=True,
        related_name="test_events",
        help_text="A test event is for this endpoint only, and in no feed.",
    )
    is_feed_only = models.BooleanField(default=False, help_text="Is never sent, only in the feed.")
    position = models.BigIntegerField(
        null=True, unique=True, help_text="Its place in the feed, once committed and sequenced."
    )

    class Meta:
        ordering = ("id",)
        constraints = [
            models.CheckConstraint(
                condition=Q(type__in=EventType.values), name="webhook_event_type_known"
            ),
            models.CheckConstraint(
                condition=Q(type=EventType.TEST) ^ Q(endpoint__isnull=True),
                name="webhook_test_event_names_its_endpoint",
            ),
        ]
        indexes = [
            models.Index(
                fields=("id",), condition=Q(position__isnull=True), name="webhook_event_unsequenced"
            ),
            models.Index(
                fields=("partner", "test_mode", "position"),
                condition=Q(endpoint__isnull=True),
                name="webhook_event_feed",
            ),
            models.Index(
                fields=("partner", "test_mode", "at"),
                condition=Q(endpoint__isnull=True),
                name="webhook_event_by_time",
            ),
            models.Index(
                fields=("order_id", "id"),
                condition=Q(order_id__isnull=False),
                name="webhook_event_by_order",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        """Return the id that partners know it by."""
        return public_event_id(self.event_id)


def public_event_id(event_id: uuid.UUID) -> str:
    """Return an event's id as `webhook-id`, the feed and the API write it."""
    return f"evt_{event_id.hex}"


class EventSequence(models.Model):
    """One row: the position given last. Its lock makes the sequencer one."""

    last_position = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="event_sequence_is_one")]

    def __str__(self) -> str:
        return str(self.last_position)


class DeliveryStatus(models.TextChoices):
    """Where a delivery stands."""

    PENDING = "Pending"
    SENDING = "Sending"
    DELIVERED = "Delivered"
    FAILED = "Failed"


class WebhookDelivery(models.Model):
    """One event on its way to one endpoint."""

    event = models.ForeignKey(WebhookEvent, models.CASCADE, related_name="deliveries")
    endpoint = models.ForeignKey(
        WebhookEndpoint, models.CASCADE, related_name="deliveries", db_index=False
    )
    status = models.CharField(
        max_length=10, choices=DeliveryStatus.choices, default=DeliveryStatus.PENDING
    )
    attempts = models.PositiveIntegerField(default=0, help_text="Of all runs of the schedule.")
    step = models.PositiveSmallIntegerField(
        default=0, help_text="Attempts of this run of the schedule; a replay begins a new one."
    )
    next_attempt_at = models.DateTimeField(null=True)
    begun_at = models.DateTimeField(null=True, help_text="When this run's first attempt was made.")
    claimed_until = models.DateTimeField(
        null=True, help_text="An attempt that has not ended by then is taken for lost."
    )
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("id",)
        verbose_name_plural = "webhook deliveries"
        constraints = [
            models.UniqueConstraint(
                fields=("endpoint", "event"), name="webhook_event_once_per_endpoint"
            ),
            models.CheckConstraint(
                condition=Q(status__in=DeliveryStatus.values), name="webhook_delivery_status_known"
            ),
            models.CheckConstraint(
                condition=Q(status=DeliveryStatus.PENDING) ^ Q(next_attempt_at__isnull=True),
                name="webhook_delivery_pending_has_a_moment",
            ),
            models.CheckConstraint(
                condition=Q(status=DeliveryStatus.SENDING) ^ Q(claimed_until__isnull=True),
                name="webhook_delivery_sending_is_claimed",
            ),
        ]
        indexes = [
            models.Index(
                fields=("endpoint", "next_attempt_at", "id"),
                condition=Q(status=DeliveryStatus.PENDING),
                name="webhook_delivery_due",
            ),
            models.Index(
                fields=("endpoint", "claimed_until"),
                condition=Q(status=DeliveryStatus.SENDING),
                name="webhook_delivery_sending",
            ),
            models.Index(
                fields=("endpoint", "id"),
                condition=Q(status=DeliveryStatus.FAILED),
                name="webhook_delivery_failed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.status} {self.pk}"


class WebhookAttempt(models.Model):
    """One attempt to deliver: written before it is made, completed after."""

    delivery = models.ForeignKey(WebhookDelivery, models.CASCADE, related_name="tries")
    number = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    duration_ms = models.PositiveIntegerField(null=True)
    status_code = models.PositiveSmallIntegerField(null=True)
    error = models.CharField(max_length=30, blank=True, help_text="Why no answer came.")
    answer = models.TextField(blank=True, help_text="The beginning of what was answered.")

    class Meta:
        ordering = ("id",)
        constraints = [
            models.UniqueConstraint(fields=("delivery", "number"), name="webhook_attempt_once")
        ]

    def __str__(self) -> str:
        return f"{self.number}"
