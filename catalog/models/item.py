"""Items: what a guest is admitted to or redeems."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from catalog.models.session import Attraction
from channel_manager.lib.identity import time_ordered_uuid
from partners.models import Venue


class ItemType(models.TextChoices):
    """What an item becomes when it is issued."""

    TICKET = "ticket", "Ticket"
    COUPON = "coupon", "Coupon"


# The number and the code of what magic item numbers are issued as (catalog/trial_ticket.py).
TEST_TICKET = "CM-TEST-TICKET"


class RealItems(models.Manager["Item"]):
    """Leaves out what only test orders are for."""

    def get_queryset(self) -> models.QuerySet[Item]:
        """Keep the items that can be sold."""
        return super().get_queryset().filter(is_test=False)


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
    attraction = models.ForeignKey(
        Attraction,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="items",
        help_text="Whose sessions it takes places of. Empty: places are not counted.",
    )
    is_test = models.BooleanField(default=False, db_default=False, editable=False)

    objects = RealItems()

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

    def clean(self) -> None:
        """Refuse an attraction of another venue, and the number of the hidden test ticket."""
        if self.number == TEST_TICKET and not self.is_test:
            raise ValidationError({"number": "This number is that of the test ticket."})
        if self.attraction is not None and self.attraction.venue_id != self.venue_id:
            raise ValidationError({"attraction": "This attraction belongs to another venue."})
