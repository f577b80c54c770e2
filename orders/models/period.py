"""The period: a span of days of one partner that finance closes together."""

from __future__ import annotations

import datetime
from typing import ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Q, Value
from django_fsm import FSMField, FSMModelMixin, transition

from channel_manager.lib.admin.columns import validity
from channel_manager.lib.identity import time_ordered_uuid
from channel_manager.lib.ranges import DateRange
from partners.models import Partner


class PeriodStatus(models.TextChoices):
    """The states of a period."""

    OPEN = "Open"
    IN_REVIEW = "In review"
    CLOSED = "Closed"


class PeriodQuerySet(models.QuerySet["Period"]):
    """Filters that read as adjectives."""

    def covering(self, day: datetime.date) -> PeriodQuerySet:
        """Keep those that a day is of: one of a partner at most."""
        return self.filter(first_day__lte=day, last_day__gte=day)

    def with_venue(self) -> PeriodQuerySet:
        """Have partner and venue at hand, but for the venue's logo."""
        return self.select_related("partner__venue").defer("partner__venue__logo")


class Period(FSMModelMixin, models.Model):
    """A month, or another span of days, of one partner: what counts in it is matched and closed.

    While it is closed, triggers keep its figures: entries of the ledger whose day is in it move to
    the next day that is open, and its statements, positions and decisions stay as they are.
    """

    LIFECYCLE_FIELDS: ClassVar[tuple[str, ...]] = ("status", "closed_at")

    id = models.UUIDField(primary_key=True, default=time_ordered_uuid, editable=False)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="periods", db_index=False)
    first_day = models.DateField()
    last_day = models.DateField(help_text="Included.")
    status = FSMField(default=PeriodStatus.OPEN, choices=PeriodStatus.choices, protected=True)
    matched_at = models.DateTimeField(
        null=True, blank=True, help_text="When its statements were last matched with the ledger."
    )
    matched_as = models.CharField(
        max_length=64, blank=True, help_text="A hash of all that was matched."
    )
    match_job_id = models.BigIntegerField(
        null=True, blank=True, help_text="The background job that matches it."
    )
    closed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = PeriodQuerySet.as_manager()

    class Meta:
        ordering = ("-first_day", "partner")
        permissions = [
            ("decide_difference", "Can decide on differences"),
            ("close_period", "Can review and close a period"),
            ("reopen_period", "Can reopen a closed period"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=PeriodStatus.values), name="period_status_known"
            ),
            models.CheckConstraint(
                condition=Q(first_day__lte=F("last_day")), name="period_days_in_order"
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=False) ^ ~Q(status=PeriodStatus.CLOSED),
                name="closed_period_says_when",
            ),
            ExclusionConstraint(
                name="period_days_do_not_overlap",
                expressions=[
                    (F("partner"), RangeOperators.EQUAL),
                    (DateRange("first_day", "last_day", Value("[]")), RangeOperators.OVERLAPS),
                ],
                violation_error_message="Another period of this partner covers some of these days.",
            ),
        ]
        indexes = [models.Index(fields=("status", "first_day"), name="period_by_status")]

    def __str__(self) -> str:
        return f"{self.partner}, {self.title}"

    @property
    def title(self) -> str:
        """Return the month, or the days, such as March 2026."""
        next_day = self.last_day + datetime.timedelta(days=1)
        is_month = self.first_day.day == 1 and next_day.day == 1
        if is_month and (next_day - self.first_day).days <= 31:
            return f"{self.first_day:%B %Y}"
        return validity(self.first_day, self.last_day)

    @property
    def is_closed(self) -> bool:
        """Tell whether its figures are kept as they are."""
        return bool(self.status == PeriodStatus.CLOSED)

    @transition("status", source=PeriodStatus.OPEN, target=PeriodStatus.IN_REVIEW)
    def review(self) -> None:
        """Take it to hand: differences are decided on."""

    @transition("status", source=PeriodStatus.IN_REVIEW, target=PeriodStatus.OPEN)
    def put_back(self) -> None:
        """Leave it open: more is to come."""

    @transition("status", source=PeriodStatus.IN_REVIEW, target=PeriodStatus.CLOSED)
    def close(self, *, now: datetime.datetime) -> None:
        """Keep its figures."""
        self.closed_at = now

    @transition("status", source=PeriodStatus.CLOSED, target=PeriodStatus.IN_REVIEW)
    def reopen(self) -> None:
        """Let its figures change again."""
        self.closed_at = None
