"""The native partner API of the catalogue."""

from __future__ import annotations

import secrets
from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog.api.serializers import ArticleListSerializer
from catalog.assortment import Article, list_articles
from catalog.pricing import split_price
from channel_manager.lib.problem_schema import problems
from partners.authentication import caller_of
from partners.models import Partner, Scope


class PackageListView(APIView):
    """`/channelManager/packages`."""

    http_method_names = ("get", "head")
    scopes: ClassVar[dict[str, str]] = {"GET": Scope.CATALOG_READ}

    @extend_schema(
        operation_id="listPackages",
        tags=["Catalogue"],
        summary="List packages",
        description="What this partner may sell today, each with a copy-ready sample order.",
        responses={
            200: OpenApiResponse(ArticleListSerializer, description="All of them."),
            **problems(),
        },
    )
    def get(self, request: Request) -> Response:
        """Answer what the partner may sell."""
        partner = caller_of(request).partner
        articles = list_articles(partner=partner, now=timezone.now())
        return Response({"data": [_render(article, partner) for article in articles]})


def _render(article: Article, partner: Partner) -> dict[str, Any]:
    offer, currency = article.offer, partner.venue.currency
    date, time = article.sample_date, article.sample_time
    unit = split_price(article.sample_price.amount_incl_vat, offer.components, currency=currency)
    item: dict[str, Any] = {"itemNumber": article.item_number, "quantity": 1}
    if date is not None:
        item["visitDate"] = date.isoformat()
    if time is not None:
        item["visitTime"] = time.isoformat(timespec="minutes")
    return {
        "itemNumber": article.item_number,
        "packageCode": offer.package.code,
        "name": offer.package.name,
        "description": offer.package.description,
        "dating": offer.package.dating,
        "isPackage": len(offer.components) > 1,
        "isGroup": offer.package.is_group,
        "components": [
            {
                "itemNumber": component.item.number,
                "description": component.item.description,
                "type": component.item.type,
                "quantity": component.quantity,
            }
            for component in offer.components
        ],
        "unitPriceInclVat": str(unit.incl_vat),
        "unitPriceExclVat": str(unit.excl_vat),
        "currencyCode": currency,
        "sampleOrder": {
            "partnerId": str(partner.pk),
            "sellToOrderReference": f"SAMPLE-{secrets.token_hex(4)}",
            "paymentReference": "PAY-SAMPLE",
            "items": [item],
        },
    }
