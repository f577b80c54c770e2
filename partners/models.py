"""Venues, the partners that sell for them, and the partners' API keys and idempotency records."""

from __future__ import annotations

import datetime
import zoneinfo
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django_fsm import FSMField, FSMModelMixin, transition

from channel_manager.lib.identity import time_ordered_uuid

DEFAULT_HOLD_MINUTES = 8
MAX_HOLD_MINUTES = 60
_HOURS_A_YEAR = 366 * 24


def check_timezone(name: str) -> None:
    """Refuse a name that is not an IANA time zone."""
    if name not in zoneinfo.available_timezones():
        raise ValidationError(f"{name} is not an IANA time zone such as Europe/Amsterdam.")


class Venue(models.Model):
    """A park or attraction: its clock, its currency, its numbers and its look.

    It stands in this app because a partner belongs to one venue and numbers are the venue's.
    Inserting a row makes the sequence that its document numbers are drawn from (trigger).
    """

    id = models.UUIDField(primary_key=True, default=time_ordered_uuid, editable=False)
    code = models.SlugField(max_length=20, unique=True)
    name = models.CharField(max_length=100)
    timezone = models.CharField(
        max_length=40, default="Europe/Amsterdam", validators=[check_timezone]
    )
    currency = models.CharField(
        max_length=3,
        default="EUR",
        validators=[RegexValidator(r"^[A-Z]{3}\Z", "Three capital letters, ISO 4217.")],
    )
    language = models.CharField(
        max_length=2,
        default="en",
        choices=[("en", "English"), ("nl", "Dutch"), ("de", "German")],
        help_text="Language of a manifest whose order names none.",
    )
    reference_prefix = models.CharField(
        max_length=6,
        unique=True,
        validators=[RegexValidator(r"^[A-Z][A-Z0-9]{0,5}\Z", "Capital letters and digits.")],
        help_text="Begins every buyFromOrderReference, such as CM in CM26-0000042.",
    )
    opens_at = models.TimeField(default=datetime.time(8))
    closes_at = models.TimeField(default=datetime.time(20))
    address = models.CharField(max_length=200, blank=True)
    contact_email = models.EmailField(blank=True)
    contact_phone = models.CharField(max_length=40, blank=True)
    brand_color = models.CharField(
        max_length=7,
        default="#1d4ed8",
        validators=[RegexValidator(r"^#[0-9a-fA-F]{6}\Z", "A colour such as #1d4ed8.")],
    )
    logo = models.BinaryField(blank=True, default=b"", editable=True, help_text="PNG or JPEG.")

    class Meta:
        ordering = ("name",)
        constraints = [
            models.CheckConstraint(
                condition=Q(opens_at__lt=models.F("closes_at")), name="venue_opens_before_it_closes"
            ),
            models.CheckConstraint(
                condition=Q(reference_prefix__regex=r"^[A-Z][A-Z0-9]{0,5}$"),
                name="venue_reference_prefix_shape",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        """Return the venue's time zone."""
        return zoneinfo.ZoneInfo(self.timezone)

    @property
    def number_sequence(self) -> str:
        """Return the name of the sequence that the venue's document numbers are drawn from."""
        return f"document_number_{self.pk.hex}"


class PartnerStatus(models.TextChoices):
    """The states of a partnership (design section 4)."""

    ONBOARDING = "Onboarding"
    ACTIVE = "Active"
    PAUSED = "Paused"
    CLOSED = "Closed"


class UnmappedItems(models.TextChoices):
    """What to do with an order for something that cannot be sold as it stands."""

    ACCEPT = "accept", "Accept it; staff map and replay"
    REFUSE = "refuse", "Refuse the order"


class Partner(FSMModelMixin, models.Model):
    """A sales channel's agreement with one venue; its id is the `partnerId` of the API."""

    LIFECYCLE_FIELDS: ClassVar[tuple[str, ...]] = ("status",)

    id = models.UUIDField(primary_key=True, default=time_ordered_uuid, editable=False)
    venue = models.ForeignKey(Venue, models.PROTECT, related_name="partners")
    name = models.CharField(max_length=100)
    status = FSMField(
        default=PartnerStatus.ONBOARDING, choices=PartnerStatus.choices, protected=True
    )
    unmapped_items = models.CharField(
        max_length=10, choices=UnmappedItems.choices, default=UnmappedItems.ACCEPT
    )
    sell_by_package_code = models.BooleanField(
        default=False, help_text="Accept the venue's package codes as item numbers, unmapped."
    )
    draft_lifetime_days = models.PositiveSmallIntegerField(
        default=7,
        validators=[MinValueValidator(1)],
        help_text="A Draft that is not confirmed within this many days is deleted.",
    )
    cancel_deadline_hours = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MaxValueValidator(_HOURS_A_YEAR)],
        help_text="An Issued order cannot be cancelled by the partner within this many hours "
        "before the visit. Empty: no deadline.",
    )
    hold_minutes = models.PositiveSmallIntegerField(
        default=DEFAULT_HOLD_MINUTES,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_HOLD_MINUTES)],
        help_text="A hold that is not turned into an order frees its places after this long.",
    )
    contact_email = models.EmailField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("name",)
        constraints = [
            models.UniqueConstraint(fields=("venue", "name"), name="partner_name_once_per_venue"),
            models.CheckConstraint(
                condition=Q(status__in=PartnerStatus.values), name="partner_status_known"
            ),
            models.CheckConstraint(
                condition=Q(unmapped_items__in=UnmappedItems.values),
                name="partner_unmapped_items_known",
            ),
            models.CheckConstraint(
                condition=Q(draft_lifetime_days__gte=1), name="partner_draft_lives_a_day"
            ),
            models.CheckConstraint(
                condition=Q(cancel_deadline_hours__lte=_HOURS_A_YEAR),
                name="partner_cancel_deadline_in_a_year",
            ),
            models.CheckConstraint(
                condition=Q(hold_minutes__gte=1, hold_minutes__lte=MAX_HOLD_MINUTES),
                name="partner_hold_lasts_1_to_60_minutes",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def actor(self) -> str:
        """Return the name this partner has in the event log."""
        return f"partner:{self.pk}"

    @transition("status", source=PartnerStatus.ONBOARDING, target=PartnerStatus.ACTIVE)
    def activate(self) -> None:
        """Let the partner sell."""

    @transition("status", source=PartnerStatus.ACTIVE, target=PartnerStatus.PAUSED)
    def pause(self) -> None:
        """Stop selling; reads and cancels go on."""

    @transition("status", source=PartnerStatus.PAUSED, target=PartnerStatus.ACTIVE)
    def resume(self) -> None:
        """Let a paused partner sell again."""

    @transition(
        "status",
        source=[PartnerStatus.ONBOARDING, PartnerStatus.ACTIVE, PartnerStatus.PAUSED],
        target=PartnerStatus.CLOSED,
    )
    def close(self) -> None:
        """End the partnership for good."""


class Scope(models.TextChoices):
    """What an API key may do (contract section 1)."""

    ORDERS_READ = "orders:read"
    ORDERS_WRITE = "orders:write"
    CATALOG_READ = "catalog:read"
    WEBHOOKS = "webhooks"
    REPORTS = "reports"


def all_scopes() -> list[str]:
    """Return every scope, what a new key gets."""
    return list(Scope.values)


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    """Filters that read as adjectives."""

    def usable(self, now: datetime.datetime) -> ApiKeyQuerySet:
        """Keep the keys that are neither revoked nor expired."""
        return self.filter(revoked_at=None).filter(Q(expires_at=None) | Q(expires_at__gt=now))


class ApiKey(models.Model):
    """A partner's key: only its SHA-256 is kept, so it can be shown once and never again."""

    partner = models.ForeignKey(Partner, models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=60, blank=True)
    prefix = models.CharField(
        max_length=16, editable=False, help_text="The key's first characters."
    )
    key_hash = models.CharField(max_length=64, unique=True, editable=False)
    scopes = ArrayField(models.CharField(max_length=20), default=all_scopes)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, editable=False)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at",)
        verbose_name = "API key"
        constraints = [
            models.CheckConstraint(
                condition=Q(key_hash__regex=r"^[0-9a-f]{64}$"), name="api_key_hash_is_sha256"
            ),
            models.CheckConstraint(
                condition=Q(scopes__contained_by=list(Scope.values)), name="api_key_scopes_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.prefix}…"

    def is_usable(self, now: datetime.datetime) -> bool:
        """Tell whether the key is neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)


class IdempotencyRecord(models.Model):
    """The stored answer to a request that carried an Idempotency-Key (contract section 1)."""

    partner = models.ForeignKey(Partner, models.CASCADE, related_name="idempotency_records")
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    status_code = models.PositiveSmallIntegerField()
    location = models.CharField(max_length=200, blank=True)
    body = models.TextField(help_text="JSON, its members in the order they were answered in.")
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=("partner", "key"), name="idempotency_key_once")
        ]

    def __str__(self) -> str:
        return self.key
