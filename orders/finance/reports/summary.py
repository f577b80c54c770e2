"""Sales and commission: what came of each partner, month by month, by the terms it was sold under."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from orders.finance.reports import columns as col
from orders.finance.reports.chosen import Where, days_where
from orders.finance.reports.columns import Column, Kind, Row
from orders.finance.reports.filters import ReportFilters
from orders.finance.reports.listing import Listed, Listing
from orders.finance.reports.terms import TERMS_SQL, in_words

COLUMNS: tuple[Column, ...] = (
    col.VENUE,
    col.PARTNER,
    Column(
        name="month",
        title="Month",
        kind=Kind.DATE,
        help="Its first day. An entry is of the month in which it counts.",
        is_given=True,
    ),
    Column(name="terms", title="Terms", help="The contract's, with its version.", is_given=True),
    col.CURRENCY,
    Column(name="orders", title="Orders", kind=Kind.NUMBER, help="Sold.", is_given=True),
    Column(
        name="units",
        title="Units",
        kind=Kind.NUMBER,
        help="Sold, those that were taken back taken off.",
        is_given=True,
    ),
    Column(name="sales", title="Sales", kind=Kind.AMOUNT, help="Gross.", is_given=True),
    Column(
        name="reversals",
        title="Reversals",
        kind=Kind.AMOUNT,
        help="Gross of what was cancelled, negative.",
        is_given=True,
    ),
    Column(name="adjustments", title="Adjustments", kind=Kind.AMOUNT, help="Gross.", is_given=True),
    Column(
        name="gross", title="Gross", kind=Kind.AMOUNT, help="All three, with VAT.", is_given=True
    ),
    col.VAT,
    col.COMMISSION,
    col.NET,
)
_SUMMED = f"""
SELECT v.code, p.name, p.id AS partner_id, date_trunc('month', e.accounting_date)::date AS month,
    e.currency, coalesce(c.version, 0) AS contract_version, {TERMS_SQL},
    count(DISTINCT e.order_id) FILTER (WHERE e.kind = 'sale') AS orders,
    coalesce(sum(e.quantity) FILTER (WHERE e.kind <> 'adjustment'), 0) AS units,
    coalesce(sum(e.gross) FILTER (WHERE e.kind = 'sale'), 0) AS sales,
    coalesce(sum(e.gross) FILTER (WHERE e.kind = 'reversal'), 0) AS reversals,
    coalesce(sum(e.gross) FILTER (WHERE e.kind = 'adjustment'), 0) AS adjustments,
    sum(e.gross) AS gross, sum(e.vat) AS vat, sum(e.commission) AS commission,
    sum(e.gross - e.commission) AS net
FROM orders_ledgerentry e JOIN partners_partner p ON p.id = e.partner_id
JOIN partners_venue v ON v.id = e.venue_id
LEFT JOIN partners_contract c ON c.id = e.contract_id
WHERE {{where}}
GROUP BY v.code, p.id, month, e.currency, c.id
"""
_KEY = {
    "code": "text",
    "name": "text",
    "partner_id": "uuid",
    "month": "date",
    "currency": "text",
    "contract_version": "integer",
}


def entries_where(filters: ReportFilters) -> Where:
    """Return the condition on an entry `e` of the ledger; those that do not count yet are out."""
    where = days_where("e.accounting_date", filters)
    if filters.partner:
        where.add("e.partner_id = %s", filters.partner)
    if filters.venue:
        where.add("e.venue_id = %s", filters.venue)
    if filters.package:
        where.add(
            "e.line_id IN (SELECT l.id FROM orders_orderline l WHERE l.package_id = %s)",
            filters.package,
        )
    if filters.state:
        where.add(
            "e.order_id IN (SELECT o.id FROM orders_order o WHERE o.status = %s)", filters.state
        )
    return where


def _listing(filters: ReportFilters) -> Listing:
    where = entries_where(filters)
    return Listing(sql=_SUMMED.replace("{where}", where.sql), parameters=where.parameters, key=_KEY)


def _told(row: Sequence[Any]) -> Row:
    venue, partner, _, month, currency, _, *rest = row
    terms, amounts = rest[:5], rest[5:]
    return (venue, partner, month, in_words(*terms), currency, *amounts)


LISTED = Listed(lambda filters, _now: (_listing(filters), _told))
