"""What VoordeMensen answers, read with suspicion: carts, orders, amounts, dates (contract section 3)."""

from __future__ import annotations

import dataclasses
import datetime
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from wallets.connectors.base import Cause, ConnectorError
from wallets.connectors.exchange import (
    Refused,
    members,
    quote,
    text_of,
    unreadable,
    usable_url,
)
from wallets.models import CallEffect

# What ids of theirs may be made of, since they become parts of addresses.
_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}")
_MOST_MONEY = Decimal(10**9)
_YEAR_FIRST = re.compile(r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})\b")
_DAY_FIRST = re.compile(r"(?P<day>[0-9]{2})-(?P<month>[0-9]{2})-(?P<year>[0-9]{4})\b")
_CAUSES = {404: Cause.NOT_KNOWN, 409: Cause.SOLD_OUT}


class ItemKey(NamedTuple):
    """What is sold there: a sub-event, and a ticket type of it."""

    event_id: str
    discount_id: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Cart:
    """What is in a cart, and what it costs; `dates` are the days that are told, `names` the events."""

    counts: Mapping[ItemKey, int]
    dates: Mapping[str, datetime.date]
    names: Mapping[str, frozenset[ItemKey]]
    total: Decimal


@dataclasses.dataclass(frozen=True, kw_only=True)
class OrderThere:
    """How an order stands there; addresses and seats count only once it is paid."""

    payment_status: str
    count: int
    tickets_url: str
    seats: Sequence[tuple[str, str]]


def id_of(document: Mapping[str, Any], name: str) -> str:
    """Return an id that can be a part of an address; "" where there is none."""
    text = text_of(document, name)
    return text if _ID.fullmatch(text) else ""


def is_id(text: str) -> bool:
    """Tell whether a text can be an id of theirs."""
    return bool(_ID.fullmatch(text))


def amount_of(value: object) -> Decimal | None:
    """Return an amount of money, exact, from their decimal text; None for anything else (C7)."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return None
    try:
        amount = Decimal(value)
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and 0 <= amount <= _MOST_MONEY else None


def day_of(value: object) -> datetime.date | None:
    """Return a day in either of their orders; None for the zero date and for no date (C6)."""
    for form in (_YEAR_FIRST, _DAY_FIRST):
        if found := form.match(str(value)):
            year, month, day = (int(found[name]) for name in ("year", "month", "day"))
            try:
                return datetime.date(year, month, day)
            except ValueError:
                return None
    return None


def moment_of(day: object, time: object) -> datetime.datetime | None:
    """Return a moment on the venue's clock, naive; None where no day is told (C6)."""
    date = day_of(day)
    if date is None:
        return None
    try:
        clock = datetime.time.fromisoformat(str(time)).replace(tzinfo=None)
    except ValueError:
        clock = datetime.time()
    return datetime.datetime.combine(date, clock)


def list_of(document: Any, what: str) -> list[Mapping[str, Any]]:
    """Return an array of objects. They may tell a fault with 200 in an object; raises that."""
    if isinstance(document, dict) and (message := document.get("message")):
        raise ConnectorError(Cause.REFUSED, f"It said: {quote(message)}", permanent=True)
    if not isinstance(document, list):
        raise unreadable(f"The {what} is not an array.")
    return [members(one, f"entry of the {what}") for one in document]


def read_cart(document: Any) -> Cart:
    """Return what a cart says: an item may stand for several tickets, the last entry is the total."""
    counts: dict[ItemKey, int] = {}
    dates: dict[str, datetime.date] = {}
    names: dict[str, frozenset[ItemKey]] = {}
    total = None
    for entry in list_of(document, "cart"):
        if "event_id" not in entry:
            total = amount_of(entry["totalprice"]) if "totalprice" in entry else total
            continue
        key = ItemKey(id_of(entry, "event_id"), id_of(entry, "discount_id"))
        count = entry.get("numberoftickets", 1)
        if not all(key) or type(count) is not int or count < 1:
            raise unreadable("An item of the cart names no event, ticket type or number.")
        counts[key] = counts.get(key, 0) + count
        name = text_of(entry, "event_name")
        names[name] = names.get(name, frozenset()) | {key}
        if day := day_of(entry.get("event_date")):
            dates[key.event_id] = day
    if counts and total is None:
        raise unreadable("The cart does not say what it costs.")
    return Cart(counts=counts, dates=dates, names=names, total=total or Decimal(0))


def read_created(document: Any) -> str:
    """Return the key of the order that was made; raises ConnectorError for any but one (C1)."""
    made = list_of(document, "answer to order/create")
    if len(made) > 1:
        raise ConnectorError(
            Cause.TWO_ORDERS,
            f"It answered one order with {len(made)}.",
            permanent=True,
            effect=CallEffect.UNKNOWN,
        )
    if not made:
        raise unreadable("It answered an order with an empty array.")
    key = id_of(made[0], "order_key")
    if not key:
        raise unreadable("It answered an order without its key.")
    return key


def read_order(document: Any) -> OrderThere:
    """Return how an order stands; raises ConnectorError where that cannot be read."""
    told = members(document, "order")
    status = text_of(told, "order_payment_status").lower()
    if not status:
        if message := told.get("message"):
            raise ConnectorError(Cause.REFUSED, f"It said: {quote(message)}", permanent=True)
        raise unreadable("The order does not say how its payment stands.")
    if status != "paid":  # addresses of an order that is not paid are not to be shown (C5)
        return OrderThere(payment_status=status, count=0, tickets_url="", seats=())
    listed = told.get("seats")
    seats = [members(one, "seat") for one in listed] if isinstance(listed, list) else []
    ids = [text_of(seat, "seat_id") for seat in seats]
    if not all(ids) or len(set(ids)) < len(ids):
        raise unreadable("A seat of the order has no id, or that of another one.")
    count = told.get("order_tickets_nr")
    return OrderThere(
        payment_status=status,
        count=count if type(count) is int else len(ids),
        tickets_url=usable_url(told.get("order_tickets_url")),
        seats=tuple(zip(ids, (text_of(seat, "event_name") for seat in seats), strict=True)),
    )


def explained(refused: Refused) -> ConnectorError:
    """Return a refusal by what it means there, with what it said (contract section 5)."""
    if not refused.permanent or refused.cause == Cause.CREDENTIALS:
        return refused
    said = refused.document.get("message") if isinstance(refused.document, dict) else None
    detail = f"It answered {refused.status_code}: {quote(said)}" if said else refused.detail
    return ConnectorError(
        _CAUSES.get(refused.status_code or 0, Cause.REFUSED),
        detail,
        permanent=True,
        status_code=refused.status_code,
    )
