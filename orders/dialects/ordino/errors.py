"""Refusals as Ordino tells them: problem details with an `error_code` (contract section 5)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.http import HttpRequest

from channel_manager.lib.errors import ErrorCode, Refusal
from orders.dialects.errors import Rendered, speaks
from orders.guest_orders import ExternalIdReused, NotFulfillable, UnknownPackages
from orders.guests import UnknownGuest
from orders.virtual_queues import NotReservable
from partners.authentication import Unauthenticated

PREFIX = "/ordino"
CONTENT_TYPE = "application/problem+json"
API_KEY, BEARER = "ApiKey", "Bearer"
# The identifiers of the problems are the vendor's: a seller's code may compare them.
_TYPES = "https://commonpark-platform.dev.ordino.global/errors/"
_UNPROCESSABLE = "The request was unable to be completed due to a problem with the request."
_STATUSES: Mapping[str, int] = {
    "validation_error": 400,
    "resource_not_found": 400,
    "session_creation_failed": 400,
    "operation_failed": 400,
    "unauthorized": 401,
    "invalid_api_key_header": 401,
    "invalid_authorization_header": 401,
    "invalid_credentials": 401,
    "authentication_not_enabled": 401,
    "multiple_authentication_schemes": 401,
    "insufficient_permissions": 403,
    "not_found": 404,
    "unknown_error": 500,
}
_TITLES: Mapping[str, str] = {
    "validation_error": "One or more validation errors occurred",
    "resource_not_found": "One or more required resources could not be found",
    "session_creation_failed": "The sessions could not be created",
    "operation_failed": "The operation could not be completed",
    "unauthorized": "Authentication is required",
    "invalid_api_key_header": "The x-api-key header is invalid",
    "invalid_authorization_header": "The Authorization header is invalid",
    "invalid_credentials": "The credentials are invalid",
    "authentication_not_enabled": "This authentication scheme is not enabled",
    "multiple_authentication_schemes": "More than one authentication scheme was used",
    "insufficient_permissions": "The credentials do not permit this",
    "not_found": "The requested resource could not be found",
    "unknown_error": "An unknown error occurred",
}
# What HTTP has a status for, and Ordino no name, keeps that status.
_OF_HTTP = frozenset(
    {
        ErrorCode.METHOD_NOT_ALLOWED,
        ErrorCode.PAYLOAD_TOO_LARGE,
        ErrorCode.UNSUPPORTED_MEDIA_TYPE,
        ErrorCode.RATE_LIMITED,
        ErrorCode.BUSY,
    }
)
_OTHERS: Mapping[ErrorCode, str] = {
    ErrorCode.NOT_FOUND: "not_found",
    ErrorCode.MISSING_SCOPE: "insufficient_permissions",
    ErrorCode.PARTNER_NOT_ACTIVE: "insufficient_permissions",
    ErrorCode.SOLD_OUT: "session_creation_failed",
    ErrorCode.SEAT_TAKEN: "session_creation_failed",
    ErrorCode.INTERNAL_ERROR: "unknown_error",
}


class Told(Refusal):
    """A refusal that has a name of Ordino's own."""

    code = ErrorCode.INVALID_REQUEST

    def __init__(self, name: str, detail: str, **members: Any) -> None:
        super().__init__(detail, members=members)
        self.name = name


class InvalidFields(Told):
    """Fields of the request are missing or wrong: all of them, by their .NET-style keys."""

    def __init__(self, errors: Mapping[str, Sequence[str]]) -> None:
        super().__init__("validation_error", _UNPROCESSABLE, errors=dict(errors))


class MissingResources(Told):
    """Ids in the body name nothing."""

    def __init__(self, kind: str, missing: Sequence[str]) -> None:
        resources = "resource" if len(missing) == 1 else "resources"
        super().__init__(
            "resource_not_found",
            f"Could not find the following {resources} of type `{kind}`: {', '.join(missing)}.",
            resource_type=kind,
            missing_resources=list(missing),
        )


@speaks(PREFIX)
def tell(refusal: Refusal, request: HttpRequest) -> Rendered:
    """Return a refusal as Ordino tells it."""
    told = _as_told(refusal, request)
    code = refusal.error_code
    status = code.text.status if code in _OF_HTTP else _STATUSES[told.name]
    body: dict[str, Any] = {
        "success": False,
        "status": status,
        "error_code": told.name,
        "type": f"{_TYPES}{told.name}",
        "title": _TITLES[told.name],
        "detail": told.detail,
        **told.members,
    }
    return Rendered(status=status, body=body, content_type=CONTENT_TYPE)


def _as_told(refusal: Refusal, request: HttpRequest) -> Told:
    match refusal:
        case Told():
            return refusal
        case UnknownPackages():
            return MissingResources("package", refusal.missing)
        case ExternalIdReused():
            return InvalidFields({"Metadata.Order_id": [refusal.detail]})
        case NotFulfillable():
            return Told("session_creation_failed", refusal.detail, error=refusal.reason)
        case NotReservable():
            return Told("operation_failed", refusal.detail, error=refusal.reason)
        case UnknownGuest():
            return Told("invalid_credentials", refusal.detail, authentication_scheme=BEARER)
        case Unauthenticated():
            return Told("invalid_credentials", refusal.detail, authentication_scheme=API_KEY)
    return _by_code(refusal, request)


def _by_code(refusal: Refusal, request: HttpRequest) -> Told:
    code = refusal.error_code
    members: dict[str, Callable[[], dict[str, Any]]] = {
        "not_found": lambda: {"path": _printable(request.path)},
        "session_creation_failed": lambda: {"error": str(code)},
        "insufficient_permissions": lambda: {"allowed_roles": ["Admin"]},
    }
    if code in (ErrorCode.MALFORMED_JSON, ErrorCode.INVALID_REQUEST):
        return InvalidFields({"$": [refusal.detail]})
    name = _OTHERS.get(code, "operation_failed")
    return Told(name, refusal.detail, **members.get(name, dict)())


def _printable(path: str) -> str:
    return path.encode(errors="backslashreplace").decode()
