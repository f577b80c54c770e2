"""The order register: every order by our number, and every number that no order has."""

from __future__ import annotations

import dataclasses
import datetime
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from channel_manager.lib.document_numbers import running_number_sql
from orders.finance.reports import columns as col
from orders.finance.reports.chosen import ReportVenue, orders_where, venues_of
from orders.finance.reports.columns import Column, Kind, Row
from orders.finance.reports.filters import ReportFilters
from orders.finance.reports.gaps import Gap, Neighbour, find_gaps
from orders.finance.reports.source import Source

ORDER, GAP = "Order", "Gap"
COLUMNS: tuple[Column, ...] = (
    col.VENUE,
    Column(name="kind", title="Row", is_given=True, is_for_staff=True),
    col.OUR_NUMBER,
    dataclasses.replace(col.THEIR_NUMBER, is_given=True),
    col.PARTNER,
    Column(name="status", title="Status", help="As it is now.", is_given=True),
    Column(name="receivedAt", title="Received", kind=Kind.MOMENT, is_given=True),
    Column(
        name="issuedAt",
        title="Issued",
        kind=Kind.MOMENT,
        help="When it was posted; empty for an order that was never issued.",
    ),
    Column(name="visitDate", title="First visit", kind=Kind.DATE),
    Column(
        name="countsFrom",
        title="Counts from",
        kind=Kind.DATE,
        help="The first day on which an amount of it counts, by the contract.",
    ),
    Column(name="countsUntil", title="Counts until", kind=Kind.DATE, help="The last such day."),
    Column(name="packages", title="Packages", help="Codes, or item numbers nobody has mapped."),
    Column(name="ordered", title="Ordered", kind=Kind.NUMBER, help="Units.", is_given=True),
    Column(name="left", title="Left", kind=Kind.NUMBER, help="Units not cancelled.", is_given=True),
    Column(name="currencyCode", title="Currency", help="ISO 4217.", is_given=True),
    Column(
        name="gross",
        title="Gross",
        kind=Kind.AMOUNT,
        help="Including VAT; what was taken back is taken off. Empty until it is issued.",
    ),
    col.VAT,
    col.COMMISSION,
    col.NET,
    Column(name="paymentReference", title="Payment reference"),
    Column(
        name="admitted",
        title="Admitted",
        help="`yes`, `partly` or `no`; empty for an order that was never issued.",
    ),
    Column(name="explanation", title="Explanation", is_for_staff=True),
)
_NUMBER = running_number_sql("o.buy_from_order_reference")
# One statement for some thousand orders.
_DETAILS = """
WITH chosen AS (SELECT * FROM unnest(%s::uuid[]) AS chosen(id)),
lines AS (
    SELECT l.order_id, min(coalesce(p.code, l.item_number)) AS first,
        CASE WHEN count(*) > 1
            THEN string_agg(DISTINCT coalesce(p.code, l.item_number), ', ') END AS packages,
        sum(l.quantity) AS ordered,
        sum(CASE WHEN NOT l.is_group THEN l.quantity - cardinality(l.cancelled)
            WHEN cardinality(l.cancelled) > 0 THEN 0 ELSE l.quantity END) AS left
    FROM chosen JOIN orders_orderline l ON l.order_id = chosen.id
    LEFT JOIN catalog_package p ON p.id = l.package_id
    GROUP BY l.order_id
),
money AS (
    SELECT e.order_id, sum(e.gross) AS gross, sum(e.vat) AS vat, sum(e.commission) AS commission,
        min(e.accounting_date) AS counts_from, max(e.accounting_date) AS counts_until,
        min(e.posted_at) AS posted_at
    FROM chosen JOIN orders_ledgerentry e ON e.order_id = chosen.id
    GROUP BY e.order_id
),
tickets AS (
    SELECT w.order_id, sum(a.admitted) AS ever,
        coalesce(sum(a.admitted) FILTER (WHERE a.status <> 'Destroyed'), 0) AS taken,
        coalesce(sum(a.admissions) FILTER (WHERE a.status <> 'Destroyed'), 0) AS worth
    FROM chosen JOIN wallets_wallet w ON w.order_id = chosen.id
    JOIN wallets_asset a ON a.wallet_id = w.id
    GROUP BY w.order_id
)
SELECT o.id, o.buy_from_order_reference, o.sell_to_order_reference, p.name, o.status, o.received_at,
    m.posted_at, o.visit_date, m.counts_from, m.counts_until, coalesce(l.packages, l.first),
    l.ordered, CASE WHEN o.status = 'Cancelled' THEN 0 ELSE l.left END, o.currency, m.gross, m.vat,
    m.commission, m.gross - m.commission, o.payment_reference,
    CASE WHEN o.status NOT IN ('Issued', 'Cancelled') THEN NULL
        WHEN t.worth > 0 AND t.taken = t.worth THEN 'yes'
        WHEN t.ever > 0 THEN 'partly' ELSE 'no' END
FROM chosen JOIN orders_order o ON o.id = chosen.id JOIN partners_partner p ON p.id = o.partner_id
LEFT JOIN lines l ON l.order_id = o.id
LEFT JOIN money m ON m.order_id = o.id
LEFT JOIN tickets t ON t.order_id = o.id
"""
# Where a row stands: venue, number, and the order; a gap by its last number.
Key = tuple[str, int, str]
_Numbered = Sequence[tuple[int, Any, str]]


def count(source: Source, filters: ReportFilters, now: datetime.datetime) -> int:
    """Return how many orders there are; gaps come on top."""
    total = 0
    for venue in venues_of(source, filters):
        where = orders_where(venue, filters)
        sql = f"SELECT count(*) FROM orders_order o WHERE {where.sql}"
        total += source.all(sql, where.parameters)[0][0]
    return total


def rows(source: Source, filters: ReportFilters, now: datetime.datetime) -> Iterator[Row]:
    """Yield the whole register, venue by venue, by number: three statements for a batch of orders."""
    for venue in venues_of(source, filters):
        where = orders_where(venue, filters)
        sql = (
            f"SELECT {_NUMBER}, o.id, o.buy_from_order_reference FROM orders_order o"
            f" WHERE {where.sql} ORDER BY {_NUMBER}, o.id"
        )
        told = 0
        for batch in source.stream(sql, where.parameters):
            for _key, row in _tell(source, venue, filters, batch, told):
                yield row
            told = batch[-1][0]
        for _key, row in _tell_end(source, venue, filters, told, now):
            yield row


def page(
    source: Source,
    filters: ReportFilters,
    now: datetime.datetime,
    *,
    after: Sequence[Any] | None,
    size: int,
    with_gaps: bool = True,
) -> list[tuple[Key, Row]]:
    """Return some rows behind a key: up to size + 1, so that one knows whether there are more."""
    found: list[tuple[Key, Row]] = []
    for venue in venues_of(source, filters):
        told, last = 0, ""
        if after is not None:
            if venue.code < str(after[0]):
                continue
            if venue.code == after[0]:
                told, last = int(after[1]), str(after[2])
        batch = _read_some(source, venue, filters, (told, last), size + 1 - len(found))
        is_end = len(batch) < size + 1 - len(found)
        wanted = filters if with_gaps else None
        found.extend(_tell(source, venue, wanted, batch, told, most=size + 1))
        if is_end and len(found) <= size:
            told = max(told, batch[-1][0]) if batch else told
            found.extend(_tell_end(source, venue, wanted, told, now, most=size + 1))
        if len(found) > size:
            break
    return found[: size + 1]


def _read_some(
    source: Source, venue: ReportVenue, filters: ReportFilters, after: tuple[int, str], limit: int
) -> _Numbered:
    where = orders_where(venue, filters)
    number, last = after
    if last:
        where.add(f"({_NUMBER}, o.id) > (%s, %s::uuid)", number, last)
    elif number:
        where.add(f"{_NUMBER} > %s", number)
    chosen = f"SELECT {_NUMBER} AS number, o.id, o.buy_from_order_reference FROM orders_order o WHERE {where.sql}"
    if filters.has_days:
        # Numbers follow the calendar, which the planner does not know: it would walk through all
        # that came before these days.
        chosen = f"WITH chosen AS MATERIALIZED ({chosen}) SELECT * FROM chosen"
    return source.all(f"{chosen} ORDER BY 1, 2 LIMIT %s", [*where.parameters, limit])


def _tell(
    source: Source,
    venue: ReportVenue,
    filters: ReportFilters | None,
    batch: _Numbered,
    told: int,
    *,
    most: int | None = None,
) -> Iterator[tuple[Key, Row]]:
    """Yield orders with what is missing before each; filters: None where gaps are not told."""
    if not batch:
        return
    gaps: Mapping[int, Sequence[Gap]] = {}
    if filters and filters.shows_gaps:
        before = [told, *(number for number, _, _ in batch)]
        holes = [
            Neighbour(told=last, number=number, reference=reference)
            for last, (number, _, reference) in zip(before, batch, strict=False)
            if number - last > 1
        ]
        gaps = find_gaps(source, venue, holes, most)
    details = {row[0]: row for row in source.all(_DETAILS, [[key for _, key, _ in batch]])}
    zone = venue.zone
    for number, key, _ in batch:
        if number in gaps:
            yield from _gap_rows(venue, gaps[number])
        if key not in details:
            continue  # it was removed this very moment
        _, ours, theirs, partner, status, received_at, posted_at, *rest = details[key]
        received_at = received_at.astimezone(zone)
        posted_at = posted_at and posted_at.astimezone(zone)
        told_of = (ours, theirs, partner, status, received_at, posted_at, *rest)
        yield (venue.code, number, str(key)), (venue.code, ORDER, *told_of, None)


def _tell_end(
    source: Source,
    venue: ReportVenue,
    filters: ReportFilters | None,
    told: int,
    now: datetime.datetime,
    *,
    most: int | None = None,
) -> Iterator[tuple[Key, Row]]:
    """Yield what is missing behind the last order, where today is of the list."""
    if filters is None or not filters.shows_gaps:
        return
    today = now.astimezone(venue.zone).date()
    first, last = filters.first_day or today, filters.last_day or today
    if not first <= today <= last:
        return
    if venue.last_number <= told:
        return
    behind = Neighbour(told=told, number=venue.last_number + 1, reference="")
    for gaps in find_gaps(source, venue, [behind], most).values():
        yield from _gap_rows(venue, gaps)


def _gap_rows(venue: ReportVenue, gaps: Iterable[Gap]) -> Iterator[tuple[Key, Row]]:
    for gap in gaps:
        empty = itertools.repeat(None, len(COLUMNS) - 4)
        yield (
            (venue.code, gap.last, ""),
            (venue.code, GAP, gap.reference, *empty, gap.why),
        )
