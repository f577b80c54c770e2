"""Exports in the admin: the list, how far each is, and its file."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.defaultfilters import filesizeformat
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from channel_manager.lib.admin import columns, recording
from channel_manager.lib.admin.base import ReadOnlyAdmin, register
from channel_manager.lib.admin.columns import column
from channel_manager.lib.admin.typed import ChoicesDropdownFilter
from channel_manager.lib.strict_fields import is_uuid
from orders.finance import exports
from orders.finance.reports.catalogue import REPORTS
from orders.models import Export, ExportFormat, ExportStatus
from partners.actors import name_actors
from partners.models import Venue

COLOURS: Mapping[str, str] = {
    ExportStatus.WAITING: "info",
    ExportStatus.RUNNING: "info",
    ExportStatus.DONE: "success",
    ExportStatus.FAILED: "danger",
}
_TYPES = {
    ExportFormat.CSV: "text/csv; charset=utf-8",
    ExportFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@register(Export)
class ExportAdmin(ReadOnlyAdmin[Export]):
    """Reports as files: who asked for them, how far they are, and their hashes."""

    list_display = ("what", "state", "format", "how_far", "started", "kept")
    list_display_links = ("what",)
    list_filter = (("status", ChoicesDropdownFilter), ("format", ChoicesDropdownFilter))
    list_select_related = ("period", "period__partner")
    ordering = ("-started_at", "-id")
    sortable_by = ()

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Tell whether this person may make exports."""
        return request.user.has_perm("orders.add_export")

    def prepare_rows(self, rows: Sequence[Export]) -> None:
        """Name who asked for a page of exports: two statements."""
        names = name_actors({row.started_by for row in rows})
        zone = _zone()
        for row in rows:
            row.who = names[row.started_by]  # type: ignore[attr-defined]
            row.zone = zone  # type: ignore[attr-defined]

    def get_urls(self) -> list[URLPattern]:
        """Add what the page asks for, and the file."""
        wrap = self.admin_site.admin_view
        return [
            path("<uuid:key>/progress/", wrap(self.progress_view), name="orders_export_progress"),
            path("<uuid:key>/file/", wrap(self.file_view), name="orders_export_file"),
            *super().get_urls(),
        ]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Lead to the reports: an export is of one, as it is filtered."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        messages.info(request, "Choose the report, filter it, and export what you see.")
        return redirect("admin:orders_ledgerentry_reports")

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show how far one is, and the way to its file."""
        export = self._find(request, object_id)
        if export is None:
            messages.error(request, "There is no such export.")
            return redirect("admin:orders_export_changelist")
        context = {
            **self.admin_site.each_context(request),
            **self._told(request, export),
            "title": f"Export: {export}",
            "opts": self.opts,
            "original": export,
            "progress_url": reverse("admin:orders_export_progress", args=[export.pk]),
        }
        return TemplateResponse(request, "admin/orders/export/page.html", context)

    def progress_view(self, request: HttpRequest, key: uuid.UUID) -> HttpResponse:
        """Return the part of the page that changes, for its script."""
        export = self._find(request, str(key))
        if export is None:
            return HttpResponse(status=404)
        response = TemplateResponse(
            request, "admin/orders/export/progress.html", self._told(request, export)
        )
        response["Cache-Control"] = "no-store"
        return response

    def file_view(self, request: HttpRequest, key: uuid.UUID) -> HttpResponseBase:
        """Hand out the file, piece by piece; who did is kept."""
        if not request.user.has_perm("orders.add_export"):
            raise PermissionDenied
        export = self._find(request, str(key))
        if export is None:
            raise Http404
        if not _may_see_rows(request, export):
            raise PermissionDenied
        try:
            pieces = exports.read_file(export)
        except exports.ExportGone as refusal:
            messages.error(request, refusal.detail)
            return redirect("admin:orders_export_change", export.pk)
        recording.trail().write(request, export, name="downloaded")
        return StreamingHttpResponse(
            pieces,
            content_type=_TYPES[ExportFormat(export.format)],
            headers={
                "Content-Disposition": f'attachment; filename="{export.file_name}"',
                "Content-Length": str(export.size),
                "Cache-Control": "no-store",
                "X-Content-Type-Options": "nosniff",
            },
        )

    @column("What")
    def what(self, export: Export) -> str:
        """Return what it holds."""
        return export.title

    @column("Status", badges=COLOURS)
    def state(self, export: Export) -> str:
        """Return the status as a badge."""
        return str(export.status)

    @column("Rows", two_lines=True)
    def how_far(self, export: Export) -> tuple[str, str]:
        """Return how many rows it has so far, and how large it is."""
        return f"{export.rows_done:,}", filesizeformat(export.size) if export.size else ""

    @column("Started", two_lines=True)
    def started(self, export: Export) -> tuple[str, str]:
        """Return when, and by whom."""
        at = columns.moment(export.started_at, export.zone)  # type: ignore[attr-defined]
        return at, str(export.who)  # type: ignore[attr-defined]

    @column("File")
    def kept(self, export: Export) -> str:
        """Tell whether the file is there, and why it stays."""
        if export.status != ExportStatus.DONE:
            return columns.EMPTY
        if export.period is not None:
            return f"Kept with {export.period.title}"
        return "There" if export.is_kept else "Removed after two weeks"

    def _find(self, request: HttpRequest, key: str) -> Export | None:
        if not self.has_view_permission(request):
            raise PermissionDenied
        found = Export.objects.select_related("period", "period__partner")
        return found.filter(pk=key).first() if is_uuid(key) else None

    def _told(self, request: HttpRequest, export: Export) -> dict[str, Any]:
        total = max(export.row_count or 0, export.rows_done)
        share = 100 * export.rows_done / total if total else 0
        report, may_see_rows = REPORTS.get(export.report), _may_see_rows(request, export)
        is_there = export.status == ExportStatus.DONE and export.is_kept
        may_download = may_see_rows and request.user.has_perm("orders.add_export")
        return {
            "export": export,
            "colours": COLOURS,
            "share": 100 if export.status == ExportStatus.DONE else round(share, 2),
            "total": total,
            "sentence": _sentence(export, total),
            "zone": _zone().key,
            "who": name_actors({export.started_by})[export.started_by],
            "report": report,
            "report_url": reverse("admin:orders_ledgerentry_report", args=[export.report])
            if report and may_see_rows
            else "",
            "file_url": reverse("admin:orders_export_file", args=[export.pk])
            if is_there and may_download
            else "",
        }


def _may_see_rows(request: HttpRequest, export: Export) -> bool:
    """Tell whether somebody may see the report that an export is of, if it still is one."""
    report = REPORTS.get(export.report)
    return report is None or request.user.has_perm(report.permission)


def _zone() -> Any:
    """Return the clock of the first venue: an export may be of several."""
    venue = Venue.objects.only("timezone").order_by("code").first()
    return (venue or Venue()).zone


def _sentence(export: Export, total: int) -> str:
    match export.status:
        case ExportStatus.WAITING:
            return "It waits for a worker."
        case ExportStatus.RUNNING if total and export.rows_done >= total:
            return f"All {total:,} rows are written; the file is being put together."
        case ExportStatus.RUNNING:
            return f"{export.rows_done:,} of about {total:,} rows."
        case ExportStatus.FAILED:
            return str(export.message)
    rows = "1 row" if export.rows_done == 1 else f"{export.rows_done:,} rows"
    return f"{rows}, {filesizeformat(export.size)}."
