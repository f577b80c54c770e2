"""Which orders a report is of: its filters as conditions of SQL, venue by venue."""

from __future__ import annotations

import dataclasses
import datetime
import uuid
import zoneinfo
from typing import Any

from channel_manager.lib.document_numbers import running_number_sql
from orders import tombstone
from orders.finance.reports.filters import DateBy, ReportFilters
from orders.finance.reports.source import Source
from partners.models import Venue

_ONE_DAY = datetime.timedelta(days=1)
_NUMBER = running_number_sql("o.buy_from_order_reference")
_LOST = running_number_sql("(t.data ->> 'buyFromOrderReference')")
_LAST_NUMBER = f"""
CASE WHEN pg_is_in_recovery() THEN greatest(
    (SELECT {_NUMBER} FROM orders_order o WHERE o.test_mode = false AND o.venue_id = v.id
        ORDER BY {_NUMBER} DESC LIMIT 1),
    (SELECT max({_LOST}) FROM history_event t
        WHERE t.name = '{tombstone.EVENT}' AND t.data ->> 'venueId' = v.id::text))
ELSE pg_sequence_last_value(
    to_regclass('document_number_' || replace(v.id::text, '-', ''))) END
"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class ReportVenue:
    """A venue, with its clock and the last number that was drawn, 0 before the first.

    A replica has its sequences ahead of what was drawn: there it is the last one that is known of.
    """

    id: uuid.UUID
    code: str
    zone: zoneinfo.ZoneInfo
    last_number: int
    # What its numbers begin with, as far as can be told without one.
    letters: str


@dataclasses.dataclass
class Where:
    """Conditions that all hold, and their parameters in order."""

    conditions: list[str] = dataclasses.field(default_factory=list)
    parameters: list[Any] = dataclasses.field(default_factory=list)

    def add(self, condition: str, *parameters: Any) -> None:
        """Let a further condition hold."""
        self.conditions.append(condition)
        self.parameters.extend(parameters)

    @property
    def sql(self) -> str:
        """Return them as one condition."""
        return " AND ".join(self.conditions) or "true"


def latest_today(now: datetime.datetime) -> datetime.date:
    """Return the day that it is at the venue whose clock is furthest on; without one, in UTC."""
    zones = Venue.objects.values_list("timezone", flat=True).distinct().order_by()
    return max([now.astimezone(zoneinfo.ZoneInfo(name)).date() for name in zones] or [now.date()])


def venues_of(source: Source, filters: ReportFilters) -> list[ReportVenue]:
    """Return the venues that a report is of, by code: one statement, once for a source.

    Numbers that are drawn from now on are told of when their orders are there.
    """
    asked = (filters.venue, filters.partner)
    if asked not in source.venues:
        source.venues[asked] = _read_venues(source, filters)
    found: list[ReportVenue] = source.venues[asked]
    return found


def _read_venues(source: Source, filters: ReportFilters) -> list[ReportVenue]:
    where = Where()
    if filters.venue:
        where.add("v.id = %s", filters.venue)
    if filters.partner:
        where.add("v.id = (SELECT venue_id FROM partners_partner WHERE id = %s)", filters.partner)
    found = source.all(
        f"SELECT v.id, v.code, v.timezone, v.reference_prefix, coalesce({_LAST_NUMBER}, 0)"
        f' FROM partners_venue v WHERE {where.sql} ORDER BY v.code COLLATE "C"',
        where.parameters,
    )
    return [
        ReportVenue(
            id=key,
            code=code,
            zone=zoneinfo.ZoneInfo(timezone),
            last_number=last_number,
            letters=f"{prefix}-",
        )
        for key, code, timezone, prefix, last_number in found
    ]


def orders_where(venue: ReportVenue, filters: ReportFilters) -> Where:
    """Return the condition on an order `o`: live ones of the venue only."""
    where = Where()
    where.add("o.test_mode = false")
    where.add("o.venue_id = %s", venue.id)
    if filters.partner:
        where.add("o.partner_id = %s", filters.partner)
    add_state_and_package(where, filters)
    if filters.has_days:
        _add_days(where, venue, filters)
    return where


def add_state_and_package(where: Where, filters: ReportFilters) -> None:
    """Let an order `o` be in the state and have the package that are asked for."""
    if filters.state:
        where.add("o.status = %s", filters.state)
    if filters.package:
        where.add(
            "EXISTS (SELECT FROM orders_orderline l WHERE l.order_id = o.id AND l.package_id = %s)",
            filters.package,
        )


def _add_days(where: Where, venue: ReportVenue, filters: ReportFilters) -> None:
    match filters.date_by:
        case DateBy.BOOKED:
            if filters.first_day:
                where.add("o.received_at >= %s", midnight(venue.zone, filters.first_day))
            if filters.last_day:
                where.add("o.received_at < %s", midnight(venue.zone, filters.last_day + _ONE_DAY))
        case DateBy.VISIT:
            days = days_where("l.visit_date", filters)
            where.add(
                f"o.id IN (SELECT l.order_id FROM orders_orderline l WHERE {days.sql})",
                *days.parameters,
            )
        case DateBy.COUNTING:
            days = days_where("e.accounting_date", filters)
            partners = "SELECT p.id FROM partners_partner p WHERE p.venue_id = %s"
            where.add(
                "o.id IN (SELECT e.order_id FROM orders_ledgerentry e"
                f" WHERE e.partner_id IN ({partners}) AND {days.sql})",
                venue.id,
                *days.parameters,
            )


def days_where(column: str, filters: ReportFilters) -> Where:
    """Return the condition that a date lies within the days asked for."""
    where = Where()
    if filters.first_day:
        where.add(f"{column} >= %s", filters.first_day)
    if filters.last_day:
        where.add(f"{column} <= %s", filters.last_day)
    if not filters.has_days:
        where.add(f"{column} IS NOT NULL")
    return where


def midnight(zone: zoneinfo.ZoneInfo, day: datetime.date) -> datetime.datetime:
    """Return the moment at which a day begins."""
    return datetime.datetime.combine(day, datetime.time.min, zone)
