"""Virtual queues: guests wait for an attraction without standing there, and are called in turn."""

from __future__ import annotations

import datetime
import uuid
from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django_fsm import FSMField, FSMModelMixin, transition

from catalog.models import Attraction, Component
from channel_manager.lib.identity import time_ordered_uuid
from partners.models import Storefront
from wallets.models import Asset, AssetStatus, GateDevice, Wallet

RESERVATION_KIND = "reservation"
_MOST_AN_HOUR = 100_000
_MINUTES_A_DAY = 24 * 60


class VirtualQueue(models.Model):
    """The queue of one attraction, with what staff have set for it.

    `next_call_at` is when the next party may be called: each takes its share of an hour.
    """

    id = models.UUIDField(primary_key=True, default=time_ordered_uuid, editable=False)
    attraction = models.OneToOneField(
        Attraction, models.PROTECT, related_name="virtual_queue", verbose_name="attraction"
    )
    device = models.OneToOneField(
        GateDevice,
        models.PROTECT,
        related_name="virtual_queue",
        editable=False,
        help_text="What its admissions are recorded as.",
    )
    is_open = models.BooleanField(
        "open", default=True, help_text="Guests can join. Who waits already is called either way."
    )
    guests_per_hour = models.PositiveIntegerField(
        default=600,
        validators=[MinValueValidator(1), MaxValueValidator(_MOST_AN_HOUR)],
        help_text="How many guests the attraction takes from this queue in an hour.",
    )
    ready_minutes = models.PositiveIntegerField(
        "minutes to come",
        default=15,
        validators=[MinValueValidator(1), MaxValueValidator(_MINUTES_A_DAY)],
        help_text="How long a guest who is called may take to come.",
    )
    next_call_at = models.DateTimeField(editable=False)
    last_place = models.PositiveBigIntegerField(default=0, editable=False)

    class Meta:
        verbose_name = "virtual queue"
        ordering = ("attraction__name",)
        constraints = [
            models.CheckConstraint(
                condition=Q(guests_per_hour__gte=1, guests_per_hour__lte=_MOST_AN_HOUR),
                name="virtual_queue_guests_per_hour_in_range",
            ),
            models.CheckConstraint(
                condition=Q(ready_minutes__gte=1, ready_minutes__lte=_MINUTES_A_DAY),
                name="virtual_queue_ready_minutes_in_range",
            ),
        ]

    def __str__(self) -> str:
        return str(self.attraction)

    def takes(self, guests: int) -> datetime.timedelta:
        """Return for how long so many guests keep the attraction busy."""
        return datetime.timedelta(hours=1) * guests / self.guests_per_hour


class ReservationStatus(models.TextChoices):
    """The states of a reservation, in the words of the one dialect that has them."""

    WAITING = "waiting", "Waiting"
    PAUSED = "paused", "Paused"
    READY = "ready", "Ready"
    COMPLETED = "completed", "Completed"
    CANCELED = "canceled", "Canceled"
    EXPIRED = "expired", "Expired"


LIVING = (ReservationStatus.WAITING, ReservationStatus.PAUSED, ReservationStatus.READY)


def _tickets_left() -> models.QuerySet[Asset]:
    """Return the tickets that somebody of a reservation (the outer row) could still come with."""
    return (
        Asset.objects.living()
        .exclude(status=AssetStatus.USED)
        .filter(
            wallet__reservation_members__reservation=OuterRef("pk"),
            wallet__reservation_members__component=F("component"),
            wallet__reservation_members__unit=F("unit"),
        )
    )


class ReservationQuerySet(models.QuerySet["Reservation"]):
    """Filters that read as adjectives."""

    def living(self) -> ReservationQuerySet:
        """Keep the reservations that may still be completed."""
        return self.filter(status__in=LIVING)

    def due(self, now: datetime.datetime) -> ReservationQuerySet:
        """Keep those that are to be called, whose time to come is over, or who cannot come."""
        return self.filter(
            Q(status=ReservationStatus.WAITING, ready_at__lte=now)
            | Q(status=ReservationStatus.READY, expires_at__lte=now)
            | Q(status=ReservationStatus.READY) & ~Exists(_tickets_left())
        )

    def without_ticket(self) -> ReservationQuerySet:
        """Keep those that no ticket is left of: all were cancelled, or used elsewhere."""
        return self.exclude(Exists(_tickets_left()))


class Reservation(FSMModelMixin, models.Model):
    """A party's place in a virtual queue; parties are called in the order in which they joined.

    `ready_at` is when it is expected to be called, then when it was; `expires_at` until when it may
    come. Paused, it keeps its place and is not called.
    """

    LIFECYCLE_FIELDS: ClassVar[tuple[str, ...]] = (
        "status",
        "status_since",
        "ready_at",
        "expires_at",
    )

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    queue = models.ForeignKey(
        VirtualQueue, models.PROTECT, related_name="reservations", db_index=False
    )
    storefront = models.ForeignKey(Storefront, models.PROTECT, related_name="reservations")
    status = FSMField(
        default=ReservationStatus.WAITING, choices=ReservationStatus.choices, protected=True
    )
    status_since = models.DateTimeField()
    place = models.PositiveBigIntegerField(help_text="Parties are called by these numbers.")
    type = models.CharField(max_length=10, default="parallel")
    size = models.PositiveIntegerField(help_text="How many guests come.")
    reserved_at = models.DateTimeField()
    wait_at_reservation = models.PositiveIntegerField(help_text="Seconds, as told then.")
    ready_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)

    objects = ReservationQuerySet.as_manager()

    class Meta:
        ordering = ("-reserved_at", "-id")
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=ReservationStatus.values), name="reservation_status_known"
            ),
            models.UniqueConstraint(
                fields=("queue", "place"), name="reservation_place_once_per_queue"
            ),
            models.CheckConstraint(condition=Q(size__gte=1), name="reservation_of_somebody"),
            models.CheckConstraint(
                condition=~Q(status=ReservationStatus.READY)
                | Q(ready_at__isnull=False, expires_at__gt=F("ready_at")),
                name="reservation_ready_for_a_while",
            ),
            models.CheckConstraint(
                condition=~Q(status=ReservationStatus.WAITING) | Q(ready_at__isnull=False),
                name="reservation_waiting_is_expected",
            ),
        ]
        indexes = [
            models.Index(
                fields=("queue", "place"),
                condition=Q(status__in=LIVING),
                name="reservation_living",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.size} x {self.queue}"

    @transition(
        "status",
        source=ReservationStatus.WAITING,
        target=ReservationStatus.READY,
    )
    def call(self, *, now: datetime.datetime, until: datetime.datetime) -> None:
        """Let the party come, until a moment."""
        self.status_since = self.ready_at = now
        self.expires_at = until

    @transition(
        "status",
        source=[ReservationStatus.WAITING, ReservationStatus.READY],
        target=ReservationStatus.PAUSED,
    )
    def pause(self, *, now: datetime.datetime) -> None:
        """Keep its place without calling it."""
        self.status_since = now
        self.ready_at = self.expires_at = None

    @transition("status", source=ReservationStatus.PAUSED, target=ReservationStatus.WAITING)
    def resume(self, *, now: datetime.datetime) -> None:
        """Let it be called again, in its old place."""
        self.status_since = self.ready_at = now

    @transition("status", source=ReservationStatus.READY, target=ReservationStatus.COMPLETED)
    def complete(self, *, now: datetime.datetime) -> None:
        """Close it: the party has come."""
        self.status_since = now

    @transition("status", source=list(LIVING), target=ReservationStatus.CANCELED)
    def cancel(self, *, now: datetime.datetime) -> None:
        """Give its place up."""
        self.status_since = now

    @transition("status", source=ReservationStatus.READY, target=ReservationStatus.EXPIRED)
    def expire(self, *, now: datetime.datetime) -> None:
        """Close it: the party did not come in time."""
        self.status_since = now


class ReservationMember(models.Model):
    """One entitlement that a reservation is made with: a ticket, whichever generation it is in.

    `is_living` is written by a trigger alone, with the status of its reservation.
    """

    id = models.UUIDField(primary_key=True, default=time_ordered_uuid, editable=False)
    reservation = models.ForeignKey(Reservation, models.CASCADE, related_name="members")
    wallet = models.ForeignKey(
        Wallet, models.CASCADE, related_name="reservation_members", db_index=False
    )
    component = models.ForeignKey(
        Component, models.PROTECT, related_name="reservation_members", db_index=False
    )
    unit = models.PositiveSmallIntegerField()
    is_living = models.BooleanField(default=True, editable=False)

    class Meta:
        ordering = ("reservation", "id")
        constraints = [
            models.UniqueConstraint(
                fields=("wallet", "component", "unit"),
                condition=Q(is_living=True),
                name="reservation_one_living_per_entitlement",
            ),
        ]
        indexes = [
            models.Index(fields=("wallet",), name="reservation_member_by_wallet"),
            models.Index(fields=("component",), name="reservation_member_by_part"),
        ]

    def __str__(self) -> str:
        return f"{self.wallet} {self.unit}"

    @property
    def asset(self) -> Asset | None:
        """Return its ticket, of the newest generation; None once that was cancelled."""
        generations = Asset.objects.living().filter(
            wallet=self.wallet_id, component=self.component_id, unit=self.unit
        )
        return generations.order_by("-generation").first()
