"""Sessions: when an attraction can be visited, by how many, on which seats."""

from __future__ import annotations

from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q

from channel_manager.lib.identity import time_ordered_uuid
from partners.models import Venue


class Attraction(models.Model):
    """What has sessions: a ride, a show, or the park itself. Its items share their places."""

    id = models.UUIDField(primary_key=True, default=time_ordered_uuid, editable=False)
    venue = models.ForeignKey(Venue, models.PROTECT, related_name="attractions")
    code = models.SlugField(max_length=40)
    name = models.CharField(max_length=100)
    sessions_until = models.DateField(
        null=True, editable=False, help_text="Sessions are made up to this day, by the horizon."
    )

    class Meta:
        ordering = ("name",)
        constraints = [
            models.UniqueConstraint(
                fields=("venue", "code"), name="attraction_code_once_per_venue"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class SeatPlan(models.Model):
    """The numbered seats of a hall."""

    id = models.UUIDField(primary_key=True, default=time_ordered_uuid, editable=False)
    venue = models.ForeignKey(Venue, models.PROTECT, related_name="seat_plans")
    name = models.CharField(max_length=100)

    class Meta:
        ordering = ("name",)
        constraints = [
            models.UniqueConstraint(fields=("venue", "name"), name="seat_plan_name_once_per_venue"),
        ]

    def __str__(self) -> str:
        return self.name


class Seat(models.Model):
    """One numbered seat; neighbours of a row have neighbouring positions."""

    plan = models.ForeignKey(SeatPlan, models.CASCADE, related_name="seats", db_index=False)
    label = models.CharField(
        max_length=10,
        validators=[RegexValidator(r"^[0-9A-Za-z-]+\Z", "Letters, digits and dashes.")],
        help_text="What the guest reads, such as C12.",
    )
    row = models.CharField(max_length=10)
    position = models.PositiveSmallIntegerField(help_text="Its place, counted over all rows.")

    class Meta:
        ordering = ("plan", "position")
        constraints = [
            models.UniqueConstraint(fields=("plan", "label"), name="seat_label_once_per_plan"),
            models.UniqueConstraint(
                fields=("plan", "position"), name="seat_position_once_per_plan"
            ),
        ]

    def __str__(self) -> str:
        return self.label


class SessionQuerySet(models.QuerySet["Session"]):
    """Filters that read as adjectives."""

    def taken(self) -> SessionQuerySet:
        """Keep the sessions that somebody holds or bought places of."""
        return self.filter(Q(held__gt=0) | Q(sold__gt=0))


class Session(models.Model):
    """One time at which an attraction can be visited, with its counted places.

    `held` and `sold` are written by the triggers of the allocations alone: they are always the
    sums of what is allocated, and never exceed the capacity (check constraint).
    """

    id = models.UUIDField(primary_key=True, default=time_ordered_uuid, editable=False)
    attraction = models.ForeignKey(
        Attraction, models.PROTECT, related_name="sessions", db_index=False
    )
    date = models.DateField(help_text="On the venue's calendar.")
    time = models.TimeField(
        null=True, blank=True, help_text="On the venue's clock. Empty: the whole day."
    )
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    capacity = models.PositiveIntegerField(validators=[MinValueValidator(0)])
    held = models.PositiveIntegerField(default=0, help_text="Places of holds.")
    sold = models.PositiveIntegerField(default=0, help_text="Places of orders, Drafts included.")
    seat_plan = models.ForeignKey(
        SeatPlan,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="sessions",
        help_text="Numbered seats; the capacity is their number.",
    )
    is_on_sale = models.BooleanField(default=True)
    is_adjusted = models.BooleanField(
        default=False, help_text="Changed by hand; the rules leave it as it is."
    )

    objects = SessionQuerySet.as_manager()

    class Meta:
        ordering = ("starts_at", "attraction")
        constraints = [
            models.CheckConstraint(
                condition=Q(capacity__gte=F("held") + F("sold")), name="session_not_oversold"
            ),
            models.CheckConstraint(
                condition=Q(starts_at__lt=F("ends_at")), name="session_ends_after_it_starts"
            ),
            models.CheckConstraint(
                condition=Q(seat_plan=None) | Q(time__isnull=False),
                name="session_with_seats_has_a_time",
            ),
            models.UniqueConstraint(
                fields=("attraction", "date", "time"),
                nulls_distinct=False,
                name="session_once_per_time",
            ),
        ]
        indexes = [
            models.Index(fields=("date",), name="session_by_date"),
        ]

    def __str__(self) -> str:
        time = "whole day" if self.time is None else f"{self.time:%H:%M}"
        return f"{self.attraction} {self.date} {time}"

    @property
    def places_taken(self) -> int:
        """Return how many places are sold or held."""
        return self.held + self.sold

    @property
    def places_left(self) -> int:
        """Return how many places nobody has."""
        return self.capacity - self.held - self.sold
