"""What outside systems, and browsers that they send back, call at our host."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.http.request import UnreadablePostError
from django.utils import timezone, translation
from django.views.decorators.csrf import csrf_exempt

from channel_manager.lib import content_policy
from channel_manager.lib.addresses import address_of
from channel_manager.lib.errors import ErrorCode, Fault, InvalidRequest, NotFound, Refusal
from orders.manifest_views import html_of
from orders.outside import notices, pages
from orders.outside.visiting import VISITORS
from wallets.connectors.voordemensen_calls import order_key_of_return
from wallets.manifest import Notice

MAX_NOTICE_BYTES = 256 * 1024
_SAFE = ("GET", "HEAD")


class NoticeTooLarge(Refusal):
    """A notice has more bytes than any system needs to tell what has changed."""

    code = ErrorCode.PAYLOAD_TOO_LARGE


@csrf_exempt
def take_notice(request: HttpRequest, connection_id: uuid.UUID) -> HttpResponse:
    """Keep what a system pushes: 200 once it is kept, now or before."""
    VISITORS.charge(address_of(request))
    if request.method != "POST":
        notices.find(connection_id)
        return HttpResponseNotAllowed(["POST"])
    headers = {name.lower(): value for name, value in request.headers.items()}
    is_new = notices.take(
        connection_id=connection_id, headers=headers, body=_body_of(request), now=timezone.now()
    )
    return JsonResponse({"effect": "noted" if is_new else "known"})


@csrf_exempt  # it changes nothing, and what is no GET is to be told so
def come_back(request: HttpRequest, connection_id: uuid.UUID) -> HttpResponse:
    """Thank whoever was sent back, and look ourselves what has become of the order."""
    VISITORS.charge(address_of(request))
    language = translation.get_language_from_request(request)
    try:
        connection = notices.find(connection_id)
    except NotFound:
        return _answer(pages.unknown(language), 404)
    if request.method not in _SAFE:
        return HttpResponseNotAllowed(_SAFE)
    notices.come_back(connection=connection, reference=order_key_of_return(request.GET))
    return _answer(pages.came_back(connection, language), 200)


def _body_of(request: HttpRequest) -> bytes:
    """Return a request's body; raises NoticeTooLarge, InvalidRequest when it broke off."""
    try:
        body = request.read(MAX_NOTICE_BYTES + 1)
    except UnreadablePostError as error:
        fault = Fault("", "unreadable", "The notice broke off.")
        raise InvalidRequest([fault]) from error
    if len(body) > MAX_NOTICE_BYTES:
        raise NoticeTooLarge(f"A notice may have at most {MAX_NOTICE_BYTES} bytes.")
    return body


def _answer(notice: Notice, status: int) -> HttpResponse:
    html = html_of("manifest/notice.html", {"notice": notice}, notice)
    response = HttpResponse(html, status=status)
    response["Content-Security-Policy"] = content_policy.header(
        content_policy.PAGE, style_src=content_policy.hash_of(notice.venue.style)
    )
    response["Cache-Control"] = "private, no-store"
    response["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    response["Referrer-Policy"] = "no-referrer"
    response["Content-Language"] = notice.language
    return response
