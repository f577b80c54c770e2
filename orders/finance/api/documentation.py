"""What the OpenAPI file says of each report."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema

from channel_manager.lib.errors import ErrorCode
from channel_manager.lib.problem_schema import problems
from orders.finance.api.asking import names_of
from orders.finance.api.serializers import PAGES
from orders.finance.reports.catalogue import REPORTS
from orders.models import OrderStatus

Decorator = Callable[[Any], Any]

_FILTERS: dict[str, tuple[Any, str]] = {
    "firstDay": (OpenApiTypes.DATE, "The first day, on the venue's clock."),
    "lastDay": (OpenApiTypes.DATE, "The last day, included."),
    "dateBy": (
        {"type": "string", "enum": ["booked", "counting", "visit"], "default": "booked"},
        "Which of an order's days is meant: when it was received, when an amount of it counts by "
        "the contract, or a visit of one of its lines.",
    ),
    "package": (
        {"type": "string", "minLength": 1, "pattern": "^[^\\u0000]+$"},
        "The code of a package, as `packages` of the register has it.",
    ),
    "state": (
        {"type": "string", "enum": list(OrderStatus.values)},
        "The order's status as it is now.",
    ),
}
_ALWAYS = (
    "Your own live orders only; nobody's name is in it. A test key gets an empty list: test orders "
    "never come to money. Follow `nextPageURL` as it is."
)


def _report(name: str, operation_id: str, summary: str, about: str) -> Decorator:
    parameters = [
        OpenApiParameter(each, _FILTERS[each][0], description=_FILTERS[each][1])
        for each in names_of(REPORTS[name])
    ]
    paging = [
        OpenApiParameter(
            "pageSize", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}
        ),
        OpenApiParameter("pageKey", str, description="`nextPageKey` of the page before."),
    ]
    return extend_schema(
        operation_id=operation_id,
        tags=["Reports"],
        summary=summary,
        description=f"{about} {_ALWAYS}",
        parameters=[*parameters, *paging],
        responses={
            200: OpenApiResponse(PAGES[name], description="A page of the report."),
            **problems(ErrorCode.INVALID_REQUEST),
        },
    )


register: Decorator = _report(
    "register",
    "reportRegister",
    "Order register",
    "Every order by our number, with what it comes to: what was taken back is taken off.",
)
summary: Decorator = _report(
    "summary",
    "reportSales",
    "Sales and commission",
    "What came of your orders, month by month, by the terms they were sold under. An amount is of "
    "the month in which it counts by the contract.",
)
open_items: Decorator = _report(
    "open-items",
    "reportOpenItems",
    "Open items",
    "What counts up to `lastDay`, or today, and no closed period has settled; and what was "
    "disputed or carried when a period was closed.",
)
not_admitted: Decorator = _report(
    "issued-not-admitted",
    "reportNotAdmitted",
    "Issued, not admitted",
    "Orders that are `Issued` for a visit on a day that is over, and of which nobody came, or not "
    "everybody. The days are those of the visit.",
)
