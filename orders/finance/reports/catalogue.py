"""The reports there are, each with its columns and the ways to read it."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from orders.finance.reports import matched, not_admitted, open_items, register, summary
from orders.finance.reports.columns import Column, Row
from orders.finance.reports.filters import DateBy, ReportFilters
from orders.finance.reports.source import Source

SEE_LEDGER = "orders.view_ledgerentry"
# What matching found, and what was decided.
SEE_PERIODS = "orders.view_period"


class ReadPage(Protocol):
    """Reads up to size + 1 rows behind a key, each with its own."""

    def __call__(
        self,
        source: Source,
        filters: ReportFilters,
        now: datetime.datetime,
        *,
        after: Sequence[Any] | None,
        size: int,
    ) -> Sequence[tuple[Sequence[Any], Row]]: ...


@dataclasses.dataclass(frozen=True, kw_only=True)
class Report:
    """A report: name in addresses, title for people, what it tells.

    date_by: the days that may be asked for, the first when nothing is said. state_is_asked: whether
    orders of several states can be in it. permission: what staff need to see it.
    """

    name: str
    title: str
    about: str
    columns: Sequence[Column]
    count: Callable[[Source, ReportFilters, datetime.datetime], int]
    rows: Callable[[Source, ReportFilters, datetime.datetime], Iterator[Row]]
    page: ReadPage
    date_by: tuple[DateBy, ...]
    state_is_asked: bool = True
    permission: str = SEE_LEDGER

    def fitted(self, filters: ReportFilters) -> ReportFilters:
        """Return filters whose days are of a kind that it knows."""
        if filters.date_by in self.date_by:
            return filters
        return dataclasses.replace(filters, date_by=self.date_by[0])


_REPORTS = (
    Report(
        name="register",
        title="Order register",
        about="Every order by our number, and every number that no order has, with the reason.",
        columns=register.COLUMNS,
        count=register.count,
        rows=register.rows,
        page=register.page,
        date_by=(DateBy.BOOKED, DateBy.COUNTING, DateBy.VISIT),
    ),
    Report(
        name="summary",
        title="Sales and commission",
        about="What came of each partner, month by month, by the terms it was sold under. An "
        "amount is of the month in which it counts by the contract.",
        columns=summary.COLUMNS,
        count=summary.LISTED.count,
        rows=summary.LISTED.rows,
        page=summary.LISTED.page,
        date_by=(DateBy.COUNTING,),
    ),
    Report(
        name="open-items",
        title="Open items",
        about="What counts up to the last day, or today, and no closed period has settled; and "
        "what was disputed or carried when a period was closed.",
        columns=open_items.COLUMNS,
        count=open_items.LISTED.count,
        rows=open_items.LISTED.rows,
        page=open_items.LISTED.page,
        date_by=(DateBy.COUNTING,),
        permission=SEE_PERIODS,
    ),
    Report(
        name="issued-not-admitted",
        title="Issued, not admitted",
        about="Orders that are Issued for a visit on a day that is over, and of which nobody came, "
        "or not everybody.",
        columns=not_admitted.COLUMNS,
        count=not_admitted.LISTED.count,
        rows=not_admitted.LISTED.rows,
        page=not_admitted.LISTED.page,
        date_by=(DateBy.VISIT,),
        state_is_asked=False,
    ),
    Report(
        name="matched",
        title="Periods, order by order",
        about="What periods that lie within the days have of each order, every line of their "
        "statements, what matching found, and what was decided.",
        columns=matched.COLUMNS,
        count=matched.LISTED.count,
        rows=matched.LISTED.rows,
        page=matched.LISTED.page,
        date_by=(DateBy.COUNTING,),
        state_is_asked=False,
        permission=SEE_PERIODS,
    ),
)
REPORTS: Mapping[str, Report] = {report.name: report for report in _REPORTS}
