"""What periods have of each order, and what matching found: the figures that a period is closed with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from channel_manager.lib.document_numbers import running_number_sql
from orders.finance.reports import columns as col
from orders.finance.reports.chosen import Where
from orders.finance.reports.columns import Column, Kind, Row
from orders.finance.reports.filters import ReportFilters
from orders.finance.reports.listing import Listed, Listing
from orders.finance.states import MatchState
from orders.models import DecisionAction, Period, PeriodStatus

COLUMNS: tuple[Column, ...] = (
    col.VENUE,
    col.PARTNER,
    Column(name="period", title="Period", is_given=True),
    Column(name="periodStatus", title="Status", is_given=True),
    Column(name="side", title="Side", help="`ours`, or `statement` for a line.", is_given=True),
    Column(name="buyFromOrderReference", title="Our number"),
    col.THEIR_NUMBER,
    Column(name="row", title="Row", kind=Kind.NUMBER, help="Of the statement's file."),
    Column(name="quantity", title="Quantity", kind=Kind.NUMBER),
    col.CURRENCY,
    col.GROSS,
    col.COMMISSION,
    col.NET,
    Column(name="state", title="State", is_given=True),
    Column(name="cause", title="Cause"),
    Column(name="decision", title="Decision", help="The newest."),
    Column(name="reason", title="Reason"),
)
_NUMBER = running_number_sql("s.buy_from_order_reference")
# The decisions on either side are the period's own: what a later one decides on what was carried
# into it is no decision on the figures of either.
_OURS = f"""
SELECT d.first_day, v.code, p.name AS partner, d.id AS period, 1 AS side,
    coalesce({_NUMBER}, 0) AS number, s.id AS place, d.last_day, d.status,
    nullif(s.buy_from_order_reference, '') AS ours, nullif(s.sell_to_order_reference, '') AS theirs,
    NULL::bigint AS row, s.quantity, s.currency, s.gross, s.commission, s.net, s.state, s.cause,
    n.action, n.reason
FROM orders_position s JOIN orders_period d ON d.id = s.period_id
JOIN partners_partner p ON p.id = d.partner_id JOIN partners_venue v ON v.id = p.venue_id
LEFT JOIN LATERAL (
    SELECT action, reason FROM orders_decision WHERE period_id = d.id AND order_id = s.order_id
        AND settles_id IS NULL
    ORDER BY id DESC LIMIT 1
) n ON true
WHERE {{where}}
"""
_STATED = """
SELECT d.first_day, v.code, p.name, d.id, 2, 0, l.id, d.last_day, d.status,
    nullif(l.our_reference, ''), nullif(l.their_reference, ''), l.row, l.quantity, l.currency,
    l.gross, l.commission, l.net, l.state, l.cause, n.action, n.reason
FROM orders_statementline l JOIN orders_statement t ON t.id = l.statement_id
JOIN orders_period d ON d.id = t.period_id
JOIN partners_partner p ON p.id = d.partner_id JOIN partners_venue v ON v.id = p.venue_id
LEFT JOIN LATERAL (
    SELECT action, reason FROM orders_decision WHERE period_id = d.id AND line_id = l.id
    ORDER BY id DESC LIMIT 1
) n ON true
WHERE t.status = 'Read' AND {where}
"""
_KEY = {
    "first_day": "date",
    "code": "text",
    "partner": "text",
    "period": "uuid",
    "side": "integer",
    "number": "bigint",
    "place": "bigint",
}


def _listing(filters: ReportFilters) -> Listing:
    where = Where()
    if filters.first_day:
        where.add("d.first_day >= %s", filters.first_day)
    if filters.last_day:
        where.add("d.last_day <= %s", filters.last_day)
    if filters.partner:
        where.add("d.partner_id = %s", filters.partner)
    if filters.venue:
        where.add("p.venue_id = %s", filters.venue)
    sql = " UNION ALL ".join(part.replace("{where}", where.sql) for part in (_OURS, _STATED))
    return Listing(sql=sql, parameters=[*where.parameters, *where.parameters], key=_KEY)


def _told(row: Sequence[Any]) -> Row:
    first_day, venue, partner, _, side, _, _, last_day, status, *rest = row
    *cells, state, cause, action, reason = rest
    return (
        venue,
        partner,
        Period(first_day=first_day, last_day=last_day).title,
        PeriodStatus(status).label,
        "ours" if side == 1 else "statement",
        *cells,
        MatchState(state).label if state else "Not matched yet",
        cause or None,
        DecisionAction(action).label if action else None,
        reason,
    )


LISTED = Listed(lambda filters, _now: (_listing(filters), _told))
