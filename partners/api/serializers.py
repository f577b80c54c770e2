"""The shapes of webhook endpoints, their deliveries and the feed."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from channel_manager.lib.strict_fields import (
    FlagField,
    StrictListField,
    StrictSerializer,
    TextField,
)
from partners.models import MAX_URL_LENGTH, DeliveryStatus, EndpointStatus, EventType

# What an endpoint can ask for; test events come when they are asked for.
CHOSEN_TYPES = [one.value for one in EventType if one != EventType.TEST]


class EventTypeField(serializers.ChoiceField):
    """A type of event, exactly as it is written."""

    def __init__(self, **options: Any) -> None:
        super().__init__(choices=CHOSEN_TYPES, **options)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str) or data not in CHOSEN_TYPES:
            raise serializers.ValidationError(
                f"There is no such event type; known are {', '.join(CHOSEN_TYPES)}.",
                code="unknown_event_type",
            )
        return data


class EndpointRequestSerializer(StrictSerializer):
    """Where to send events, and which."""

    url = TextField(
        max_length=MAX_URL_LENGTH,
        help_text="Begins with `https://`. Redirects are not followed, and private addresses refused.",
    )
    description = TextField(
        max_length=100,
        required=False,
        allow_blank=True,
        allow_null=True,
        default="",
        help_text="For you, such as the name of the system behind it.",
    )
    eventTypes = StrictListField(
        child=EventTypeField(),
        required=False,
        allow_null=True,
        default=None,
        max_length=20,
        help_text="Empty, null or left out: all of them.",
    )

    def validate_description(self, text: str | None) -> str:
        """Take null as if it were left out."""
        return text or ""

    def validate_eventTypes(self, types: list[str] | None) -> list[str]:
        """Keep each type once, in the order sent; null is as if left out."""
        return list(dict.fromkeys(types or ()))


class PauseRequestSerializer(StrictSerializer):
    """Why it is paused."""

    reason = TextField(max_length=200, required=False, allow_blank=True, default="")


class ReplayRequestSerializer(StrictSerializer):
    """What to send again: one event, those of a time, or all that failed."""

    eventId = TextField(max_length=64, required=False, help_text="`evt_...`, as in `webhook-id`.")
    since = TextField(
        max_length=40, required=False, help_text="ISO 8601 with an offset, included; with `until`."
    )
    until = TextField(max_length=40, required=False, help_text="ISO 8601 with an offset, included.")
    failed = FlagField(required=False, help_text="`true`: all that failed.")


class EndpointSerializer(serializers.Serializer[Any]):
    """A webhook endpoint."""

    webhookId = serializers.UUIDField()
    url = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    eventTypes = serializers.ListField(
        child=serializers.ChoiceField(choices=CHOSEN_TYPES), help_text="Empty: all of them."
    )
    testMode = serializers.BooleanField(help_text="Hears of test orders, and of them only.")
    status = serializers.ChoiceField(
        choices=EndpointStatus.values,
        help_text="What comes while it is `Paused` waits; `Off` gets nothing new.",
    )
    statusReason = serializers.CharField(allow_null=True)
    statusSince = serializers.DateTimeField()
    failingSince = serializers.DateTimeField(
        allow_null=True, help_text="Since when every attempt has failed; null while all is well."
    )
    lastSuccessAt = serializers.DateTimeField(allow_null=True)
    notBefore = serializers.DateTimeField(
        allow_null=True, help_text="Until then nothing is sent, as your `Retry-After` asked."
    )
    oldSecretUntil = serializers.DateTimeField(
        allow_null=True, help_text="Until then deliveries carry a signature by the old secret too."
    )
    createdAt = serializers.DateTimeField()
    updatedAt = serializers.DateTimeField()


class NewEndpointSerializer(EndpointSerializer):
    """A webhook endpoint with its secret, which is shown this once."""

    secret = serializers.CharField(help_text="`whsec_...`; keep it, it is not shown again.")


class EndpointListSerializer(serializers.Serializer[Any]):
    """All your webhook endpoints of the key's mode."""

    data = EndpointSerializer(many=True)  # type: ignore[assignment]  # shadows a property


class TestSentSerializer(serializers.Serializer[Any]):
    """A test event on its way."""

    eventId = serializers.CharField()


class ReplayedSerializer(serializers.Serializer[Any]):
    """How many events are sent again."""

    events = serializers.IntegerField()


class AttemptSerializer(serializers.Serializer[Any]):
    """One attempt to deliver."""

    number = serializers.IntegerField()
    startedAt = serializers.DateTimeField()
    durationMs = serializers.IntegerField(allow_null=True)
    statusCode = serializers.IntegerField(allow_null=True)
    error = serializers.CharField(allow_null=True, help_text="Why no answer came.")
    answer = serializers.CharField(allow_blank=True, help_text="The beginning of your answer.")


class DeliverySerializer(serializers.Serializer[Any]):
    """One event on its way to one endpoint."""

    eventId = serializers.CharField()
    type = serializers.ChoiceField(choices=EventType.values)
    orderId = serializers.UUIDField(allow_null=True)
    timestamp = serializers.DateTimeField()
    status = serializers.ChoiceField(choices=DeliveryStatus.values)
    attempts = serializers.IntegerField()
    nextAttemptAt = serializers.DateTimeField(
        allow_null=True, help_text="At the earliest; null while the endpoint is not Active, too."
    )
    endedAt = serializers.DateTimeField(allow_null=True)
    lastAttempt = AttemptSerializer(allow_null=True)


class DeliveryPageSerializer(serializers.Serializer[Any]):
    """A page of deliveries, the newest first."""

    data = DeliverySerializer(many=True)  # type: ignore[assignment]  # shadows a property
    morePages = serializers.BooleanField()
    nextPageKey = serializers.CharField(allow_null=True)
    nextPageURL = serializers.CharField(allow_null=True)


class EventSerializer(serializers.Serializer[Any]):
    """One event, as a webhook's body has it, with its place in the feed."""

    type = serializers.ChoiceField(choices=CHOSEN_TYPES)
    eventId = serializers.CharField(help_text="The `webhook-id` of its deliveries.")
    timestamp = serializers.DateTimeField()
    testMode = serializers.BooleanField()
    orderId = serializers.UUIDField()
    partnerId = serializers.UUIDField()
    buyFromOrderReference = serializers.CharField()
    sellToOrderReference = serializers.CharField()
    status = serializers.CharField(help_text="The order's status at that moment.")
    statusMessage = serializers.CharField(allow_null=True)
    walletReferenceNumber = serializers.CharField(required=False, help_text="Of admissions.")
    assetReferenceNumber = serializers.CharField(required=False, help_text="Of admissions.")
    quantity = serializers.IntegerField(required=False, help_text="Of admissions.")
    admittedAt = serializers.DateTimeField(required=False, help_text="Of admissions.")
    cursor = serializers.CharField(help_text="`after` for what comes next.")


class FeedSerializer(serializers.Serializer[Any]):
    """Some events, the oldest first."""

    data = EventSerializer(many=True)  # type: ignore[assignment]  # shadows a property
    cursor = serializers.CharField(
        help_text="`after` of the next request. Opaque: keep it as it is."
    )
    moreEvents = serializers.BooleanField(help_text="There are more already; ask again at once.")
