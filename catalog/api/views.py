"""The native partner API of the catalogue."""

from __future__ import annotations

from typing import ClassVar

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog.api import documentation as docs
from catalog.api.asking import read_availability_query
from catalog.api.rendering import render_article, render_places
from catalog.assortment import list_articles
from catalog.availability import list_days, list_sessions
from partners.authentication import caller_of
from partners.models import Scope

# Places are sold at any moment, and what is left depends on the key: no cache may answer for us.
_NOT_CACHED = {"Cache-Control": "no-store"}


class PackageListView(APIView):
    """`/channelManager/packages`."""

    http_method_names = ("get", "head")
    scopes: ClassVar[dict[str, str]] = {"GET": Scope.CATALOG_READ}

    @docs.list_packages
    def get(self, request: Request) -> Response:
        """Answer what the partner may sell."""
        account = caller_of(request).account
        articles = list_articles(account=account, now=timezone.now())
        return Response(
            {"data": [render_article(article, account.partner) for article in articles]},
            headers=_NOT_CACHED,
        )


class AvailabilityView(APIView):
    """`/channelManager/availability`."""

    http_method_names = ("get", "head")
    scopes: ClassVar[dict[str, str]] = {"GET": Scope.CATALOG_READ}

    @docs.list_availability
    def get(self, request: Request) -> Response:
        """Answer when an item can be sold, and how many places are left."""
        account, now = caller_of(request).account, timezone.now()
        zone = account.venue.zone
        query = read_availability_query(request.query_params, now.astimezone(zone).date())
        find = list_days if query.by_day else list_sessions
        found = find(
            account=account,
            item_number=query.item_number,
            first=query.first,
            last=query.last,
            now=now,
        )
        return Response(
            {"data": [render_places(places, zone) for places in found]}, headers=_NOT_CACHED
        )
