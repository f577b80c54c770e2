"""Packages, what is sold, and the components they are made of."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django_fsm import FSMField, FSMModelMixin, transition

from catalog.models.item import TEST_TICKET, Item
from channel_manager.lib.identity import time_ordered_uuid
from partners.models import Venue

if TYPE_CHECKING:
    from catalog.elsewhere import Elsewhere

_MINUTES_A_YEAR = 366 * 24 * 60


class PackageStatus(models.TextChoices):
    """The states of a package (design section 4)."""

    DRAFT = "Draft"
    ON_SALE = "OnSale", "On sale"
    WITHDRAWN = "Withdrawn"


class Dating(models.TextChoices):
    """When a package may be used (contract section 3)."""

    DATED = "dated", "Dated: one day, any time in opening hours"
    TIMED = "timed", "Timed: one day and one start time"
    OPEN = "open", "Open-dated: any day while it is valid"


class RealPackages(models.Manager["Package"]):
    """Leaves out what only test orders are for."""

    def get_queryset(self) -> models.QuerySet[Package]:
        """Keep the packages that can be sold."""
        return super().get_queryset().filter(is_test=False)


class Package(FSMModelMixin, models.Model):
    """What is sold: one or more components at one price; issued as one wallet each."""

    LIFECYCLE_FIELDS: ClassVar[tuple[str, ...]] = ("status",)

    id = models.UUIDField(primary_key=True, default=time_ordered_uuid, editable=False)
    venue = models.ForeignKey(Venue, models.PROTECT, related_name="packages")
    code = models.CharField(max_length=64)
    name = models.CharField(max_length=100)
    description = models.TextField(blank=True)
    status = FSMField(default=PackageStatus.DRAFT, choices=PackageStatus.choices, protected=True)
    dating = models.CharField(max_length=10, choices=Dating.choices, default=Dating.DATED)
    is_group = models.BooleanField(
        "group package",
        default=False,
        help_text="One wallet with one ticket for the whole quantity. Needs exactly one component.",
    )
    cut_off_minutes = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MaxValueValidator(_MINUTES_A_YEAR)],
        help_text="Sold until this many minutes before the visit starts. Empty: until it ends.",
    )
    validity_days = models.PositiveSmallIntegerField(
        default=365,
        validators=[MinValueValidator(1)],
        help_text="Open-dated only: valid for this many days from the day of sale.",
    )
    is_test = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text="The hidden package of test orders (catalog/trial_ticket.py).",
    )

    objects = RealPackages()

    class Meta:
        ordering = ("code",)
        constraints = [
            models.UniqueConstraint(fields=("venue", "code"), name="package_code_once_per_venue"),
            models.CheckConstraint(
                condition=Q(status__in=PackageStatus.values), name="package_status_known"
            ),
            models.CheckConstraint(
                condition=Q(dating__in=Dating.values), name="package_dating_known"
            ),
            models.CheckConstraint(
                condition=Q(validity_days__gte=1), name="package_valid_for_a_day"
            ),
            models.CheckConstraint(
                condition=Q(cut_off_minutes__lte=_MINUTES_A_YEAR), name="package_cut_off_in_a_year"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"

    def clean(self) -> None:
        """Refuse the code of the hidden test ticket."""
        if self.code == TEST_TICKET and not self.is_test:
            raise ValidationError({"code": "This code is that of the test ticket."})

    def dating_for(self, date: datetime.date | None) -> str:
        """Return when it may be used if ordered for a date: a test ticket is for any day, or one."""
        return Dating.OPEN if self.is_test and date is None else self.dating

    @transition(
        "status",
        source=[PackageStatus.DRAFT, PackageStatus.WITHDRAWN],
        target=PackageStatus.ON_SALE,
    )
    def put_on_sale(self) -> None:
        """Let partners sell it."""

    @transition("status", source=PackageStatus.ON_SALE, target=PackageStatus.WITHDRAWN)
    def withdraw(self) -> None:
        """Refuse new orders for it; what was sold stays valid."""


class Component(models.Model):
    """An item in a package: how many units of it, and its share of the package's price."""

    id = models.UUIDField(primary_key=True, default=time_ordered_uuid, editable=False)
    package = models.ForeignKey(Package, models.CASCADE, related_name="components")
    item = models.ForeignKey(Item, models.PROTECT, related_name="components")
    quantity = models.PositiveSmallIntegerField(
        default=1, validators=[MinValueValidator(1), MaxValueValidator(20)]
    )
    price_share = models.DecimalField(
        max_digits=9,
        decimal_places=4,
        default=Decimal(1),
        validators=[MinValueValidator(0)],
        help_text="Weight of this component in the package's price; decides the VAT.",
    )
    position = models.PositiveSmallIntegerField(default=0)
    is_active = models.BooleanField(default=True)

    # Whether an outside system issues it, and what it is there on the days that were asked for:
    # as the catalogue read it (catalog/mapping.py).
    is_outside = False
    elsewhere: tuple[Elsewhere, ...] = ()

    class Meta:
        ordering = ("position", "id")
        constraints = [
            models.UniqueConstraint(
                fields=("package", "item"), name="component_item_once_per_package"
            ),
            models.CheckConstraint(
                condition=Q(quantity__gte=1, quantity__lte=20), name="component_quantity_1_to_20"
            ),
            models.CheckConstraint(
                condition=Q(price_share__gte=0), name="component_price_share_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} x {self.item}"

    def clean(self) -> None:
        """Refuse an item of another venue."""
        if self.item_id and self.package_id and self.item.venue_id != self.package.venue_id:
            raise ValidationError({"item": "This item belongs to another venue."})
