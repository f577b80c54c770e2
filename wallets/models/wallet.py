"""Wallets: what a recipient gets, and its life cycle."""

from __future__ import annotations

import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django_fsm import FSMField, FSMModelMixin, transition

from channel_manager.lib.identity import time_ordered_uuid, unguessable_number, url_token
from partners.account import Account
from partners.models import Venue


class WalletStatus(models.TextChoices):
    """The states of a wallet (design section 4)."""

    RESERVED = "Reserved"
    MINTED = "Minted"
    ACTIVE = "Active"
    DESTROYED = "Destroyed"


def new_wallet_number() -> str:
    """Return a fresh wallet reference number."""
    return unguessable_number("W")


class WalletQuerySet(models.QuerySet["Wallet"]):
    """Filters that read as adjectives."""

    def living(self) -> WalletQuerySet:
        """Keep the wallets that are not destroyed."""
        return self.exclude(status=WalletStatus.DESTROYED)

    def in_mode_of(self, account: Account) -> WalletQuerySet:
        """Keep the wallets of the account's venue and mode, whichever partner sold them."""
        return self.filter(venue=account.partner.venue_id, test_mode=account.test_mode)


class Wallet(FSMModelMixin, models.Model):
    """What one recipient gets; allotted its numbers at submit as a shell, filled when issued.

    The keys to the order and its line point against the direction of imports, as lazy strings: a
    wallet is found by its order, and the database is to hold that every wallet has one.
    """

    LIFECYCLE_FIELDS: ClassVar[tuple[str, ...]] = (
        "status",
        "issued_at",
        "destroyed_at",
        "destroyed_by",
        "destroyed_why",
    )

    id = models.UUIDField(primary_key=True, default=time_ordered_uuid, editable=False)
    venue = models.ForeignKey(Venue, models.PROTECT, related_name="wallets", db_index=False)
    order = models.ForeignKey("orders.Order", models.CASCADE, related_name="wallets")
    line = models.ForeignKey(
        "orders.OrderLine",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="wallets",
        db_index=False,
        help_text="Empty once the line was replaced; the wallet is destroyed then.",
    )
    test_mode = models.BooleanField(
        default=False, db_default=False, help_text="As its order's: the gate admits nobody with it."
    )
    seq_no = models.PositiveIntegerField()
    status = FSMField(default=WalletStatus.RESERVED, choices=WalletStatus.choices, protected=True)
    reference_number = models.CharField(max_length=20, default=new_wallet_number)
    external_reference_number = models.CharField(max_length=64, null=True, blank=True)
    name = models.CharField(max_length=100, null=True, blank=True)
    token = models.CharField(max_length=32, default=url_token, unique=True)
    issued_at = models.DateTimeField(null=True, blank=True)
    destroyed_at = models.DateTimeField(null=True, blank=True)
    destroyed_by = models.CharField(max_length=60, blank=True)
    destroyed_why = models.CharField(max_length=500, blank=True)

    objects = WalletQuerySet.as_manager()

    class Meta:
        ordering = ("line", "seq_no")
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=WalletStatus.values), name="wallet_status_known"
            ),
            models.UniqueConstraint(
                fields=("venue", "reference_number"), name="wallet_number_once_per_venue"
            ),
            models.UniqueConstraint(
                fields=("venue", "external_reference_number", "test_mode"),
                condition=~Q(status=WalletStatus.DESTROYED),
                name="external_reference_once_among_living",
            ),
            models.UniqueConstraint(fields=("line", "seq_no"), name="wallet_seq_no_once_per_line"),
            models.CheckConstraint(
                condition=Q(line__isnull=False) | Q(status=WalletStatus.DESTROYED),
                name="living_wallet_has_a_line",
            ),
            models.CheckConstraint(
                condition=Q(destroyed_at__isnull=False) ^ ~Q(status=WalletStatus.DESTROYED),
                name="destroyed_wallet_says_when",
            ),
        ]
        indexes = [
            # A guest may still show the number of a wallet that was cancelled.
            models.Index(
                fields=("venue", "external_reference_number"),
                condition=Q(status=WalletStatus.DESTROYED, external_reference_number__isnull=False),
                name="wallet_destroyed_reference",
            ),
            models.Index(fields=("id",), condition=Q(test_mode=True), name="wallet_of_a_test"),
        ]

    def __str__(self) -> str:
        return self.reference_number

    @transition("status", source=WalletStatus.RESERVED, target=WalletStatus.MINTED)
    def mint(self) -> None:
        """Fill the shell: its assets exist, but are not valid yet."""

    @transition("status", source=WalletStatus.MINTED, target=WalletStatus.ACTIVE)
    def activate(self, *, now: datetime.datetime) -> None:
        """Make the wallet the guest's."""
        self.issued_at = now

    @transition(
        "status",
        source=[WalletStatus.RESERVED, WalletStatus.MINTED, WalletStatus.ACTIVE],
        target=WalletStatus.DESTROYED,
    )
    def destroy(self, *, by: str, why: str, now: datetime.datetime) -> None:
        """End the wallet for good; its numbers are never given out again."""
        self.destroyed_at = now
        self.destroyed_by = by
        self.destroyed_why = why[:500]
