"""What the OpenAPI file says that belongs to no single operation."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

DESCRIPTION = """\
Send orders for a park's tickets and coupons; they are issued in the background, in wallets that
you hand to your guests. The [guide]({base}/docs) explains the whole of it and starts with a first
order.

- **JSON in and out**, camelCase members, UTF-8. Members that are not described here are refused.
- **Null and absent.** In an answer every member is always there; what is not known yet is `null`.
- **Dates and times** of a visit are the venue's local ones. Moments such as `receivedAt` are UTC.
- **Money** is a decimal string such as `"34.50"`, VAT included or excluded as the name says.
- **Errors** are problem bodies (RFC 9457) with a stable `code`; each code has
  [a page of its own]({base}/docs/errors).
- **Limits.** A key may send {burst} requests at once and {per_second} a second, unless the venue has
  agreed on others with you. `RateLimit-...` headers tell how it stands; too many are refused with
  [429]({base}/docs/errors/rate_limited).
- **Test mode.** A key that begins with `cm_test_` sells nothing: its orders are marked `testMode`
  and apart from live ones. [Magic item numbers]({base}/docs#magic) have the outcome of your choice.
- **`X-Request-Id`** is on every answer. Send your own (1 to 64 letters, digits, `.`, `_`, `:`,
  `-`) and it is kept.
"""

# What may be done next with the order that createOrder answers.
LINKS = {
    operation_id: {
        "operationId": operation_id,
        "parameters": {"orderId": "$response.body#/orderId"},
    }
    for operation_id in ("getOrder", "confirmOrder", "replaceOrder", "deleteOrder")
}

TAGS = [
    {
        "name": "Orders",
        "description": "Create, follow, confirm, replace and cancel orders. Issuing happens in the "
        "background: create and replace answer at once with `Submitted`.",
    },
    {
        "name": "Holds",
        "description": "Keep places while your guest pays, and hand them to an order.",
    },
    {
        "name": "Webhooks",
        "description": "Where you are told what becomes of your orders, and the same as a feed.",
    },
    {
        "name": "Catalogue",
        "description": "What you may order, with a sample order for each, and what is left of it.",
    },
    {
        "name": "Reports",
        "description": "What your orders came to, for your bookkeeping: by our number, by month, "
        "what is still open, and who did not come.",
    },
    {
        "name": "Gate",
        "description": "For scanners at the venue's gates. They send a device key of their own in "
        "`x-api-key`; a partner's key is refused here, and a device key everywhere else.",
    },
]

RATE_HEADERS = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")
# No key is known, or the database cannot be asked.
NOT_CHARGED = ("401", "503")
HEADERS: dict[str, Schema] = {
    "X-Request-Id": {
        "description": "Names this request in our log; yours if you sent a sane one.",
        "required": True,
        "schema": {"type": "string", "maxLength": 64},
    },
    "Location": {
        "description": "The address of what was made.",
        "required": True,
        "schema": {"type": "string", "format": "uri"},
    },
    "Idempotent-Replayed": {
        "description": "Present when this is the stored answer to an earlier request with the same "
        "`Idempotency-Key`.",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "RateLimit-Limit": {
        "description": "How many requests the key may send at once after a pause.",
        "required": True,
        "schema": {"type": "integer", "minimum": 1},
    },
    "RateLimit-Remaining": {
        "description": "How many it may send at once now, this one taken off.",
        "required": True,
        "schema": {"type": "integer", "minimum": 0},
    },
    "RateLimit-Reset": {
        "description": "Seconds, rounded up, until it may send `RateLimit-Limit` at once again.",
        "required": True,
        "schema": {"type": "integer", "minimum": 0},
    },
    "Retry-After": {
        "description": "Seconds after which the same request may be sent again.",
        "schema": {"type": "integer", "minimum": 1},
    },
    "Allow": {
        "description": "The methods that this path has.",
        "required": True,
        "schema": {"type": "string"},
    },
    "WWW-Authenticate": {
        "description": "How to authenticate.",
        "required": True,
        "schema": {"type": "string"},
    },
}
