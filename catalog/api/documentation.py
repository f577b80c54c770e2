"""What the OpenAPI file says of each operation of the catalogue."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema

from catalog.api.asking import DEFAULT_DAYS_AHEAD, MAX_DAYS, MAX_ITEM_NUMBER
from catalog.api.serializers import ArticleListSerializer, AvailabilityListSerializer
from channel_manager.lib.errors import ErrorCode
from channel_manager.lib.problem_schema import problems

Decorator = Callable[[Any], Any]

_TAG = ["Catalogue"]
_ITEM_NUMBER = OpenApiParameter(
    "itemNumber",
    {
        "type": "string",
        "minLength": 1,
        "maxLength": MAX_ITEM_NUMBER,
        "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]*$",
    },
    required=True,
    description="What you would order: your own number or a package code; or the item number of a "
    "component of a package that you may sell.",
)

list_packages: Decorator = extend_schema(
    operation_id="listPackages",
    tags=_TAG,
    summary="List packages",
    description="What this partner may sell today, each with a copy-ready sample order. What has "
    "no place left on any day is not listed. A test key is told the magic item numbers besides.",
    responses={
        200: OpenApiResponse(ArticleListSerializer, description="All of them."),
        **problems(),
    },
)
list_availability: Decorator = extend_schema(
    operation_id="listAvailability",
    tags=_TAG,
    summary="List availability",
    description="When an item can be sold, by the start of its sessions, and how many places are "
    "left, your allotment considered. A place is for one guest: a package that has a component "
    "twice takes two. Sold-out sessions are listed with `placesLeft` 0. Left out are sessions that "
    "you could not order: past ones, those past the package's cut-off, off sale or without a "
    "price. A package of several components has rows for each component that has sessions. Where "
    "places are not counted there is a row for each open day; open-dated packages have none. "
    "Places can be sold the next moment: do not keep the answer for long.",
    parameters=[
        _ITEM_NUMBER,
        OpenApiParameter(
            "from",
            OpenApiTypes.DATE,
            description="The first day, venue's calendar; today when left out. May be past.",
        ),
        OpenApiParameter(
            "to",
            OpenApiTypes.DATE,
            description=f"The last day, included; {DEFAULT_DAYS_AHEAD} days after `from` when left "
            f"out. At most {MAX_DAYS} days in all.",
        ),
        OpenApiParameter(
            "calendar",
            {"type": "boolean", "default": False},
            description="One row for each day, its sessions added up, sold-out days included. Of "
            "several components the one with the fewest places left counts.",
        ),
    ],
    responses={
        200: OpenApiResponse(AvailabilityListSerializer, description="All of it."),
        **problems(ErrorCode.INVALID_REQUEST, ErrorCode.UNKNOWN_ITEM, ErrorCode.NOT_ON_SALE),
    },
)
