"""Holds: places kept for a while, until they are ordered."""

from __future__ import annotations

import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django_fsm import FSMField, FSMModelMixin, transition

from channel_manager.lib.identity import time_ordered_uuid
from partners.account import Account
from partners.models import Partner

HOLD_KIND = "hold"


class HoldStatus(models.TextChoices):
    """The states of a hold, as the API shows them."""

    HELD = "Held"
    CONVERTED = "Converted"
    RELEASED = "Released"
    EXPIRED = "Expired"


class HoldQuerySet(models.QuerySet["Hold"]):
    """Filters that read as adjectives."""

    def of(self, account: Account) -> HoldQuerySet:
        """Keep the holds of a partner in one mode; those of the other mode do not exist for it."""
        return self.filter(partner=account.partner, test_mode=account.test_mode)

    def overdue(self, now: datetime.datetime) -> HoldQuerySet:
        """Keep the holds whose time is over and that still hold."""
        return self.filter(status=HoldStatus.HELD, expires_at__lte=now)


class Hold(FSMModelMixin, models.Model):
    """Places that a partner keeps for its guest; they become an order's, or go back."""

    LIFECYCLE_FIELDS: ClassVar[tuple[str, ...]] = ("status", "expires_at", "ended_at")

    id = models.UUIDField(primary_key=True, default=time_ordered_uuid, editable=False)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="holds")
    test_mode = models.BooleanField(
        default=False, db_default=False, help_text="A test: it keeps no places."
    )
    status = FSMField(default=HoldStatus.HELD, choices=HoldStatus.choices, protected=True)
    lines = models.JSONField(help_text="What was asked for, with the sessions that were chosen.")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = HoldQuerySet.as_manager()

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=HoldStatus.values), name="hold_status_known"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=False) ^ Q(status=HoldStatus.HELD),
                name="ended_hold_says_when",
            ),
        ]
        indexes = [
            models.Index(
                fields=("expires_at",),
                condition=Q(status=HoldStatus.HELD),
                name="hold_by_expiry",
            ),
            models.Index(
                fields=("ended_at",),
                condition=Q(ended_at__isnull=False),
                name="hold_ended",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @transition("status", source=HoldStatus.HELD, target=HoldStatus.HELD)
    def extend(self, *, until: datetime.datetime) -> None:
        """Keep the places for longer."""
        self.expires_at = until

    @transition("status", source=HoldStatus.HELD, target=HoldStatus.CONVERTED)
    def convert(self, *, now: datetime.datetime) -> None:
        """Give the places to an order."""
        self.ended_at = now

    @transition("status", source=HoldStatus.HELD, target=HoldStatus.RELEASED)
    def release(self, *, now: datetime.datetime) -> None:
        """Give the places back because the partner says so."""
        self.ended_at = now

    @transition("status", source=HoldStatus.HELD, target=HoldStatus.EXPIRED)
    def expire(self, *, now: datetime.datetime) -> None:
        """Give the places back because the time is over."""
        self.ended_at = now
