"""What a report is asked for: days, partner, venue, package, state."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import uuid
from collections.abc import Mapping
from typing import Any

from channel_manager.lib.errors import Fault, InvalidRequest
from channel_manager.lib.strict_fields import is_uuid
from orders.models import OrderStatus


class DateBy(enum.StrEnum):
    """Which of an order's days is asked for."""

    BOOKED = "booked"
    COUNTING = "counting"
    VISIT = "visit"


_DAYS = ("firstDay", "lastDay")
_KEYS = ("partner", "venue", "package")
# What a filter is called where it is kept, and where a partner or a command says it.
NAMES = (*_DAYS, "dateBy", *_KEYS, "state")


@dataclasses.dataclass(frozen=True, kw_only=True)
class ReportFilters:
    """Both days are included, on the venue's clock; what is None or empty keeps everything.

    state: an order's status as it is now.
    """

    first_day: datetime.date | None = None
    last_day: datetime.date | None = None
    date_by: DateBy = DateBy.BOOKED
    partner: uuid.UUID | None = None
    venue: uuid.UUID | None = None
    package: uuid.UUID | None = None
    state: str = ""

    @property
    def has_days(self) -> bool:
        """Tell whether some days only are asked for."""
        return self.first_day is not None or self.last_day is not None

    @property
    def shows_gaps(self) -> bool:
        """Tell whether numbers without an order are of the list: nothing but days narrows it."""
        is_by_booking = self.date_by == DateBy.BOOKED or not self.has_days
        return is_by_booking and not (self.partner or self.package or self.state)

    def to_data(self) -> dict[str, str]:
        """Return what is asked for by name, as text; what is not is left out."""
        values = {
            "firstDay": self.first_day and self.first_day.isoformat(),
            "lastDay": self.last_day and self.last_day.isoformat(),
            "dateBy": self.date_by.value if self.has_days else None,
            "partner": self.partner and str(self.partner),
            "venue": self.venue and str(self.venue),
            "package": self.package and str(self.package),
            "state": self.state,
        }
        return {name: str(value) for name, value in values.items() if value}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> ReportFilters:
        """Read what `to_data` returned, or somebody typed; raises InvalidRequest with every fault."""
        faults = [
            Fault(f"?{name[:64]}", "unknown_member", f"There is no filter {name[:64]!r}.")
            for name in data
            if name not in NAMES
        ]
        sent = {name: str(data[name]) for name in NAMES if data.get(name)}
        first, last = (_day(name, sent, faults) for name in _DAYS)
        if first and last and first > last:
            detail = "The last day lies before the first."
            faults.append(Fault("?lastDay", "days_out_of_order", detail))
        keys = {name: _key(name, sent, faults) for name in _KEYS}
        date_by = _choice("dateBy", sent, [each.value for each in DateBy], faults)
        state = _choice("state", sent, list(OrderStatus.values), faults)
        if faults:
            raise InvalidRequest(faults)
        return cls(
            first_day=first,
            last_day=last,
            date_by=DateBy(date_by or DateBy.BOOKED),
            state=state,
            **keys,
        )


def _day(name: str, sent: Mapping[str, str], faults: list[Fault]) -> datetime.date | None:
    text = sent.get(name, "")
    if not text:
        return None
    try:
        day = datetime.date.fromisoformat(text)
    except ValueError:
        day = None
    # A day beside the ends of the calendar has no midnight in some zone.
    if day is None or len(text) != 10 or not 1 < day.year < 9999:
        detail = "Must be a date such as 2026-03-31."
        faults.append(Fault(f"?{name}", "invalid", detail))
        return None
    return day


def _key(name: str, sent: Mapping[str, str], faults: list[Fault]) -> uuid.UUID | None:
    text = sent.get(name, "")
    if not text:
        return None
    if not is_uuid(text):
        faults.append(Fault(f"?{name}", "invalid", "Must be an id (UUID)."))
        return None
    return uuid.UUID(text)


def _choice(name: str, sent: Mapping[str, str], allowed: list[str], faults: list[Fault]) -> str:
    text = sent.get(name, "")
    if text and text not in allowed:
        detail = f"Unknown value {text[:64]!r}; known are {', '.join(allowed)}."
        faults.append(Fault(f"?{name}", "unknown_value", detail))
        return ""
    return text
