"""What the page of each error code shows beside the code's own text: an example, when to retry."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpRequest

from channel_manager import api
from channel_manager.docs import samples
from channel_manager.lib.errors import ErrorCode, Fault, Refusal


@dataclasses.dataclass(frozen=True, kw_only=True)
class Example:
    """A refusal as a partner may meet it."""

    detail: str
    faults: Sequence[Fault] = ()
    members: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    retryable: bool | None = None


class _Shown(Refusal):
    """An example's refusal, under any code."""

    def __init__(self, code: ErrorCode, example: Example) -> None:
        self._code = code
        super().__init__(
            example.detail,
            faults=example.faults,
            members=example.members,
            retryable=example.retryable,
        )

    @property
    def error_code(self) -> ErrorCode:
        return self._code


def example_body(code: ErrorCode) -> dict[str, Any]:
    """Return a problem body of this code, in the one shape that all of them have."""
    request = HttpRequest()
    request.request_id = "5b1f8a52-7a3e-4c0e-9d5f-2f6f1f0c9a11"  # type: ignore[attr-defined]
    return api.problem(_Shown(code, EXAMPLES[code]), request)


def retry_in_short(code: ErrorCode) -> str:
    """Say in a word or two whether the same request may succeed later."""
    if code in RETRYABLE_AT_TIMES:
        return "at times"
    return "yes" if code.text.retryable else "no"


def retry_advice(code: ErrorCode) -> str:
    """Say in a sentence whether the same request may succeed later."""
    if code in RETRYABLE_AT_TIMES:
        return f"Only when `retryable` in the answer is true: {RETRYABLE_AT_TIMES[code]}"
    if code == ErrorCode.IDEMPOTENCY_IN_PROGRESS:
        return "Yes, with the same `Idempotency-Key`: you then get the first request's answer."
    if code == ErrorCode.RATE_LIMITED:
        return "Yes, after the time in `Retry-After`: nothing has been done yet."
    if code.text.retryable:
        return (
            "Yes. With an `Idempotency-Key` it is safe to repeat: what was done is not done twice."
        )
    return "No. The same request would be refused again: something has to change first."


# Refusals of these codes say themselves whether they are; what it means then.
RETRYABLE_AT_TIMES: Mapping[ErrorCode, str] = {
    ErrorCode.ORDER_STATE_CONFLICT: "the order is still being worked on.",
    ErrorCode.SOLD_OUT: "somebody else was faster at the very last moment. Send it again to be "
    "told what is left.",
}

# What a page says of its code's own members.
MEMBERS: Mapping[ErrorCode, str] = {
    ErrorCode.RATE_LIMITED: "A key has a bucket of tokens that fills evenly: each request takes one, "
    "and `retryAfterMs` is the time until there is one again. It is exact: a client that waits so "
    "long is let through, unless another one with the same key was faster.",
    ErrorCode.SOLD_OUT: "`nearestSessions` are the nearest five at most, listed by date: the first "
    "need not be the nearest.",
    ErrorCode.MISSING_SCOPE: "`requiredScope` is the one that is needed.",
    ErrorCode.ORDER_STATE_CONFLICT: "`currentStatus` is the order's status, `allowedActions` what may "
    "be done with it now.",
    ErrorCode.ASSET_USED: "`usedAssets` has the numbers of those that were used.",
    ErrorCode.HOLD_ENDED: "`holdId` names the hold, where several stand in the request.",
}

# Codes of single faults (`errors[].code`), as far as they are not codes of whole answers as well.
FAULT_CODES: Mapping[str, str] = {
    "required": "The member is missing.",
    "null": "The member may be left out, but not be null.",
    "unknown_member": "There is no member or query parameter of this name. Mind the spelling.",
    "repeated_parameter": "The query parameter stands there more than once.",
    "invalid_type": "The value is of another JSON type, such as a number instead of a string.",
    "invalid": "The value does not have the form that is asked for, such as a date.",
    "blank": "The text is empty, or white space only.",
    "control_character": "The text contains a control character, such as a line break.",
    "max_length": "The text or list is too long. Nothing is ever cut to fit.",
    "min_length": "The list is too short.",
    "empty": "The list is empty.",
    "not_a_list": "A list is expected.",
    "min_value": "The number is too small.",
    "max_value": "The number is too large.",
    "invalid_email": "This does not look like an e-mail address.",
    "invalid_language": "This is not a language tag such as `nl` or `nl-NL`.",
    "visit_date_required": "The package needs a `visitDate`.",
    "visit_time_required": "The package is timed and needs a `visitTime`.",
    "visit_not_allowed": "The package is open-dated and takes neither date nor time.",
    "visit_too_far": "The visit is more than three years ahead.",
    "venue_closed": "The venue is closed on this day.",
    "seats_count": "The number of `seats` is not the number of places that are needed.",
    "seat_twice": "The seat stands twice in the order.",
    "seats_not_numbered": "There are no numbered seats here.",
    "seats_ambiguous": "Several components have places, or seats stand in the line and in its "
    "`componentSchedule`: name them in the schedule alone.",
    "outside_opening_hours": "The `visitTime` is outside the venue's opening hours.",
    "component_schedule_not_allowed": "Only packages of several components take a "
    "`componentSchedule`, and elsewhere not even an empty one.",
    "not_a_component": "The item is not a component of this package.",
    "component_twice": "The component stands twice in the schedule.",
    "names_count": "The number of `names` is not the number of wallets the line becomes.",
    "external_reference_numbers_count": "The number of `externalReferenceNumbers` is not the "
    "number of wallets the line becomes.",
    "too_many_wallets": "The order would become more than 1,000 wallets.",
    "too_many_assets": "The order would become more than 10,000 tickets and coupons.",
    "reference_differs": "The `sellToOrderReference` of an order cannot be changed.",
    "unknown_status": "There is no status of this name.",
    "unknown_value": "The value is none of those that there are; the sentence lists them.",
    "unknown_package": "The venue has no package of this code.",
    "days_out_of_order": "`lastDay` is before `firstDay`.",
    "invalid_moment": "This is not an ISO 8601 date, or date and time.",
    "dates_reversed": "`to` is before `from`, which is today when left out.",
    "too_many_days": "`from` and `to` are too far apart: ask for the days in parts.",
    "invalid_page_size": "`pageSize` is a whole number from 1 to 1000.",
    "invalid_page_key": "This `pageKey` is not ours, or belongs to other filters.",
    "invalid_limit": "`limit` is a whole number from 1 to 100.",
    "unusable_url": "Nothing can ever be sent to this URL; the detail says why.",
    "unknown_event_type": "There is no event type of this name.",
    "unknown_event": "There is no such event among yours, in the mode of the key.",
    "too_many_events": "More than 10,000 events lie in this time.",
    "replay_what": "Name one event, or a time, or all that failed: exactly one of them.",
    "unknown_cursor": "The cursor was not given out for your events, or its event is no longer kept, "
    "or they were restored from a backup that is older than it.",
    "invalid_wait": "`wait` is a whole number of seconds from 1 to 25.",
    "invalid_idempotency_key": "An `Idempotency-Key` has 1 to 255 printable characters.",
    "unreadable": "The request itself is damaged or forged.",
}

_ORDER: Mapping[str, str] = {
    "orderId": samples.ISSUED_ORDER["orderId"],
    "buyFromOrderReference": samples.ISSUED_ORDER["buyFromOrderReference"],
}

_HOLD_ID: str = samples.HOLD["holdId"]
_SOLD_OUT = "2 places are left for Balloon flight on 2027-05-04 at 11:00, and 3 are needed."
_HOLD_ENDED = (
    f"The hold {_HOLD_ID} is Expired. Hold the places again, or order them without a hold."
)
_NEAREST = {
    "itemNumber": "BALLOON-FLIGHT",
    "visitDate": "2027-05-05",
    "visitTime": "11:00:00",
    "startsAt": "2027-05-05T11:00:00+02:00",
    "endsAt": "2027-05-05T12:00:00+02:00",
    "placesLeft": 5,
}

EXAMPLES: Mapping[ErrorCode, Example] = {
    ErrorCode.INVALID_REQUEST: Example(
        detail="The request has 2 faults; see errors.",
        faults=[
            Fault("/items/0/visitDate", "visit_date_required", "FAMILY-DAY needs a visitDate."),
            Fault(
                "/items/0/wallet/names",
                "names_count",
                "2 wallets are expected for this line, 1 names were sent.",
            ),
        ],
    ),
    ErrorCode.MALFORMED_JSON: Example(
        detail="The body is not valid JSON: Expecting ',' delimiter (line 3, column 5)."
    ),
    ErrorCode.UNKNOWN_PARTNER: Example(
        detail="This is not the partner that the API key belongs to.",
        faults=[
            Fault(
                "/partnerId",
                "unknown_partner",
                "This is not the partner that the API key belongs to.",
            )
        ],
    ),
    ErrorCode.UNKNOWN_ITEM: Example(
        detail="The item number SUNNY-999 is not known at Dune Park.",
        faults=[
            Fault(
                "/items/0/itemNumber",
                "unknown_item",
                "The item number SUNNY-999 is not known at Dune Park.",
            )
        ],
    ),
    ErrorCode.NOT_ON_SALE: Example(
        detail="FAMILY-DAY is not on sale.",
        faults=[Fault("/items/0/itemNumber", "not_on_sale", "FAMILY-DAY is not on sale.")],
    ),
    ErrorCode.PACKAGE_NOT_READY: Example(
        detail="FAMILY-DAY has no price for this visit date.",
        faults=[
            Fault(
                "/items/0/itemNumber",
                "package_not_ready",
                "FAMILY-DAY has no price for this visit date.",
            )
        ],
    ),
    ErrorCode.GUEST_PAYMENT_NEEDED: Example(
        detail="CONCERT is issued by Concert hall, which would ask a guest to pay for it: the venue "
        "has no prepaid payment method there.",
        faults=[
            Fault(
                "/items/0/itemNumber",
                "guest_payment_needed",
                "CONCERT is issued by Concert hall, which would ask a guest to pay for it: the "
                "venue has no prepaid payment method there.",
            )
        ],
    ),
    ErrorCode.VISIT_IN_PAST: Example(
        detail="A visit on 2026-05-04 can no longer be sold (venue time, Europe/Amsterdam).",
        faults=[
            Fault(
                "/items/0/visitDate",
                "visit_in_past",
                "A visit on 2026-05-04 can no longer be sold (venue time, Europe/Amsterdam).",
            )
        ],
    ),
    ErrorCode.UNKNOWN_SESSION: Example(
        detail="CINEMA has no session on 2027-05-04 at 11:30. Sessions that day begin at 11:00, "
        "12:00.",
        faults=[
            Fault(
                "/items/0/visitTime",
                "unknown_session",
                "CINEMA has no session on 2027-05-04 at 11:30. Sessions that day begin at 11:00, "
                "12:00.",
            )
        ],
    ),
    ErrorCode.UNKNOWN_HOLD: Example(
        detail=f"You have no hold {_HOLD_ID}.",
        faults=[Fault("/items/0/holdId", "unknown_hold", f"You have no hold {_HOLD_ID}.")],
    ),
    ErrorCode.SOLD_OUT: Example(
        detail=_SOLD_OUT,
        faults=[Fault("/items/0", "sold_out", _SOLD_OUT)],
        members={
            "placesLeft": 2,
            "nearestSessions": [_NEAREST],
            "shortages": [
                {
                    "pointer": "/items/0",
                    "itemNumber": "BALLOON-FLIGHT",
                    "visitDate": "2027-05-04",
                    "visitTime": "11:00:00",
                    "capacity": 5,
                    "placesWanted": 3,
                    "placesLeft": 2,
                    "nearestSessions": [_NEAREST],
                }
            ],
        },
    ),
    ErrorCode.SEAT_TAKEN: Example(
        detail="Seat A1 is taken, or there is no such seat.",
        faults=[
            Fault("/items/0/seats/0", "seat_taken", "Seat A1 is taken, or there is no such seat.")
        ],
    ),
    ErrorCode.HOLD_ENDED: Example(
        detail=_HOLD_ENDED,
        faults=[Fault("/items/0/holdId", "hold_ended", _HOLD_ENDED)],
        members={"holdId": _HOLD_ID, "holdStatus": "Expired"},
    ),
    ErrorCode.DUPLICATE_ORDER: Example(
        detail="An order with sellToOrderReference 'WEB-10042' exists already.",
        members={**_ORDER, "existingStatus": "Issued"},
    ),
    ErrorCode.EXTERNAL_REFERENCE_TAKEN: Example(
        detail="SUNNY-000123 is on another wallet of this venue.",
        faults=[
            Fault(
                "/items/0/wallet/externalReferenceNumbers/0",
                "external_reference_taken",
                "SUNNY-000123 is on another wallet of this venue.",
            )
        ],
    ),
    ErrorCode.UNAUTHENTICATED: Example(detail="The API key is unknown, expired or revoked."),
    ErrorCode.MISSING_SCOPE: Example(
        detail="The API key lacks the scope orders:write.",
        members={"requiredScope": "orders:write"},
    ),
    ErrorCode.PARTNER_NOT_ACTIVE: Example(detail="The partnership is Paused."),
    ErrorCode.NOT_FOUND: Example(detail="You have no order with this id."),
    ErrorCode.METHOD_NOT_ALLOWED: Example(detail='Method "PATCH" not allowed.'),
    ErrorCode.GONE: Example(detail="This wallet has been cancelled."),
    ErrorCode.ORDER_STATE_CONFLICT: Example(
        detail="The order is Processing; wait until it has settled.",
        members={"currentStatus": "Processing", "allowedActions": []},
        retryable=True,
    ),
    ErrorCode.ASSET_USED: Example(
        detail="A ticket or coupon of this order has been used.",
        members={"usedAssets": ["TGR14XE8YXRY1DFRR"]},
    ),
    ErrorCode.CANCEL_DEADLINE_PASSED: Example(
        detail="Orders can be cancelled until 24 hours before the visit, which starts at "
        "2027-05-04T08:00:00+02:00."
    ),
    ErrorCode.UNDO_TOO_LATE: Example(
        detail="This admission could be undone until 10:08:00.",
        members={"undoUntil": "2027-05-04T10:08:00.000+02:00"},
    ),
    ErrorCode.TOO_MANY_ENDPOINTS: Example(
        detail="There are 20 endpoints already; delete one first.",
    ),
    ErrorCode.ENDPOINT_STATE_CONFLICT: Example(
        detail="The endpoint is Active; it cannot be resumed.",
        members={"currentStatus": "Active"},
    ),
    ErrorCode.IDEMPOTENCY_IN_PROGRESS: Example(
        detail="The first request with this Idempotency-Key is still running."
    ),
    ErrorCode.IDEMPOTENCY_MISMATCH: Example(
        detail="This Idempotency-Key was used for another request."
    ),
    ErrorCode.PAYLOAD_TOO_LARGE: Example(detail="A body may have at most 1048576 bytes."),
    ErrorCode.UNSUPPORTED_MEDIA_TYPE: Example(
        detail='Unsupported media type "text/plain" in request.'
    ),
    ErrorCode.RATE_LIMITED: Example(
        detail="This key may send 50 requests a second, after 500 at once. Try again in 14 ms.",
        members={"retryAfterMs": 14},
    ),
    ErrorCode.BUSY: Example(detail="Try again in a moment."),
    ErrorCode.INTERNAL_ERROR: Example(detail="Something went wrong on our side."),
}
