"""Refusals in OpenTicket's words: the envelope of an order's answer, with nothing ordered.

What is wrong with a request stands in `errors`; what keeps any request from being answered, in
`fatals`. How an entry looks and the status of a failure are not public (contract section 4): ours
are objects with a `message`, and 422 for an order that was understood and not taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest

from channel_manager.lib.errors import ErrorCode, Fault, Refusal
from channel_manager.lib.strict_fields import MAX_FAULTS
from orders.dialects.errors import Rendered, speaks

PREFIX = "/openticket"
_FATAL = frozenset(
    {
        ErrorCode.UNAUTHENTICATED,
        ErrorCode.PARTNER_NOT_ACTIVE,
        ErrorCode.RATE_LIMITED,
        ErrorCode.BUSY,
        ErrorCode.INTERNAL_ERROR,
    }
)


class OrderRefused(Refusal):
    """The order was understood and is not taken; every fault found is listed."""

    code = ErrorCode.INVALID_REQUEST

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(faults[0].detail, faults=faults)


@speaks(PREFIX)
def render(refusal: Refusal, request: HttpRequest) -> Rendered:
    """Return a refusal as OpenTicket tells it."""
    code = refusal.error_code
    entries = entries_of(refusal)
    is_fatal = code in _FATAL
    body = envelope(fatals=entries if is_fatal else [], errors=[] if is_fatal else entries)
    headers = {"Cache-Control": "no-store"}
    if code == ErrorCode.UNAUTHENTICATED:
        headers["WWW-Authenticate"] = 'Bearer realm="OpenTicket"'
    is_order = isinstance(refusal, OrderRefused)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if is_order else code.text.status
    return Rendered(status=int(status), body=body, headers=headers)


def envelope(
    *,
    fatals: Sequence[Mapping[str, Any]] = (),
    errors: Sequence[Mapping[str, Any]] = (),
    redirect_url: str | None = None,
    amount: int | None = None,
    order_id: str | None = None,
) -> dict[str, Any]:
    """Return the six members that an order is answered with."""
    return {
        "fatals": list(fatals),
        "errors": list(errors),
        "notices": [],
        "redirectUrl": redirect_url,
        "amount": amount,
        "order_id": order_id,
    }


def entries_of(refusal: Refusal) -> list[dict[str, str]]:
    """Return an entry for each fault of a refusal, or the one that it is.

    Only an order's has a field: other requests have no body that it could point into.
    """
    has_body = isinstance(refusal, OrderRefused)
    faults = refusal.faults or (Fault("", refusal.error_code, refusal.detail),)
    return [
        {
            "message": fault.detail,
            "code": str(fault.code),
            "field": fault.pointer if has_body else "",
        }
        for fault in faults[:MAX_FAULTS]
    ]
