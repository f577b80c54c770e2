"""The door before Django: a key that is known to have no token is refused here (contract section 1).

Whoever sends many times what its limit allows costs the others next to nothing then: no signal, no
line in the log, no connection to the database, no thread that waits for one.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse
from django.utils.module_loading import import_string

from channel_manager import api
from channel_manager.middleware import in_partner_api, request_id_for
from partners import limits
from partners.authentication import Unauthenticated, key_sent
from partners.keys import hash_key

_LIMITER = "channel_manager.middleware.RateLimitMiddleware"
_STATUS = f"{HTTPStatus.TOO_MANY_REQUESTS:d} {HTTPStatus.TOO_MANY_REQUESTS.phrase}"
_Environ = dict[str, Any]
_Application = Callable[[_Environ, Callable[..., Any]], Iterable[bytes]]


class Turnstile:
    """A WSGI application that refuses some requests and passes the others on to another."""

    def __init__(self, application: _Application) -> None:
        self._application = application

    def __call__(self, environ: _Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        refused = _refusal(environ) if limits.SPENT else None
        if refused is None:
            return self._application(environ, start_response)
        request, refusal = refused
        request_id = request_id_for(request)
        request.request_id = request_id  # type: ignore[attr-defined]
        body = api.problem_json(refusal, request)
        own = {
            "Content-Length": str(len(body)),
            "Retry-After": str(refusal.retry_after),
            "X-Request-Id": request_id,
            **refusal.standing.headers,
        }
        headers = [*_usual_headers(is_secure=request.is_secure()), *own.items()]
        start_response(_STATUS, headers)
        return [body]


def _refusal(environ: _Environ) -> tuple[HttpRequest, limits.RateLimited] | None:
    """Return a request whose key is known to have no token, and its refusal; asks nobody."""
    request = WSGIRequest(environ)
    if not in_partner_api(request) or (settings.SECURE_SSL_REDIRECT and not request.is_secure()):
        return None
    try:
        standing = limits.SPENT.standing(hash_key(key_sent(request)))
    except Unauthenticated:
        return None
    return None if standing is None else (request, limits.RateLimited(standing))


@functools.cache
def _usual_headers(*, is_secure: bool) -> tuple[tuple[str, str], ...]:
    """Return what the middleware before the limiter says on every problem, the same each time."""
    answer: Callable[[HttpRequest], HttpResponse] = _empty_problem
    for name in reversed(settings.MIDDLEWARE[: settings.MIDDLEWARE.index(_LIMITER)]):
        answer = import_string(name)(answer)
    request = HttpRequest()
    request.path = "/channelManager"
    request._get_scheme = lambda: "https" if is_secure else "http"  # type: ignore[attr-defined]
    response = answer(request)
    del response["X-Request-Id"]
    return tuple(response.items())


def _empty_problem(request: HttpRequest) -> HttpResponse:
    return HttpResponse(content_type=api.CONTENT_TYPE)
