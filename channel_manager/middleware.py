"""What holds for every request: an id to trace it by, and a limit to its body."""

import io
import re
import uuid
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from channel_manager import api

_SANE_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_Handler = Callable[[HttpRequest], HttpResponse]


class RequestIdMiddleware:
    """Give every answer an X-Request-Id: the caller's if it sent a sane one, else ours."""

    def __init__(self, get_response: _Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        sent = request.headers.get("X-Request-Id", "")
        request_id = sent if _SANE_ID.fullmatch(sent) else str(uuid.uuid4())
        request.request_id = request_id  # type: ignore[attr-defined]
        response = self.get_response(request)
        response["X-Request-Id"] = request_id
        return response


class BodyLimitMiddleware:
    """Refuse bodies over the limit, chunked ones too, before anything reads them."""

    def __init__(self, get_response: _Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith("/admin/"):
            return self.get_response(request)
        limit = settings.MAX_BODY_BYTES
        length = request.META.get("CONTENT_LENGTH") or ""
        if length.isdigit() and int(length) > limit:
            return api.too_large(request)
        if not length and "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower():
            # WSGI names no length for a chunked body, and Django would then read none of it.
            body = request.META["wsgi.input"].read(limit + 1)
            if len(body) > limit:
                return api.too_large(request)
            request.META["CONTENT_LENGTH"] = str(len(body))
            request._stream = io.BytesIO(body)
        return self.get_response(request)
