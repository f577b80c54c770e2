"""Every error code of the product, with the text its documentation page shows.

A refusal of the domain carries one of these codes; each dialect renders it in its own shape.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar


@dataclasses.dataclass(frozen=True, kw_only=True)
class ErrorText:
    """What one error code means to a partner's developer."""

    status: int
    title: str
    cause: str
    remedy: str
    retryable: bool = False


class ErrorCode(enum.StrEnum):
    """The stable `code` of a problem body (contract section 8)."""

    INVALID_REQUEST = "invalid_request"
    MALFORMED_JSON = "malformed_json"
    UNKNOWN_PARTNER = "unknown_partner"
    UNKNOWN_ITEM = "unknown_item"
    NOT_ON_SALE = "not_on_sale"
    PACKAGE_NOT_READY = "package_not_ready"
    GUEST_PAYMENT_NEEDED = "guest_payment_needed"
    VISIT_IN_PAST = "visit_in_past"
    UNKNOWN_SESSION = "unknown_session"
    UNKNOWN_HOLD = "unknown_hold"
    SOLD_OUT = "sold_out"
    SEAT_TAKEN = "seat_taken"
    HOLD_ENDED = "hold_ended"
    DUPLICATE_ORDER = "duplicate_order"
    EXTERNAL_REFERENCE_TAKEN = "external_reference_taken"
    UNAUTHENTICATED = "unauthenticated"
    MISSING_SCOPE = "missing_scope"
    PARTNER_NOT_ACTIVE = "partner_not_active"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    GONE = "gone"
    ORDER_STATE_CONFLICT = "order_state_conflict"
    ASSET_USED = "asset_used"
    CANCEL_DEADLINE_PASSED = "cancel_deadline_passed"
    UNDO_TOO_LATE = "undo_too_late"
    TOO_MANY_ENDPOINTS = "too_many_endpoints"
    ENDPOINT_STATE_CONFLICT = "endpoint_state_conflict"
    IDEMPOTENCY_IN_PROGRESS = "idempotency_in_progress"
    IDEMPOTENCY_MISMATCH = "idempotency_mismatch"
    PAYLOAD_TOO_LARGE = "payload_too_large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    RATE_LIMITED = "rate_limited"
    BUSY = "busy"
    INTERNAL_ERROR = "internal_error"

    @property
    def text(self) -> ErrorText:
        """Return the status, title, cause and remedy of this code."""
        return ERROR_TEXTS[self]


_CODES = frozenset(code.value for code in ErrorCode)


@dataclasses.dataclass(frozen=True)
class Fault:
    """One thing wrong with a request: a JSON pointer, a code and a sentence."""

    pointer: str
    code: str
    detail: str


class Refusal(Exception):
    """Base of every refusal of the domain; subclasses live beside the code that raises them."""

    code: ClassVar[ErrorCode]

    def __init__(
        self,
        detail: str,
        *,
        faults: Sequence[Fault] = (),
        members: Mapping[str, Any] | None = None,
        retryable: bool | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.faults = tuple(faults)
        self.members = dict(members or {})
        self.retryable = self.error_code.text.retryable if retryable is None else retryable
        self.retry_after = retry_after

    @property
    def error_code(self) -> ErrorCode:
        """Return the code this refusal is reported under."""
        return self.code


class InvalidRequest(Refusal):
    """The request breaks one or more rules; every fault found is listed.

    Reported under the faults' own code when they all share one that has a page of its own, so that
    a request whose only fault is an unknown item says `unknown_item`.
    """

    code = ErrorCode.INVALID_REQUEST

    def __init__(self, faults: Sequence[Fault]) -> None:
        self._shared = {fault.code for fault in faults}
        count = len(faults)
        detail = faults[0].detail if count == 1 else f"The request has {count} faults; see errors."
        super().__init__(detail, faults=faults)

    @property
    def error_code(self) -> ErrorCode:
        if len(self._shared) == 1:
            (only,) = self._shared
            if only in _CODES:
                return ErrorCode(only)
        return self.code


class NotFound(Refusal):
    """The id names nothing that this caller may see."""

    code = ErrorCode.NOT_FOUND


ERROR_TEXTS: Mapping[ErrorCode, ErrorText] = {
    ErrorCode.INVALID_REQUEST: ErrorText(
        status=400,
        title="The request breaks one or more rules",
        cause="A member is missing, misspelt, of the wrong type, too long, or does not fit the "
        "package it orders. Nothing was stored.",
        remedy="Read `errors`: every fault is listed with a JSON pointer to the member and a "
        "sentence. Mend them all and send the request again.",
    ),
    ErrorCode.MALFORMED_JSON: ErrorText(
        status=400,
        title="The body is not valid JSON",
        cause="The body is empty, cut off, not UTF-8, nested too deeply, names a member twice, or "
        "is not JSON at all.",
        remedy="Send one JSON object, encoded as UTF-8, with `Content-Type: application/json`.",
    ),
    ErrorCode.UNKNOWN_PARTNER: ErrorText(
        status=400,
        title="This partnerId is not yours",
        cause="`partnerId` in the body is not the partner that the API key belongs to.",
        remedy="Send the partnerId you were given together with this key.",
    ),
    ErrorCode.UNKNOWN_ITEM: ErrorText(
        status=400,
        title="Unknown item number",
        cause="The item number is not mapped to a package of the venue. Its availability cannot be "
        "told, and orders for it are refused where the venue has chosen to refuse such orders.",
        remedy="Compare the number with `GET /channelManager/packages`, or ask the venue to map "
        "your item number.",
    ),
    ErrorCode.NOT_ON_SALE: ErrorText(
        status=400,
        title="The package is not on sale",
        cause="The item number belongs to a package that the venue has withdrawn or has not put "
        "on sale yet.",
        remedy="Stop offering it, or ask the venue when it comes back on sale.",
    ),
    ErrorCode.PACKAGE_NOT_READY: ErrorText(
        status=400,
        title="The package cannot be sold as it is set up",
        cause="The package has no price for this visit date, or no component to issue, and the "
        "venue has chosen to refuse such orders.",
        remedy="Tell the venue which item number and visit date you tried. Other items of the "
        "order may be sent in an order of their own.",
    ),
    ErrorCode.GUEST_PAYMENT_NEEDED: ErrorText(
        status=400,
        title="A guest would have to pay for it at another system",
        cause="The package is issued by an outside system that takes the money itself, and the "
        "venue has no prepaid payment method there. You have been paid already, so the order is "
        "refused.",
        remedy="Tell the venue which item number you tried: it has to set a prepaid payment method "
        "on its connection. Other items of the order may be sent in an order of their own.",
    ),
    ErrorCode.VISIT_IN_PAST: ErrorText(
        status=400,
        title="The visit is over",
        cause="The visit date and time have passed in the venue's time zone, or it is past the "
        "moment until which this package may be sold.",
        remedy="Offer a later date. Dates and times are always the venue's local ones.",
    ),
    ErrorCode.UNKNOWN_SESSION: ErrorText(
        status=400,
        title="There is no such session",
        cause="Nothing can be visited on this date, or at this time: the date and time name no "
        "session of the package, or the session was taken off sale.",
        remedy="Choose a date and time that `GET /channelManager/availability` lists.",
    ),
    ErrorCode.UNKNOWN_HOLD: ErrorText(
        status=400,
        title="Unknown holdId",
        cause="`holdId` names no hold of yours.",
        remedy="Send the `holdId` that `POST /channelManager/holds` answered.",
    ),
    ErrorCode.SOLD_OUT: ErrorText(
        status=409,
        title="Not enough places left",
        cause="A session has fewer places left than the request needs, or your allotment of it is "
        "used up. Nothing was stored. `placesLeft` says how many there are, `nearestSessions` "
        "where so many still fit, and `shortages` the same for every line.",
        remedy="Offer the guest one of `nearestSessions`, or fewer places.",
    ),
    ErrorCode.SEAT_TAKEN: ErrorText(
        status=409,
        title="A seat is taken",
        cause="A seat that the request names belongs to another order or hold. Nothing was stored.",
        remedy="Name another seat, or none: then the best free ones are chosen.",
    ),
    ErrorCode.HOLD_ENDED: ErrorText(
        status=409,
        title="The hold has ended",
        cause="The hold has expired, was released, or has become an order already; `holdStatus` "
        "says which.",
        remedy="Make a new hold, or send the order without one: it takes places that are free.",
    ),
    ErrorCode.DUPLICATE_ORDER: ErrorText(
        status=400,
        title="This order was submitted before",
        cause="An order with this sellToOrderReference exists already. The answer names it in "
        "`orderId`, `buyFromOrderReference` and `existingStatus`.",
        remedy="If you repeated a request whose answer you never saw, read the existing order: it "
        "is yours. To change a Draft or Error order, use `PUT /channelManager/{orderId}`. Send an "
        "`Idempotency-Key` to get the first answer again instead of this error.",
    ),
    ErrorCode.EXTERNAL_REFERENCE_TAKEN: ErrorText(
        status=400,
        title="An external reference number is in use",
        cause="One of the externalReferenceNumbers stands on a living wallet of this venue, or "
        "twice in this order. They are what the guest shows at the gate and must be unique there.",
        remedy="Send numbers of your own that you have not used before.",
    ),
    ErrorCode.UNAUTHENTICATED: ErrorText(
        status=401,
        title="Missing or invalid API key",
        cause="No API key was sent, it is unknown, expired or revoked, or `x-api-key` and "
        "`Authorization` carry different keys.",
        remedy="Send your key in the header `x-api-key`. Ask the venue for a new one if yours was "
        "revoked.",
    ),
    ErrorCode.MISSING_SCOPE: ErrorText(
        status=403,
        title="The API key may not do this",
        cause="The key lacks the scope that this operation needs; the answer names it.",
        remedy="Ask the venue to add the scope to your key.",
    ),
    ErrorCode.PARTNER_NOT_ACTIVE: ErrorText(
        status=403,
        title="The partnership is not active",
        cause="The partnership is still being set up, is paused, or has been closed. Orders can be "
        "read and cancelled, but not created, replaced or confirmed.",
        remedy="Ask the venue when the partnership becomes active. While it is being set up, test "
        "keys work.",
    ),
    ErrorCode.NOT_FOUND: ErrorText(
        status=404,
        title="There is nothing here",
        cause="The path does not exist, or the id in it is not one of yours.",
        remedy="Check the path and the id, and that the key is of the same mode: live orders do "
        "not exist for test keys, nor tests for live ones. Draft and Error orders that were "
        "deleted are gone for good; their reference may be used again.",
    ),
    ErrorCode.METHOD_NOT_ALLOWED: ErrorText(
        status=405,
        title="The method is not allowed here",
        cause="The path exists, but not with this HTTP method. The header `Allow` lists the ones "
        "that do.",
        remedy="Use one of the methods in `Allow`.",
    ),
    ErrorCode.GONE: ErrorText(
        status=410,
        title="This wallet has been cancelled",
        cause="The wallet, or the order it belongs to, was cancelled. Its tickets and coupons are "
        "no longer valid.",
        remedy="The guest should contact the seller.",
    ),
    ErrorCode.ORDER_STATE_CONFLICT: ErrorText(
        status=409,
        title="The order's status does not allow this",
        cause="The operation is not allowed in the order's current status, which the answer names "
        "together with the actions that are.",
        remedy="When `retryable` is true the order is still being worked on: wait until it has "
        "settled (`GET /channelManager/{orderId}?wait=20`) and try again. Otherwise choose one of "
        "`allowedActions`.",
    ),
    ErrorCode.ASSET_USED: ErrorText(
        status=409,
        title="A ticket has been used",
        cause="At least one ticket or coupon of the order has been admitted or redeemed, so that "
        "the order can no longer be cancelled.",
        remedy="Ask the venue: its staff can cancel with a reason.",
    ),
    ErrorCode.CANCEL_DEADLINE_PASSED: ErrorText(
        status=409,
        title="It is too late to cancel",
        cause="The time until which your agreement lets you cancel before the visit has passed.",
        remedy="Ask the venue: its staff can still cancel with a reason.",
    ),
    ErrorCode.UNDO_TOO_LATE: ErrorText(
        status=409,
        title="It is too late to undo this admission",
        cause="An admission can be undone by the device that made it, within a few minutes. That "
        "time has passed: the answer to the scan names it in `undoUntil`.",
        remedy="Leave it as it is. An order with a used ticket can still be cancelled by the "
        "venue's staff, with a reason.",
    ),
    ErrorCode.TOO_MANY_ENDPOINTS: ErrorText(
        status=409,
        title="There are too many webhook endpoints",
        cause="You have 20 webhook endpoints of this mode, live or test, and may not have more.",
        remedy="Delete one that you no longer need. One endpoint can take every type of event.",
    ),
    ErrorCode.ENDPOINT_STATE_CONFLICT: ErrorText(
        status=409,
        title="The webhook endpoint is in another state",
        cause="The endpoint's status, in `currentStatus`, does not allow this: an Active endpoint "
        "cannot be resumed, and nothing can be tried at one that is Paused or Off. Or its secret was "
        "rotated less than 24 hours ago.",
        remedy="Read the endpoint; resume it when it is Paused or Off, and try again. Put the new "
        "secret to use and rotate again after `oldSecretUntil`; one that has leaked ends at once with "
        "its endpoint: delete it and make another.",
    ),
    ErrorCode.IDEMPOTENCY_IN_PROGRESS: ErrorText(
        status=409,
        title="The first request with this key is still running",
        cause="Another request with the same Idempotency-Key has not been answered yet.",
        remedy="Wait for the seconds in `Retry-After` and send the same request again.",
        retryable=True,
    ),
    ErrorCode.IDEMPOTENCY_MISMATCH: ErrorText(
        status=422,
        title="This Idempotency-Key belongs to another request",
        cause="The Idempotency-Key was used before with another method, path or body.",
        remedy="Use a new key for each new request, and the same key only to repeat one.",
    ),
    ErrorCode.PAYLOAD_TOO_LARGE: ErrorText(
        status=413,
        title="The body is too large",
        cause="A body may be at most 1 MiB.",
        remedy="Split the order.",
    ),
    ErrorCode.UNSUPPORTED_MEDIA_TYPE: ErrorText(
        status=415,
        title="The body must be JSON",
        cause="The request has a body with another content type than `application/json`.",
        remedy="Send `Content-Type: application/json`.",
    ),
    ErrorCode.RATE_LIMITED: ErrorText(
        status=429,
        title="Too many requests",
        cause="The API key has sent more requests than its limit allows; `RateLimit-Limit` says "
        "how many it may send at once. Nothing was looked at and nothing was stored.",
        remedy="Wait as long as `Retry-After` says, or `retryAfterMs` to the millisecond, and send "
        "the same request again. Send fewer at a time when `RateLimit-Remaining` comes near 0. Ask "
        "the venue for a higher limit if you need one always.",
        retryable=True,
    ),
    ErrorCode.BUSY: ErrorText(
        status=503,
        title="Try again in a moment",
        cause="The database was not available, or another request held what this one needed for "
        "too long. Nothing was stored.",
        remedy="Send the same request again after the seconds in `Retry-After`.",
        retryable=True,
    ),
    ErrorCode.INTERNAL_ERROR: ErrorText(
        status=500,
        title="Something went wrong on our side",
        cause="A fault of ours. It has been recorded under the `requestId`.",
        remedy="Repeat the request with the same Idempotency-Key. If it happens again, send us "
        "the `requestId`.",
        retryable=True,
    ),
}
