"""The gate: its devices, and every scan that one of them sent."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from catalog.models import Connection, Item
from channel_manager.lib.identity import time_ordered_uuid
from partners.models import Venue
from wallets.models.asset import Asset


class GateDeviceQuerySet(models.QuerySet["GateDevice"]):
    """Filters that read as adjectives."""

    def own(self) -> GateDeviceQuerySet:
        """Keep the venue's own, without those that stand for an outside system."""
        return self.filter(connection=None)


class GateDevice(models.Model):
    """A scanner, phone or turnstile: what it admits, and its key, kept as a hash only.

    One of a connection stands for the gates of that outside system; it has no key that works.
    """

    id = models.UUIDField(primary_key=True, default=time_ordered_uuid, editable=False)
    venue = models.ForeignKey(Venue, models.PROTECT, related_name="gate_devices", db_index=False)
    name = models.CharField(
        max_length=60, help_text="Where it stands, such as North entrance; guests hear it named."
    )
    items = models.ManyToManyField(Item, blank=True, related_name="gate_devices")
    admits_every_item = models.BooleanField(
        default=False, help_text="Admits whatever the venue sells, also items made later."
    )
    prefix = models.CharField(
        max_length=16, editable=False, help_text="The key's first characters."
    )
    key_hash = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True, editable=False)
    revoked_at = models.DateTimeField(null=True, editable=False)
    connection = models.OneToOneField(
        Connection,
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="gate_device",
        help_text="The outside system whose scans are written down under it.",
    )

    objects = GateDeviceQuerySet.as_manager()

    class Meta:
        ordering = ("name",)
        constraints = [
            models.CheckConstraint(
                condition=Q(connection=None) | Q(revoked_at__isnull=False),
                name="gate_device_of_connection_opens_nothing",
            ),
            models.UniqueConstraint(
                fields=("venue", "name"),
                name="gate_device_name_once_per_venue",
                violation_error_message="The venue has a gate device of this name already.",
            ),
            models.CheckConstraint(
                condition=Q(key_hash__regex=r"^[0-9a-f]{64}$"),
                name="gate_device_key_hash_is_sha256",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def actor(self) -> str:
        """Return the name this device has in the event log."""
        return f"gate:{self.pk}"


class ScanCode(models.TextChoices):
    """What a gate answers to a scan."""

    ADMITTED = "admitted", "Admitted"
    NOT_VALID_YET = "not_valid_yet", "Not valid yet"
    WRONG_DAY = "wrong_day", "Wrong day"
    WRONG_TIME = "wrong_time", "Time window is over"
    EXPIRED = "expired", "Expired"
    ALREADY_USED = "already_used", "Already used"
    TOO_FEW_LEFT = "too_few_left", "Too few left"
    CANCELLED = "cancelled", "Cancelled"
    REPLACED = "replaced", "Replaced by a new one"
    DRAFT = "draft", "Not paid"
    NOT_ISSUED = "not_issued", "Not issued yet"
    WRONG_GATE = "wrong_gate", "Not for this gate"
    COUPON_BY_OWN_NUMBER = "coupon_by_own_number", "Coupon by its own number only"
    TEST_MODE = "test_mode", "Test ticket"
    UNKNOWN = "unknown", "Unknown number"


class ScanQuerySet(models.QuerySet["Scan"]):
    """Filters that read as adjectives."""

    def standing(self) -> ScanQuerySet:
        """Keep the admissions that were not undone."""
        return self.filter(admitted=True, undone_at=None)


class Scan(models.Model):
    """One scan at a gate, admitted or refused, with the answer it was given.

    (device, request id) is its identity, so that a repeated request is answered as the first was.
    `reference_number` is what was scanned, as sent.
    """

    id = models.UUIDField(primary_key=True, default=time_ordered_uuid, editable=False)
    device = models.ForeignKey(GateDevice, models.PROTECT, related_name="scans", db_index=False)
    request_id = models.CharField(max_length=64)
    reference_number = models.CharField(max_length=512)
    quantity = models.PositiveIntegerField()
    admitted = models.BooleanField()
    code = models.CharField(max_length=30, choices=ScanCode.choices)
    reason = models.TextField(help_text="The answer in words.")
    asset = models.ForeignKey(
        Asset, models.SET_NULL, null=True, blank=True, related_name="scans", db_index=False
    )
    answer = models.JSONField(help_text="What was answered, without any person's name.")
    at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.CharField(max_length=60, blank=True)
    undo_reason = models.CharField(max_length=200, blank=True)

    objects = ScanQuerySet.as_manager()

    class Meta:
        ordering = ("-at", "-id")
        constraints = [
            models.UniqueConstraint(
                fields=("device", "request_id"), name="scan_request_once_per_device"
            ),
            models.CheckConstraint(condition=Q(code__in=ScanCode.values), name="scan_code_known"),
            models.CheckConstraint(
                condition=Q(admitted=True, code=ScanCode.ADMITTED)
                | (Q(admitted=False) & ~Q(code=ScanCode.ADMITTED)),
                name="scan_code_says_whether_admitted",
            ),
            models.CheckConstraint(
                condition=Q(admitted=False) | Q(asset__isnull=False),
                name="scan_admitted_has_an_asset",
            ),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="scan_is_of_somebody"),
            models.CheckConstraint(
                condition=Q(undone_at=None, undone_by="", undo_reason="")
                | (
                    Q(admitted=True, undone_at__isnull=False)
                    & ~Q(undone_by="")
                    & ~Q(undo_reason="")
                ),
                name="scan_undone_says_by_whom_and_why",
            ),
        ]
        indexes = [
            models.Index(fields=("device", "at", "id"), name="scan_by_device"),
            models.Index(fields=("asset", "at"), name="scan_by_asset"),
            models.Index(fields=("at", "id"), name="scan_by_moment"),
            models.Index(fields=("reference_number",), name="scan_by_number"),
        ]

    def __str__(self) -> str:
        return f"{self.reference_number} {self.code}"
