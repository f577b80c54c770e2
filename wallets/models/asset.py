"""Assets: the tickets and coupons in a wallet, and how often each was admitted."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django_fsm import FSMField, FSMModelMixin, transition

from catalog.models import Component, Item, ItemType
from channel_manager.lib.identity import time_ordered_uuid
from partners.models import Venue
from wallets.models.wallet import Wallet


class AssetStatus(models.TextChoices):
    """The states of an asset (design section 4)."""

    MINTED = "Minted"
    VALID = "Valid"
    USED = "Used"
    EXPIRED = "Expired"
    DESTROYED = "Destroyed"


class AssetQuerySet(models.QuerySet["Asset"]):
    """Filters that read as adjectives."""

    def living(self) -> AssetQuerySet:
        """Keep the assets that are not destroyed."""
        return self.exclude(status=AssetStatus.DESTROYED)

    def like(self, asset: Asset) -> AssetQuerySet:
        """Keep all generations of an asset: itself, those it replaced, those that replaced it."""
        return self.filter(wallet=asset.wallet_id, component=asset.component_id, unit=asset.unit)


class Asset(FSMModelMixin, models.Model):
    """A ticket or coupon: one number that the gate scans.

    (wallet, component, unit, generation) is its identity, so that issuing twice mints it once. The
    next generation takes its place when it is reissued or moved to another day.
    """

    LIFECYCLE_FIELDS: ClassVar[tuple[str, ...]] = ("status", "admissions", "admitted")

    id = models.UUIDField(primary_key=True, default=time_ordered_uuid, editable=False)
    venue = models.ForeignKey(Venue, models.PROTECT, related_name="assets", db_index=False)
    wallet = models.ForeignKey(Wallet, models.CASCADE, related_name="assets", db_index=False)
    component = models.ForeignKey(Component, models.PROTECT, related_name="assets")
    item = models.ForeignKey(Item, models.PROTECT, related_name="assets")
    position = models.PositiveSmallIntegerField(help_text="Its place in the wallet.")
    unit = models.PositiveSmallIntegerField()
    generation = models.PositiveSmallIntegerField(default=1)
    type = models.CharField(max_length=10, choices=ItemType.choices)
    reference_number = models.CharField(max_length=100)
    description = models.CharField(max_length=100)
    admissions = models.PositiveIntegerField(
        default=1, help_text="How many admissions it is worth; more than one for a group."
    )
    admitted = models.PositiveIntegerField(
        default=0, db_default=0, help_text="How many of its admissions were taken."
    )
    status = FSMField(default=AssetStatus.MINTED, choices=AssetStatus.choices, protected=True)
    seat = models.TextField(
        blank=True,
        default="",
        db_default="",
        help_text="Its numbered seat, or the seats of a group.",
    )
    visit_date = models.DateField(null=True, blank=True)
    visit_time = models.TimeField(null=True, blank=True)
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField()

    objects = AssetQuerySet.as_manager()

    class Meta:
        verbose_name = "ticket or coupon"
        verbose_name_plural = "tickets and coupons"
        ordering = ("wallet", "position", "unit")
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=AssetStatus.values), name="asset_status_known"
            ),
            models.CheckConstraint(condition=Q(type__in=ItemType.values), name="asset_type_known"),
            models.CheckConstraint(
                condition=Q(valid_from__lt=F("valid_until")), name="asset_validity_in_order"
            ),
            models.CheckConstraint(condition=Q(admissions__gte=1), name="asset_admits_somebody"),
            models.CheckConstraint(
                condition=Q(admitted__lte=F("admissions")), name="asset_not_over_admitted"
            ),
            models.CheckConstraint(
                condition=Q(status=AssetStatus.DESTROYED)
                | Q(status=AssetStatus.USED, admitted=F("admissions"))
                | (~Q(status=AssetStatus.USED) & Q(admitted__lt=F("admissions"))),
                name="asset_used_when_all_taken",
            ),
            models.CheckConstraint(
                condition=~Q(status=AssetStatus.MINTED) | Q(admitted=0),
                name="asset_not_valid_yet_admits_nobody",
            ),
            models.UniqueConstraint(
                fields=("venue", "reference_number"), name="asset_number_once_per_venue"
            ),
            models.UniqueConstraint(
                fields=("wallet", "component", "unit", "generation"), name="asset_minted_once"
            ),
        ]

    def __str__(self) -> str:
        return self.reference_number

    @property
    def admissions_left(self) -> int:
        """Return how many of its admissions nobody has taken yet."""
        return self.admissions - self.admitted

    def admit(self, quantity: int) -> None:
        """Take admissions; with the last one it is Used."""
        self.admitted += quantity
        if self.admissions_left == 0:
            self.use()

    def take_back(self, quantity: int) -> None:
        """Give admissions back; a Used asset is Valid again, a destroyed one stays destroyed."""
        self.admitted -= quantity
        if self.status == AssetStatus.USED:
            self.undo_use()

    def shrink(self, quantity: int) -> None:
        """Take admissions away that nobody has taken; when no other is left it is Used.

        One admission at least must be left of it, taken or not.
        """
        self.admissions -= quantity
        if self.admissions_left == 0:
            self.use()

    @transition("status", source=AssetStatus.MINTED, target=AssetStatus.VALID)
    def validate(self) -> None:
        """Let the gate admit it within its window."""

    @transition("status", source=AssetStatus.VALID, target=AssetStatus.USED)
    def use(self) -> None:
        """Close it: its last admission was taken."""

    @transition("status", source=AssetStatus.USED, target=AssetStatus.VALID)
    def undo_use(self) -> None:
        """Take back its last admission."""

    @transition("status", source=AssetStatus.VALID, target=AssetStatus.EXPIRED)
    def expire(self) -> None:
        """Close it: its window has passed unused."""

    @transition(
        "status",
        source=[
            AssetStatus.MINTED,
            AssetStatus.VALID,
            AssetStatus.USED,
            AssetStatus.EXPIRED,
        ],
        target=AssetStatus.DESTROYED,
    )
    def destroy(self) -> None:
        """End it for good."""


def newest(assets: Iterable[Asset]) -> list[Asset]:
    """Return what a wallet has now: of each asset the newest generation, in the order given."""
    latest: dict[tuple[uuid.UUID, int], Asset] = {}
    for asset in assets:
        key = (asset.component_id, asset.unit)
        if key not in latest or latest[key].generation < asset.generation:
            latest[key] = asset
    return list(latest.values())
