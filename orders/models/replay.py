"""Replays of all orders that failed for one cause, and what became of each."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from channel_manager.lib.identity import time_ordered_uuid

REPLAY_KIND = "replay"


class ReplayOutcome(models.TextChoices):
    """What became of one order."""

    WAITING = "waiting", "Waiting"
    REPLAYED = "replayed", "Submitted again"
    SKIPPED = "skipped", "Nothing to do"
    FAILED = "failed", "Not yet possible"


class ReplayQuerySet(models.QuerySet["Replay"]):
    """Filters that read as adjectives."""

    def running(self) -> ReplayQuerySet:
        """Keep those that are still worked off."""
        return self.filter(finished_at=None)


class Replay(models.Model):
    """One press of "Replay all": its orders are submitted again in the background, one by one."""

    id = models.UUIDField(primary_key=True, default=time_ordered_uuid, editable=False)
    fingerprint = models.CharField(max_length=160, help_text="The cause that was mended.")
    title = models.CharField(max_length=300, help_text="The cause in words, as it was shown.")
    reason = models.CharField(max_length=500, blank=True)
    started_by = models.CharField(max_length=60, help_text="staff:<id>, as in the event log.")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    job_id = models.BigIntegerField(
        null=True, blank=True, help_text="The background job that works it off."
    )

    objects = ReplayQuerySet.as_manager()

    class Meta:
        ordering = ("-started_at", "-id")
        constraints = [
            models.UniqueConstraint(
                fields=("fingerprint",), condition=Q(finished_at=None), name="one_replay_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def status(self) -> str:
        """Return how it stands, for the event log and the pages."""
        return "Running" if self.finished_at is None else "Done"


class ReplayOrder(models.Model):
    """One order of a replay: how it stood then, and what became of it.

    The order is named by its id and number only: it may be removed, and this stays.
    """

    replay = models.ForeignKey(Replay, models.CASCADE, related_name="orders", db_index=False)
    order_id = models.UUIDField()
    buy_from_order_reference = models.CharField(max_length=20)
    failed_at = models.DateTimeField(help_text="Since when it stood in Error when it was listed.")
    outcome = models.CharField(
        max_length=10, choices=ReplayOutcome.choices, default=ReplayOutcome.WAITING
    )
    message = models.TextField(blank=True, help_text="Why nothing was done.")
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("id",)
        constraints = [
            models.UniqueConstraint(fields=("replay", "order_id"), name="replay_order_once"),
            models.CheckConstraint(
                condition=Q(outcome__in=ReplayOutcome.values), name="replay_outcome_known"
            ),
            models.CheckConstraint(
                condition=Q(settled_at__isnull=False) ^ Q(outcome=ReplayOutcome.WAITING),
                name="settled_replay_order_says_when",
            ),
            models.CheckConstraint(
                condition=~Q(outcome=ReplayOutcome.FAILED) | ~Q(message=""),
                name="failed_replay_order_says_why",
            ),
        ]
        indexes = [
            models.Index(fields=("replay", "outcome", "id"), name="replay_order_by_outcome"),
        ]

    def __str__(self) -> str:
        return f"{self.buy_from_order_reference} {self.outcome}"
