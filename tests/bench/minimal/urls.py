"""Create, show, list: DRF's own views and a ModelSerializer."""

from __future__ import annotations

from django.urls import path
from rest_framework import generics, pagination, serializers

from tests.bench.minimal.models import MinimalOrder


class MinimalOrderSerializer(serializers.ModelSerializer[MinimalOrder]):
    """All columns."""

    class Meta:
        model = MinimalOrder
        fields = "__all__"


class PageOfFifty(pagination.CursorPagination):
    """The oldest first, as the product's lists."""

    page_size = 50
    ordering = "received_at"


class Collection(generics.ListCreateAPIView[MinimalOrder]):
    """One INSERT, or one SELECT of fifty."""

    queryset = MinimalOrder.objects.all()
    serializer_class = MinimalOrderSerializer
    pagination_class = PageOfFifty


class Single(generics.RetrieveAPIView[MinimalOrder]):
    """One SELECT."""

    queryset = MinimalOrder.objects.all()
    serializer_class = MinimalOrderSerializer


urlpatterns = [
    path("orders", Collection.as_view()),
    path("orders/<uuid:pk>", Single.as_view()),
]
