"""Connections: a venue's accounts at systems that issue for it, and what they call its components."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from catalog.models.package import Component
from catalog.models.session import Session
from channel_manager.lib.identity import time_ordered_uuid
from channel_manager.lib.sealing import seal, unseal
from partners.models import Venue

MAX_SECONDS = 60


class System(models.TextChoices):
    """The outside systems that packages can be issued through."""

    ORDINO = "ordino", "Ordino"
    ONEBOX = "onebox", "Onebox"
    OPENTICKET = "openticket", "OpenTicket"
    VOORDEMENSEN = "voordemensen", "VoordeMensen"


# They answer an order with an address at which somebody has to pay (common model, section 2).
SUPPLIER_PAID = (System.OPENTICKET, System.VOORDEMENSEN)


class Connection(models.Model):
    """A venue's account at an outside system. Its credentials are sealed and never shown again."""

    id = models.UUIDField(primary_key=True, default=time_ordered_uuid, editable=False)
    venue = models.ForeignKey(Venue, models.PROTECT, related_name="connections")
    system = models.CharField(max_length=14, choices=System.choices)
    name = models.CharField(max_length=60, help_text="What staff know it by.")
    base_url = models.CharField("base URL", max_length=200, help_text="Of its API, with https://.")
    second_url = models.CharField(
        "second URL",
        max_length=200,
        blank=True,
        help_text="Of its other host, where it has one: OAuth for Onebox, the API beside the shop "
        "for OpenTicket.",
    )
    account = models.CharField(
        max_length=64,
        blank=True,
        help_text="Who we are there: the channel, the shop, the client.",
    )
    is_active = models.BooleanField(
        default=True, help_text="Off: nothing is issued there, and orders wait in Error."
    )
    connect_seconds = models.PositiveSmallIntegerField(
        default=10, validators=[MinValueValidator(1), MaxValueValidator(MAX_SECONDS)]
    )
    read_seconds = models.PositiveSmallIntegerField(
        default=30, validators=[MinValueValidator(1), MaxValueValidator(MAX_SECONDS)]
    )
    repeats_safely = models.BooleanField(
        "repeating is known to be idempotent",
        default=False,
        help_text="Its operator has confirmed that an order sent twice is made once. Off: an order "
        "whose answer never came stops for a person.",
    )
    buyer_email = models.EmailField(
        blank=True,
        help_text="Given there for orders whose partner told no e-mail address. That system may "
        "mail its tickets to it.",
    )
    payment_method = models.CharField(
        "prepaid payment method",
        max_length=64,
        blank=True,
        help_text="Its id of a method that asks no guest for money, such as on account. Without it "
        "only what costs nothing there can be issued.",
    )
    payment_minutes = models.PositiveSmallIntegerField(
        default=10,
        # Well within the hour after which an order is given up.
        validators=[MinValueValidator(1), MaxValueValidator(30)],
        help_text="How long we wait there for an order to be paid by that method.",
    )
    availability_seconds = models.PositiveIntegerField(
        default=60,
        validators=[MinValueValidator(10), MaxValueValidator(3600)],
        help_text="How old the availability that it told may be before it is asked again.",
    )
    poll_seconds = models.PositiveIntegerField(
        default=900,
        validators=[MinValueValidator(60), MaxValueValidator(86_400)],
        help_text="How often its orders are read back for scans and refunds.",
    )
    sealed_credentials = models.TextField(editable=False, blank=True)
    credentials_set_at = models.DateTimeField(null=True, blank=True, editable=False)
    sealed_tokens = models.TextField(
        editable=False, blank=True, help_text="What its OAuth server gave us; renewed by us."
    )
    tokens_expire_at = models.DateTimeField(null=True, blank=True, editable=False)
    checked_at = models.DateTimeField(null=True, blank=True, editable=False)
    check_message = models.CharField(
        max_length=300, blank=True, editable=False, help_text="Empty: the last test went well."
    )

    class Meta:
        ordering = ("venue", "name")
        permissions = [("check_connection", "Can test a connection to an outside system")]
        constraints = [
            models.CheckConstraint(
                condition=Q(system__in=System.values), name="connection_system_known"
            ),
            models.UniqueConstraint(
                fields=("venue", "name"),
                name="connection_name_once_per_venue",
                violation_error_message="The venue has a connection of this name already.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_system_display()}: {self.name}"

    @property
    def credentials(self) -> dict[str, str]:
        """Return the secrets by their name; raises Unsealable."""
        return _opened(self.sealed_credentials)

    @property
    def tokens(self) -> dict[str, str]:
        """Return what its OAuth server gave us last; raises Unsealable."""
        return _opened(self.sealed_tokens)

    def set_credentials(self, values: Mapping[str, str]) -> None:
        """Seal new secrets; what was got with the old ones is forgotten."""
        self.sealed_credentials = seal(json.dumps(dict(values)))
        self.set_tokens({})
        self.tokens_expire_at = None

    def set_tokens(self, values: Mapping[str, str]) -> None:
        """Seal what the OAuth server gave us."""
        self.sealed_tokens = seal(json.dumps(dict(values))) if values else ""

    @property
    def asks_guests_for_money(self) -> bool:
        """Tell whether what costs something there would have to be paid by a guest."""
        return self.system in SUPPLIER_PAID and not self.payment_method


def _opened(sealed: str) -> dict[str, Any]:
    opened: dict[str, Any] = json.loads(unseal(sealed)) if sealed else {}
    return opened


class ComponentSource(models.Model):
    """What a component is at an outside system, which issues it: always, or in one session of ours.

    `outside_item`: package id, price type, ticket GUID or discount; `outside_session`: session or
    event, where that system has them.
    """

    id = models.UUIDField(primary_key=True, default=time_ordered_uuid, editable=False)
    component = models.ForeignKey(Component, models.CASCADE, related_name="sources")
    connection = models.ForeignKey(Connection, models.PROTECT, related_name="sources")
    session = models.ForeignKey(
        Session,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="sources",
        help_text="The session of ours that it holds for. Empty: whenever no other fits.",
    )
    outside_session = models.CharField("outside session or event", max_length=64, blank=True)
    outside_item = models.CharField("outside id", max_length=64)
    label = models.CharField(
        max_length=200, blank=True, help_text="What that system calls it; for people."
    )
    outside_price = models.DecimalField(
        max_digits=12,
        decimal_places=3,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text="What one costs there, in the venue's currency, as far as we know.",
    )

    class Meta:
        verbose_name = "outside id"
        ordering = ("component", "session")
        constraints = [
            models.UniqueConstraint(
                fields=("component", "session"),
                nulls_distinct=False,
                name="component_source_once_per_session",
                violation_error_message="This component has an outside id for that session already.",
            ),
            models.CheckConstraint(condition=~Q(outside_item=""), name="component_source_has_id"),
            models.CheckConstraint(
                condition=Q(outside_price=None) | Q(outside_price__gte=0),
                name="component_source_price_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return self.label or self.outside_item

    @property
    def asks_guests_for_money(self) -> bool:
        """Tell whether an order for it would need a guest's payment there."""
        return self.connection.asks_guests_for_money and self.outside_price != 0

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save it, and note that somebody wants to know how many places are left there."""
        super().save(*args, **kwargs)
        self.note_interest()

    def note_interest(self) -> None:
        """Note that somebody wants to know how many places are left there."""
        OutsidePlaces.objects.update_or_create(
            connection_id=self.connection_id,
            outside_session=self.outside_session,
            outside_item=self.outside_item,
            defaults={"asked_at": timezone.now()},
        )

    def clean(self) -> None:
        """Refuse another venue's connection or session, and what only a guest's payment could buy."""
        package = self.component.package
        faults: dict[str, str] = {}
        if self.connection.venue_id != package.venue_id:
            faults["connection"] = "This connection belongs to another venue."
        elif self.asks_guests_for_money:
            faults["connection"] = (
                f"{self.connection} has no prepaid payment method: a guest would have to pay there. "
                "Set one on the connection, or give a price of 0."
            )
        if self.session is not None and self.session.attraction_id != (
            self.component.item.attraction_id
        ):
            faults["session"] = "This session is of another attraction."
        if faults:
            raise ValidationError(faults)


class OutsidePlaces(models.Model):
    """How many places an outside system said are left of one thing it sells, and when.

    left None: it does not count them. Written by the connector's job only.
    """

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="places")
    outside_session = models.CharField(max_length=64, blank=True)
    outside_item = models.CharField(max_length=64)
    left = models.PositiveIntegerField(null=True)
    told_at = models.DateTimeField(null=True)
    asked_at = models.DateTimeField(help_text="When somebody last wanted to know.")
    tried_at = models.DateTimeField(null=True, help_text="When that system was asked last.")
    failures = models.PositiveSmallIntegerField(
        default=0, help_text="How often in a row it did not tell."
    )
    message = models.CharField(max_length=300, blank=True, help_text="Why not; empty when it told.")

    class Meta:
        verbose_name_plural = "outside places"
        constraints = [
            models.UniqueConstraint(
                fields=("connection", "outside_session", "outside_item"),
                name="outside_places_once",
            ),
        ]
        indexes = [models.Index(fields=("asked_at",), name="outside_places_asked")]

    def __str__(self) -> str:
        return f"{self.outside_session} {self.outside_item}: {self.left}"
