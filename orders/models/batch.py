"""Batches: orders with which staff do the same at once, and what became of each."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from orders.models.worklist import (
    Worklist,
    WorklistOrder,
    WorklistStatus,
    index_of_failed,
    index_of_rows,
    rules_of_rows,
    rules_of_worklist,
)

_KIND = "batch"


class BatchAction(models.TextChoices):
    """What is done with each order."""

    REPLAY = "replay", "Replay"
    CONFIRM = "confirm", "Confirm"
    MOVE = "move", "Move to another day"
    CANCEL = "cancel", "Cancel"


class Batch(Worklist):
    """Orders that somebody chose in the list, or all that failed for one cause."""

    action = models.CharField(max_length=10, choices=BatchAction.choices)
    title = models.CharField(max_length=300, help_text="What is done, in words.")
    fingerprint = models.CharField(
        max_length=160,
        blank=True,
        help_text="The cause that was mended, where all of its orders are replayed.",
    )
    reason = models.CharField(max_length=500, blank=True)
    from_date = models.DateField(null=True, blank=True, help_text="The day that is moved.")
    to_date = models.DateField(null=True, blank=True, help_text="Where it is moved to.")
    payment_reference = models.CharField(
        max_length=128, blank=True, help_text="What drafts are confirmed with."
    )

    class Meta:
        ordering = ("-started_at", "-id")
        verbose_name_plural = "batches"
        constraints = [
            *rules_of_worklist(_KIND),
            models.CheckConstraint(
                condition=Q(action__in=BatchAction.values), name="batch_action_known"
            ),
            models.CheckConstraint(
                condition=(
                    Q(action=BatchAction.MOVE, from_date__isnull=False, to_date__isnull=False)
                    & ~Q(to_date=F("from_date"))
                )
                | (~Q(action=BatchAction.MOVE) & Q(from_date=None, to_date=None)),
                name="batch_moves_to_another_day",
            ),
            models.CheckConstraint(
                condition=~Q(payment_reference="") ^ ~Q(action=BatchAction.CONFIRM),
                name="batch_is_confirmed_with_a_payment",
            ),
            models.CheckConstraint(
                condition=~Q(action__in=(BatchAction.CANCEL, BatchAction.MOVE)) | ~Q(reason=""),
                name="cancelling_or_moving_batch_says_why",
            ),
            models.CheckConstraint(
                condition=Q(fingerprint="") | Q(action=BatchAction.REPLAY),
                name="batch_of_a_cause_is_replayed",
            ),
            models.UniqueConstraint(
                fields=("fingerprint",),
                condition=Q(status=WorklistStatus.RUNNING) & ~Q(fingerprint=""),
                name="one_replay_of_a_cause_at_a_time",
            ),
        ]
        indexes = [
            models.Index(fields=("started_at", "id"), name="batch_by_start"),
        ]

    def __str__(self) -> str:
        return self.title


class BatchOrder(WorklistOrder):
    """One order of a batch: how it stood when somebody chose it, and what became of it."""

    batch = models.ForeignKey(Batch, models.CASCADE, related_name="rows", db_index=False)
    unchanged_since = models.DateTimeField(
        help_text="When it was last changed before it was chosen; changed since, it is left alone."
    )

    class Meta:
        ordering = ("id",)
        constraints = rules_of_rows(_KIND)
        indexes = [index_of_rows(_KIND), index_of_failed(_KIND)]
