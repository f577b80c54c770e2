"""Closed days: the list, the way to close one, and how far it is."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.http import urlencode

from catalog.rescheduling import in_words
from channel_manager.lib.admin import columns
from channel_manager.lib.admin.base import ReadOnlyAdmin, register
from channel_manager.lib.admin.columns import column
from channel_manager.lib.admin.confirmation import actor_of, attempt
from channel_manager.lib.admin.typed import ChoicesDropdownFilter
from orders import closing
from orders.admin import closing_pages, closing_progress
from orders.admin.closing_forms import may_choose
from orders.admin.closing_progress import COLOURS, plan_in_words, read_progress, what_stays
from orders.models import Closure, ClosureOutcome, ClosurePlan
from partners.actors import name_actors
from partners.admin.filters import VenueFilter

# What the buttons of the page send, by the last part of their address.
_ACTS: Mapping[str, Callable[..., object]] = {
    "stop": closing.stop_closing,
    "resume": closing.resume_closing,
    "retry": closing.retry_failed,
}


@register(Closure)
class ClosureAdmin(ReadOnlyAdmin[Closure]):
    """Close a day, watch its orders being moved or cancelled, and see what needs somebody."""

    list_display = ("what", "state", "plan_text", "progress", "started")
    list_display_links = ("what",)
    list_filter = (("status", ChoicesDropdownFilter), VenueFilter)
    list_before_template = "admin/orders/closure/list_head.html"
    sortable_by = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Closure]:
        """Have the names at hand, and leave the venues' logos where they are."""
        rows = super().get_queryset(request).select_related("venue", "attraction")
        return rows.defer("venue__logo")

    def prepare_rows(self, rows: Sequence[Closure]) -> None:
        """Count the orders of a page of closed days: two statements."""
        counts = closing_progress.count_outcomes(rows)
        names = name_actors({row.started_by for row in rows})
        for row in rows:
            row.counts = counts.get(row.pk, {})  # type: ignore[attr-defined]
            row.who = names[row.started_by]  # type: ignore[attr-defined]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Tell whether this person may close a day."""
        return request.user.has_perm("orders.add_closure")

    def has_view_permission(self, request: HttpRequest, obj: Closure | None = None) -> bool:
        """Let those look who may close a day."""
        return super().has_view_permission(request, obj) or self.has_add_permission(request)

    def get_urls(self) -> list[URLPattern]:
        """Add the pages of the way to a closed day, and what the progress page asks for."""
        wrap = self.admin_site.admin_view
        acts = [
            path(
                f"<uuid:closure_id>/{name}/",
                wrap(self.act_view),
                {"name": name},
                name=f"orders_closure_{name}",
            )
            for name in _ACTS
        ]
        return [
            path("preview/", wrap(self.preview_view), name="orders_closure_preview"),
            path("confirm/", wrap(self.confirm_view), name="orders_closure_confirm"),
            path(
                "<uuid:closure_id>/progress/",
                wrap(self.progress_view),
                name="orders_closure_progress",
            ),
            *acts,
            *super().get_urls(),
        ]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Ask which day."""
        return closing_pages.start_view(self, request)

    def preview_view(self, request: HttpRequest) -> HttpResponse:
        """Show what is sold of a day."""
        return closing_pages.preview_view(self, request)

    def confirm_view(self, request: HttpRequest) -> HttpResponse:
        """Tell what closing it does, and do it."""
        return closing_pages.confirm_view(self, request)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show how far a closed day is."""
        key = closing_pages.as_uuid(object_id)
        closure = self._find(request, key) if key else None
        if closure is None:
            messages.error(request, "There is no such closed day.")
            return redirect("admin:orders_closure_changelist")
        context = {
            **self.admin_site.each_context(request),
            **self._progress(request, closure),
            "title": f"Closed: {closure}",
            "opts": self.opts,
            "original": closure,
        }
        return TemplateResponse(request, "admin/orders/closure/page.html", context)

    def progress_view(self, request: HttpRequest, closure_id: uuid.UUID) -> HttpResponse:
        """Return the part of the page that changes, for its script."""
        closure = self._find(request, closure_id)
        if closure is None:
            return HttpResponse(status=404)
        template = "admin/orders/closure/progress.html"
        response = TemplateResponse(request, template, self._progress(request, closure))
        response["Cache-Control"] = "no-store"
        return response

    def act_view(self, request: HttpRequest, closure_id: uuid.UUID, name: str) -> HttpResponse:
        """Stop, go on, or try the failed ones again (POST)."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        closure = Closure.objects.filter(pk=closure_id).first()
        if closure and name != "stop" and not may_choose(request.user, ClosurePlan(closure.plan)):
            raise PermissionDenied
        if request.method == "POST":
            act = _ACTS[name]
            attempt(
                request,
                lambda: act(closure_id=closure_id, actor=actor_of(request), now=timezone.now()),
            )
        return redirect("admin:orders_closure_change", closure_id)

    @column("What", two_lines=True)
    def what(self, closure: Closure) -> tuple[str, str]:
        """Return the day, and what was closed."""
        return in_words(closure.date), str(closure.attraction or closure.venue)

    @column("Status", badges=COLOURS)
    def state(self, closure: Closure) -> str:
        """Return the status as a badge."""
        return str(closure.status)

    @column("Orders")
    def plan_text(self, closure: Closure) -> str:
        """Return what becomes of the orders."""
        return plan_in_words(closure)

    @column("Progress", two_lines=True)
    def progress(self, closure: Closure) -> tuple[str, str]:
        """Return how many orders have their outcome, and how many failed."""
        counts: Mapping[str, int] = closure.counts  # type: ignore[attr-defined]
        total, waiting = sum(counts.values()), counts.get(ClosureOutcome.WAITING, 0)
        failed = counts.get(ClosureOutcome.FAILED, 0)
        return f"{total - waiting:,} of {total:,}", f"{failed:,} failed" if failed else ""

    @column("Started", two_lines=True)
    def started(self, closure: Closure) -> tuple[str, str]:
        """Return when it was closed, and by whom."""
        at = columns.moment(closure.started_at, closure.venue.zone)
        return at, str(closure.who)  # type: ignore[attr-defined]

    def _find(self, request: HttpRequest, closure_id: uuid.UUID) -> Closure | None:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return self.get_queryset(request).filter(pk=closure_id).first()

    def _progress(self, request: HttpRequest, closure: Closure) -> dict[str, Any]:
        in_full = request.GET.get("all", "")
        wanted = in_full or request.GET.get("outcome", "")
        progress = read_progress(closure, wanted, in_full=bool(in_full))
        address = reverse("admin:orders_closure_progress", args=[closure.pk])
        asked = urlencode({"all" if in_full else "outcome": wanted}) if wanted else ""
        may_act = self.has_add_permission(request)
        return {
            "closure": closure,
            "progress": progress,
            "plan": plan_in_words(closure),
            "colours": COLOURS,
            "zone": closure.venue.timezone,
            "may_act": may_act,
            "progress_url": f"{address}?{asked}" if asked else address,
            "again_url": _start_again(closure) if may_act else "",
            "may_reopen": _may_reopen(request, closure),
            "stays": what_stays(closure),
            "sessions_url": _sessions_of(closure),
        }


def _may_reopen(request: HttpRequest, closure: Closure) -> bool:
    """Tell whether this person may do all that it takes to open the day again."""
    said_by = "sessionexception" if closure.attraction_id else "calendarday"
    return request.user.has_perm("catalog.change_session") and request.user.has_perm(
        f"catalog.delete_{said_by}"
    )


def _start_again(closure: Closure) -> str:
    """Return where the same day is closed again, or nothing once it has passed."""
    if closure.date < timezone.localdate(timezone=closure.venue.zone):
        return ""
    asked = {
        "venue": str(closure.venue_id),
        "date": closure.date.isoformat(),
        "attraction": str(closure.attraction_id or ""),
    }
    return f"{reverse('admin:orders_closure_add')}?{urlencode(asked)}"


def _sessions_of(closure: Closure) -> str:
    """Return the list of the sessions that were closed and are off sale."""
    day = closure.date.isoformat()
    asked = {"date_from": day, "date_to": day, "state": "off_sale"}
    if closure.attraction_id:
        asked["attraction__id__exact"] = str(closure.attraction_id)
    return f"{reverse('admin:catalog_session_changelist')}?{urlencode(asked)}"
