"""The one place where refusals become problem bodies (RFC 9457, contract section 8)."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.core.serializers.json import DjangoJSONEncoder
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from rest_framework import exceptions, serializers
from rest_framework.response import Response
from rest_framework.views import set_rollback

from channel_manager.lib import meters
from channel_manager.lib.database import DATABASE_AWAY
from channel_manager.lib.errors import ErrorCode, Fault, InvalidRequest, NotFound, Refusal
from channel_manager.lib.strict_fields import MAX_FAULTS
from orders.dialects.errors import renderer_of

CONTENT_TYPE = "application/problem+json"
# So many characters of a path are logged; none of ours is as long.
_LONGEST_PATH = 300
_log = logging.getLogger(__name__)


class _Translated(Refusal):
    """A refusal of the framework's, under one of our codes."""

    def __init__(self, code: ErrorCode, detail: str = "", **options: Any) -> None:
        self._code = code
        super().__init__(detail or f"{code.text.title}.", **options)

    @property
    def error_code(self) -> ErrorCode:
        return self._code


def exception_handler(exc: Exception, context: Mapping[str, Any]) -> Response:
    """Answer any exception of an API view with a problem body; never a stack trace."""
    set_rollback()
    request: HttpRequest = context["request"]._request
    refusal = translate(exc)
    log_refusal(refusal, request)
    headers = _headers(refusal)
    if isinstance(exc, exceptions.MethodNotAllowed):
        headers["Allow"] = ", ".join(context["view"].allowed_methods)
    if render_in_dialect := renderer_of(request):
        told = render_in_dialect(refusal, request)
        return Response(
            told.body,
            status=told.status,
            headers={**headers, **told.headers},
            content_type=told.content_type,
        )
    if refusal.error_code == ErrorCode.UNAUTHENTICATED:
        headers["WWW-Authenticate"] = 'Bearer realm="partner API"'
    return Response(
        problem(refusal, request),
        status=refusal.error_code.text.status,
        headers=headers,
        content_type=CONTENT_TYPE,
    )


def log_refusal(refusal: Refusal, request: HttpRequest) -> None:
    """Count a refusal, and write one line that the requestId of the answer finds."""
    code = str(refusal.error_code)
    meters.count_refusal(code)
    about = {"code": code, "requestId": getattr(request, "request_id", "")}
    _log.warning(
        "%s %s refused: %s", request.method, path_of(request), code, extra={"members": about}
    )


def path_of(request: HttpRequest) -> str:
    """Return a path as it is logged: cut, and a line break in it must not begin a line there."""
    path = request.path[:_LONGEST_PATH].encode("unicode_escape").decode()
    return path[:_LONGEST_PATH]


def translate(exc: Exception) -> Refusal:
    """Return the refusal that an exception is reported as; what nobody expected is logged."""
    match exc:
        case Refusal():
            return exc
        case serializers.ValidationError():
            return InvalidRequest(list(_faults(exc.detail, "")))
        case exceptions.MethodNotAllowed():
            return _Translated(ErrorCode.METHOD_NOT_ALLOWED, str(exc.detail))
        case exceptions.UnsupportedMediaType():
            return _Translated(ErrorCode.UNSUPPORTED_MEDIA_TYPE, str(exc.detail))
        case exceptions.NotFound() | Http404():
            return NotFound("There is nothing at this address.")
        case SuspiciousOperation():
            return _unreadable(exc)
        case _ if isinstance(exc, DATABASE_AWAY):
            _log.warning("The database refused a request: %s", exc)
            return _Translated(ErrorCode.BUSY, retry_after=1)
    _log.error("A request failed", exc_info=exc)
    return _Translated(ErrorCode.INTERNAL_ERROR)


def problem(refusal: Refusal, request: HttpRequest) -> dict[str, Any]:
    """Return the problem body of a refusal."""
    code = refusal.error_code
    return {
        "type": f"{settings.PUBLIC_URL}/docs/errors/{code}",
        "title": code.text.title,
        "status": code.text.status,
        "detail": refusal.detail,
        "code": str(code),
        "errors": [
            {"pointer": fault.pointer, "code": str(fault.code), "detail": fault.detail}
            for fault in refusal.faults[:MAX_FAULTS]
        ],
        "requestId": getattr(request, "request_id", ""),
        "retryable": refusal.retryable,
        **refusal.members,
    }


def problem_response(refusal: Refusal, request: HttpRequest) -> HttpResponse:
    """Answer a request outside the API's views: a page for a browser, else a problem body."""
    log_refusal(refusal, request)
    if renderer_of(request) is not None:
        return plain_problem(refusal, request)
    if wants_html(request):
        status = refusal.error_code.text.status
        page = {"problem": problem(refusal, request)}
        response = render(request, "problem.html", page, status=status)
        for name, value in _headers(refusal).items():
            response[name] = value
    else:
        response = plain_problem(refusal, request)
    patch_vary_headers(response, ["Accept"])
    return response


def plain_problem(refusal: Refusal, request: HttpRequest) -> HttpResponse:
    """Answer a request outside the API's views as the API does, without a word in the log."""
    if render_in_dialect := renderer_of(request):
        told = render_in_dialect(refusal, request)
        return HttpResponse(
            as_json(told.body),
            status=told.status,
            headers={**_headers(refusal), **told.headers},
            content_type=told.content_type,
        )
    return HttpResponse(
        problem_json(refusal, request),
        status=refusal.error_code.text.status,
        headers=_headers(refusal),
        content_type=CONTENT_TYPE,
    )


def problem_json(refusal: Refusal, request: HttpRequest) -> bytes:
    """Return the problem body of a refusal as it is sent."""
    return as_json(problem(refusal, request))


def as_json(body: Any) -> bytes:
    """Return a body as it is sent."""
    text = json.dumps(body, cls=DjangoJSONEncoder, ensure_ascii=False, separators=(",", ":"))
    return text.encode()


def wants_html(request: HttpRequest) -> bool:
    """Tell whether the caller is a browser: it prefers text/html; a mere wildcard gets JSON."""
    offered = ["application/json", CONTENT_TYPE, "text/html"]
    return request.get_preferred_type(offered) == "text/html"


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a path that nothing is served at."""
    return problem_response(NotFound("There is nothing at this address."), request)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a request that the framework refuses to read."""
    return problem_response(_unreadable(exception), request)


def forbidden(request: HttpRequest, exception: PermissionDenied) -> HttpResponse:
    """Answer somebody who may not see this."""
    return problem_response(_Translated(ErrorCode.MISSING_SCOPE), request)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer a fault of ours outside the API's views."""
    return problem_response(_Translated(ErrorCode.INTERNAL_ERROR), request)


def too_large(request: HttpRequest, limit: int) -> HttpResponse:
    """Answer a body over the limit, in bytes."""
    detail = f"A body may have at most {limit} bytes."
    return problem_response(_Translated(ErrorCode.PAYLOAD_TOO_LARGE, detail), request)


def _unreadable(exception: Exception) -> InvalidRequest:
    detail = "The request could not be read."
    if isinstance(exception, SuspiciousOperation):
        detail = "The request looks forged or damaged."
    return InvalidRequest([Fault("", "unreadable", detail)])


def _headers(refusal: Refusal) -> dict[str, str]:
    return {} if refusal.retry_after is None else {"Retry-After": str(refusal.retry_after)}


def _faults(detail: Any, pointer: str) -> Iterator[Fault]:
    """Flatten DRF's nested error details into faults with JSON pointers."""
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            own = name == "non_field_errors" and not _is_unknown_member(inner)
            yield from _faults(inner, pointer if own else f"{pointer}/{_escaped(str(name))}")
    elif isinstance(detail, list):
        for index, inner in enumerate(detail):
            nested = isinstance(inner, Mapping | list)
            yield from _faults(inner, f"{pointer}/{index}" if nested else pointer)
    else:
        yield Fault(pointer, getattr(detail, "code", None) or "invalid", str(detail))


def _escaped(name: str) -> str:
    """Escape a member name for a JSON pointer (RFC 6901), and what UTF-8 cannot carry."""
    text = name.encode(errors="backslashreplace").decode()
    return text.replace("~", "~0").replace("/", "~1")


def _is_unknown_member(detail: Any) -> bool:
    """Tell a member that somebody sent under the name of an object's own faults."""
    return bool(detail) and getattr(detail[0], "code", None) == "unknown_member"
