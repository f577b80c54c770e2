"""The door before Django: a key that had no token lately is charged here (contract section 1).

Whoever sends many times what its limit allows costs the others next to nothing then: most is refused
without asking anybody, what has to ask takes one statement, and neither is a request to Django.
"""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.module_loading import import_string

from channel_manager import api
from channel_manager.lib import meters
from channel_manager.middleware import in_partner_api, request_id_for
from partners import limits
from partners.authentication import Unauthenticated, key_sent
from partners.keys import hash_key

_log = logging.getLogger(__name__)
_LIMITER = "channel_manager.middleware.RateLimitMiddleware"
_STATUS = f"{HTTPStatus.TOO_MANY_REQUESTS:d} {HTTPStatus.TOO_MANY_REQUESTS.phrase}"
_Environ = dict[str, Any]
_Application = Callable[[_Environ, Callable[..., Any]], Iterable[bytes]]


class Turnstile:
    """A WSGI application that refuses some requests and passes the others on to another."""

    def __init__(self, application: _Application) -> None:
        self._application = application

    def __call__(self, environ: _Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        request = _for_partners(environ) if limits.SPENT else None
        if request is not None:
            started = time.perf_counter()
            try:
                environ[limits.CHARGED] = limits.charge_known(hash_key(key_sent(request)))
            except Unauthenticated:
                pass  # Django tells it why
            except limits.RateLimited as refusal:
                answer = _refuse(request, refusal, start_response)
                _count(environ["REQUEST_METHOD"], refusal, time.perf_counter() - started)
                return answer
        return self._application(environ, start_response)


class _AtTheDoor(HttpRequest):
    """As much of a request as is asked for here: to make all of it takes as long as to refuse it."""

    def __init__(self, environ: _Environ) -> None:
        self.META = environ
        self.path = environ["PATH_INFO"]

    def _get_scheme(self) -> str:
        return str(self.META["wsgi.url_scheme"])


def _for_partners(environ: _Environ) -> HttpRequest | None:
    """Return the request if it is for the partner API, and not to be told of https first."""
    request = _AtTheDoor(environ)
    if not in_partner_api(request) or (settings.SECURE_SSL_REDIRECT and not request.is_secure()):
        return None
    return request


def _refuse(
    request: HttpRequest, refusal: limits.RateLimited, start_response: Callable[..., Any]
) -> Iterable[bytes]:
    request_id = request_id_for(request)
    request.request_id = request_id  # type: ignore[attr-defined]
    body = api.problem_json(refusal, request)
    own = {
        "Content-Length": str(len(body)),
        "Retry-After": str(refusal.retry_after),
        "X-Request-Id": request_id,
        **refusal.standing.headers,
    }
    start_response(_STATUS, [*_usual_headers(is_secure=request.is_secure()), *own.items()])
    return [body]


def _count(method: str, refusal: limits.RateLimited, seconds: float) -> None:
    try:
        meters.count_refusal(str(refusal.error_code))
        meters.count_request(meters.TURNSTILE, method, HTTPStatus.TOO_MANY_REQUESTS.value, seconds)
    except Exception:
        _log.exception("A request could not be counted")


@functools.cache
def _usual_headers(*, is_secure: bool) -> tuple[tuple[str, str], ...]:
    """Return what the middleware before the limiter says on every problem, the same each time."""
    answer: Callable[[HttpRequest], HttpResponse] = _empty_problem
    # The first one gives each request an id and counts it, which is done here.
    for name in reversed(settings.MIDDLEWARE[1 : settings.MIDDLEWARE.index(_LIMITER)]):
        answer = import_string(name)(answer)
    request = HttpRequest()
    request.path = "/channelManager"
    request._get_scheme = lambda: "https" if is_secure else "http"  # type: ignore[attr-defined]
    response = answer(request)
    return tuple(response.items())


def _empty_problem(request: HttpRequest) -> HttpResponse:
    return HttpResponse(content_type=api.CONTENT_TYPE)
