"""The manifests over HTTP: as a page, as a PDF or as JSON, as the caller prefers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from channel_manager.lib import content_policy
from channel_manager.lib.errors import ErrorCode, Refusal
from orders import manifests
from wallets import manifest_json, pdf
from wallets.manifest import ManifestPage, Notice
from wallets.manifest_texts import TEXTS

HTML, JSON, PDF = "text/html", "application/json", "application/pdf"
_PROBLEM = "application/problem+json"
# Whoever has the address has the tickets: nothing may keep it, list it or pass it on.
PRIVATE_HEADERS: Mapping[str, str] = {
    "Cache-Control": "private, no-store",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
    "Referrer-Policy": "no-referrer",
}


class ManifestUnavailable(Refusal):
    """A program asked for a manifest that is not there."""

    headers: ClassVar[Mapping[str, str]] = {**PRIVATE_HEADERS, "Vary": "Accept"}


class ManifestNotFound(ManifestUnavailable):
    """No manifest has this address, or its order has not been issued yet."""

    code = ErrorCode.NOT_FOUND


class ManifestGone(ManifestUnavailable):
    """The order or wallet was cancelled."""

    code = ErrorCode.GONE


@require_safe
def order_manifest(request: HttpRequest, token: str, media_type: str = "") -> HttpResponse:
    """Answer an order's manifest, in a media type or in the one the caller prefers."""
    found = manifests.find_order_manifest(
        token=token, language_tag=translation.get_language_from_request(request), now=timezone.now()
    )
    return _answer(request, found, media_type)


@require_safe
def wallet_manifest(request: HttpRequest, token: str, media_type: str = "") -> HttpResponse:
    """Answer a wallet's manifest, in a media type or in the one the caller prefers."""
    found = manifests.find_wallet_manifest(
        token=token, language_tag=translation.get_language_from_request(request), now=timezone.now()
    )
    return _answer(request, found, media_type)


def _answer(request: HttpRequest, found: ManifestPage | Notice, media_type: str) -> HttpResponse:
    if isinstance(found, Notice):
        return _say(request, found)
    match media_type or request.get_preferred_type([HTML, JSON, PDF]):
        case "application/json":
            response: HttpResponse = JsonResponse(
                manifest_json.render_page(found, absolute=_absolute),
                json_dumps_params={"ensure_ascii": False},
            )
        case "application/pdf":
            response = HttpResponse(pdf.render_page(found), content_type=PDF)
            response["Content-Disposition"] = f'attachment; filename="{found.file_name}"'
        case _:
            response = _html("manifest/page.html", {"page": found}, found)
    return _private(response, found.language)


def _say(request: HttpRequest, notice: Notice) -> HttpResponse:
    """Answer 410 or 404: a page for whoever names text/html first, a problem body for programs."""
    preferred = request.get_preferred_type([HTML, _PROBLEM, JSON, PDF])
    if preferred != HTML or "text/html" not in request.headers.get("Accept", ""):
        if notice.is_gone:
            raise ManifestGone("The order or wallet of this manifest was cancelled.")
        raise ManifestNotFound("No manifest has this address, or its order is not issued yet.")
    response = _html("manifest/notice.html", {"notice": notice}, notice)
    response.status_code = 410 if notice.is_gone else 404
    return _private(response, notice.language)


def html_of(template: str, context: Mapping[str, object], shown: ManifestPage | Notice) -> str:
    """Render a page for guests, with the frame that all of them have."""
    frame = {
        "language": shown.language,
        "texts": TEXTS[shown.language],
        "title": shown.title,
        "venue": shown.venue,
    }
    return render_to_string(template, {**frame, **context})


def _html(
    template: str, context: Mapping[str, object], shown: ManifestPage | Notice
) -> HttpResponse:
    """Answer a page that may load nothing but our own style sheet, script and its brand colour."""
    response = HttpResponse(html_of(template, context, shown))
    response["Content-Security-Policy"] = content_policy.header(
        content_policy.PAGE, style_src=content_policy.hash_of(shown.venue.style)
    )
    return response


def _private(response: HttpResponse, language: str) -> HttpResponse:
    for name, value in PRIVATE_HEADERS.items():
        response[name] = value
    response["Content-Language"] = language
    patch_vary_headers(response, ["Accept"])
    return response


def _absolute(path: str) -> str:
    return f"{settings.PUBLIC_URL}{path}"
