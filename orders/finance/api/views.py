"""Reports for partners: each its own, page by page."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from channel_manager.lib.moments import in_utc
from channel_manager.lib.money import rounded
from channel_manager.lib.replica import read_recent
from orders.finance.api import documentation as docs
from orders.finance.api.asking import read_report_query
from orders.finance.reports.catalogue import REPORTS, Report
from orders.finance.reports.columns import Kind, Row, place_of
from orders.finance.reports.source import Source
from partners.api.views import PartnerView
from partners.models import Scope


class ReportView(PartnerView):
    """`/channelManager/reports/...`."""

    scopes: ClassVar[dict[str, str]] = {"GET": Scope.REPORTS}
    report: ClassVar[Report]

    def answer(self, request: Request) -> Response:
        """Answer a page of the report; test orders are in none."""
        report, size = self.report, 0
        query = read_report_query(report, request.query_params, self.partner)
        rows: list[Any] = []
        if not self.account.test_mode:
            size, now = query.page_size, timezone.now()
            rows = read_recent(
                lambda database: list(
                    report.page(
                        Source(using=database), query.filters, now, after=query.after, size=size
                    )
                )
            )
        more = len(rows) > size
        next_key = query.key_behind(rows[size - 1][0]) if more else None
        base = f"{settings.PUBLIC_URL}/channelManager/reports/{report.name}"
        body = {
            "data": [render_row(report, row) for _, row in rows[:size]],
            "morePages": more,
            "nextPageKey": next_key,
            "nextPageURL": query.next_url(base, next_key),
        }
        return Response(body, headers={"Cache-Control": "no-store"})


def render_row(report: Report, row: Row) -> dict[str, Any]:
    """Return a row as partners see it: amounts as decimal strings, moments in UTC."""
    currency = row[place_of(report.columns, "currencyCode")]
    shown: dict[str, Any] = {}
    for column, cell in zip(report.columns, row, strict=True):
        if column.is_for_staff:
            continue
        if cell is None:
            shown[column.name] = None
        elif column.kind == Kind.AMOUNT:
            shown[column.name] = str(rounded(cell, currency))
        elif column.kind == Kind.MOMENT:
            shown[column.name] = in_utc(cell)
        elif column.kind == Kind.DATE:
            shown[column.name] = cell.isoformat()
        else:
            shown[column.name] = cell
    return shown


class RegisterView(ReportView):
    """`/channelManager/reports/register`."""

    report = REPORTS["register"]

    @docs.register
    def get(self, request: Request) -> Response:
        """Answer a page of the order register."""
        return self.answer(request)


class SummaryView(ReportView):
    """`/channelManager/reports/summary`."""

    report = REPORTS["summary"]

    @docs.summary
    def get(self, request: Request) -> Response:
        """Answer a page of sales and commission."""
        return self.answer(request)


class OpenItemsView(ReportView):
    """`/channelManager/reports/open-items`."""

    report = REPORTS["open-items"]

    @docs.open_items
    def get(self, request: Request) -> Response:
        """Answer a page of open items."""
        return self.answer(request)


class NotAdmittedView(ReportView):
    """`/channelManager/reports/issued-not-admitted`."""

    report = REPORTS["issued-not-admitted"]

    @docs.not_admitted
    def get(self, request: Request) -> Response:
        """Answer a page of what was issued and not admitted."""
        return self.answer(request)
