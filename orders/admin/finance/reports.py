"""Reports on the screen: filters, a chart, a table, and the way to a file."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from channel_manager.lib.admin import columns
from channel_manager.lib.admin.confirmation import actor_of, attempt
from channel_manager.lib.admin.typed import ModelAdmin
from channel_manager.lib.canonical import fingerprint
from channel_manager.lib.errors import InvalidRequest
from channel_manager.lib.pagination import open_key, sign_key
from channel_manager.lib.replica import read_up_to_date
from channel_manager.lib.strict_fields import is_uuid
from orders.admin.badges import ORDER_COLOURS
from orders.admin.finance.bars import DrawnChart, draw
from orders.admin.finance.report_form import ReportForm, asked_of, presets_of
from orders.admin.finance.whereabouts_page import url_of
from orders.finance.exports import request_export
from orders.finance.reports.catalogue import REPORTS, SEE_LEDGER, Report
from orders.finance.reports.charts import charts_of
from orders.finance.reports.chosen import latest_today
from orders.finance.reports.columns import Column, Kind, Row, place_of
from orders.finance.reports.filters import ReportFilters
from orders.finance.reports.register import GAP
from orders.finance.reports.source import Source
from orders.models import ExportFormat, LedgerEntry

PAGE_SIZE = 50
_CHARTS = 3  # currencies at most
# Where the key of a row names an order. Elsewhere a number may be of another thing: what a statement
# says is ours.
_ORDER_AT = {"register": 2, "issued-not-admitted": 2, "open-items": 4}
_NUMERIC = (Kind.AMOUNT, Kind.NUMBER)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Cell:
    """A cell as it is shown."""

    shown: SafeString | str
    style: str = ""
    span: int = 1


@dataclasses.dataclass(frozen=True, kw_only=True)
class ShownPage:
    """Some rows as they are shown; gaps have a style of their own."""

    rows: Sequence[tuple[bool, Sequence[Cell]]]
    next_query: str
    first_query: str


def report_urls(model_admin: ModelAdmin[LedgerEntry]) -> list[URLPattern]:
    """Return the addresses of the reports."""
    wrap = model_admin.admin_site.admin_view

    def show(request: HttpRequest, name: str = "register") -> HttpResponse:
        return report_view(model_admin, request, name)

    return [
        path("reports/", wrap(show), name="orders_ledgerentry_reports"),
        path("reports/<str:name>/", wrap(show), name="orders_ledgerentry_report"),
        path(
            "reports/<str:name>/export/",
            wrap(export_view),
            name="orders_ledgerentry_export",
        ),
    ]


def report_view(
    model_admin: ModelAdmin[LedgerEntry], request: HttpRequest, name: str
) -> HttpResponse:
    """Show a page of a report."""
    report, now = _report(request, name), timezone.now()
    today = latest_today(now)
    asked = asked_of(report, request.GET, today)
    faults: Sequence[str] = ()
    filters = ReportFilters()
    page: ShownPage | None = None
    charts: list[DrawnChart] = []
    try:
        filters = report.fitted(ReportFilters.from_data(asked))
    except InvalidRequest as refusal:
        faults = [fault.detail for fault in refusal.faults]
    else:
        read = filters
        if name == "open-items" and filters.last_day is None:
            # Today is meant; else each part of the page would ask the venues what day it is.
            read = dataclasses.replace(filters, last_day=today)
        page, charts = read_up_to_date(
            lambda database: _page_and_charts(request, report, Source(using=database), read, now)
        )
    context = {
        **model_admin.admin_site.each_context(request),
        "title": report.title,
        "report": report,
        "reports": [
            (each.title, reverse("admin:orders_ledgerentry_report", args=[each.name]), each.name)
            for each in REPORTS.values()
            if request.user.has_perm(each.permission)
        ],
        "form": ReportForm(report, {**asked, "dateBy": filters.date_by}),
        "presets": presets_of(filters, today),
        "faults": faults,
        "columns": [(column.title, _style(column)) for column in report.columns],
        "page": page,
        "charts": charts,
        "hides_gaps": name == "register" and not filters.shows_gaps,
        "formats": ExportFormat.choices,
        "filters": filters.to_data(),
        "export_url": reverse("admin:orders_ledgerentry_export", args=[name])
        if request.user.has_perm("orders.add_export")
        else "",
    }
    status = 422 if faults else 200
    return TemplateResponse(request, "admin/orders/report/page.html", context, status=status)


def export_view(request: HttpRequest, name: str) -> HttpResponse:
    """Have a report written to a file (POST), and show how far that is."""
    if not request.user.has_perm("orders.add_export"):
        raise PermissionDenied
    report = _report(request, name)
    page = reverse("admin:orders_ledgerentry_report", args=[name])
    if request.method != "POST":
        return redirect(page)
    sent = {
        key: value
        for key, value in request.POST.items()
        if key not in ("csrfmiddlewaretoken", "format")
    }
    export = attempt(
        request,
        lambda: request_export(
            report=report.name,
            format=request.POST.get("format", ""),
            filters=ReportFilters.from_data(sent),
            actor=actor_of(request),
            now=timezone.now(),
        ),
    )
    if export is None:
        return redirect(page)
    return redirect("admin:orders_export_change", export.pk)


def _report(request: HttpRequest, name: str) -> Report:
    report = REPORTS.get(name)
    # Which reports there are is nothing to those who may see none.
    if not request.user.has_perm(report.permission if report else SEE_LEDGER):
        raise PermissionDenied
    if report is None:
        raise Http404
    return report


def _page_and_charts(
    request: HttpRequest, report: Report, source: Source, filters: ReportFilters, now: Any
) -> tuple[ShownPage, list[DrawnChart]]:
    """Return a page and the charts above it, from the same source."""
    page = _page(request, report, source, filters, now)
    charts = charts_of(report.name, source, filters, now)
    return page, [draw(chart) for chart in charts[:_CHARTS]]


def _page(
    request: HttpRequest, report: Report, source: Source, filters: ReportFilters, now: Any
) -> ShownPage:
    may_look = request.user.has_perm(SEE_LEDGER)
    bound_to = fingerprint("report page", report.name, filters.to_data())
    asked = filters.to_data() or {"firstDay": ""}
    # A key of other filters begins anew.
    behind = request.GET.get("behind", "")
    after = open_key(behind, bound_to, []) if behind else None
    found = report.page(source, filters, now, after=after, size=PAGE_SIZE)
    next_query = ""
    if len(found) > PAGE_SIZE:
        key = sign_key(bound_to, *found[PAGE_SIZE - 1][0])
        next_query = urlencode({**asked, "behind": key})
    return ShownPage(
        rows=[
            (True, _gap_cells(report, row))
            if report.name == "register" and row[1] == GAP
            else (False, _cells(report, key, row, may_look=may_look))
            for key, row in found[:PAGE_SIZE]
        ],
        next_query=next_query,
        first_query=urlencode(asked) if after is not None else "",
    )


def _style(column: Column) -> str:
    if column.kind in _NUMERIC:
        return "cm-right"
    return "cm-wraps" if column.name in ("explanation", "why", "decision") else ""


def _cells(report: Report, key: Sequence[Any], row: Row, *, may_look: bool) -> list[Cell]:
    currency = row[place_of(report.columns, "currencyCode")]
    order_id = _order_of(report, key)
    return [
        Cell(
            shown=_shown(column, cell, currency, order_id=order_id, may_look=may_look),
            style=_style(column),
        )
        for column, cell in zip(report.columns, row, strict=True)
    ]


def _gap_cells(report: Report, row: Row) -> list[Cell]:
    """Return which numbers are missing, and why in the place of what is not there."""
    places = [place_of(report.columns, name) for name in ("buyFromOrderReference", "explanation")]
    number, why = places
    named = [Cell(shown=str(cell)) for cell in row[: number + 1]]
    return [*named, Cell(shown=str(row[why]), span=len(row) - len(named))]


def _shown(
    column: Column, cell: Any, currency: str, *, order_id: str, may_look: bool
) -> SafeString | str:
    if cell is None or cell == "":
        return columns.EMPTY
    match column.kind:
        case Kind.AMOUNT:
            return columns.money(cell, currency).removeprefix(f"{currency} ")
        case Kind.DATE if column.name == "month":
            return f"{cell:%b %Y}"
        case Kind.DATE:
            return f"{cell:%-d %b %Y}"
        case Kind.MOMENT:
            return columns.moment(cell, cell.tzinfo)
        case Kind.NUMBER:
            return f"{cell:,}"
        case Kind.YES_NO:
            return "yes" if cell else "no"
    if column.name == "buyFromOrderReference":
        return _number(str(cell), order_id=order_id, may_look=may_look)
    return _text(column, str(cell))


def _number(text: str, *, order_id: str, may_look: bool) -> SafeString | str:
    """Return our number with a link to its order, or to what is known of it."""
    if order_id:
        return columns.link(reverse("admin:orders_order_change", args=[order_id]), text)
    return columns.link(url_of(text), text) if may_look else text


def _text(column: Column, text: str) -> SafeString | str:
    if column.name == "status":
        return columns.badge(text, ORDER_COLOURS.get(text, ""))
    if column.name in ("sellToOrderReference", "paymentReference", "packages"):
        return columns.cut(text, text)
    return text


def _order_of(report: Report, key: Sequence[Any]) -> str:
    """Return the id of the order that a row's key names; nothing for rows of other things."""
    if report.name not in _ORDER_AT:
        return ""
    text = str(key[_ORDER_AT[report.name]]).removeprefix("ours:")[:36]
    return text if is_uuid(text) else ""
