"""What packages cost."""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce

from catalog.models.package import Package
from channel_manager.lib.identity import time_ordered_uuid
from channel_manager.lib.ranges import DateRange
from partners.models import Partner


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
