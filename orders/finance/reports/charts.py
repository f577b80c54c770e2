"""A report as bars: by day, by month when there are many, or by age."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from orders.finance.reports import not_admitted, open_items
from orders.finance.reports.chosen import orders_where, venues_of
from orders.finance.reports.filters import ReportFilters
from orders.finance.reports.source import Source
from orders.finance.reports.summary import entries_where

# Of more days than that, months are shown.
_MOST_DAYS = 62
_Counted = Iterable[tuple[datetime.date, str, Decimal | int]]


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One bar: what stands below it, and how high it is."""

    label: str
    value: Decimal | int


@dataclass(frozen=True, kw_only=True)
class Chart:
    """Bars from the first to the last. currency: of its amounts; empty where orders are counted."""

    title: str
    currency: str
    bars: Sequence[Bar]


def charts_of(
    name: str, source: Source, filters: ReportFilters, now: datetime.datetime
) -> list[Chart]:
    """Return the charts of a report, one for each currency; none where there is nothing to show."""
    made = _CHARTS.get(name)
    return made(source, filters, now) if made else []


def _register(source: Source, filters: ReportFilters, now: datetime.datetime) -> list[Chart]:
    counted: list[tuple[datetime.date, str, int]] = []
    for venue in venues_of(source, filters):
        where = orders_where(venue, filters)
        counted.extend(
            (day, "", count)
            for day, count in source.all(
                "SELECT (o.received_at AT TIME ZONE %s)::date, count(*) FROM orders_order o"
                f" WHERE {where.sql} GROUP BY 1",
                [venue.zone.key, *where.parameters],
            )
        )
    return _by_time("Orders booked", counted, filters)


def _summary(source: Source, filters: ReportFilters, now: datetime.datetime) -> list[Chart]:
    where = entries_where(filters)
    counted = source.all(
        "SELECT e.accounting_date, e.currency, sum(e.gross - e.commission)"
        f" FROM orders_ledgerentry e WHERE {where.sql} GROUP BY 1, 2",
        where.parameters,
    )
    return _by_time("Net", counted, filters)


def _not_admitted(source: Source, filters: ReportFilters, now: datetime.datetime) -> list[Chart]:
    listing = not_admitted.listing_of(filters, now)
    counted = source.all(
        "SELECT visit_date, currency, coalesce(sum(gross), 0)"
        f" FROM ({listing.sql}) found GROUP BY 1, 2",
        listing.parameters,
    )
    return _by_time("Gross by day of visit", counted, filters)


def _open_items(source: Source, filters: ReportFilters, now: datetime.datetime) -> list[Chart]:
    until = open_items.last_day_of(filters, now)
    listing = open_items.listing_of(filters, until)
    by_currency: dict[str, dict[str, Decimal]] = defaultdict(dict)
    for since, currency, net in source.all(
        f"SELECT since, currency, sum(net) FROM ({listing.sql}) found GROUP BY 1, 2",
        listing.parameters,
    ):
        ages = by_currency[currency]
        age = open_items.age_of((until - since).days)
        ages[age] = ages.get(age, Decimal(0)) + net
    return [
        Chart(
            title="Net by age",
            currency=currency,
            bars=[Bar(label=age, value=ages.get(age, Decimal(0))) for age in open_items.AGES],
        )
        for currency, ages in sorted(by_currency.items())
    ]


_CHARTS: Mapping[str, Callable[[Source, ReportFilters, datetime.datetime], list[Chart]]] = {
    "register": _register,
    "summary": _summary,
    "open-items": _open_items,
    "issued-not-admitted": _not_admitted,
}


def _by_time(title: str, counted: _Counted, filters: ReportFilters) -> list[Chart]:
    by_currency: dict[str, dict[datetime.date, Any]] = defaultdict(dict)
    for day, currency, value in counted:
        days = by_currency[currency]
        days[day] = days.get(day, 0) + value
    return [
        Chart(title=f"{title} {unit}", currency=currency, bars=bars)
        for currency, days in sorted(by_currency.items())
        for unit, bars in [_bars(days, filters)]
    ]


def _bars(days: Mapping[datetime.date, Any], filters: ReportFilters) -> tuple[str, list[Bar]]:
    """Return a bar for each day asked for, or each month when they are many, also empty ones."""
    first, last = min(days), max(days)
    if (last - first).days < _MOST_DAYS:
        asked_first = min(filters.first_day or first, first)
        asked_last = max(filters.last_day or last, last)
        if (asked_last - asked_first).days < _MOST_DAYS:
            first, last = asked_first, asked_last
        span = [first + datetime.timedelta(each) for each in range((last - first).days + 1)]
        return "a day", [Bar(label=f"{day:%-d %b %Y}", value=days.get(day, 0)) for day in span]
    months: dict[int, Any] = {}
    for day, value in days.items():
        month = day.year * 12 + day.month - 1
        months[month] = months.get(month, 0) + value
    return "a month", [
        Bar(
            label=f"{datetime.date(month // 12, month % 12 + 1, 1):%b %Y}",
            value=months.get(month, 0),
        )
        for month in range(min(months), max(months) + 1)
    ]
