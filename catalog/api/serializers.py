"""The shapes of the package list and of availability."""

from typing import Any

from rest_framework import serializers

from catalog.models import Dating, ItemType


class ComponentSerializer(serializers.Serializer[Any]):
    """An item in a package."""

    itemNumber = serializers.CharField()
    description = serializers.CharField()
    type = serializers.ChoiceField(choices=ItemType.values)
    quantity = serializers.IntegerField(help_text="Units in each package.")


class ArticleSerializer(serializers.Serializer[Any]):
    """Something you may order."""

    itemNumber = serializers.CharField(help_text="What to send as `itemNumber`.")
    packageCode = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    dating = serializers.ChoiceField(
        choices=Dating.values,
        help_text="`dated` needs a visitDate, `timed` a visitDate and visitTime, `open` neither.",
    )
    isPackage = serializers.BooleanField(help_text="More than one component.")
    isGroup = serializers.BooleanField(help_text="One wallet for the whole quantity.")
    components = ComponentSerializer(many=True)
    unitPriceInclVat = serializers.CharField(help_text="For the visit date of the sample.")
    unitPriceExclVat = serializers.CharField()
    currencyCode = serializers.CharField()
    sampleOrder = serializers.JSONField(help_text="A body for createOrder, ready to be sent.")


class ArticleListSerializer(serializers.Serializer[Any]):
    """Everything you may order."""

    data = ArticleSerializer(many=True)  # type: ignore[assignment]  # shadows a property


class AvailabilitySerializer(serializers.Serializer[Any]):
    """A session, or a day, that you can sell."""

    itemNumber = serializers.CharField(
        help_text="As you asked; for a package of several components that of the component, as in "
        "`componentSchedule`."
    )
    visitDate = serializers.DateField(help_text="What to send as `visitDate`.")
    visitTime = serializers.CharField(
        allow_null=True, help_text="What to send as `visitTime`; null for a whole day."
    )
    startsAt = serializers.DateTimeField(help_text="With the venue's offset at that moment.")
    endsAt = serializers.DateTimeField()
    capacity = serializers.IntegerField(
        allow_null=True, help_text="Places of the session; null where they are not counted."
    )
    placesLeft = serializers.IntegerField(
        allow_null=True,
        help_text="Places you can still sell, one for each guest; null where they are not counted.",
    )


class AvailabilityListSerializer(serializers.Serializer[Any]):
    """All that you can sell of one item number."""

    data = AvailabilitySerializer(many=True)  # type: ignore[assignment]  # shadows a property
