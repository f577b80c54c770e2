"""What the pages of closed days and batches have in common: the list, and how far each is."""

from __future__ import annotations

import uuid
import zoneinfo
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, TypeVar

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.http import urlencode

from channel_manager.lib.admin import columns
from channel_manager.lib.admin.base import ReadOnlyAdmin
from channel_manager.lib.admin.columns import column
from channel_manager.lib.admin.confirmation import actor_of, attempt
from channel_manager.lib.admin.standing import action_urls
from channel_manager.lib.strict_fields import is_uuid
from orders import working_off
from orders.admin.progress import COLOURS, count_outcomes, read_progress
from orders.models import Outcome, Worklist
from partners.actors import name_actors

_Worklist = TypeVar("_Worklist", bound=Worklist)

# What the buttons of the page send, by the last part of their address.
_ACTS: Mapping[str, Callable[..., object]] = {
    "stop": working_off.stop,
    "resume": working_off.resume,
    "retry": working_off.retry_failed,
}


class WorklistAdmin(ReadOnlyAdmin[_Worklist]):
    """Worklists of one kind: watch their orders being worked off, stop, go on, try again."""

    # What is around the numbers and the bar.
    progress_template: ClassVar[str]
    sortable_by = ()

    @abstractmethod
    def may_press(self, request: HttpRequest) -> bool:
        """Tell whether there is a worklist whose buttons this person may press."""

    @abstractmethod
    def may_act(self, request: HttpRequest, worklist: _Worklist, name: str) -> bool:
        """Tell whether this person may press a button of its page: stop, resume or retry."""

    @abstractmethod
    def zones_of(self, worklists: Sequence[_Worklist]) -> Mapping[uuid.UUID, zoneinfo.ZoneInfo]:
        """Return the clock that each one's moments are shown on, in a statement at most."""

    @abstractmethod
    def describe(self, request: HttpRequest, worklist: _Worklist) -> Mapping[str, Any]:
        """Return what its page tells besides how far it is."""

    def prepare_rows(self, rows: Sequence[_Worklist]) -> None:
        """Count the orders of a page of worklists: three statements at most."""
        counts = count_outcomes(rows)
        names = name_actors({row.started_by for row in rows})
        zones = self.zones_of(rows)
        for row in rows:
            row.zone = zones[row.pk]  # type: ignore[attr-defined]
            row.counts = counts.get(row.pk, {})  # type: ignore[attr-defined]
            row.who = names[row.started_by]  # type: ignore[attr-defined]

    def get_urls(self) -> list[URLPattern]:
        """Add what the page asks for, and its buttons."""
        progress = self.admin_site.admin_view(self.progress_view)
        return [
            path("<uuid:key>/progress/", progress, name=self._name("progress")),
            *action_urls(self, _ACTS, self.act_view),
            *super().get_urls(),
        ]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show how far one is."""
        worklist = self._find(request, object_id)
        if worklist is None:
            messages.error(request, f"There is no such {self.opts.verbose_name}.")
            return redirect(f"admin:{self._name('changelist')}")
        context = {
            **self.admin_site.each_context(request),
            **self._progress(request, worklist),
            "title": f"{str(self.opts.verbose_name).capitalize()}: {worklist}",
            "opts": self.opts,
            "original": worklist,
            "progress_template": self.progress_template,
            "acts": {
                name: reverse(f"admin:{self._name(name)}", args=[worklist.pk])
                for name in _ACTS
                if self.may_act(request, worklist, name)
            },
        }
        return TemplateResponse(request, "admin/orders/worklist/page.html", context)

    def progress_view(self, request: HttpRequest, key: uuid.UUID) -> HttpResponse:
        """Return the part of the page that changes, for its script."""
        worklist = self._find(request, str(key))
        if worklist is None:
            return HttpResponse(status=404)
        context = self._progress(request, worklist)
        response = TemplateResponse(request, self.progress_template, context)
        response["Cache-Control"] = "no-store"
        return response

    def act_view(self, request: HttpRequest, key: uuid.UUID, name: str) -> HttpResponse:
        """Stop, go on, or try the failed ones again (POST)."""
        if not self.may_press(request):
            raise PermissionDenied
        worklist = self._find(request, str(key))
        if worklist is not None and not self.may_act(request, worklist, name):
            raise PermissionDenied
        if worklist is not None and request.method == "POST":
            act, actor = _ACTS[name], actor_of(request)
            attempt(request, lambda: act(worklist=worklist, actor=actor, now=timezone.now()))
        return redirect(f"admin:{self._name('change')}", key)

    @column("Status", badges=COLOURS)
    def state(self, worklist: _Worklist) -> str:
        """Return the status as a badge."""
        return str(worklist.status)

    @column("Progress", two_lines=True)
    def progress(self, worklist: _Worklist) -> tuple[str, str]:
        """Return how many orders have their outcome, and how many failed."""
        counts: Mapping[str, int] = worklist.counts  # type: ignore[attr-defined]
        total, waiting = sum(counts.values()), counts.get(Outcome.WAITING, 0)
        failed = counts.get(Outcome.FAILED, 0)
        return f"{total - waiting:,} of {total:,}", f"{failed:,} failed" if failed else ""

    @column("Started", two_lines=True)
    def started(self, worklist: _Worklist) -> tuple[str, str]:
        """Return when, on the clock of its page, and by whom."""
        at = columns.moment(worklist.started_at, worklist.zone)  # type: ignore[attr-defined]
        return at, str(worklist.who)  # type: ignore[attr-defined]

    def _find(self, request: HttpRequest, key: str) -> _Worklist | None:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return self.get_queryset(request).filter(pk=key).first() if is_uuid(key) else None

    def _progress(self, request: HttpRequest, worklist: _Worklist) -> dict[str, Any]:
        in_full = request.GET.get("all", "")
        wanted = in_full or request.GET.get("outcome", "")
        address = reverse(f"admin:{self._name('progress')}", args=[worklist.pk])
        asked = urlencode({"all" if in_full else "outcome": wanted}) if wanted else ""
        return {
            "worklist": worklist,
            "progress": read_progress(worklist, wanted, in_full=bool(in_full)),
            "colours": COLOURS,
            "zone": self.zones_of([worklist])[worklist.pk].key,
            "may": {name: self.may_act(request, worklist, name) for name in _ACTS},
            "progress_url": f"{address}?{asked}" if asked else address,
            **self.describe(request, worklist),
        }

    def _name(self, page: str) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{page}"
