"""A venue's calendar: opening hours, closed days, and the rules that sessions are made from."""

from __future__ import annotations

import datetime
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from catalog.models.session import Attraction, SeatPlan
from partners.models import Venue

MAX_CAPACITY = 1_000_000
_MINUTES_A_DAY = 24 * 60


class Weekday(models.IntegerChoices):
    """The days of the week, as ISO 8601 counts them."""

    MONDAY = 1
    TUESDAY = 2
    WEDNESDAY = 3
    THURSDAY = 4
    FRIDAY = 5
    SATURDAY = 6
    SUNDAY = 7


def every_day() -> list[int]:
    """Return all weekdays."""
    return list(Weekday.values)


def _opening_times(prefix: str) -> list[models.CheckConstraint]:
    return [
        models.CheckConstraint(
            condition=Q(opens_at=None, closes_at=None)
            | Q(opens_at__isnull=False, closes_at__isnull=False, opens_at__lt=F("closes_at")),
            name=f"{prefix}_opens_before_it_closes",
        )
    ]


class OpeningHours(models.Model):
    """When the venue opens on some weekdays of a season, or that it does not.

    Of several that cover a day the one whose season begins last counts; without any, the venue's
    standing hours do.
    """

    venue = models.ForeignKey(Venue, models.CASCADE, related_name="opening_hours")
    weekdays = ArrayField(models.PositiveSmallIntegerField(choices=Weekday), default=every_day)
    valid_from = models.DateField(null=True, blank=True)
    valid_until = models.DateField(null=True, blank=True, help_text="The last day, included.")
    opens_at = models.TimeField(null=True, blank=True, help_text="Both empty: closed.")
    closes_at = models.TimeField(null=True, blank=True)

    class Meta:
        ordering = ("venue", "valid_from", "id")
        verbose_name_plural = "opening hours"
        constraints = [
            *_opening_times("opening_hours"),
            models.CheckConstraint(
                condition=Q(weekdays__contained_by=list(Weekday.values), weekdays__len__gte=1),
                name="opening_hours_weekdays_known",
            ),
            models.CheckConstraint(
                condition=Q(valid_from=None)
                | Q(valid_until=None)
                | Q(valid_from__lte=F("valid_until")),
                name="opening_hours_dates_in_order",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.venue}: {days_in_words(self.weekdays)}"

    def covers(self, day: datetime.date) -> bool:
        """Tell whether these hours are meant for a day."""
        return day.isoweekday() in self.weekdays and _within(day, self.valid_from, self.valid_until)


class CalendarDay(models.Model):
    """One day that is unlike the others: closed, or with hours of its own."""

    venue = models.ForeignKey(Venue, models.CASCADE, related_name="calendar_days", db_index=False)
    date = models.DateField()
    opens_at = models.TimeField(null=True, blank=True, help_text="Both empty: closed.")
    closes_at = models.TimeField(null=True, blank=True)
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ("venue", "date")
        constraints = [
            *_opening_times("calendar_day"),
            models.UniqueConstraint(fields=("venue", "date"), name="calendar_day_once_per_venue"),
        ]

    def __str__(self) -> str:
        return f"{self.venue} {self.date}"


class SlotPattern(models.Model):
    """The sessions of one day: the whole day at once, or slots at regular times.

    Slots begin at `first_start` and then every so many minutes up to `last_start`, each lasting
    `duration_minutes` of real time. A time that the clock skips on a daylight-saving night has no
    slot; one that it shows twice has one, the first time.
    """

    first_start = models.TimeField(
        null=True, blank=True, help_text="Empty: one session from opening until closing."
    )
    last_start = models.TimeField(null=True, blank=True, help_text="Empty: one slot only.")
    every_minutes = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(5), MaxValueValidator(_MINUTES_A_DAY)],
        help_text="From the start of one slot to the start of the next.",
    )
    duration_minutes = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(_MINUTES_A_DAY)]
    )
    capacity = models.PositiveIntegerField(
        default=100,
        validators=[MaxValueValidator(MAX_CAPACITY)],
        help_text="Places of each session. With numbered seats: their number.",
    )
    seat_plan = models.ForeignKey(SeatPlan, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        abstract = True

    def clean(self) -> None:
        """Refuse slots without a length, intervals without an end, and seats without a time."""
        faults: dict[str, Any] = {}
        if self.first_start is None:
            for name in ("last_start", "every_minutes", "duration_minutes", "seat_plan"):
                if getattr(self, name) is not None:
                    faults[name] = "Only slots have it: give the first start, or leave this empty."
        else:
            if self.duration_minutes is None:
                faults["duration_minutes"] = "How long does a slot last?"
            if (self.last_start is None) != (self.every_minutes is None):
                name = "last_start" if self.last_start is None else "every_minutes"
                faults[name] = "Slots at intervals need both, the last start and the minutes."
            elif self.last_start is not None and self.last_start < self.first_start:
                faults["last_start"] = "It must not be before the first start."
        if faults:
            raise ValidationError(faults)


def _pattern_constraints(prefix: str) -> list[models.BaseConstraint]:
    """Return what the database holds of `SlotPattern.clean`."""
    whole_day = Q(
        first_start=None,
        last_start=None,
        every_minutes=None,
        duration_minutes=None,
        seat_plan=None,
    )
    one_slot = Q(
        first_start__isnull=False,
        last_start=None,
        every_minutes=None,
        duration_minutes__isnull=False,
        duration_minutes__gte=1,
    )
    slots = Q(
        first_start__isnull=False,
        last_start__isnull=False,
        every_minutes__isnull=False,
        duration_minutes__isnull=False,
        first_start__lte=F("last_start"),
        every_minutes__gte=5,
        duration_minutes__gte=1,
    )
    return [
        models.CheckConstraint(condition=whole_day | one_slot | slots, name=f"{prefix}_is_whole"),
        models.CheckConstraint(
            condition=Q(capacity__lte=MAX_CAPACITY), name=f"{prefix}_capacity_sane"
        ),
    ]


class SessionRule(SlotPattern):
    """The sessions of an attraction on some weekdays of a season. Rules add up."""

    attraction = models.ForeignKey(Attraction, models.CASCADE, related_name="session_rules")
    weekdays = ArrayField(models.PositiveSmallIntegerField(choices=Weekday), default=every_day)
    valid_from = models.DateField(null=True, blank=True)
    valid_until = models.DateField(null=True, blank=True, help_text="The last day, included.")

    class Meta:
        ordering = ("attraction", "valid_from", "first_start", "id")
        constraints = [
            *_pattern_constraints("session_rule"),
            models.CheckConstraint(
                condition=Q(weekdays__contained_by=list(Weekday.values), weekdays__len__gte=1),
                name="session_rule_weekdays_known",
            ),
            models.CheckConstraint(
                condition=Q(valid_from=None)
                | Q(valid_until=None)
                | Q(valid_from__lte=F("valid_until")),
                name="session_rule_dates_in_order",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.attraction}: {days_in_words(self.weekdays)}, {pattern_in_words(self)}"

    def covers(self, day: datetime.date) -> bool:
        """Tell whether the rule makes sessions on a day."""
        return day.isoweekday() in self.weekdays and _within(day, self.valid_from, self.valid_until)


class SessionException(SlotPattern):
    """The sessions of an attraction on one day, in place of what its rules say; or none."""

    attraction = models.ForeignKey(
        Attraction, models.CASCADE, related_name="session_exceptions", db_index=False
    )
    date = models.DateField()
    is_closed = models.BooleanField("no sessions", default=False)
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ("attraction", "date", "first_start", "id")
        constraints = _pattern_constraints("session_exception")
        indexes = [models.Index(fields=("attraction", "date"), name="session_exception_by_day")]

    def __str__(self) -> str:
        what = "no sessions" if self.is_closed else pattern_in_words(self)
        return f"{self.attraction} on {self.date}: {what}"


def pattern_in_words(pattern: SlotPattern) -> str:
    """Say when the sessions of a pattern begin."""
    if pattern.first_start is None:
        return "the whole day"
    if pattern.last_start is None:
        return f"at {pattern.first_start:%H:%M}"
    return (
        f"{pattern.first_start:%H:%M} to {pattern.last_start:%H:%M} "
        f"every {pattern.every_minutes} minutes"
    )


def days_in_words(weekdays: list[int]) -> str:
    """Say which weekdays are meant."""
    if sorted(weekdays) == every_day():
        return "every day"
    return ", ".join(str(Weekday(day).label)[:3] for day in sorted(weekdays))


def _within(day: datetime.date, first: datetime.date | None, last: datetime.date | None) -> bool:
    return (first is None or first <= day) and (last is None or day <= last)
