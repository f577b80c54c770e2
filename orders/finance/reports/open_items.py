"""Open items: what counts, but no closed period has settled, how old it is and why it is open.

Besides, the differences of closed periods that were disputed or carried, until a later period
settles them.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Sequence
from typing import Any

from channel_manager.lib.document_numbers import running_number_sql
from orders.finance.reports import columns as col
from orders.finance.reports.chosen import Where, add_state_and_package, latest_today
from orders.finance.reports.columns import Column, Kind, Row
from orders.finance.reports.filters import ReportFilters
from orders.finance.reports.listing import Listed, Listing, Tell
from orders.finance.reports.summary import entries_where
from orders.finance.states import MatchState
from orders.models import DecisionAction, Period, PeriodStatus, StatementStatus

AGES = ("0-30 days", "31-60 days", "61-90 days", "over 90 days")
COLUMNS: tuple[Column, ...] = (
    col.VENUE,
    col.PARTNER,
    Column(
        name="buyFromOrderReference",
        title="Our number",
        help="Empty for an adjustment that concerns no order.",
    ),
    col.THEIR_NUMBER,
    Column(name="status", title="Status", help="Of the order, as it is now."),
    Column(
        name="countsFrom",
        title="Counts from",
        kind=Kind.DATE,
        help="The first day on which something of it counts.",
        is_given=True,
    ),
    Column(name="days", title="Days", kind=Kind.NUMBER, help="Since then.", is_given=True),
    Column(name="age", title="Age", help=f"One of {', '.join(AGES)}.", is_given=True),
    col.CURRENCY,
    col.GROSS,
    col.COMMISSION,
    Column(
        name="net",
        title="Net",
        kind=Kind.AMOUNT,
        help="What is open; of a difference of a closed period, the statement's amount less ours.",
        is_given=True,
    ),
    Column(name="period", title="Period", help="The one that it is of, if there is one."),
    Column(name="state", title="Match", help="What matching found.", is_for_staff=True),
    Column(name="decision", title="Decision", help="The newest.", is_for_staff=True),
    Column(name="why", title="Why it is open", is_given=True),
)
_NUMBER = running_number_sql("o.buy_from_order_reference")
# One row for what an order comes to in a period, or where there is none yet.
_OPEN = f"""
SELECT v.code, p.name AS partner, coalesce({_NUMBER}, 0) AS number, open.since, open.subject,
    open.currency, o.buy_from_order_reference, o.sell_to_order_reference, o.status, open.gross,
    open.commission, open.gross - open.commission AS net, open.first_day, open.last_day,
    open.period_status, (
        SELECT s.state FROM orders_position s WHERE s.period_id = open.period_id
            AND (s.order_id = open.order_id AND s.entry_id IS NULL OR s.entry_id = open.entry_id)
        LIMIT 1
    ) AS state, decided.action, decided.reason
FROM (
    SELECT e.partner_id, e.order_id, CASE WHEN e.order_id IS NULL THEN e.id END AS entry_id,
        'ours:' || coalesce(e.order_id::text, e.id::text) || coalesce(d.id::text, '') AS subject,
        e.currency, d.id AS period_id, d.first_day, d.last_day, d.status AS period_status,
        min(e.accounting_date) AS since, sum(e.gross) AS gross, sum(e.commission) AS commission
    FROM orders_ledgerentry e LEFT JOIN orders_period d ON d.partner_id = e.partner_id
        AND e.accounting_date BETWEEN d.first_day AND d.last_day
    WHERE {{where}} AND (d.id IS NULL OR d.status <> '{PeriodStatus.CLOSED}')
    GROUP BY e.partner_id, e.order_id, entry_id, e.currency, d.id, subject
    HAVING sum(e.gross) <> 0 OR sum(e.commission) <> 0
) open
JOIN partners_partner p ON p.id = open.partner_id JOIN partners_venue v ON v.id = p.venue_id
LEFT JOIN orders_order o ON o.id = open.order_id
LEFT JOIN LATERAL (
    SELECT n.action, n.reason FROM orders_decision n WHERE n.period_id = open.period_id
        AND n.settles_id IS NULL AND (n.order_id = open.order_id OR n.line_id IN (
            SELECT s.id FROM orders_statementline s WHERE s.order_id = open.order_id))
    ORDER BY n.order_id IS NULL, n.id DESC LIMIT 1
) decided ON true
"""
# What was left over when a period was closed: of its decisions on a difference the newest counts, if
# the difference is still there (a withdrawn statement's is not), until a decision of a later period
# settles it. A line that names another partner's order shows nothing of that order.
_LEFT_OVER = f"""
SELECT v.code, p.name, coalesce({_NUMBER}, 0), d.last_day, 'decision:' || n.id, n.currency,
    coalesce(o.buy_from_order_reference, nullif(s.our_reference, '')),
    coalesce(o.sell_to_order_reference, nullif(s.their_reference, '')), o.status, NULL, NULL,
    n.difference, d.first_day, d.last_day, d.status, n.state, n.action, n.reason
FROM orders_decision n JOIN orders_period d ON d.id = n.period_id
JOIN partners_partner p ON p.id = d.partner_id JOIN partners_venue v ON v.id = p.venue_id
LEFT JOIN orders_statementline s ON s.id = n.line_id
LEFT JOIN orders_statement t ON t.id = s.statement_id
LEFT JOIN orders_order o ON o.id = coalesce(n.order_id, s.order_id) AND o.partner_id = d.partner_id
WHERE d.status = '{PeriodStatus.CLOSED}' AND {{where}}
    AND n.action IN ('{DecisionAction.DISPUTE}', '{DecisionAction.CARRY}')
    AND NOT EXISTS (
        SELECT FROM orders_decision later WHERE later.period_id = n.period_id AND later.id > n.id
            AND later.line_id IS NOT DISTINCT FROM n.line_id
            AND later.order_id IS NOT DISTINCT FROM n.order_id
            AND later.settles_id IS NOT DISTINCT FROM n.settles_id
    )
    AND (n.settles_id IS NOT NULL OR s.state = n.state AND t.status = '{StatementStatus.READ}'
        OR EXISTS (
            SELECT FROM orders_position x WHERE x.period_id = n.period_id
                AND x.order_id = n.order_id AND n.state IN (x.state, x.counts_in)))
    AND NOT EXISTS (
        SELECT FROM orders_decision later JOIN orders_period e ON e.id = later.period_id
        WHERE later.settles_id = n.id AND (e.status = '{PeriodStatus.CLOSED}'
            OR later.action NOT IN ('{DecisionAction.DISPUTE}', '{DecisionAction.CARRY}')))
"""
_KEY = {
    "code": "text",
    "partner": "text",
    "number": "bigint",
    "since": "date",
    "subject": "text",
    "currency": "text",
}


def last_day_of(filters: ReportFilters, now: datetime.datetime) -> datetime.date:
    """Return the day up to which items count: today, where that is latest, when nothing is said."""
    return filters.last_day or latest_today(now)


def listing_of(filters: ReportFilters, until: datetime.date) -> Listing:
    """Return the statement that lists them up to a day."""
    entries = entries_where(dataclasses.replace(filters, last_day=until))
    where = _decisions_where(filters, until)
    parameters = [*entries.parameters, *where.parameters]
    sql = " UNION ALL ".join(
        (
            _OPEN.replace("{where}", entries.sql),
            _LEFT_OVER.replace("{where}", where.sql),
        )
    )
    return Listing(sql=sql, parameters=parameters, key=_KEY)


def _decisions_where(filters: ReportFilters, until: datetime.date) -> Where:
    where = Where()
    where.add("d.last_day <= %s", until)
    if filters.first_day:
        where.add("d.last_day >= %s", filters.first_day)
    if filters.partner:
        where.add("d.partner_id = %s", filters.partner)
    if filters.venue:
        where.add("p.venue_id = %s", filters.venue)
    add_state_and_package(where, filters)
    return where


def age_of(days: int) -> str:
    """Return the bucket that so many days are of."""
    return AGES[0 if days <= 30 else 1 if days <= 60 else 2 if days <= 90 else 3]


def _told(row: Sequence[Any], until: datetime.date) -> Row:
    venue, partner, _, since, _, currency, ours, theirs, status, gross, commission, net, *rest = row
    first_day, last_day, period_status, state, action, reason = rest
    days = (until - since).days
    period = Period(first_day=first_day, last_day=last_day).title if first_day else None
    return (
        venue,
        partner,
        ours,
        theirs,
        status,
        since,
        days,
        age_of(days),
        currency,
        gross,
        commission,
        net,
        period,
        MatchState(state).label if state else None,
        f"{DecisionAction(action).label}: {reason}" if action else None,
        _why(period, period_status, state, action),
    )


def _why(
    period: str | None, period_status: str | None, state: str | None, action: str | None
) -> str:
    if period is None:
        return "No period covers this day yet."
    done = {DecisionAction.DISPUTE: "Disputed", DecisionAction.CARRY: "Carried"}.get(
        DecisionAction(action) if action else DecisionAction.ACCEPT
    )
    if period_status == PeriodStatus.CLOSED:
        return f"{done} when {period} was closed."
    if done:
        return f"{done}, and {period} is not closed."
    if state is None:
        return f"{period} is not closed, and not matched since."
    return f"{period} is not closed."


def _read(filters: ReportFilters, now: datetime.datetime) -> tuple[Listing, Tell]:
    until = last_day_of(filters, now)
    return listing_of(filters, until), lambda row: _told(row, until)


LISTED = Listed(_read)
