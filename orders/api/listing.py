"""Reading the query of an order list: filters, page size and page key (contract section 4)."""

from __future__ import annotations

import dataclasses
import datetime
import re
import zoneinfo
from collections.abc import Mapping
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils.dateparse import parse_date, parse_datetime

from channel_manager.lib.errors import Fault, InvalidRequest
from channel_manager.lib.pagination import read_page_size
from channel_manager.lib.query_parameters import read_parameters
from orders.models import Order, OrderStatus

FILTERS = (
    "status",
    "sellToOrderReference",
    "buyFromOrderReference",
    "receivedAtFrom",
    "receivedAtTo",
)
_PAGING = ("pageSize", "pageKey")
# A plus sign that the caller forgot to escape arrives as a blank.
_LOST_PLUS = re.compile(r" (\d\d:?\d\d)\Z")


@dataclasses.dataclass(frozen=True)
class ListQuery:
    """What a list was asked for: filters as sent, the condition they make, and the page."""

    filters: Mapping[str, str]
    condition: Q
    page_size: int
    page_key: str | None

    def apply(self, orders: QuerySet[Order]) -> QuerySet[Order]:
        """Keep the orders that were asked for."""
        return orders.filter(self.condition)

    def next_url(self, base: str, next_key: str | None) -> str | None:
        """Return the address of the next page."""
        if next_key is None:
            return None
        query = {**self.filters, "pageSize": str(self.page_size), "pageKey": next_key}
        return f"{base}?{urlencode(query)}"


def read_list_query(sent: QueryDict, zone: zoneinfo.ZoneInfo) -> ListQuery:
    """Read the query parameters of a list; raises InvalidRequest with every fault."""
    params, faults = read_parameters(sent, (*FILTERS, *_PAGING))
    filters = {name: params[name] for name in FILTERS if name in params}
    condition = Q()
    for name, text in filters.items():
        condition &= _condition(name, text, zone, faults)
    page_size = read_page_size(params, faults)
    if faults:
        raise InvalidRequest(faults)
    return ListQuery(filters, condition, page_size, params.get("pageKey"))


def _condition(name: str, text: str, zone: zoneinfo.ZoneInfo, faults: list[Fault]) -> Q:
    """Return the condition one filter makes; what is wrong with it is added to the faults."""
    if "\x00" in text:
        faults.append(Fault(f"?{name}", "control_character", "Must not contain NUL."))
        return Q()
    match name:
        case "status":
            return _status_condition(text, faults)
        case "sellToOrderReference":
            return Q(sell_to_order_reference=text)
        case "buyFromOrderReference":
            return Q(buy_from_order_reference=text)
    moment = _moment(text, zone, end_of_day=name == "receivedAtTo")
    if moment is None:
        detail = "Must be an ISO 8601 date, or a date and time with an offset."
        faults.append(Fault(f"?{name}", "invalid_moment", detail))
    return Q(received_at__lte=moment) if name == "receivedAtTo" else Q(received_at__gte=moment)


def _status_condition(text: str, faults: list[Fault]) -> Q:
    statuses = text.split(",")
    unknown = [status for status in statuses if status not in OrderStatus.values]
    if unknown:
        known = ", ".join(OrderStatus.values)
        detail = f"Unknown status {unknown[0][:64]!r}; known are {known}."
        faults.append(Fault("?status", "unknown_status", detail))
    return Q(status__in=statuses)


def _moment(text: str, zone: zoneinfo.ZoneInfo, *, end_of_day: bool) -> datetime.datetime | None:
    """Read a moment, which must name its offset; a date alone is the venue's whole day."""
    try:
        if day := parse_date(text):
            time = datetime.time.max if end_of_day else datetime.time.min
            return datetime.datetime.combine(day, time, zone).astimezone(datetime.UTC)
        moment = parse_datetime(_LOST_PLUS.sub(r"+\1", text))
        if moment is None or moment.tzinfo is None:
            return None
        return moment.astimezone(datetime.UTC)
    except (ValueError, OverflowError):
        return None
