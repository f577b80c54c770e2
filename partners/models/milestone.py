"""What a partner's integration has been seen to do, once for each of its modes."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from partners.models.partner import Partner


class MilestoneName(models.TextChoices):
    """What leaves no row of its own, or one that may go, and that a go-live waits for."""

    REPEAT_ANSWERED = "repeat_answered", "A repeated order was not taken twice"
    ORDER_CANCELLED = "order_cancelled", "An order was cancelled"
    TROUBLE_ANSWERED = "trouble_answered", "An order that could not be had was answered"


class Milestone(models.Model):
    """The first time that something happened to a partner in one mode; its order may be gone."""

    partner = models.ForeignKey(Partner, models.CASCADE, related_name="milestones", db_index=False)
    test_mode = models.BooleanField()
    name = models.CharField(max_length=30, choices=MilestoneName.choices)
    at = models.DateTimeField()
    order_id = models.UUIDField(null=True, help_text="No key: milestones outlive orders.")
    told = models.CharField(max_length=40, blank=True, help_text="The code that was answered.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=("partner", "test_mode", "name"), name="milestone_once_per_mode"
            ),
            models.CheckConstraint(
                condition=Q(name__in=MilestoneName.values), name="milestone_name_known"
            ),
        ]

    def __str__(self) -> str:
        return str(self.get_name_display())
