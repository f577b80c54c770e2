"""The shape of the package list."""

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
