"""The shapes of the gate's API: what a device sends, and what it is answered."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from catalog.models import ItemType
from channel_manager.lib.strict_fields import StrictSerializer, TextField, WholeNumberField
from wallets.models import ScanCode

MAX_QUANTITY = 1000
MAX_LIMIT = 100


class ScannedField(TextField):
    """What a scanner typed, without the line end or tab that many send after it."""

    def run_validation(self, data: Any = serializers.empty) -> Any:
        return super().run_validation(data.strip("\r\n\t") if isinstance(data, str) else data)


class ScanRequestSerializer(StrictSerializer):
    """What a device scanned."""

    referenceNumber = ScannedField(
        max_length=512,
        help_text="What was scanned or typed: the number of a ticket, coupon or wallet, the "
        "number that another system gave a ticket, the partner's own number, or the address of a "
        "manifest.",
    )
    requestId = TextField(
        max_length=64,
        help_text="Yours, new for every scan. The same one again gets the same answer, so that a "
        "scan whose answer was lost can be repeated safely.",
    )
    quantity = WholeNumberField(
        min_value=1,
        max_value=MAX_QUANTITY,
        default=1,
        help_text="How many enter on a group ticket.",
    )


class UndoRequestSerializer(StrictSerializer):
    """Why an admission is undone."""

    reason = TextField(max_length=200, help_text="Kept in the order's history.")


class AdmissionSerializer(serializers.Serializer[Any]):
    """The answer to a scan. `code` says why, `reason` says it in words for the guest."""

    admitted = serializers.BooleanField()
    code = serializers.ChoiceField(choices=[code.value for code in ScanCode])
    reason = serializers.CharField(help_text="In words, with times on the venue's clock.")
    scanId = serializers.UUIDField()
    admissionId = serializers.UUIDField(
        allow_null=True, help_text="Undo the admission under this id. Null when refused."
    )
    requestId = serializers.CharField()
    scannedNumber = serializers.CharField(help_text="`referenceNumber` as it was sent.")
    referenceNumber = serializers.CharField(
        allow_null=True, help_text="The ticket's or coupon's own number."
    )
    walletReferenceNumber = serializers.CharField(allow_null=True)
    itemNumber = serializers.CharField(allow_null=True)
    description = serializers.CharField(allow_null=True)
    type = serializers.ChoiceField(choices=list(ItemType.values), allow_null=True)
    seat = serializers.CharField(allow_null=True)
    quantity = serializers.IntegerField()
    admissionsLeft = serializers.IntegerField(
        allow_null=True, help_text="How many more the ticket admits, after this scan."
    )
    visitDate = serializers.DateField(allow_null=True)
    visitTime = serializers.CharField(allow_null=True)
    validFrom = serializers.DateTimeField(allow_null=True)
    validUntil = serializers.DateTimeField(allow_null=True)
    scannedAt = serializers.DateTimeField()
    undoUntil = serializers.DateTimeField(allow_null=True)
    outsideSystem = serializers.CharField(
        allow_null=True,
        help_text="The name of the venue's other system that issued the ticket; null for our own.",
    )
    outsideNumber = serializers.CharField(
        allow_null=True,
        help_text="The ticket's number there; null where it tells none. Of a group, which has one "
        "for each guest, the one that was scanned.",
    )
    undoneAt = serializers.DateTimeField(
        allow_null=True, help_text="Once it is set, the admission no longer counts."
    )
    undoReason = serializers.CharField(allow_null=True)


class AdmissionListSerializer(serializers.Serializer[Any]):
    """The last scans of a device, newest first."""

    data = AdmissionSerializer(many=True)  # type: ignore[assignment]  # shadows a property


class GateVenueSerializer(serializers.Serializer[Any]):
    """The venue that a device stands in."""

    name = serializers.CharField()
    timezone = serializers.CharField()


class GateItemSerializer(serializers.Serializer[Any]):
    """An item that a device is set to."""

    itemNumber = serializers.CharField()
    description = serializers.CharField()
    type = serializers.ChoiceField(choices=list(ItemType.values))


class GateDeviceSerializer(serializers.Serializer[Any]):
    """A gate device, and what it is set to admit."""

    deviceId = serializers.UUIDField()
    name = serializers.CharField()
    venue = GateVenueSerializer()
    admitsEveryItem = serializers.BooleanField()
    items = GateItemSerializer(many=True)
    undoSeconds = serializers.IntegerField(help_text="How long an admission may be undone.")
