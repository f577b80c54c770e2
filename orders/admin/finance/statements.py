"""Statements: the list; a statement's page asks how it is written, shows how far it is, its lines."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.http import urlencode

from channel_manager.history.models import Event
from channel_manager.lib.admin import columns
from channel_manager.lib.admin.base import ReadOnlyAdmin, register
from channel_manager.lib.admin.columns import column, money
from channel_manager.lib.admin.confirmation import (
    Confirmation,
    ReasonForm,
    actor_of,
    attempt,
    show_confirmation,
)
from channel_manager.lib.admin.typed import ChoicesDropdownFilter, RelatedDropdownFilter
from channel_manager.lib.strict_fields import is_uuid
from orders.admin.finance import uploading
from orders.admin.finance.looks import STATE_COLOURS, STATEMENT_COLOURS, STATEMENT_LOOKS
from orders.finance import receiving
from orders.finance.states import MatchState
from orders.models import Statement, StatementLine, StatementStatus
from partners.timeline import tell

_PAGE_SIZE = 100
_ROW = re.compile(r"[0-9]{1,9}")


@register(Statement)
class StatementAdmin(ReadOnlyAdmin[Statement]):
    """What partners report: each file with its lines, and what was found of them."""

    list_display = ("file_shown", "state", "partner", "period_title", "line_count", "uploaded")
    list_display_links = ("file_shown",)
    list_filter = (("status", ChoicesDropdownFilter), ("partner", RelatedDropdownFilter))
    ordering = ("-uploaded_at", "-id")
    sortable_by = ()
    list_before_template = "admin/orders/statement/list_head.html"

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Tell whether this person may upload statements."""
        return request.user.has_perm("orders.add_statement")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Statement]:
        """Have partner, venue and period at hand."""
        rows = super().get_queryset(request).select_related("partner__venue", "period__partner")
        return rows.defer("partner__venue__logo")

    def get_urls(self) -> list[URLPattern]:
        """Add what the page asks for, and its button."""
        wrap = self.admin_site.admin_view
        return [
            path(
                "<uuid:key>/progress/", wrap(self.progress_view), name="orders_statement_progress"
            ),
            path(
                "<uuid:key>/withdraw/", wrap(self.withdraw_view), name="orders_statement_withdraw"
            ),
            *super().get_urls(),
        ]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Lead to the periods: a statement is of one."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        messages.info(request, "Choose the period that the statement is of, and upload it there.")
        return redirect("admin:orders_period_changelist")

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show one as it stands: to be agreed to, being read, or with its lines."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        statement = self._find(request, object_id)
        if statement is None:
            messages.error(request, "There is no such statement.")
            return redirect("admin:orders_statement_changelist")
        if statement.status == StatementStatus.UPLOADED:
            if request.user.has_perm("orders.add_statement"):
                return uploading.format_view(self, request, statement)
            messages.warning(request, "Somebody has still to agree to how this file is read.")
        context = {
            **self.admin_site.each_context(request),
            **_read(request, statement),
            "title": f"Statement: {statement}",
            "opts": self.opts,
            "original": statement,
        }
        return TemplateResponse(request, "admin/orders/statement/page.html", context)

    def progress_view(self, request: HttpRequest, key: uuid.UUID) -> HttpResponse:
        """Return the part of the page that changes, for its script."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        statement = self._find(request, str(key))
        if statement is None:
            return HttpResponse(status=404)
        template = "admin/orders/statement/progress.html"
        response = TemplateResponse(request, template, dict(_read(request, statement)))
        response["Cache-Control"] = "no-store"
        return response

    def withdraw_view(self, request: HttpRequest, key: uuid.UUID) -> HttpResponse:
        """Tell what withdrawing it does; withdraw it."""
        if not request.user.has_perm("orders.add_statement"):
            raise PermissionDenied
        statement = self._find(request, str(key))
        if statement is None:
            raise Http404
        form = ReasonForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            done = attempt(
                request,
                lambda: receiving.withdraw_statement(
                    statement_id=statement.pk,
                    actor=actor_of(request),
                    now=timezone.now(),
                    reason=form.cleaned_data["reason"],
                ),
            )
            if done:
                messages.success(request, f"{statement} is withdrawn.")
            return redirect("admin:orders_period_change", statement.period_id)
        confirmation = Confirmation(
            title=f"Withdraw {statement}",
            button="Withdraw",
            effects=[
                "Its lines no longer count in the period, which is matched without them.",
                "The same file may be uploaded again.",
            ],
            back=reverse("admin:orders_statement_change", args=[key]),
            is_destructive=True,
        )
        return show_confirmation(
            request, model_admin=self, subject=statement, confirmation=confirmation, form=form
        )

    @column("File")
    def file_shown(self, statement: Statement) -> str:
        """Return the file's name."""
        return statement.file_name

    @column("Status", badges=STATEMENT_COLOURS)
    def state(self, statement: Statement) -> str:
        """Return the status as a badge."""
        return str(statement.status)

    @column("Period")
    def period_title(self, statement: Statement) -> str:
        """Return the period it is of."""
        return statement.period.title

    @column("Uploaded")
    def uploaded(self, statement: Statement) -> str:
        """Return when, on the venue's clock."""
        return columns.moment(statement.uploaded_at, statement.partner.venue.zone)

    def _find(self, request: HttpRequest, key: str) -> Statement | None:
        return self.get_queryset(request).filter(pk=key).first() if is_uuid(key) else None


def _read(request: HttpRequest, statement: Statement) -> Mapping[str, Any]:
    """Return what the page of a statement shows."""
    chosen = request.GET.get("state", "")
    lines = StatementLine.objects.filter(statement=statement)
    counts = dict(
        lines.values_list("state")
        .annotate(count=Count("pk"))
        .order_by()
        .values_list("state", "count")
    )
    shown = lines.filter(state=chosen) if chosen in MatchState.values else lines
    if _ROW.fullmatch(row := request.GET.get("row", "")):
        shown = shown.filter(row=int(row))
    page = Paginator(shown.order_by("row"), _PAGE_SIZE).get_page(request.GET.get("p"))
    address = reverse("admin:orders_statement_change", args=[statement.pk])
    return {
        "statement": statement,
        "colour": STATEMENT_COLOURS[statement.status],
        "is_running": statement.status == StatementStatus.READING,
        "progress_url": reverse("admin:orders_statement_progress", args=[statement.pk]),
        "may_withdraw": (
            request.user.has_perm("orders.add_statement")
            and not statement.period.is_closed
            and statement.status in {StatementStatus.UPLOADED, StatementStatus.READ}
        ),
        "sees_people": request.user.has_perm("orders.view_personal_data"),
        "tabs": [
            {
                "title": title,
                "count": count,
                "url": f"{address}?{urlencode({'state': state})}" if state else address,
                "is_chosen": state == chosen,
            }
            for state, title, count in (
                ("", "All", sum(counts.values())),
                *((str(one), one.label, counts.get(one, 0)) for one in MatchState),
            )
            if count or not state
        ],
        "page": page,
        "rows": [_row(line) for line in page.object_list],
        "shown_query": urlencode({"state": chosen}) if chosen else "",
        "zone": statement.partner.venue.timezone,
        "happenings": tell(
            Event.objects.filter(kind="statement", subject_id=statement.pk).order_by("-id"),
            STATEMENT_LOOKS,
        ),
    }


def _row(line: StatementLine) -> Mapping[str, Any]:
    return {
        "line": line,
        "date": f"{line.date:%-d %b %Y}" if line.date else "–",
        "gross": money(line.gross, line.currency),
        "commission": money(line.commission, line.currency),
        "net": money(line.net, line.currency),
        "state": line.get_state_display() or "Not matched yet",
        "colour": STATE_COLOURS.get(line.state, ""),
        "cause": " ".join(
            [line.cause, *(text for text in line.damage if text not in line.cause)]
        ).strip(),
    }
