"""The venue: a park or attraction, its clock, currency, numbers and look."""

from __future__ import annotations

import datetime
import zoneinfo

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q

from channel_manager.lib.identity import time_ordered_uuid


def check_timezone(name: str) -> None:
    """Refuse a name that is not an IANA time zone."""
    if name not in zoneinfo.available_timezones():
        raise ValidationError(f"{name} is not an IANA time zone such as Europe/Amsterdam.")


class Venue(models.Model):
    """A park or attraction: its clock, its currency, its numbers and its look.

    It stands in this app because a partner belongs to one venue and numbers are the venue's.
    Inserting a row makes the sequences that its document numbers are drawn from (trigger).
    """

    id = models.UUIDField(primary_key=True, default=time_ordered_uuid, editable=False)
    code = models.SlugField(max_length=20, unique=True)
    name = models.CharField(max_length=100)
    timezone = models.CharField(
        max_length=40, default="Europe/Amsterdam", validators=[check_timezone]
    )
    currency = models.CharField(
        max_length=3,
        default="EUR",
        validators=[RegexValidator(r"^[A-Z]{3}\Z", "Three capital letters, ISO 4217.")],
    )
    language = models.CharField(
        max_length=2,
        default="en",
        choices=[("en", "English"), ("nl", "Dutch"), ("de", "German")],
        help_text="Language of a manifest whose order names none.",
    )
    reference_prefix = models.CharField(
        max_length=6,
        unique=True,
        validators=[RegexValidator(r"^[A-Z][A-Z0-9]{0,5}\Z", "Capital letters and digits.")],
        help_text="Begins every buyFromOrderReference, such as CM in CM26-0000042.",
    )
    opens_at = models.TimeField(default=datetime.time(8))
    closes_at = models.TimeField(default=datetime.time(20))
    address = models.CharField(max_length=200, blank=True)
    contact_email = models.EmailField(blank=True)
    contact_phone = models.CharField(max_length=40, blank=True)
    brand_color = models.CharField(
        max_length=7,
        default="#1d4ed8",
        validators=[RegexValidator(r"^#[0-9a-fA-F]{6}\Z", "A colour such as #1d4ed8.")],
    )
    logo = models.BinaryField(blank=True, default=b"", editable=True, help_text="PNG or JPEG.")

    class Meta:
        ordering = ("name",)
        constraints = [
            models.CheckConstraint(
                condition=Q(opens_at__lt=models.F("closes_at")), name="venue_opens_before_it_closes"
            ),
            models.CheckConstraint(
                condition=Q(reference_prefix__regex=r"^[A-Z][A-Z0-9]{0,5}$"),
                name="venue_reference_prefix_shape",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        """Return the venue's time zone."""
        return zoneinfo.ZoneInfo(self.timezone)

    @property
    def number_sequence(self) -> str:
        """Return the name of the sequence that the venue's document numbers are drawn from."""
        return f"document_number_{self.pk.hex}"

    @property
    def test_number_sequence(self) -> str:
        """Return the name of the sequence of its test orders, which leave no gaps in the other."""
        return f"test_document_number_{self.pk.hex}"
