"""The partner: a sales channel's agreement with one venue, and its life cycle (design section 4)."""

from __future__ import annotations

from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django_fsm import FSMField, FSMModelMixin, transition

from channel_manager.lib.identity import time_ordered_uuid
from partners.models.venue import Venue

DEFAULT_HOLD_MINUTES = 8
MAX_HOLD_MINUTES = 60
# Within these bounds the sums of the token buckets fit their columns (partners/limits.py).
MAX_PER_SECOND = 10_000
MAX_BURST = 1_000_000
_HOURS_A_YEAR = 366 * 24


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
    requests_per_second = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_PER_SECOND)],
        help_text="How many requests a second each of its API keys may send.",
    )
    request_burst = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_BURST)],
        help_text="How many requests each of its API keys may send at once, after a pause.",
    )
    contact_email = models.EmailField(blank=True)
    mails_manifests = models.BooleanField(
        "guests may be mailed",
        default=False,
        db_default=False,
        help_text="Staff may send its guests the link of their tickets by e-mail.",
    )
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
            models.CheckConstraint(
                condition=Q(requests_per_second__gte=1, requests_per_second__lte=MAX_PER_SECOND),
                name="partner_requests_per_second_in_range",
            ),
            models.CheckConstraint(
                condition=Q(request_burst__gte=1, request_burst__lte=MAX_BURST),
                name="partner_request_burst_in_range",
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
