"""The contract: what a partner and a venue have agreed on money, from a day on."""

from __future__ import annotations

import datetime
from decimal import Decimal

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q, Value

from channel_manager.lib.identity import time_ordered_uuid
from channel_manager.lib.money import rounded
from channel_manager.lib.ranges import DateRange
from partners.models.partner import Partner


class Terms(models.TextChoices):
    """How a partner's commission is worked out."""

    NET_RATE = "net_rate", "Net rate: our price to this partner, no commission"
    COMMISSION_OF_GROSS = "commission_of_gross", "Commission, percent of gross"
    COMMISSION_OF_EXCL_VAT = "commission_of_excl_vat", "Commission, percent of gross without VAT"
    FEE_PER_UNIT = "fee_per_unit", "Fixed fee per unit"


class DateBasis(models.TextChoices):
    """The day on which a sale counts."""

    BOOKED = "booked", "Booked: the day we received the order"
    VISIT = "visit", "Visit: the day of the visit; without one, the day it was booked"
    ADMITTED = "admitted", "Admitted: the day of an order line's first admission"
    PAID = "paid", "Paid: the day the order was issued on a payment reference"


class BilledBy(models.TextChoices):
    """Who writes the bill."""

    PARTNER = "partner", "The partner bills its commission, or pays by its own statement"
    VENUE = "venue", "We bill the partner"


PERCENT_TERMS = (Terms.COMMISSION_OF_GROSS, Terms.COMMISSION_OF_EXCL_VAT)


class ContractQuerySet(models.QuerySet["Contract"]):
    """Filters that read as adjectives."""

    def holding_on(self, day: datetime.date) -> ContractQuerySet:
        """Keep those that hold on a day, on the venue's clock: one of a partner at most."""
        return self.holding_between(day, day)

    def holding_between(self, first: datetime.date, last: datetime.date) -> ContractQuerySet:
        """Keep those that hold on any of some days, both included."""
        until = Q(valid_until=None) | Q(valid_until__gte=first)
        return self.filter(until, valid_from__lte=last)


class Contract(models.Model):
    """One version of the terms between a partner and its venue.

    Terms never change (trigger), for entries of the ledger are stamped with them: what is agreed
    anew is the next version, and the one before ends on the day before. Amounts are in `currency`.
    """

    id = models.UUIDField(primary_key=True, default=time_ordered_uuid, editable=False)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="contracts", db_index=False)
    version = models.PositiveIntegerField(
        db_default=0, editable=False, help_text="Counted per partner; given by the database."
    )
    valid_from = models.DateField(help_text="The first day of booking it holds for, venue's time.")
    valid_until = models.DateField(null=True, blank=True, help_text="The last day, included.")
    terms = models.CharField(max_length=30, choices=Terms.choices)
    percent = models.DecimalField(
        max_digits=6,
        decimal_places=3,
        default=Decimal(0),
        validators=[MinValueValidator(0), MaxValueValidator(100)],
        help_text="Of gross, or of gross without VAT.",
    )
    fee = models.DecimalField(
        "fee per unit",
        max_digits=12,
        decimal_places=3,
        default=Decimal(0),
        validators=[MinValueValidator(0)],
    )
    currency = models.CharField(
        max_length=3,
        validators=[RegexValidator(r"^[A-Z]{3}\Z", "Three capital letters, ISO 4217.")],
    )
    date_basis = models.CharField(
        max_length=10, choices=DateBasis.choices, default=DateBasis.BOOKED
    )
    billed_by = models.CharField(
        "who bills", max_length=10, choices=BilledBy.choices, default=BilledBy.PARTNER
    )
    tolerance = models.DecimalField(
        max_digits=12,
        decimal_places=3,
        default=Decimal("0.05"),
        validators=[MinValueValidator(0)],
        help_text="An amount of a statement that is off by no more than this is accepted.",
    )
    note = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ContractQuerySet.as_manager()

    class Meta:
        ordering = ("partner", "version")
        constraints = [
            models.UniqueConstraint(
                fields=("partner", "version"),
                name="contract_version_once",
                violation_error_message="Somebody else has just added a contract of this partner. "
                "Look again and repeat your change.",
            ),
            models.CheckConstraint(condition=Q(version__gte=1), name="contract_version_from_1"),
            models.CheckConstraint(
                condition=Q(terms__in=Terms.values), name="contract_terms_known"
            ),
            models.CheckConstraint(
                condition=Q(date_basis__in=DateBasis.values), name="contract_date_basis_known"
            ),
            models.CheckConstraint(
                condition=Q(billed_by__in=BilledBy.values), name="contract_billed_by_known"
            ),
            models.CheckConstraint(
                condition=Q(percent__gte=0, percent__lte=100, fee__gte=0, tolerance__gte=0),
                name="contract_amounts_in_range",
            ),
            models.CheckConstraint(
                condition=(Q(terms__in=PERCENT_TERMS) | Q(percent=0))
                & (Q(terms=Terms.FEE_PER_UNIT) | Q(fee=0)),
                name="contract_amounts_of_its_terms",
            ),
            models.CheckConstraint(
                condition=Q(valid_until=None) | Q(valid_from__lte=F("valid_until")),
                name="contract_dates_in_order",
            ),
            ExclusionConstraint(
                name="contract_dates_do_not_overlap",
                expressions=[
                    (F("partner"), RangeOperators.EQUAL),
                    (DateRange("valid_from", "valid_until", Value("[]")), RangeOperators.OVERLAPS),
                ],
                violation_error_message="Another contract of this partner covers some of these "
                "days. End it first.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.partner}, version {self.version}"

    @property
    def rate(self) -> str:
        """Return its terms in a few words, such as 20 % of gross."""
        match self.terms:
            case Terms.COMMISSION_OF_GROSS:
                return f"{self.percent.normalize():f} % of gross"
            case Terms.COMMISSION_OF_EXCL_VAT:
                return f"{self.percent.normalize():f} % of gross without VAT"
            case Terms.FEE_PER_UNIT:
                return f"{rounded(self.fee, self.currency)} {self.currency} per unit"
            case _:
                return "Net rate"

    def holds_on(self, day: datetime.date) -> bool:
        """Tell whether it holds on a day, as `holding_on` does."""
        return self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)

    def commission_on(self, *, gross: Decimal, excl_vat: Decimal, units: int) -> Decimal:
        """Return the commission on a sale, in its currency, rounded to its smallest unit."""
        match self.terms:
            case Terms.COMMISSION_OF_GROSS:
                return rounded(gross * self.percent / 100, self.currency)
            case Terms.COMMISSION_OF_EXCL_VAT:
                return rounded(excl_vat * self.percent / 100, self.currency)
            case Terms.FEE_PER_UNIT:
                return rounded(self.fee * units, self.currency)
            case _:
                return Decimal(0)

    def clean(self) -> None:
        """Refuse amounts that its terms do not use, and another currency than the venue's."""
        if self.partner_id and self.currency != self.partner.venue.currency:
            its = self.partner.venue.currency
            raise ValidationError({"currency": f"The venue sells in {its}."})
        if self.terms in PERCENT_TERMS and not self.percent:
            raise ValidationError({"percent": "How many percent is the commission?"})
        if self.terms == Terms.FEE_PER_UNIT and not self.fee:
            raise ValidationError({"fee": "How much is the fee?"})
        if self.percent and self.terms not in PERCENT_TERMS:
            raise ValidationError({"percent": "These terms have no percentage: leave it 0."})
        if self.fee and self.terms != Terms.FEE_PER_UNIT:
            raise ValidationError({"fee": "These terms have no fee: leave it 0."})
