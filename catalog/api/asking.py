"""Reading what availability is asked for, from the query parameters."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterator
from typing import Any, cast

from django.http import QueryDict
from rest_framework import serializers

from channel_manager.lib.errors import Fault, InvalidRequest
from channel_manager.lib.query_parameters import read_parameters
from channel_manager.lib.strict_fields import LocalDateField, TextField

MAX_DAYS = 400
DEFAULT_DAYS_AHEAD = 30
MAX_ITEM_NUMBER = 64

_FIELDS: dict[str, serializers.Field[Any, Any, Any, Any]] = {
    "itemNumber": TextField(max_length=MAX_ITEM_NUMBER),
    "from": LocalDateField(required=False),
    "to": LocalDateField(required=False),
}
_SWITCHES = {"true": True, "false": False}


@dataclasses.dataclass(frozen=True)
class AvailabilityQuery:
    """An item number, the first and last day, and whether a row is to be a day."""

    item_number: str
    first: datetime.date
    last: datetime.date
    by_day: bool


def read_availability_query(sent: QueryDict, today: datetime.date) -> AvailabilityQuery:
    """Read the parameters; raises InvalidRequest with every fault."""
    params, faults = read_parameters(sent, (*_FIELDS, "calendar"))
    values: dict[str, Any] = {}
    for name, field in _FIELDS.items():
        if name in params or field.required:
            try:
                values[name] = field.run_validation(params.get(name, serializers.empty))
            except serializers.ValidationError as error:
                details = cast("list[serializers.ErrorDetail]", error.detail)
                faults += [Fault(f"?{name}", one.code or "invalid", str(one)) for one in details]
    calendar = params.get("calendar", "false")
    if calendar not in _SWITCHES:
        faults.append(Fault("?calendar", "invalid", "Must be true or false."))
    first = values.get("from", today)
    last = values.get("to", _days_after(first, DEFAULT_DAYS_AHEAD))
    if not {"?from", "?to"} & {fault.pointer for fault in faults}:
        faults += _range_faults(first, last, today)
    if faults:
        raise InvalidRequest(faults)
    return AvailabilityQuery(values["itemNumber"], first, last, _SWITCHES[calendar])


def _range_faults(
    first: datetime.date, last: datetime.date, today: datetime.date
) -> Iterator[Fault]:
    if last < first:
        detail = f"{last} is before {first}, the first day asked for."
        yield Fault("?to", "dates_reversed", detail)
    elif (last - max(first, today)).days >= MAX_DAYS:  # days that are over cost nothing
        detail = f"{first} to {last} is more than {MAX_DAYS} days; ask for them in parts."
        yield Fault("?to", "too_many_days", detail)


def _days_after(day: datetime.date, days: int) -> datetime.date:
    """Return the day so many days later, but none that the calendar does not have."""
    return day + min(datetime.timedelta(days=days), datetime.date.max - day)
