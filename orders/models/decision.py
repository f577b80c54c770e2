"""The decision: what finance did about a difference, why, and who it was."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from orders.finance.states import MatchState
from orders.models.ledger import LedgerEntry
from orders.models.order import Order
from orders.models.period import Period
from orders.models.statement import StatementLine


class DecisionAction(models.TextChoices):
    """What can be done about a difference."""

    ACCEPT = "accept", "Accept"
    DISPUTE = "dispute", "Dispute"
    CARRY = "carry", "Carry to the next period"
    ADJUST = "adjust", "Adjust our ledger"


class Decision(models.Model):
    """One decision on one difference; append-only (trigger), and the last one counts.

    It is on a line of a statement, or on an order in the period. It holds while the difference is what it was: state and amount, statement less ours,
    in `currency`.
    """

    period = models.ForeignKey(Period, models.PROTECT, related_name="decisions")
    line = models.ForeignKey(
        StatementLine, models.PROTECT, null=True, blank=True, related_name="decisions"
    )
    order = models.ForeignKey(
        Order, models.PROTECT, null=True, blank=True, related_name="decisions"
    )
    state = models.CharField(max_length=20, choices=MatchState.choices)
    difference = models.DecimalField(max_digits=20, decimal_places=3)
    currency = models.CharField(max_length=3)
    action = models.CharField(max_length=10, choices=DecisionAction.choices)
    reason = models.CharField(max_length=500)
    actor = models.CharField(max_length=60, help_text="staff:<id>, as in the event log.")
    at = models.DateTimeField()
    settles = models.OneToOneField(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="settled_by",
        help_text="What was carried from an earlier period, and is decided on here.",
    )
    posted = models.ForeignKey(
        LedgerEntry,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="decisions",
        db_index=False,
        help_text="What an adjustment has posted.",
    )

    class Meta:
        ordering = ("id",)
        constraints = [
            models.CheckConstraint(
                condition=Q(action__in=DecisionAction.values), name="decision_action_known"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="decision_says_why"),
            models.UniqueConstraint(
                fields=("line",),
                condition=Q(action=DecisionAction.ADJUST),
                name="decision_adjusts_a_line_once",
            ),
            models.CheckConstraint(
                condition=Q(posted__isnull=False) ^ ~Q(action=DecisionAction.ADJUST),
                name="adjusting_decision_has_posted",
            ),
            models.CheckConstraint(
                condition=Q(line__isnull=False) ^ Q(order__isnull=False),
                name="decision_is_on_one_difference",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_action_display()}: {self.reason}"
