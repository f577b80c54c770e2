"""The members of an order request as the guide explains them (contract section 3), and limits."""

from __future__ import annotations

import dataclasses

from django.conf import settings

from catalog.api.asking import DEFAULT_DAYS_AHEAD, MAX_DAYS
from catalog.visits import MAX_DAYS_AHEAD
from channel_manager.lib.pagination import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE
from channel_manager.lib.strict_json import MAX_DEPTH
from orders.api.serializers import MAX_QUANTITY
from orders.api.waiting import MAX_WAIT_SECONDS
from orders.planning import MAX_LINES, MAX_WALLETS
from partners.idempotency import MAX_KEY_LENGTH
from partners.models import DEFAULT_HOLD_MINUTES, MAX_HOLD_MINUTES

LIMITS = {
    "body_kib": settings.MAX_BODY_BYTES // 1024,
    "depth": MAX_DEPTH,
    "lines": MAX_LINES,
    "quantity": MAX_QUANTITY,
    "wallets": MAX_WALLETS,
    "days": MAX_DAYS_AHEAD,
    "available_days": MAX_DAYS,
    "default_available_days": DEFAULT_DAYS_AHEAD,
    "hold_minutes": DEFAULT_HOLD_MINUTES,
    "max_hold_minutes": MAX_HOLD_MINUTES,
    "wait": MAX_WAIT_SECONDS,
    "page": MAX_PAGE_SIZE,
    "default_page": DEFAULT_PAGE_SIZE,
    "key": MAX_KEY_LENGTH,
    "per_second": settings.RATE_LIMIT_PER_SECOND,
    "burst": settings.RATE_LIMIT_BURST,
}


@dataclasses.dataclass(frozen=True)
class Field:
    """One member of a request."""

    name: str
    kind: str
    text: str
    required: bool = False


@dataclasses.dataclass(frozen=True)
class Group:
    """The members of one object of a request; `serializer` is the one that reads it."""

    title: str
    path: str
    serializer: str
    fields: tuple[Field, ...]


_EMAIL = "text, at most 254"
_NAME = "text, at most 100"
_LANGUAGE = "BCP 47 tag"
_DATE = "YYYY-MM-DD"
_TIME = "HH:mm or HH:mm:ss"
_SEATS = "array of text, each at most 10 characters"

GROUPS = (
    Group(
        "The order",
        "",
        "OrderRequestSerializer",
        (
            Field("partnerId", "UUID", "Your own id, the one that came with your key.", True),
            Field(
                "sellToOrderReference",
                "text, 1 to 128",
                "Your order number. It is kept and compared exactly as sent, and one order of "
                "yours may carry it, ever: a second one is refused with `duplicate_order`.",
                True,
            ),
            Field("items", "array, 1 to 500", "The lines, see below.", True),
            Field(
                "paymentReference",
                "text, at most 128, or null",
                "Your payment's number. With one the order ends `Issued`; without one it ends "
                "`Draft`, and its tickets become valid when you confirm it.",
            ),
            Field("sellToName", _NAME, "Who buys."),
            Field("sellToEmail", _EMAIL, "The buyer's e-mail address. We do not write to it."),
            Field(
                "sellToLanguage",
                _LANGUAGE,
                "Such as `nl` or `nl-NL`. Decides the language of the guest's page; the venue's "
                "own language when absent.",
            ),
        ),
    ),
    Group(
        "A line",
        "items[]",
        "LineRequestSerializer",
        (
            Field(
                "itemNumber",
                "text, 1 to 64",
                "Your own item number as the venue has mapped it, or a package code of the venue "
                "where your agreement allows it. `GET /channelManager/packages` lists both.",
                True,
            ),
            Field("quantity", "1 to 1000, default 1", "How many packages."),
            Field("visitDate", _DATE, "The day of the visit, on the venue's calendar."),
            Field("visitTime", _TIME, "The time of the visit, on the venue's clock."),
            Field(
                "seats",
                _SEATS,
                "Numbered seats by label, one for each place. Left out: the first neighbours that "
                "are free.",
            ),
            Field(
                "holdId",
                "UUID",
                "A hold of yours: its places become the order's, and what the order does not need "
                "goes back.",
            ),
            Field("sellToName", _NAME, "For this line only; see “Null and absent”."),
            Field("sellToEmail", _EMAIL, "For this line only."),
            Field("sellToLanguage", _LANGUAGE, "For this line only."),
            Field("wallet", "object", "What you know of the line's wallets, see below."),
        ),
    ),
    Group(
        "Its wallets",
        "items[].wallet",
        "WalletRequestSerializer",
        (
            Field(
                "names",
                "array of text, each at most 100 characters",
                "One name for each wallet of the line.",
            ),
            Field(
                "externalReferenceNumbers",
                "array of text, each 1 to 64 characters",
                "One number of your own for each wallet of the line, see “Your own ticket "
                "numbers”.",
            ),
            Field(
                "componentSchedule",
                "array of objects",
                "When each component of a package is visited. Packages of several components only.",
            ),
        ),
    ),
    Group(
        "A component's schedule",
        "items[].wallet.componentSchedule[]",
        "ScheduleRequestSerializer",
        (
            Field(
                "itemNumber",
                "text, 1 to 64",
                "A component of the package, named once. Components that you leave out follow "
                "the line.",
                True,
            ),
            Field("visitDate", _DATE, "Default: the line's."),
            Field("visitTime", _TIME, "Default: the line's."),
            Field("seats", _SEATS, "Numbered seats of this component."),
        ),
    ),
)

HOLD_GROUPS = (
    Group(
        "The hold",
        "",
        "HoldRequestSerializer",
        (
            Field("items", "array, 1 to 500", "What to keep places for, see below.", True),
            Field("partnerId", "UUID", "If you send it, your own."),
        ),
    ),
    Group(
        "A line",
        "items[]",
        "HoldLineRequestSerializer",
        (
            Field("itemNumber", "text, 1 to 64", "As in an order.", True),
            Field("quantity", "1 to 1000, default 1", "How many packages."),
            Field("visitDate", _DATE, "The day of the visit, on the venue's calendar."),
            Field("visitTime", _TIME, "The time of the visit, on the venue's clock."),
            Field("seats", _SEATS, "Numbered seats by label, one for each place."),
            Field("wallet", "object", "Carries the `componentSchedule`, see below."),
        ),
    ),
    Group(
        "Its wallets",
        "items[].wallet",
        "HoldWalletRequestSerializer",
        (
            Field(
                "componentSchedule",
                "array of objects",
                "When each component of a package is visited, as in an order.",
            ),
        ),
    ),
)
