"""Worklists: orders that are worked off one by one in the background, and what became of each."""

from __future__ import annotations

import datetime
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django_fsm import FSMField, FSMModelMixin, transition

from channel_manager.lib.identity import time_ordered_uuid


class WorklistStatus(models.TextChoices):
    """The states of a worklist."""

    RUNNING = "Running"
    DONE = "Done"
    STOPPED = "Stopped"


class Outcome(models.TextChoices):
    """What became of one order."""

    WAITING = "waiting", "Waiting"
    REPLAYED = "replayed", "Submitted again"
    CONFIRMED = "confirmed", "Confirmed"
    MOVED = "moved", "Moved"
    CANCELLED = "cancelled", "Cancelled"
    REMOVED = "removed", "Removed"
    KEPT = "kept", "Kept"
    SKIPPED = "skipped", "Nothing to do"
    FAILED = "failed", "Failed"


class Worklist(FSMModelMixin, models.Model):
    """What is done with each of many orders, since when, for whom, and how far it is.

    Its rows are a model of their own, `rows`: one for each order.
    """

    LIFECYCLE_FIELDS: ClassVar[tuple[str, ...]] = ("status", "finished_at", "job_id")

    id = models.UUIDField(primary_key=True, default=time_ordered_uuid, editable=False)
    status = FSMField(
        default=WorklistStatus.RUNNING, choices=WorklistStatus.choices, protected=True
    )
    started_by = models.CharField(max_length=60, help_text="staff:<id>, as in the event log.")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    job_id = models.BigIntegerField(
        null=True, blank=True, help_text="The background job that works it off."
    )

    class Meta:
        abstract = True

    @property
    def is_running(self) -> bool:
        """Tell whether it is being worked on."""
        return bool(self.status == WorklistStatus.RUNNING)

    @transition("status", source=WorklistStatus.RUNNING, target=WorklistStatus.DONE)
    def finish(self, *, now: datetime.datetime) -> None:
        """End it: every order has its outcome."""
        self.finished_at = now

    @transition("status", source=WorklistStatus.RUNNING, target=WorklistStatus.STOPPED)
    def stop(self, *, now: datetime.datetime) -> None:
        """Leave the orders that still wait as they are."""
        self.finished_at = now

    @transition(
        "status",
        source=[WorklistStatus.DONE, WorklistStatus.STOPPED],
        target=WorklistStatus.RUNNING,
    )
    def resume(self, *, job_id: int) -> None:
        """Go on with the orders that wait."""
        self.finished_at = None
        self.job_id = job_id


class WorklistOrderQuerySet(models.QuerySet[Any]):
    """Filters that read as adjectives."""

    def waiting(self) -> WorklistOrderQuerySet:
        """Keep the orders that have no outcome yet."""
        return self.filter(outcome=Outcome.WAITING)

    def failed(self) -> WorklistOrderQuerySet:
        """Keep the orders that somebody has to look at."""
        return self.filter(outcome=Outcome.FAILED)


class WorklistOrder(models.Model):
    """One order of a worklist, and what became of it.

    The order is named by its id and number only: it may be removed, and this stays.
    """

    order_id = models.UUIDField()
    buy_from_order_reference = models.CharField(max_length=20)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, default=Outcome.WAITING)
    message = models.TextField(blank=True, help_text="Why it failed, or still waits.")
    settled_at = models.DateTimeField(null=True, blank=True)

    objects = WorklistOrderQuerySet.as_manager()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.buy_from_order_reference} {self.outcome}"


def rules_of_worklist(kind: str) -> list[models.BaseConstraint]:
    """Return what the database holds of the worklists of a kind."""
    return [
        models.CheckConstraint(
            condition=Q(status__in=WorklistStatus.values), name=f"{kind}_status_known"
        ),
        models.CheckConstraint(
            condition=Q(finished_at__isnull=False) ^ Q(status=WorklistStatus.RUNNING),
            name=f"ended_{kind}_says_when",
        ),
    ]


def rules_of_rows(kind: str) -> list[models.BaseConstraint]:
    """Return what the database holds of the rows of a kind."""
    return [
        models.UniqueConstraint(fields=(kind, "order_id"), name=f"{kind}_order_once"),
        models.CheckConstraint(
            condition=Q(outcome__in=Outcome.values), name=f"{kind}_outcome_known"
        ),
        models.CheckConstraint(
            condition=Q(settled_at__isnull=False) ^ Q(outcome=Outcome.WAITING),
            name=f"settled_{kind}_order_says_when",
        ),
        models.CheckConstraint(
            condition=~Q(outcome=Outcome.FAILED) | ~Q(message=""),
            name=f"failed_{kind}_order_says_why",
        ),
    ]


def index_of_rows(kind: str) -> models.Index:
    """Return the index by which the rows of a kind are counted and found."""
    return models.Index(fields=(kind, "outcome", "id"), name=f"{kind}_order_by_outcome")


def index_of_failed(kind: str) -> models.Index:
    """Return the index by which an order's page finds what of a kind could not be done with it."""
    return models.Index(
        fields=("order_id", "settled_at"),
        condition=Q(outcome=Outcome.FAILED),
        name=f"{kind}_order_failed",
    )
