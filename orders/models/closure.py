"""Closures: a day that was closed, and what became of each order it touched."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from catalog.models import Attraction
from orders.models.worklist import (
    Worklist,
    WorklistOrder,
    index_of_failed,
    index_of_rows,
    rules_of_rows,
    rules_of_worklist,
)
from partners.models import Venue

_KIND = "closure"


class ClosurePlan(models.TextChoices):
    """What becomes of the orders of a closed day."""

    MOVE = "move", "Moved to another day"
    CANCEL = "cancel", "Cancelled"
    KEEP = "keep", "Kept as they are"


class Closure(Worklist):
    """One day on which a venue, or one of its attractions, was closed by staff.

    Its orders are worked off in the background, each in a transaction of its own.
    """

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

    class Meta:
        ordering = ("-started_at", "-id")
        verbose_name = "closed day"
        verbose_name_plural = "closed days"
        constraints = [
            *rules_of_worklist(_KIND),
            models.CheckConstraint(
                condition=Q(plan__in=ClosurePlan.values), name="closure_plan_known"
            ),
            models.CheckConstraint(
                condition=(Q(plan=ClosurePlan.MOVE, to_date__isnull=False) & ~Q(to_date=F("date")))
                | (~Q(plan=ClosurePlan.MOVE) & Q(to_date=None)),
                name="closure_moves_to_another_day",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="closure_says_why"),
        ]
        indexes = [
            models.Index(fields=("started_at", "id"), name="closure_by_start"),
        ]

    def __str__(self) -> str:
        return f"{self.attraction or self.venue} on {self.date:%a %-d %b %Y}"


class ClosureOrder(WorklistOrder):
    """One order that a closure touches, and what became of it."""

    closure = models.ForeignKey(Closure, models.CASCADE, related_name="rows", db_index=False)

    class Meta:
        ordering = ("id",)
        constraints = rules_of_rows(_KIND)
        indexes = [index_of_rows(_KIND), index_of_failed(_KIND)]
