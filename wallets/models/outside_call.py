"""Each call to an outside system: written before it is made, what came of it afterwards.

Both rows are append-only and outlive their order.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from channel_manager.lib.identity import time_ordered_uuid
from wallets.models.outside import OutsideOrder


class CallEffect(models.TextChoices):
    """What a call has done at the other side."""

    DONE = "done", "Done"
    NONE = "none", "Nothing was done"
    UNKNOWN = "unknown", "Nobody knows"


class ConnectorCall(models.Model):
    """The intent to make one call that changes something elsewhere; committed before it is made.

    request_hash: SHA-256 of what is sent, address and body.
    """

    id = models.UUIDField(primary_key=True, default=time_ordered_uuid, editable=False)
    outside_order = models.ForeignKey(OutsideOrder, models.PROTECT, related_name="calls")
    operation = models.CharField(max_length=30)
    key = models.CharField(
        max_length=60, blank=True, help_text="Which of several of the operation."
    )
    round = models.PositiveSmallIntegerField()
    commits = models.BooleanField(help_text="Whether it exists there once this is done.")
    request_hash = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        ordering = ("at", "id")
        constraints = [
            models.CheckConstraint(
                condition=Q(request_hash__regex=r"^[0-9a-f]{64}$"),
                name="connector_call_hash_is_sha256",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.operation} {self.key}".strip()

    @property
    def effect(self) -> str:
        """Return what it did as far as we know: its last outcome; nobody knows where there is none.

        Lists prefetch `outcomes`.
        """
        outcomes = list(self.outcomes.all())
        return outcomes[-1].effect if outcomes else CallEffect.UNKNOWN


class ConnectorOutcome(models.Model):
    """What came of a call. The last one counts: one that was in doubt may be resolved later."""

    id = models.UUIDField(primary_key=True, default=time_ordered_uuid, editable=False)
    call = models.ForeignKey(ConnectorCall, models.PROTECT, related_name="outcomes")
    effect = models.CharField(max_length=10, choices=CallEffect.choices)
    status_code = models.PositiveSmallIntegerField(null=True)
    cause = models.CharField(max_length=30, blank=True)
    message = models.CharField(max_length=300, blank=True)
    trace_id = models.CharField(max_length=100, blank=True)
    milliseconds = models.PositiveIntegerField(null=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ("at", "id")
        constraints = [
            models.CheckConstraint(
                condition=Q(effect__in=CallEffect.values), name="connector_outcome_effect_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.effect} {self.cause}".strip()
