"""Refusals in Onebox's words: `{"code", "message"}`, and OAuth's own below /onebox/oauth (contract 7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from django.http import HttpRequest

from channel_manager.lib.errors import ErrorCode, InvalidRequest, Refusal
from orders.dialects.errors import Rendered, speaks
from partners.authentication import Unauthenticated

PREFIX = "/onebox"
_OAUTH = f"{PREFIX}/oauth"
# Nobody reads more, and a body of 1 MiB has room for many faults.
_MOST_TOLD = 20

BAD_PARAMETERS = "DIST0001"
BAD_BODY = "DIST0002"
NOT_JSON = "DIST0003"
BAD_FORMAT = "DIST0004"
INVALID = "DIST0005"
REQUIRED = "DIST0006"
GENERIC = "DIST0000"

# Status and code of refusals of ours; names that are not public are used by this façade only.
_TOLD: Mapping[ErrorCode, tuple[int, str]] = {
    ErrorCode.MALFORMED_JSON: (400, BAD_BODY),
    ErrorCode.UNSUPPORTED_MEDIA_TYPE: (415, NOT_JSON),
    ErrorCode.UNAUTHENTICATED: (401, "AUTH001"),
    ErrorCode.PARTNER_NOT_ACTIVE: (403, "AUTH0006"),
    ErrorCode.MISSING_SCOPE: (403, "FORBIDDEN_RESOURCE"),
    ErrorCode.NOT_FOUND: (404, "NOT_FOUND"),
    ErrorCode.METHOD_NOT_ALLOWED: (405, "METHOD_NOT_ALLOWED"),
    ErrorCode.PAYLOAD_TOO_LARGE: (413, "PAYLOAD_TOO_LARGE"),
    ErrorCode.RATE_LIMITED: (429, "TOO_MANY_REQUESTS"),
    ErrorCode.SOLD_OUT: (409, "SOLD_OUT"),
    ErrorCode.SEAT_TAKEN: (409, "SEAT_TAKEN"),
    ErrorCode.HOLD_ENDED: (409, "SOLD_OUT"),
    ErrorCode.ASSET_USED: (409, "PRODUCT_USED"),
    ErrorCode.CANCEL_DEADLINE_PASSED: (409, "REFUND_DEADLINE_PASSED"),
    ErrorCode.ORDER_STATE_CONFLICT: (409, "ORDER_STATUS_INVALID"),
    ErrorCode.BUSY: (503, GENERIC),
}
# What cannot be sold as asked, though the request is in order: a shop offers something else.
_NOT_FOR_SALE = frozenset(
    {
        ErrorCode.UNKNOWN_ITEM,
        ErrorCode.NOT_ON_SALE,
        ErrorCode.PACKAGE_NOT_READY,
        ErrorCode.GUEST_PAYMENT_NEEDED,
        ErrorCode.VISIT_IN_PAST,
        ErrorCode.UNKNOWN_SESSION,
    }
)
_OAUTH_TOLD: Mapping[ErrorCode, tuple[int, str]] = {
    ErrorCode.METHOD_NOT_ALLOWED: (405, "invalid_request"),
    ErrorCode.NOT_FOUND: (404, "invalid_request"),
    ErrorCode.PAYLOAD_TOO_LARGE: (413, "invalid_request"),
    ErrorCode.RATE_LIMITED: (429, "temporarily_unavailable"),
    ErrorCode.BUSY: (503, "temporarily_unavailable"),
    ErrorCode.INTERNAL_ERROR: (500, "server_error"),
}


class ChannelNotFound(Refusal):
    """The channel that a token was given to is no more."""

    code = ErrorCode.MISSING_SCOPE

    def __init__(self) -> None:
        super().__init__("Channel not found.")


class InvalidToken(Unauthenticated):
    """The token is not one of ours, is older than 12 h, or its secret was revoked."""

    def __init__(self) -> None:
        super().__init__("Invalid JWT signature")


class OAuthFault(Refusal):
    """A token is not given; `error` is OAuth's own word for why."""

    code: ClassVar[ErrorCode] = ErrorCode.INVALID_REQUEST

    def __init__(self, error: str, detail: str) -> None:
        super().__init__(detail)
        self.error = error


class OrderNotFound(Refusal):
    """The channel has no order of this id or code, or its time is over."""

    code = ErrorCode.NOT_FOUND

    def __init__(self) -> None:
        super().__init__("There is no such order, or it has expired.")


class Conflict(Refusal):
    """What is asked does not go with how things stand; `name` is the code that is told."""

    code = ErrorCode.ORDER_STATE_CONFLICT
    name: ClassVar[str] = "ORDER_STATUS_INVALID"


class NothingChosen(Conflict):
    """An order without any item cannot be confirmed."""

    name = "ORDER_EMPTY"


class PlacesGone(Conflict):
    """The places of an order went while it was confirmed."""

    name = "SOLD_OUT"


class ProductStateInvalid(Conflict):
    """An item was refunded before."""

    name = "PRODUCT_STATE_INVALID"


class PartOfGroup(Conflict):
    """The items share one ticket, and are refunded together."""

    name = "PRODUCT_OF_GROUP"


class BeingIssued(Conflict):
    """The order's tickets are still being made."""

    name = "ORDER_BEING_ISSUED"

    def __init__(self) -> None:
        super().__init__("The order is still being issued. Try again.", retry_after=2)


@speaks(PREFIX)
def render(refusal: Refusal, request: HttpRequest) -> Rendered:
    """Tell a refusal as Onebox does."""
    if request.path == _OAUTH or request.path.startswith(f"{_OAUTH}/"):
        return _render_oauth(refusal)
    status, code = _status_and_code(refusal)
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    body = {"code": code, "message": _message(refusal, status)}
    return Rendered(status=status, body=body, headers=headers)


def _status_and_code(refusal: Refusal) -> tuple[int, str]:
    if isinstance(refusal, Conflict):
        return 409, refusal.name
    if isinstance(refusal, ChannelNotFound):
        return 403, "AUTH0005"
    if isinstance(refusal, OrderNotFound):
        return 404, "ORDER_NOT_FOUND"
    code = refusal.error_code
    if code in _TOLD:
        return _TOLD[code]
    if isinstance(refusal, InvalidRequest):
        return _status_and_code_of_faults(refusal)
    return (500, GENERIC) if code.text.status >= 500 else (code.text.status, INVALID)


def _status_and_code_of_faults(refusal: InvalidRequest) -> tuple[int, str]:
    codes = [fault.code for fault in refusal.faults]
    if codes and all(code in _NOT_FOR_SALE for code in codes):
        return 409, "NOT_FOR_SALE"
    own = next((code for code in codes if code.startswith("DIST")), None)
    return 400, own or (BAD_PARAMETERS if codes == ["unreadable"] else INVALID)


def _message(refusal: Refusal, status: int) -> str:
    if status >= 500:
        return "Generic error. Try again in a moment." if status == 503 else "Generic error."
    if isinstance(refusal, InvalidRequest) and refusal.faults:
        return told_together([fault.detail for fault in refusal.faults])
    return refusal.detail


def told_together(details: Sequence[str]) -> str:
    """Return what is wrong as one message, the first ones where there are very many."""
    once = list(dict.fromkeys(details))
    more = len(once) - _MOST_TOLD
    return " ".join([*once[:_MOST_TOLD], *([f"And {more} more."] if more > 0 else [])])


def _render_oauth(refusal: Refusal) -> Rendered:
    status, error = _OAUTH_TOLD.get(refusal.error_code, (400, "invalid_request"))
    if isinstance(refusal, OAuthFault):
        status, error = 401 if refusal.error == "invalid_client" else 400, refusal.error
    return Rendered(
        status=status,
        body={"error": error, "error_description": _message(refusal, status)},
        headers={"Cache-Control": "no-store"},
    )
