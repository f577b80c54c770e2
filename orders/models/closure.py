"""Closures: a day that was closed, and what became of each order it touched."""

from __future__ import annotations

import datetime
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django_fsm import FSMField, FSMModelMixin, transition

from catalog.models import Attraction
from channel_manager.lib.identity import time_ordered_uuid
from partners.models import Venue

CLOSURE_KIND = "closure"


class ClosurePlan(models.TextChoices):
    """What becomes of the orders of a closed day."""

    MOVE = "move", "Moved to another day"
    CANCEL = "cancel", "Cancelled"
    KEEP = "keep", "Kept as they are"


class ClosureStatus(models.TextChoices):
    """The states of a closure."""

    RUNNING = "Running"
    DONE = "Done"
    STOPPED = "Stopped"


class ClosureOutcome(models.TextChoices):
    """What became of one order."""

    WAITING = "waiting", "Waiting"
    MOVED = "moved", "Moved"
    CANCELLED = "cancelled", "Cancelled"
    REMOVED = "removed", "Removed"
    KEPT = "kept", "Kept"
    SKIPPED = "skipped", "Nothing to do"
    FAILED = "failed", "Failed"


class Closure(FSMModelMixin, models.Model):
    """One day on which a venue, or one of its attractions, was closed by staff.

    Its orders are worked off in the background, each in a transaction of its own.
    """

    LIFECYCLE_FIELDS: ClassVar[tuple[str, ...]] = ("status", "finished_at", "job_id")

    id = models.UUIDField(primary_key=True, default=time_ordered_uuid, editable=False)
    venue = models.ForeignKey(Venue, models.PROTECT, related_name="closures")
    date = models.DateField(help_text="On the venue's calendar.")
    attraction = models.ForeignKey(
        Attraction,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="closures",
        help_text="Empty: the whole venue.",
    )
    plan = models.CharField(max_length=10, choices=ClosurePlan.choices)
    to_date = models.DateField(null=True, blank=True, help_text="Where orders are moved to.")
    reason = models.CharField(max_length=500)
    status = FSMField(default=ClosureStatus.RUNNING, choices=ClosureStatus.choices, protected=True)
    started_by = models.CharField(max_length=60, help_text="staff:<id>, as in the event log.")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    job_id = models.BigIntegerField(
        null=True, blank=True, help_text="The background job that works it off."
    )

    class Meta:
        ordering = ("-started_at", "-id")
        verbose_name = "closed day"
        verbose_name_plural = "closed days"
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=ClosureStatus.values), name="closure_status_known"
            ),
            models.CheckConstraint(
                condition=Q(plan__in=ClosurePlan.values), name="closure_plan_known"
            ),
            models.CheckConstraint(
                condition=(Q(plan=ClosurePlan.MOVE, to_date__isnull=False) & ~Q(to_date=F("date")))
                | (~Q(plan=ClosurePlan.MOVE) & Q(to_date=None)),
                name="closure_moves_to_another_day",
            ),
            models.CheckConstraint(
                condition=Q(finished_at__isnull=False) ^ Q(status=ClosureStatus.RUNNING),
                name="ended_closure_says_when",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="closure_says_why"),
        ]
        indexes = [
            models.Index(fields=("started_at", "id"), name="closure_by_start"),
        ]

    def __str__(self) -> str:
        return f"{self.attraction or self.venue} on {self.date:%a %-d %b %Y}"

    @transition("status", source=ClosureStatus.RUNNING, target=ClosureStatus.DONE)
    def finish(self, *, now: datetime.datetime) -> None:
        """End it: every order has its outcome."""
        self.finished_at = now

    @transition("status", source=ClosureStatus.RUNNING, target=ClosureStatus.STOPPED)
    def stop(self, *, now: datetime.datetime) -> None:
        """Leave the orders that still wait as they are."""
        self.finished_at = now

    @transition(
        "status",
        source=[ClosureStatus.DONE, ClosureStatus.STOPPED],
        target=ClosureStatus.RUNNING,
    )
    def resume(self, *, job_id: int) -> None:
        """Go on with the orders that wait."""
        self.finished_at = None
        self.job_id = job_id


class ClosureOrderQuerySet(models.QuerySet["ClosureOrder"]):
    """Filters that read as adjectives."""

    def waiting(self) -> ClosureOrderQuerySet:
        """Keep the orders that have no outcome yet."""
        return self.filter(outcome=ClosureOutcome.WAITING)

    def failed(self) -> ClosureOrderQuerySet:
        """Keep the orders that somebody has to look at."""
        return self.filter(outcome=ClosureOutcome.FAILED)


class ClosureOrder(models.Model):
    """One order that a closure touches, and what became of it.

    The order is named by its id and number only: it may be removed, and this stays.
    """

    closure = models.ForeignKey(
        Closure, models.CASCADE, related_name="closure_orders", db_index=False
    )
    order_id = models.UUIDField()
    buy_from_order_reference = models.CharField(max_length=20)
    outcome = models.CharField(
        max_length=10, choices=ClosureOutcome.choices, default=ClosureOutcome.WAITING
    )
    message = models.TextField(blank=True, help_text="Why it failed, or still waits.")
    settled_at = models.DateTimeField(null=True, blank=True)

    objects = ClosureOrderQuerySet.as_manager()

    class Meta:
        ordering = ("id",)
        constraints = [
            models.UniqueConstraint(fields=("closure", "order_id"), name="closure_order_once"),
            models.CheckConstraint(
                condition=Q(outcome__in=ClosureOutcome.values), name="closure_outcome_known"
            ),
            models.CheckConstraint(
                condition=Q(settled_at__isnull=False) ^ Q(outcome=ClosureOutcome.WAITING),
                name="settled_closure_order_says_when",
            ),
            models.CheckConstraint(
                condition=~Q(outcome=ClosureOutcome.FAILED) | ~Q(message=""),
                name="failed_closure_order_says_why",
            ),
        ]
        indexes = [
            models.Index(fields=("closure", "outcome", "id"), name="closure_order_by_outcome"),
        ]

    def __str__(self) -> str:
        return f"{self.buy_from_order_reference} {self.outcome}"
