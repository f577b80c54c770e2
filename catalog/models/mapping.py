"""What partners may sell: their own numbers for packages, and how many places they may take."""

from __future__ import annotations

import datetime

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Value

from catalog.models.package import Package
from catalog.models.session import Session
from channel_manager.lib.admin.columns import validity
from channel_manager.lib.identity import time_ordered_uuid
from channel_manager.lib.ranges import DateRange
from partners.models import Partner


class MappingQuerySet(models.QuerySet["PackageMapping"]):
    """Ways to read mappings."""

    def telling_sold(self) -> MappingQuerySet:
        """Have each say as `is_sold` whether any order was sold under it."""
        lines = self.model._meta.get_field("order_lines").related_model
        sold = lines._base_manager.filter(mapping=OuterRef("pk"))
        return self.annotate(is_sold=Exists(sold))


class PackageMapping(models.Model):
    """A partner's own item number for one of the venue's packages, for a range of dates.

    A row is one version of what the number means. What a line was sold under stays what it was: a
    foreign key of the line holds number and package, a trigger the partner.
    """

    id = models.UUIDField(primary_key=True, default=time_ordered_uuid, editable=False)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="mappings")
    item_number = models.CharField(max_length=64, help_text="The partner's SKU, exactly as sent.")
    package = models.ForeignKey(Package, models.PROTECT, related_name="mappings")
    valid_from = models.DateField(null=True, blank=True, help_text="Date of receipt, venue's time.")
    valid_until = models.DateField(null=True, blank=True, help_text="The last day, included.")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    version = models.PositiveIntegerField(
        db_default=0,
        editable=False,
        help_text="Counts what a partner's number has meant; given by the database.",
    )

    objects = MappingQuerySet.as_manager()

    class Meta:
        ordering = ("partner", "item_number", "version")
        constraints = [
            models.UniqueConstraint(
                fields=("partner", "item_number", "version"),
                name="mapping_version_once",
                violation_error_message="Somebody else has just added a version of this item "
                "number. Look again and repeat your change.",
            ),
            models.CheckConstraint(condition=Q(version__gte=1), name="mapping_version_from_1"),
            # What an order's line refers to, beside the key: see orders' migration 0021.
            models.UniqueConstraint(
                fields=("id", "package", "item_number"), name="mapping_as_sold"
            ),
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

    @property
    def title(self) -> str:
        """Return what tells it from other versions of its number."""
        return f"Version {self.version}"

    @property
    def dates(self) -> str:
        """Return the days it holds on, such as from 1 Dec 2026."""
        return validity(self.valid_from, self.valid_until)

    @property
    def in_words(self) -> str:
        """Return what it says, such as DAY, from 1 Dec 2026."""
        off = "" if self.is_active else ", switched off"
        return f"{self.item_number} is {self.package.code}, {self.dates}{off}"

    def clean(self) -> None:
        """Refuse a package of another venue than the partner's."""
        if self.package_id and self.partner_id and self.package.venue_id != self.partner.venue_id:
            raise ValidationError({"package": "This package belongs to another venue."})

    def is_valid_on(self, day: datetime.date) -> bool:
        """Tell whether an order received on this day (venue's time) is sold under it."""
        starts = self.valid_from is None or self.valid_from <= day
        return self.is_active and starts and (self.valid_until is None or day <= self.valid_until)


class Allotment(models.Model):
    """How many places of each session a partner may take with one package, at most."""

    id = models.UUIDField(primary_key=True, default=time_ordered_uuid, editable=False)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="allotments", db_index=False)
    package = models.ForeignKey(Package, models.PROTECT, related_name="allotments")
    places = models.PositiveIntegerField("places per session")

    class Meta:
        ordering = ("partner", "package")
        constraints = [
            models.UniqueConstraint(
                fields=("partner", "package"), name="allotment_once_per_package"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.partner}: {self.places} of {self.package.code}"

    def clean(self) -> None:
        """Refuse a package of another venue than the partner's."""
        if self.package_id and self.partner_id and self.package.venue_id != self.partner.venue_id:
            raise ValidationError({"package": "This package belongs to another venue."})


class AllotmentUse(models.Model):
    """How many places of one session are taken under an allotment (written by triggers alone)."""

    allotment = models.ForeignKey(Allotment, models.CASCADE, related_name="uses", db_index=False)
    session = models.ForeignKey(Session, models.CASCADE, related_name="allotment_uses")
    taken = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=("allotment", "session"), name="allotment_use_once_per_session"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.taken} of {self.allotment}"
