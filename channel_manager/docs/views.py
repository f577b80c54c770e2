"""The documentation's pages; the pages of error codes are JSON for whoever asks for that."""

from __future__ import annotations

import json
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any, Concatenate, ParamSpec

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from catalog.magic import MAGIC
from channel_manager import api
from channel_manager.docs import (
    error_pages,
    lifecycle_picture,
    markdown,
    occurrences,
    sample_files,
    samples,
)
from channel_manager.docs.fields import GROUPS, HOLD_GROUPS, LIMITS
from channel_manager.docs.lifecycle import TRANSITIONS
from channel_manager.docs.pages import PATHS
from channel_manager.lib.errors import ErrorCode, NotFound

_CODES = {code.value: code for code in ErrorCode}
_CHANGELOG: Path = settings.BASE_DIR / "docs" / "changelog.md"
_P = ParamSpec("_P")
_View = Callable[Concatenate[HttpRequest, _P], HttpResponse]

# The guide's first order in each language: its tab, its program, what it needs.
FIRST_ORDER = (
    ("curl", "first_order.sh", "Needs `curl` and `python3`, which prints the answers."),
    ("Python", "first_order.py", "Standard library only, Python 3.9 or newer."),
    ("JavaScript", "first_order.mjs", "Node.js 18 or newer, nothing to install."),
)


def page(view: _View[_P]) -> _View[_P]:
    """Let a view be read only, and say that its answer depends on what the caller accepts.

    Without the exemption a POST would be told off for its missing CSRF token, not for its method.
    """
    return csrf_exempt(require_safe(vary_on_headers("Accept")(view)))


@page
def home(request: HttpRequest) -> HttpResponse:
    """Lead a browser to the documentation; there is nothing here for anybody else."""
    if api.wants_html(request):
        return redirect("docs")
    raise NotFound("There is nothing at this address.")


@page
def favicon(request: HttpRequest) -> HttpResponse:
    """Lead browsers that ask without being told to the icon."""
    return redirect(static("docs/icon.svg"))


@page
def guide(request: HttpRequest) -> HttpResponse:
    """Show the guide."""
    context = {
        "active": PATHS["Guide"],
        "demo": settings.DEMO,
        "demo_file": settings.VAR_DIR / "demo.json",
        "first_order": [
            (label, name, note, sample_files.text(name)) for label, name, note in FIRST_ORDER
        ],
        "transitions": TRANSITIONS,
        "picture": {
            "width": lifecycle_picture.WIDTH,
            "height": lifecycle_picture.HEIGHT,
            "nodes": lifecycle_picture.NODES,
            "ways": lifecycle_picture.ways(),
            "words": lifecycle_picture.in_words(),
        },
        "magic_numbers": MAGIC.values(),
        "groups": GROUPS,
        "hold_groups": HOLD_GROUPS,
        "limits": LIMITS,
        "order_request": _as_text(samples.ORDER_REQUEST),
        "submitted_order": _as_text(samples.SUBMITTED_ORDER),
        "availability": _as_text(samples.AVAILABILITY),
        "hold": _as_text(samples.HOLD),
        "problem": _as_text(error_pages.example_body(ErrorCode.INVALID_REQUEST)),
    }
    return _render(request, "docs/guide.html", context)


@page
def reference(request: HttpRequest) -> HttpResponse:
    """Show the API reference, drawn from the OpenAPI file by the reader's own browser."""
    return _render(request, "docs/reference.html", {"active": PATHS["Reference"]})


@page
def error_list(request: HttpRequest) -> HttpResponse:
    """List every error code."""
    if _wants_json(request):
        return JsonResponse({"data": [_as_json(code) for code in ErrorCode]})
    codes = [(code, error_pages.retry_in_short(code)) for code in ErrorCode]
    return _render(request, "docs/errors.html", {"active": PATHS["Errors"], "codes": codes})


@page
def error_page(request: HttpRequest, code: str) -> HttpResponse:
    """Explain one error code; an unknown one is a 404."""
    known = _CODES.get(code)
    if known is None:
        raise NotFound(
            f"There is no error code of this name; {settings.PUBLIC_URL}/docs/errors lists all."
        )
    if _wants_json(request):
        return JsonResponse(_as_json(known))
    context = {
        "active": PATHS["Errors"],
        "code": known,
        "phrase": HTTPStatus(known.text.status).phrase,
        "members": error_pages.MEMBERS.get(known),
        "retry": error_pages.retry_advice(known),
        "where": occurrences.by_code().get(code),
        "example": _as_text(error_pages.example_body(known)),
        "fault_codes": error_pages.FAULT_CODES if known == ErrorCode.INVALID_REQUEST else {},
    }
    return _render(request, "docs/error.html", context)


@page
def changelog(request: HttpRequest) -> HttpResponse:
    """Show what changed in the API."""
    context = {"active": PATHS["Changelog"], "body": markdown.as_html(_CHANGELOG.read_text())}
    return _render(request, "docs/changelog.html", context)


@page
def changelog_source(request: HttpRequest) -> HttpResponse:
    """Answer the same as it is written."""
    return _plain(_CHANGELOG.read_text())


@page
def sample(request: HttpRequest, name: str) -> HttpResponse:
    """Answer a program of `docs/samples` as text; an unknown one is a 404."""
    if name not in sample_files.names():
        raise NotFound(f"There is no sample of this name; {settings.PUBLIC_URL}/docs shows them.")
    return _plain(sample_files.text(name))


def _plain(text: str) -> HttpResponse:
    return HttpResponse(text, content_type="text/plain; charset=utf-8")


def _render(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    return render(request, template, {**context, "base_url": settings.PUBLIC_URL})


def _wants_json(request: HttpRequest) -> bool:
    return "json" in request.headers.get("Accept", "") and not api.wants_html(request)


def _as_json(code: ErrorCode) -> dict[str, Any]:
    text = code.text
    return {
        "code": code.value,
        "title": text.title,
        "status": text.status,
        "cause": text.cause,
        "remedy": text.remedy,
        "retryable": text.retryable,
    }


def _as_text(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
