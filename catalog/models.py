"""What a venue sells: items, the packages made of them, their prices, and partners' own numbers."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Coalesce
from django_fsm import FSMField, FSMModelMixin, transition

from channel_manager.lib.identity import time_ordered_uuid
from partners.models import Partner, Venue

_MINUTES_A_YEAR = 366 * 24 * 60


class DateRange(Func):
    """PostgreSQL's `daterange(from, until, '[]')`; an empty end is open."""

    function = "daterange"
    output_field = DateRangeField()


class ItemType(models.TextChoices):
    """What an item becomes when it is issued."""

    TICKET = "ticket", "Ticket"
    COUPON = "coupon", "Coupon"


class Item(models.Model):
    """Something a guest is admitted to or redeems: an entry, a ride, a lunch coupon."""

    id = models.UUIDField(primary_key=True, default=time_ordered_uuid, editable=False)
    venue = models.ForeignKey(Venue, models.PROTECT, related_name="items")
    number = models.CharField(max_length=64)
    description = models.CharField(max_length=100)
    type = models.CharField(max_length=10, choices=ItemType.choices, default=ItemType.TICKET)
    vat_rate = models.DecimalField(
        "VAT rate",
        max_digits=5,
        decimal_places=2,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
        help_text="Per cent, such as 9.00.",
    )

    class Meta:
        ordering = ("number",)
        constraints = [
            models.UniqueConstraint(fields=("venue", "number"), name="item_number_once_per_venue"),
            models.CheckConstraint(condition=Q(type__in=ItemType.values), name="item_type_known"),
            models.CheckConstraint(
                condition=Q(vat_rate__gte=0, vat_rate__lte=100), name="item_vat_rate_in_per_cent"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.description}"


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


class Price(models.Model):
    """What one package costs, VAT included: for everybody or one partner, always or for dates."""

    id = models.UUIDField(primary_key=True, default=time_ordered_uuid, editable=False)
    package = models.ForeignKey(Package, models.CASCADE, related_name="prices")
    partner = models.ForeignKey(
        Partner, models.CASCADE, null=True, blank=True, related_name="prices"
    )
    visit_from = models.DateField(null=True, blank=True)
    visit_until = models.DateField(null=True, blank=True, help_text="The last day, included.")
    amount_incl_vat = models.DecimalField(
        "amount incl. VAT", max_digits=12, decimal_places=3, validators=[MinValueValidator(0)]
    )

    class Meta:
        ordering = ("package", "partner", "visit_from")
        constraints = [
            models.CheckConstraint(condition=Q(amount_incl_vat__gte=0), name="price_not_negative"),
            models.CheckConstraint(
                condition=Q(visit_from=None)
                | Q(visit_until=None)
                | Q(visit_from__lte=F("visit_until")),
                name="price_dates_in_order",
            ),
            models.UniqueConstraint(
                fields=("package", "partner"),
                condition=Q(visit_from=None, visit_until=None),
                nulls_distinct=False,
                name="price_without_dates_once",
            ),
            ExclusionConstraint(
                name="price_dates_do_not_overlap",
                expressions=[
                    (F("package"), RangeOperators.EQUAL),
                    (
                        Coalesce(
                            F("partner"),
                            Value("00000000-0000-0000-0000-000000000000"),
                            output_field=models.UUIDField(),
                        ),
                        RangeOperators.EQUAL,
                    ),
                    (
                        DateRange("visit_from", "visit_until", Value("[]")),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                condition=~Q(visit_from=None, visit_until=None),
                violation_error_message="Another price of this package for the same partner "
                "covers some of these dates.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount_incl_vat} for {self.package.code}"

    def clean(self) -> None:
        """Refuse a partner of another venue and fractions the currency does not have."""
        from_other_venue = (
            self.partner is not None and self.partner.venue_id != self.package.venue_id
        )
        if from_other_venue:
            raise ValidationError({"partner": "This partner sells for another venue."})


class PackageMapping(models.Model):
    """A partner's own item number for one of the venue's packages, for a range of dates."""

    id = models.UUIDField(primary_key=True, default=time_ordered_uuid, editable=False)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="mappings")
    item_number = models.CharField(max_length=64, help_text="The partner's SKU, exactly as sent.")
    package = models.ForeignKey(Package, models.PROTECT, related_name="mappings")
    valid_from = models.DateField(null=True, blank=True, help_text="Date of receipt, venue's time.")
    valid_until = models.DateField(null=True, blank=True, help_text="The last day, included.")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("partner", "item_number", "valid_from")
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_from=None)
                | Q(valid_until=None)
                | Q(valid_from__lte=F("valid_until")),
                name="mapping_dates_in_order",
            ),
            ExclusionConstraint(
                name="mapping_dates_do_not_overlap",
                expressions=[
                    (F("partner"), RangeOperators.EQUAL),
                    (F("item_number"), RangeOperators.EQUAL),
                    (
                        DateRange("valid_from", "valid_until", Value("[]")),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                condition=Q(is_active=True),
                violation_error_message="Another active mapping of this item number covers some "
                "of these dates.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item_number} → {self.package.code}"

    def clean(self) -> None:
        """Refuse a package of another venue than the partner's."""
        if self.package_id and self.partner_id and self.package.venue_id != self.partner.venue_id:
            raise ValidationError({"package": "This package belongs to another venue."})

    def is_valid_on(self, day: datetime.date) -> bool:
        """Tell whether an order received on this day (venue's time) is sold under it."""
        starts = self.valid_from is None or self.valid_from <= day
        return self.is_active and starts and (self.valid_until is None or day <= self.valid_until)
