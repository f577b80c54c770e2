"""What holds for every request: an id to trace it by, limits, one shape of refusal."""

import functools
import io
import logging
import re
import time
import uuid
from collections.abc import Callable

from django.apps import apps
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.utils import timezone

from channel_manager import api
from channel_manager.lib import logs, meters
from channel_manager.lib.database import DATABASE_AWAY
from channel_manager.lib.errors import ErrorCode, Refusal
from partners import limits
from partners.authentication import Unauthenticated, find_key

_PARTNER_API = "/channelManager"
_SANE_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_UPLOADS = re.compile(r"/admin/orders/period/[0-9a-f-]{36}/upload/")
# Asked every few seconds by machines, or loaded along with a page.
_ROUTINE = frozenset(("/health/live", "/health/ready", "/metrics", meters.STATIC))
_log = logging.getLogger(__name__)
_access = logging.getLogger("channel_manager.access")
_Handler = Callable[[HttpRequest], HttpResponse]


class RequestIdMiddleware:
    """Give every answer an X-Request-Id: the caller's if it sent a sane one, else ours.

    What is logged on the way carries it. The answer is counted, and told in one line.
    """

    def __init__(self, get_response: _Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = request_id_for(request)
        request.request_id = request_id  # type: ignore[attr-defined]
        token = logs.begin({"requestId": request_id})
        started = time.perf_counter()
        try:
            response = self.get_response(request)
            response["X-Request-Id"] = request_id
            note_answer(request, response.status_code, time.perf_counter() - started)
        finally:
            logs.end(token)
        return response


def note_answer(request: HttpRequest, status: int, seconds: float) -> None:
    """Count an answer and log it; a request that is answered never fails for that."""
    try:
        match = request.resolver_match
        if match is not None:
            route = f"/{match.route}"
        elif request.path.startswith(settings.STATIC_URL):
            route = meters.STATIC
        else:
            route = meters.UNMATCHED
        method = request.method or ""
        waits = "wait=" in request.META.get("QUERY_STRING", "")
        meters.count_request(counted_route(route), method, status, seconds, is_timed=not waits)
        level = logging.DEBUG if route in _ROUTINE else logging.INFO
        if _access.isEnabledFor(level):
            about = {
                "method": method,
                "route": route,
                "status": status,
                "durationMs": round(seconds * 1000, 1),
            }
            path = api.path_of(request)
            _access.log(level, "%s %s %d", method, path, status, extra={"members": about})
    except Exception:
        _log.exception("A request could not be counted")


@functools.cache
def counted_route(route: str) -> str:
    """Return a route as it is counted: those of the admin are told by their model, if they have one.

    There are some hundred of them, which anybody may ask for and be sent to log in.
    """
    if not route.startswith("/admin/"):
        return route
    app, _, rest = route.removeprefix("/admin/").partition("/")
    model, _, _ = rest.partition("/")
    try:
        apps.get_model(app, model)
    except LookupError:
        return "/admin/"
    return f"/admin/{app}/{model}"


def request_id_for(request: HttpRequest) -> str:
    """Return the id that the caller gave a request if it is a sane one, else a new one."""
    sent = request.META.get("HTTP_X_REQUEST_ID", "")
    return sent if _SANE_ID.fullmatch(sent) else str(uuid.uuid4())


class RateLimitMiddleware:
    """Say how a key's limit stands on every answer of the partner API (contract section 1).

    Authentication charges the requests that reach a view. Those that no view has seen, such as one
    to an unknown address, are charged here. The turnstile has refused or charged what it could.
    """

    def __init__(self, get_response: _Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not in_partner_api(request):
            return self.get_response(request)
        if charged := request.META.get(limits.CHARGED):
            limits.note_standing(request, charged)
        response = self.get_response(request)
        if limits.standing_of(request) is None and request.resolver_match is None:
            response = _charge_unseen(request) or response
        standing = limits.standing_of(request)
        if standing is not None:
            for name, value in standing.headers.items():
                response[name] = value
        return response


def in_partner_api(request: HttpRequest) -> bool:
    """Tell whether a request is for an address that keys of partners are for."""
    return request.path == _PARTNER_API or request.path.startswith(f"{_PARTNER_API}/")


def _charge_unseen(request: HttpRequest) -> HttpResponse | None:
    """Charge a request that no view has seen; return the refusal if its key has no token."""
    try:
        limits.charge(request, find_key(request, timezone.now()))
    except limits.RateLimited as refusal:
        api.log_refusal(refusal, request)
        return api.plain_problem(refusal, request)
    except (Unauthenticated, *DATABASE_AWAY):
        pass
    return None


class BodyLimitMiddleware:
    """Refuse bodies over the limit, chunked ones too, before anything reads them."""

    def __init__(self, get_response: _Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        limit = settings.MAX_BODY_BYTES
        if request.path.startswith("/admin/"):
            limit = settings.MAX_FORM_BYTES
        if _UPLOADS.fullmatch(request.path):
            limit = settings.MAX_UPLOAD_BYTES
        length = request.META.get("CONTENT_LENGTH") or ""
        if length.isascii() and length.isdigit() and int(length) > limit:
            return api.too_large(request, limit)
        if not length and "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower():
            # WSGI names no length for a chunked body, and Django would then read none of it.
            body = request.META["wsgi.input"].read(limit + 1)
            if len(body) > limit:
                return api.too_large(request, limit)
            request.META["CONTENT_LENGTH"] = str(len(body))
            request._stream = io.BytesIO(body)
        return self.get_response(request)


class MethodNotAllowed(Refusal):
    """The address does not take this method."""

    code = ErrorCode.METHOD_NOT_ALLOWED


class RefusalMiddleware:
    """Answer what views outside the API refuse the way the API does (contract section 8).

    A refusal that has `headers` of its own is answered with them.
    """

    def __init__(self, get_response: _Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not isinstance(response, HttpResponseNotAllowed) or request.path.startswith("/admin/"):
            return response
        refusal = MethodNotAllowed(f"{request.method} is not allowed here.")
        answer = api.problem_response(refusal, request)
        answer["Allow"] = response["Allow"]
        return answer

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer a refusal, or a database that is away; the admin tells of the latter itself."""
        known = isinstance(exception, Refusal) or (
            isinstance(exception, DATABASE_AWAY) and not request.path.startswith("/admin/")
        )
        if not known:
            return None
        response = api.problem_response(api.translate(exception), request)
        for name, value in getattr(exception, "headers", {}).items():
            response[name] = value
        return response
