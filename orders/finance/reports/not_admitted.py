"""Issued, not admitted: sold for a day that is over, and nobody came, or not all of them."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Sequence
from typing import Any

from channel_manager.lib.document_numbers import running_number_sql
from orders.finance.reports import columns as col
from orders.finance.reports.chosen import Where, days_where
from orders.finance.reports.columns import Column, Kind, Row
from orders.finance.reports.filters import ReportFilters
from orders.finance.reports.listing import Listed, Listing
from orders.models import OrderStatus
from wallets.models import AssetStatus

COLUMNS: tuple[Column, ...] = (
    col.VENUE,
    col.PARTNER,
    col.OUR_NUMBER,
    dataclasses.replace(col.THEIR_NUMBER, is_given=True),
    Column(
        name="visitDate",
        title="Visit",
        kind=Kind.DATE,
        help="The first of its visits within these days.",
        is_given=True,
    ),
    Column(name="admitted", title="Admitted", help="`no` or `partly`.", is_given=True),
    Column(
        name="admissions",
        title="Admissions",
        kind=Kind.NUMBER,
        help="How many its tickets and coupons are worth.",
        is_given=True,
    ),
    Column(
        name="taken", title="Taken", kind=Kind.NUMBER, help="How many were taken.", is_given=True
    ),
    Column(name="currencyCode", title="Currency", help="ISO 4217.", is_given=True),
    Column(name="gross", title="Gross", kind=Kind.AMOUNT, help="Of the lines that this is about."),
    col.VAT,
    col.COMMISSION,
    col.NET,
    Column(
        name="waitsForAdmission",
        title="Does not count yet",
        kind=Kind.YES_NO,
        help="The contract counts by admission: until somebody comes, the amount does not count.",
        is_given=True,
    ),
)
_NUMBER = running_number_sql("o.buy_from_order_reference")
_ISSUED = f"""
SELECT v.code, {_NUMBER} AS number, o.id, p.name, o.buy_from_order_reference,
    o.sell_to_order_reference, min(l.visit_date) AS visit_date, sum(t.worth) AS worth, sum(t.taken) AS taken,
    o.currency, sum(m.gross) AS gross, sum(m.vat) AS vat, sum(m.commission) AS commission,
    sum(m.gross - m.commission) AS net, coalesce(bool_or(m.waits), false) AS waits
FROM orders_orderline l JOIN orders_order o ON o.id = l.order_id
JOIN partners_partner p ON p.id = o.partner_id JOIN partners_venue v ON v.id = o.venue_id
JOIN LATERAL (
    SELECT sum(a.admissions) AS worth, sum(a.admitted) AS taken
    FROM wallets_wallet w JOIN wallets_asset a ON a.wallet_id = w.id
    WHERE w.line_id = l.id AND a.status <> '{AssetStatus.DESTROYED}'
) t ON t.worth > 0
LEFT JOIN LATERAL (
    SELECT sum(e.gross) AS gross, sum(e.vat) AS vat, sum(e.commission) AS commission,
        bool_or(e.accounting_date IS NULL) AS waits
    FROM orders_ledgerentry e WHERE e.line_id = l.id
) m ON true
WHERE o.status = '{OrderStatus.ISSUED}' AND NOT o.test_mode AND {{where}}
GROUP BY v.code, o.id, p.id
HAVING sum(t.taken) < sum(t.worth)
"""
_KEY = {"code": "text", "number": "bigint", "id": "uuid"}


def listing_of(filters: ReportFilters, now: datetime.datetime) -> Listing:
    """Return the statement that lists them."""
    where = days_where("l.visit_date", filters)
    where.add("l.visit_date < (%s AT TIME ZONE v.timezone)::date", now)
    _narrow(where, filters)
    return Listing(sql=_ISSUED.replace("{where}", where.sql), parameters=where.parameters, key=_KEY)


def _narrow(where: Where, filters: ReportFilters) -> None:
    for column, value in (
        ("o.partner_id", filters.partner),
        ("o.venue_id", filters.venue),
        ("l.package_id", filters.package),
        ("o.status", filters.state),
    ):
        if value:
            where.add(f"{column} = %s", value)


def _told(row: Sequence[Any]) -> Row:
    venue, _, _, partner, ours, theirs, visit_date, worth, taken, *money = row
    admitted = "partly" if taken else "no"
    return (venue, partner, ours, theirs, visit_date, admitted, worth, taken, *money)


LISTED = Listed(lambda filters, now: (listing_of(filters, now), _told))
