"""Mappings as files: saved to one, and taken from one after its effect was shown row by row.

The page that shows the effect carries the file along, signed, with the fingerprint of what was
shown; agreeing does just that, or shows what would happen by now.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone

from catalog import mapping_csv
from catalog.admin import sold
from catalog.admin.previewing import AGREED
from catalog.mapping_csv import COLUMNS, MAX_ROWS, Row, Unreadable
from catalog.mapping_import import DoneOtherwise, ImportPlan, apply_import, plan_import
from catalog.mapping_rows import Effect, Outcome
from catalog.models import PackageMapping
from channel_manager.lib.admin import recording
from channel_manager.lib.admin.confirmation import actor_of, attempt
from channel_manager.lib.admin.typed import FileInput, ModelAdmin
from channel_manager.lib.strict_fields import is_uuid

_SALT = "catalog.mapping_import"
_A_DAY = datetime.timedelta(days=1)
_FILE = "_file"
_LIST = "admin:catalog_packagemapping_changelist"
# Icon and colour of each effect.
_LOOKS = {
    Effect.REFUSED: ("block", "danger"),
    Effect.NEW: ("add_link", "success"),
    Effect.NEXT: ("event_upcoming", "success"),
    Effect.DATES: ("date_range", ""),
    Effect.ENDED: ("event_busy", "warning"),
    Effect.SWITCHED_ON: ("toggle_on", "success"),
}


@dataclasses.dataclass(frozen=True)
class Part:
    """The rows of a file that have one effect."""

    effect: Effect
    icon: str
    colour: str
    outcomes: Sequence[Outcome]


class UploadForm(forms.Form):
    """Asks for a file."""

    file = forms.FileField(
        label="CSV file",
        widget=FileInput(attrs={"accept": ".csv,text/csv"}),
        help_text=f"UTF-8, at most {MAX_ROWS:,} rows. Nothing is written before you have seen what "
        "every row does.",
    )


def export_view(
    model_admin: ModelAdmin[PackageMapping], request: HttpRequest
) -> StreamingHttpResponse:
    """Return all mappings, or those of one partner, as a file that spreadsheets open.

    Semicolons stand between the cells, as spreadsheets have it where decimals have a comma;
    `?separator=comma` asks for commas.
    """
    if not model_admin.has_view_permission(request):
        raise PermissionDenied
    chosen = model_admin.get_queryset(request).order_by(
        "partner__venue__code", "partner__name", "partner", "item_number", "version"
    )
    partner = request.GET.get("partner", "")
    recording.trail().note(request, PackageMapping, name="exported")
    response = StreamingHttpResponse(
        _encoded(_of_partner(chosen, partner), request.GET.get("separator") == "comma"),
        content_type="text/csv; charset=utf-8",
    )
    today = timezone.now().date()
    response["Content-Disposition"] = f'attachment; filename="mappings-{today:%Y-%m-%d}.csv"'
    response["Cache-Control"] = "no-store"
    return response


def import_view(model_admin: ModelAdmin[PackageMapping], request: HttpRequest) -> HttpResponse:
    """Ask for a file (GET), show what it does (POST), and do that once it is agreed to."""
    if not (model_admin.has_add_permission(request) and model_admin.has_change_permission(request)):
        raise PermissionDenied
    if AGREED in request.POST:
        return _apply(model_admin, request)
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file: UploadedFile[bytes] = form.cleaned_data["file"]
        try:
            text = mapping_csv.decode(file.read())
            return _show(model_admin, request, text, file.name or "a file")
        except Unreadable as refusal:
            form.add_error("file", refusal.detail)
    context = {
        **_context(model_admin, request),
        "form": form,
        "columns": ", ".join(COLUMNS),
    }
    status = 422 if form.errors else 200
    template = "admin/catalog/packagemapping/import.html"
    return TemplateResponse(request, template, context, status=status)


def _apply(model_admin: ModelAdmin[PackageMapping], request: HttpRequest) -> HttpResponse:
    """Do what was agreed to; show it anew when something else would happen by now."""
    try:
        text, file_name = signing.loads(request.POST.get(_FILE, ""), salt=_SALT, max_age=_A_DAY)
    except signing.BadSignature:
        messages.error(request, "This page was open for too long. Choose the file again.")
        return redirect("admin:catalog_packagemapping_import")
    rows = mapping_csv.read(text)
    try:
        done = attempt(request, lambda: _done(request, rows, file_name))
    except DoneOtherwise:
        return _show(model_admin, request, text, file_name, is_outdated=True)
    if done is None:
        return _show(model_admin, request, text, file_name)
    added, changed = len(done.added), len(done.changed)
    messages.success(request, f"{file_name}: {added:,} added, {changed:,} changed.")
    return redirect(sold.find_waiting(request, done.numbers, "") or _LIST)


def _done(request: HttpRequest, rows: Sequence[Row], file_name: str) -> ImportPlan:
    return apply_import(
        rows=rows,
        shown=request.POST[AGREED],
        file_name=file_name,
        actor=actor_of(request),
        now=timezone.now(),
    )


def _show(
    model_admin: ModelAdmin[PackageMapping],
    request: HttpRequest,
    text: str,
    file_name: str,
    *,
    is_outdated: bool = False,
) -> HttpResponse:
    """Show what every row does; raises Unreadable."""
    plan = plan_import(mapping_csv.read(text), now=timezone.now())
    context = {
        **_context(model_admin, request),
        "plan": plan,
        "parts": _parts(plan.outcomes),
        "unchanged": _ranges(plan.outcomes),
        "count": len(plan.outcomes),
        "file_name": file_name,
        "file": signing.dumps([text, file_name], salt=_SALT, compress=True),
        "is_outdated": is_outdated,
    }
    template = "admin/catalog/packagemapping/import_preview.html"
    return TemplateResponse(request, template, context)


def _parts(outcomes: Iterable[Outcome]) -> list[Part]:
    rows = list(outcomes)
    parts = [
        Part(effect, icon, colour, [one for one in rows if one.effect == effect])
        for effect, (icon, colour) in _LOOKS.items()
    ]
    return [part for part in parts if part.outcomes]


def _ranges(outcomes: Iterable[Outcome]) -> list[str]:
    """Return the rows that change nothing, neighbours together, such as 2 to 40."""
    spans: list[list[int]] = []
    for outcome in outcomes:
        if outcome.effect != Effect.UNCHANGED:
            continue
        if spans and spans[-1][1] == outcome.row - 1:
            spans[-1][1] = outcome.row
        else:
            spans.append([outcome.row, outcome.row])
    return [f"{first}" if first == last else f"{first}–{last}" for first, last in spans]


def _of_partner(rows: QuerySet[PackageMapping], partner: str) -> QuerySet[PackageMapping]:
    """Keep one partner's; without a partner, all."""
    if not partner:
        return rows
    return rows.filter(partner__pk=partner) if is_uuid(partner) else rows.none()


def _encoded(rows: QuerySet[PackageMapping], has_commas: bool) -> Iterator[bytes]:
    lines = mapping_csv.write(rows.iterator(chunk_size=2_000), "," if has_commas else ";")
    return (line.encode() for line in lines)


def _context(model_admin: ModelAdmin[PackageMapping], request: HttpRequest) -> dict[str, Any]:
    return {
        **model_admin.admin_site.each_context(request),
        "title": "Import mappings",
        "opts": model_admin.opts,
    }
