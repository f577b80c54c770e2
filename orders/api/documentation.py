"""What the OpenAPI file says of each operation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema

from channel_manager.lib.errors import ErrorCode
from channel_manager.lib.problem_schema import problems
from orders.api import serializers as shapes
from orders.api.waiting import MAX_WAIT_SECONDS
from orders.models import OrderStatus
from partners.api.documentation import BODY, IDEMPOTENCY_KEY, REPEATED

Decorator = Callable[[Any], Any]

_TAG = ["Orders"]
_ORDER_ID = OpenApiParameter(
    "order_id",
    OpenApiTypes.UUID,
    OpenApiParameter.PATH,
    description="`orderId` of one of your orders, in any case.",
)
_PARTNER_ID = OpenApiParameter(
    "partner_id",
    OpenApiTypes.UUID,
    OpenApiParameter.PATH,
    description="Your own `partnerId`.",
)
_CONTENTS = (
    ErrorCode.UNKNOWN_PARTNER,
    ErrorCode.UNKNOWN_ITEM,
    ErrorCode.NOT_ON_SALE,
    ErrorCode.PACKAGE_NOT_READY,
    ErrorCode.GUEST_PAYMENT_NEEDED,
    ErrorCode.VISIT_IN_PAST,
    ErrorCode.UNKNOWN_SESSION,
    ErrorCode.SOLD_OUT,
    ErrorCode.SEAT_TAKEN,
)
_ORDER_CONTENTS = (
    *_CONTENTS,
    ErrorCode.EXTERNAL_REFERENCE_TAKEN,
    ErrorCode.UNKNOWN_HOLD,
    ErrorCode.HOLD_ENDED,
)
_WRITE = (ErrorCode.PARTNER_NOT_ACTIVE, *REPEATED)
# A text that a query can carry.
_TEXT = {"type": "string", "pattern": "^[^\\u0000]*$"}
_MOMENT = {"type": "string", "anyOf": [{"format": "date"}, {"format": "date-time"}]}
_EXAMPLE = OpenApiExample(
    "Two adults, paid",
    request_only=True,
    value={
        "partnerId": "019aa0d0-0000-7000-8000-000000000001",
        "sellToOrderReference": "WEB-10042",
        "sellToEmail": "guest@example.com",
        "sellToName": "Renée de Vries",
        "sellToLanguage": "nl",
        "paymentReference": "PAY-77",
        "items": [
            {
                "itemNumber": "DAY",
                "quantity": 2,
                "visitDate": "2027-05-04",
                "wallet": {"names": ["Renée", "Jürgen"]},
            }
        ],
    },
)

create_order: Decorator = extend_schema(
    operation_id="createOrder",
    tags=_TAG,
    summary="Create order",
    description="Stores the order as `Submitted` and answers at once; tickets and coupons are "
    "issued in the background. With a `paymentReference` the order ends `Issued`, without one "
    "`Draft`, and `Error` when it cannot be issued. Follow it with `GET ...?wait=20`.",
    parameters=[IDEMPOTENCY_KEY],
    request=shapes.OrderRequestSerializer,
    examples=[_EXAMPLE],
    responses={
        201: OpenApiResponse(shapes.OrderSerializer, description="The order, Submitted."),
        **problems(*BODY, *_ORDER_CONTENTS, ErrorCode.DUPLICATE_ORDER, *_WRITE),
    },
)
get_order: Decorator = extend_schema(
    operation_id="getOrder",
    tags=_TAG,
    summary="Get order",
    description="With `wait` the answer comes as soon as the order has settled, or when so many "
    "seconds have passed; it may come sooner when many requests wait.",
    parameters=[
        _ORDER_ID,
        OpenApiParameter(
            "wait",
            {"type": "integer", "minimum": 1, "maximum": MAX_WAIT_SECONDS},
            description="Seconds to wait at most.",
        ),
    ],
    responses={
        200: OpenApiResponse(shapes.OrderSerializer, description="The order as it is now."),
        **problems(ErrorCode.INVALID_REQUEST, ErrorCode.NOT_FOUND),
    },
)
replace_order: Decorator = extend_schema(
    operation_id="replaceOrder",
    tags=_TAG,
    summary="Replace order",
    description="Gives a `Draft` or `Error` order new contents: its wallets are destroyed and it "
    "is `Submitted` again. Its id, references and moment of receipt stay. What is left out is "
    "cleared. `partnerId` and `sellToOrderReference` must be the order's own.",
    parameters=[_ORDER_ID, IDEMPOTENCY_KEY],
    request=shapes.OrderRequestSerializer,
    examples=[_EXAMPLE],
    responses={
        200: OpenApiResponse(shapes.OrderSerializer, description="The order, Submitted again."),
        **problems(
            *BODY, *_ORDER_CONTENTS, *_WRITE, ErrorCode.NOT_FOUND, ErrorCode.ORDER_STATE_CONFLICT
        ),
    },
)
delete_order: Decorator = extend_schema(
    operation_id="deleteOrder",
    tags=_TAG,
    summary="Delete order",
    description="`Issued`: becomes `Cancelled`, its wallets are destroyed, the row stays. `Draft` "
    "and `Error`: removed for good, answered once as `Cancelled`. `Cancelled`: nothing happens.",
    parameters=[_ORDER_ID, IDEMPOTENCY_KEY],
    request=None,
    responses={
        200: OpenApiResponse(shapes.OrderSerializer, description="The order as it ended."),
        **problems(
            ErrorCode.INVALID_REQUEST,
            ErrorCode.NOT_FOUND,
            ErrorCode.ORDER_STATE_CONFLICT,
            ErrorCode.ASSET_USED,
            ErrorCode.CANCEL_DEADLINE_PASSED,
            ErrorCode.IDEMPOTENCY_IN_PROGRESS,
            ErrorCode.IDEMPOTENCY_MISMATCH,
        ),
    },
)
confirm_order: Decorator = extend_schema(
    operation_id="confirmOrder",
    tags=_TAG,
    summary="Confirm order",
    description="Releases a `Draft`: the same tickets and coupons become valid. An `Issued` order "
    "is returned unchanged, whatever the body. What another system of the venue's issues is made "
    "there only now: such an order is answered `Submitted`, and is `Issued` or in `Error` within "
    "moments (`GET` with `wait`, or the webhook).",
    parameters=[_ORDER_ID, IDEMPOTENCY_KEY],
    request=shapes.ConfirmRequestSerializer,
    responses={
        200: OpenApiResponse(
            shapes.OrderSerializer, description="The order, Issued; or Submitted."
        ),
        **problems(*BODY, *_WRITE, ErrorCode.NOT_FOUND, ErrorCode.ORDER_STATE_CONFLICT),
    },
)
list_orders: Decorator = extend_schema(
    operation_id="listOrdersByPartner",
    tags=_TAG,
    summary="List orders by partner",
    description="Oldest first. Filters are combined with AND. Follow `nextPageURL` as it is.",
    parameters=[
        _PARTNER_ID,
        OpenApiParameter(
            "status",
            {
                "type": "array",
                "minItems": 1,
                "items": {"type": "string", "enum": list(OrderStatus.values)},
            },
            style="form",
            explode=False,
            description="One or more, separated by commas.",
        ),
        OpenApiParameter("sellToOrderReference", _TEXT, description="Exactly this one."),
        OpenApiParameter("buyFromOrderReference", _TEXT, description="Exactly this one."),
        OpenApiParameter(
            "receivedAtFrom",
            _MOMENT,
            description="ISO 8601, included; a date is the venue's day.",
        ),
        OpenApiParameter(
            "receivedAtTo",
            _MOMENT,
            description="ISO 8601, included; a date is the venue's day.",
        ),
        OpenApiParameter(
            "pageSize", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}
        ),
        OpenApiParameter("pageKey", str, description="`nextPageKey` of the page before."),
    ],
    responses={
        200: OpenApiResponse(shapes.OrderPageSerializer, description="A page of summaries."),
        **problems(ErrorCode.INVALID_REQUEST, ErrorCode.NOT_FOUND),
    },
)

_HOLD_TAG = ["Holds"]
_HOLD_ID = OpenApiParameter(
    "hold_id",
    OpenApiTypes.UUID,
    OpenApiParameter.PATH,
    description="`holdId` of one of your holds, in any case.",
)
create_hold: Decorator = extend_schema(
    operation_id="createHold",
    tags=_HOLD_TAG,
    summary="Create hold",
    description="Keeps places while your guest pays: 8 minutes, unless your agreement says "
    "otherwise. Name the `holdId` on the lines of the order, and they become the order's; what "
    "the order does not need goes back. A hold that is not used frees its places by itself.",
    parameters=[IDEMPOTENCY_KEY],
    request=shapes.HoldRequestSerializer,
    examples=[
        OpenApiExample(
            "Two places in the cinema",
            request_only=True,
            value={
                "items": [
                    {
                        "itemNumber": "CINEMA",
                        "quantity": 2,
                        "visitDate": "2027-05-04",
                        "visitTime": "14:00",
                    }
                ]
            },
        )
    ],
    responses={
        201: OpenApiResponse(shapes.HoldSerializer, description="The hold."),
        **problems(*BODY, *_CONTENTS, *_WRITE),
    },
)
get_hold: Decorator = extend_schema(
    operation_id="getHold",
    tags=_HOLD_TAG,
    summary="Get hold",
    description="Holds that have ended can be read for a week.",
    parameters=[_HOLD_ID],
    responses={
        200: OpenApiResponse(shapes.HoldSerializer, description="The hold as it is now."),
        **problems(ErrorCode.NOT_FOUND),
    },
)
extend_hold: Decorator = extend_schema(
    operation_id="extendHold",
    tags=_HOLD_TAG,
    summary="Extend hold",
    description="Starts the hold's time anew, up to an hour since it was made.",
    parameters=[_HOLD_ID, IDEMPOTENCY_KEY],
    request=None,
    responses={
        200: OpenApiResponse(shapes.HoldSerializer, description="The hold, extended."),
        **problems(ErrorCode.INVALID_REQUEST, ErrorCode.NOT_FOUND, ErrorCode.HOLD_ENDED, *_WRITE),
    },
)
release_hold: Decorator = extend_schema(
    operation_id="releaseHold",
    tags=_HOLD_TAG,
    summary="Release hold",
    description="Gives the places back at once. A hold that has ended already is answered as it "
    "is.",
    parameters=[_HOLD_ID, IDEMPOTENCY_KEY],
    request=None,
    responses={
        200: OpenApiResponse(shapes.HoldSerializer, description="The hold as it ended."),
        **problems(
            ErrorCode.INVALID_REQUEST,
            ErrorCode.NOT_FOUND,
            ErrorCode.IDEMPOTENCY_IN_PROGRESS,
            ErrorCode.IDEMPOTENCY_MISMATCH,
        ),
    },
)
