"""The shapes of the native API: what is sent and what is answered (contract sections 3 and 4)."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from catalog.models import ItemType
from channel_manager.lib.strict_fields import (
    EmailAddressField,
    IdentifierField,
    LanguageField,
    LocalDateField,
    LocalTimeField,
    StrictListField,
    StrictSerializer,
    TextField,
    WholeNumberField,
)
from orders.api.outside import OutsideSerializer
from orders.models import Hold, HoldStatus, Order, OrderLine, OrderStatus
from orders.planning import MAX_LINES
from orders.requests import LineRequest, OrderRequest, ScheduleRequest
from partners.models import Partner
from wallets.models import Asset, AssetStatus, Wallet, WalletStatus

MAX_QUANTITY = 1000
# No package has nearly as many components.
MAX_SCHEDULE = 100
_NOBODY: dict[str, str | None] = {
    "sell_to_email": None,
    "sell_to_name": None,
    "sell_to_language": None,
}


class SeatsField(StrictListField):
    """Numbered seats by their labels."""

    def __init__(self) -> None:
        super().__init__(
            child=TextField(max_length=10),
            required=False,
            allow_null=True,
            min_length=1,
            max_length=MAX_QUANTITY,
            help_text="Numbered seats by label, one per place. Left out: the best free ones.",
        )


class ScheduleRequestSerializer(StrictSerializer):
    """When one component of a package is to be visited."""

    itemNumber = TextField(max_length=64, help_text="A component of the package, named once.")
    visitDate = LocalDateField(required=False, allow_null=True, help_text="Default: the line's.")
    visitTime = LocalTimeField(required=False, allow_null=True, help_text="Default: the line's.")
    seats = SeatsField()


class ScheduleField(StrictListField):
    """When the components of a package are to be visited."""

    def __init__(self) -> None:
        super().__init__(
            child=ScheduleRequestSerializer(),
            required=False,
            allow_null=True,
            max_length=MAX_SCHEDULE,
            help_text="Packages of several components only.",
        )


class ItemRequestSerializer(StrictSerializer):
    """What is asked for, how many of it, and when."""

    itemNumber = TextField(max_length=64, help_text="Your SKU, or a package code of the venue.")
    quantity = WholeNumberField(min_value=1, max_value=MAX_QUANTITY, default=1)
    visitDate = LocalDateField(required=False, allow_null=True, help_text="Venue's date.")
    visitTime = LocalTimeField(required=False, allow_null=True, help_text="Venue's time.")
    seats = SeatsField()


class WalletRequestSerializer(StrictSerializer):
    """What is known of a line's wallets when it is ordered."""

    names = StrictListField(
        child=TextField(max_length=100, allow_blank=True),
        required=False,
        allow_null=True,
        max_length=MAX_QUANTITY,
        help_text="One name per expected wallet.",
    )
    externalReferenceNumbers = StrictListField(
        child=TextField(max_length=64),
        required=False,
        allow_null=True,
        max_length=MAX_QUANTITY,
        help_text="One number per expected wallet: `quantity` for individual packages, 1 for a "
        "group. The guest can show it at the gate. Unique in the venue among living wallets.",
    )
    componentSchedule = ScheduleField()


class SellToSerializer(StrictSerializer):
    """Who it is sold to."""

    sellToEmail = EmailAddressField(required=False, allow_null=True)
    sellToName = TextField(required=False, allow_null=True, max_length=100)
    sellToLanguage = LanguageField(
        required=False, allow_null=True, help_text="BCP 47, such as nl-NL."
    )


class LineRequestSerializer(SellToSerializer, ItemRequestSerializer):
    """One line. A sellTo member left out is inherited from the header; null blanks it."""

    holdId = IdentifierField(
        required=False, allow_null=True, help_text="A hold of yours; its places become the order's."
    )
    wallet = WalletRequestSerializer(required=False, allow_null=True)


class OrderRequestSerializer(SellToSerializer):
    """One order."""

    partnerId = IdentifierField(help_text="The partner that the API key belongs to.")
    sellToOrderReference = TextField(max_length=128, help_text="Your order number; unique.")
    paymentReference = TextField(
        required=False,
        allow_null=True,
        max_length=128,
        help_text="Present: the order ends Issued. Absent: it ends Draft until it is confirmed.",
    )
    items = StrictListField(child=LineRequestSerializer(), min_length=1, max_length=MAX_LINES)

    def validate_partnerId(self, value: Any) -> Any:
        """Refuse another partner's id."""
        return _own_partner(value, self.context["partner"])

    def validate_sellToOrderReference(self, value: str) -> str:
        """Refuse another reference than that of the order that is replaced."""
        replaced: Order | None = self.context.get("replaced")
        if replaced is not None and value != replaced.sell_to_order_reference:
            raise serializers.ValidationError(
                "An order's sellToOrderReference cannot be changed.", code="reference_differs"
            )
        return value

    def to_request(self) -> OrderRequest:
        """Return the validated order as the intake takes it."""
        data = self.validated_data
        header = {
            "sell_to_email": data.get("sellToEmail"),
            "sell_to_name": data.get("sellToName"),
            "sell_to_language": data.get("sellToLanguage"),
        }
        return OrderRequest(
            sell_to_order_reference=data["sellToOrderReference"],
            payment_reference=data.get("paymentReference"),
            lines=tuple(_line(line, header) for line in data["items"]),
            **header,
        )


class HoldWalletRequestSerializer(StrictSerializer):
    """When the components of a package are to be visited, as in an order."""

    componentSchedule = ScheduleField()


class HoldLineRequestSerializer(ItemRequestSerializer):
    """What to keep places for."""

    wallet = HoldWalletRequestSerializer(required=False, allow_null=True)


class HoldRequestSerializer(StrictSerializer):
    """One hold."""

    partnerId = IdentifierField(
        required=False, allow_null=True, help_text="If sent, the API key's own partner."
    )
    items = StrictListField(child=HoldLineRequestSerializer(), min_length=1, max_length=MAX_LINES)

    def validate_partnerId(self, value: Any) -> Any:
        """Refuse another partner's id."""
        return _own_partner(value, self.context["partner"])

    def to_lines(self) -> tuple[LineRequest, ...]:
        """Return what the hold is to keep places for."""
        return tuple(_line(line, _NOBODY) for line in self.validated_data["items"])


class ConfirmRequestSerializer(StrictSerializer):
    """The payment that releases a Draft."""

    paymentReference = TextField(max_length=128)


def _own_partner(value: Any, partner: Partner) -> Any:
    if value is not None and value != partner.pk:
        raise serializers.ValidationError(
            "This is not the partner that the API key belongs to.", code="unknown_partner"
        )
    return value


def _line(data: dict[str, Any], header: dict[str, str | None]) -> LineRequest:
    wallet = data.get("wallet") or {}
    names = wallet.get("names")
    numbers = wallet.get("externalReferenceNumbers")
    schedule = wallet.get("componentSchedule")
    return LineRequest(
        item_number=data["itemNumber"],
        quantity=data["quantity"],
        visit_date=data.get("visitDate"),
        visit_time=data.get("visitTime"),
        sell_to_email=data.get("sellToEmail", header["sell_to_email"]),
        sell_to_name=data.get("sellToName", header["sell_to_name"]),
        sell_to_language=data.get("sellToLanguage", header["sell_to_language"]),
        names=None if names is None else tuple(names),
        external_reference_numbers=None if numbers is None else tuple(numbers),
        component_schedule=None if schedule is None else tuple(map(_schedule, schedule)),
        seats=_seats(data),
        hold_id=data.get("holdId"),
    )


def _schedule(entry: dict[str, Any]) -> ScheduleRequest:
    return ScheduleRequest(
        item_number=entry["itemNumber"],
        visit_date=entry.get("visitDate"),
        visit_time=entry.get("visitTime"),
        seats=_seats(entry),
    )


def _seats(data: dict[str, Any]) -> tuple[str, ...] | None:
    seats = data.get("seats")
    return None if seats is None else tuple(seats)


class AssetSerializer(serializers.Serializer[Asset]):
    """A ticket or coupon in a wallet."""

    assetId = serializers.UUIDField()
    type = serializers.ChoiceField(choices=ItemType.values)
    referenceNumber = serializers.CharField(
        help_text="What the gate scans. Of one ticket issued elsewhere, the number it has there."
    )
    itemNumber = serializers.CharField()
    description = serializers.CharField()
    status = serializers.ChoiceField(choices=AssetStatus.values)
    validFrom = serializers.DateTimeField()
    validUntil = serializers.DateTimeField()
    seat = serializers.CharField(
        required=False, help_text="Only where seats are numbered; a group's are listed."
    )
    outside = OutsideSerializer(
        required=False, help_text="Only where another system of the venue's has issued it."
    )


class WalletSerializer(serializers.Serializer[Wallet]):
    """What one recipient gets."""

    seqNo = serializers.IntegerField()
    walletId = serializers.UUIDField()
    walletReferenceNumber = serializers.CharField()
    externalReferenceNumber = serializers.CharField(allow_null=True)
    name = serializers.CharField(allow_null=True)
    status = serializers.ChoiceField(choices=WalletStatus.values)
    issuedAt = serializers.DateTimeField(allow_null=True)
    unitPriceInclVat = serializers.CharField(allow_null=True, help_text="Decimal string.")
    unitPriceExclVat = serializers.CharField(allow_null=True, help_text="Decimal string.")
    currencyCode = serializers.CharField()
    manifestUrl = serializers.CharField(allow_null=True, help_text="Once Issued.")
    assets = AssetSerializer(
        many=True, help_text="As they are now; those that were replaced are not listed."
    )


class ScheduleSerializer(serializers.Serializer[Any]):
    """When one component of a package is visited."""

    itemNumber = serializers.CharField()
    visitDate = serializers.DateField(allow_null=True)
    visitTime = serializers.CharField(allow_null=True)


class LineSerializer(serializers.Serializer[OrderLine]):
    """A line of an order."""

    lineNo = serializers.IntegerField(help_text="100000, 200000, ...")
    itemNumber = serializers.CharField(help_text="As sent.")
    packageCode = serializers.CharField(allow_null=True)
    description = serializers.CharField(allow_null=True)
    isPackage = serializers.BooleanField(help_text="More than one component.")
    isGroup = serializers.BooleanField()
    quantity = serializers.IntegerField(
        help_text="As ordered. A wallet that the venue cancelled stays listed, `Destroyed`."
    )
    visitDate = serializers.DateField(allow_null=True)
    visitTime = serializers.CharField(allow_null=True)
    sellToEmail = serializers.CharField(allow_null=True)
    sellToName = serializers.CharField(allow_null=True)
    sellToLanguage = serializers.CharField(allow_null=True)
    componentSchedule = ScheduleSerializer(many=True)
    wallets = WalletSerializer(many=True)


class OrderSummarySerializer(serializers.Serializer[Order]):
    """The header of an order."""

    orderId = serializers.UUIDField()
    status = serializers.ChoiceField(choices=OrderStatus.values)
    statusMessage = serializers.CharField(allow_null=True)
    partnerId = serializers.UUIDField()
    sellToOrderReference = serializers.CharField()
    buyFromOrderReference = serializers.CharField(help_text="Our document number.")
    sellToEmail = serializers.CharField(
        allow_null=True, help_text="Null once the venue has erased it, as every name in the order."
    )
    sellToName = serializers.CharField(allow_null=True)
    sellToLanguage = serializers.CharField(allow_null=True)
    paymentReference = serializers.CharField(allow_null=True)
    receivedAt = serializers.DateTimeField()
    updatedAt = serializers.DateTimeField()
    testMode = serializers.BooleanField(help_text="Made with a test key: it sells nothing.")
    currencyCode = serializers.CharField()
    totalInclVat = serializers.CharField(
        allow_null=True, help_text="Decimal string; without wallets that were cancelled singly."
    )
    totalExclVat = serializers.CharField(
        allow_null=True, help_text="Decimal string; without wallets that were cancelled singly."
    )
    manifestUrl = serializers.CharField(allow_null=True, help_text="Once Issued.")


class OrderSerializer(OrderSummarySerializer):
    """An order with its lines, wallets and assets."""

    items = LineSerializer(many=True)


class OrderPageSerializer(serializers.Serializer[Any]):
    """A page of order summaries."""

    data = OrderSummarySerializer(many=True)  # type: ignore[assignment]  # shadows a property
    morePages = serializers.BooleanField()
    nextPageKey = serializers.CharField(allow_null=True)
    nextPageURL = serializers.CharField(allow_null=True)


class HeldPlacesSerializer(serializers.Serializer[Any]):
    """Places of one session."""

    itemNumber = serializers.CharField(help_text="The component.")
    visitDate = serializers.DateField()
    visitTime = serializers.CharField(allow_null=True)
    startsAt = serializers.DateTimeField(help_text="With the venue's offset.")
    endsAt = serializers.DateTimeField()
    quantity = serializers.IntegerField()
    seats = serializers.ListField(child=serializers.CharField(), help_text="Numbered ones.")


class HoldLineSerializer(serializers.Serializer[Any]):
    """What places are kept for; without places where none are counted."""

    itemNumber = serializers.CharField(help_text="As sent.")
    quantity = serializers.IntegerField()
    visitDate = serializers.DateField(allow_null=True)
    visitTime = serializers.CharField(allow_null=True)
    places = HeldPlacesSerializer(many=True)


class HoldSerializer(serializers.Serializer[Hold]):
    """Places kept for a while."""

    holdId = serializers.UUIDField()
    status = serializers.ChoiceField(choices=HoldStatus.values)
    partnerId = serializers.UUIDField()
    createdAt = serializers.DateTimeField()
    expiresAt = serializers.DateTimeField(help_text="Until then the places are yours.")
    endedAt = serializers.DateTimeField(allow_null=True)
    items = HoldLineSerializer(many=True)
