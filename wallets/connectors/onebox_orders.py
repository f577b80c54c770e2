"""What Onebox answers of an order, read with care: id, status and code are certain, the rest is not."""

from __future__ import annotations

import dataclasses
import datetime
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from wallets.connectors.base import (
    Cause,
    ConnectorError,
    OutsideTicketData,
    Standing,
    TicketState,
)
from wallets.connectors.exchange import (
    members,
    quote,
    text_of,
    unreadable,
    usable_url,
)
from wallets.models import CallEffect

BASKET, PRE_CONFIRM, CONFIRM = "BASKET", "PRE_CONFIRM", "CONFIRM"
# [D] How long a hold lasts where the answer does not say.
HOLD = datetime.timedelta(minutes=10)
# Common model, section 2: a hold counts as over a little earlier than it is.
_MARGIN = datetime.timedelta(seconds=60)
_LONGEST_HOLD = datetime.timedelta(days=1)
_REFUNDED = "REFUNDED"
_TOLD_STATES = {
    **dict.fromkeys(("valid", "active", "unused"), TicketState.VALID),
    **dict.fromkeys(("used", "validated", "accessed"), TicketState.USED),
}
_ID = re.compile(r"[0-9A-Za-z-]{1,100}")
_CODE = re.compile(r"[0-9A-Za-z_-]{1,40}")
# How many tickets are wanted of each session and price type.
Wanted = Mapping[tuple[str, str], int]


def order_in(document: Any, status: str, *, order_id: str = "") -> Mapping[str, Any]:
    """Return the order of an answer that has to be in a status, and has to be ours.

    Raises ConnectorError, in doubt.
    """
    order = members(document)
    told = text_of(order, "status", longest=40)
    if not told:
        raise unreadable(f"The answer is no order{_said(order)}.")
    if told != status:
        raise unreadable(f"The order is {quote(told)} there, and not {status}.")
    if order_id and text_of(order, "id") not in ("", order_id):
        raise ConnectorError(
            Cause.TWO_ORDERS,
            "It answered with another order than the one that it was asked about.",
            permanent=False,
            effect=CallEffect.UNKNOWN,
        )
    return order


def document_in(document: Any) -> Mapping[str, Any]:
    """Return an answer as it is, unless it is a refusal that came with a good status.

    Raises ConnectorError, in doubt.
    """
    order = members(document)
    if "status" not in order and "items" not in order and "message" in order:
        raise unreadable(f"The answer is no order{_said(order)}.")
    return order


def id_in(order: Mapping[str, Any]) -> str:
    """Return the id of an order; raises ConnectorError."""
    order_id = order.get("id")
    if not isinstance(order_id, str) or not _ID.fullmatch(order_id):
        raise unreadable("The order has no usable id.")
    return order_id


def code_in(order: Mapping[str, Any]) -> str:
    """Return the code of an order that has one by now; raises ConnectorError."""
    code = code_or_none(order)
    if code is None:
        raise unreadable("The order has no usable code.")
    return code


def code_or_none(document: Mapping[str, Any]) -> str | None:
    """Return the code in a document, None where there is none that can be one."""
    code = document.get("code")
    return code if isinstance(code, str) and _CODE.fullmatch(code) else None


def hold_in(order: Mapping[str, Any], now: datetime.datetime) -> dict[str, str]:
    """Return until when an order is held, and until when we count on it, to be kept.

    A moment that cannot be right, by our clock, counts as not told.
    """
    ends_at = moment_of(order.get("expires_at"))
    if ends_at is None or ends_at.tzinfo is None or not now < ends_at <= now + _LONGEST_HOLD:
        ends_at = now + HOLD
    counts_until = max(ends_at - _MARGIN, now + (ends_at - now) / 2)
    return {"endsAt": ends_at.isoformat(), "countsUntil": counts_until.isoformat()}


def moment_of(value: Any) -> datetime.datetime | None:
    """Return the moment that an ISO text names, naive where it says no zone; None for another."""
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        moment = datetime.datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if 1970 <= moment.year <= 9000 else None


def require_currency(document: Mapping[str, Any], currency: str) -> None:
    """Raise ConnectorError where a document has amounts in another currency than ours."""
    told = document.get("currency")
    if told is not None and told != currency:
        name = quote(told)[:20] if isinstance(told, str) else "another"
        raise ConnectorError(
            Cause.CURRENCY, f"Its amounts are in {name}, and ours in {currency}.", permanent=True
        )


def require_places(order: Mapping[str, Any], wanted: Wanted) -> None:
    """Raise ConnectorError where an order tells its places, and they are not those asked for."""
    rows = _rows(order)
    if not rows:
        return
    held, asked = len(rows), sum(wanted.values())
    keys = Counter((_session_of(row), _type_of(row)) for row in rows)
    is_told = all(session and price_type for session, price_type in keys)
    if held != asked or (is_told and keys != Counter(wanted)):
        raise ConnectorError(
            Cause.TWO_ORDERS if held > asked else Cause.REFUSED,
            f"It holds {held} places where {asked} were asked for."
            if held != asked
            else "It holds other places than those asked for.",
            permanent=True,
        )


def standing_of(order: Mapping[str, Any], code: str, wanted: Wanted) -> Standing:
    """Return how a confirmed order stands, with every item it lists. Raises ConnectorError."""
    if code_or_none(order) not in (None, code):
        raise ConnectorError(
            Cause.TWO_ORDERS, "It answered with an order of another code.", permanent=True
        )
    rows = _rows(order)
    if wanted and len(rows) > sum(wanted.values()):
        raise ConnectorError(
            Cause.TWO_ORDERS,
            f"It has {len(rows)} tickets where {sum(wanted.values())} were asked for.",
            permanent=True,
        )
    tickets = [_ticket(row, wanted) for row in rows]
    return Standing(
        exists=True,
        outside_reference=code,
        tickets_url=_url_in(order, ("url", "manifestUrl")),
        tickets=_each_number_once(tickets),
        is_cancelled=bool(tickets) and all(t.state == TicketState.CANCELLED for t in tickets),
    )


def is_being_issued(order: Mapping[str, Any]) -> bool:
    """Tell whether an item lists its tickets and has none yet ([D])."""
    return any(
        row.get("tickets") == [] and _state_of(row) in (None, TicketState.VALID)
        for row in _rows(order)
    )


def item_ids(order: Mapping[str, Any], *, refunded: bool) -> list[str]:
    """Return the ids of the items that are refunded, or of those that are not."""
    return [
        _item_id(row)
        for row in _rows(order)
        if (_state_of(row) == TicketState.CANCELLED) == refunded
    ]


def _rows(order: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Return the items of an order; none where it does not list them (contract C9)."""
    rows = order.get("items")
    if rows is None:
        return ()
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise unreadable("The items of the order are no list of objects.")
    return rows


def _ticket(row: Mapping[str, Any], wanted: Wanted) -> OutsideTicketData:
    session, price_type = _named(_session_of(row), _type_of(row), wanted)
    return OutsideTicketData(
        outside_session=session,
        outside_item=price_type,
        outside_id=_item_id(row),
        number=_number_of(row),
        url=_url_of(row),
        state=_state_of(row),
    )


def _item_id(row: Mapping[str, Any]) -> str:
    number = _positive(row, "id")
    if not number:
        raise unreadable("An item of the order has no usable id.")
    return number


def _session_of(row: Mapping[str, Any]) -> str:
    return _positive(row, "session_id")


def _type_of(row: Mapping[str, Any]) -> str:
    return _positive(row, "price_type_id")


def _positive(row: Mapping[str, Any], name: str) -> str:
    """Return an id as text, "" where there is none; raises ConnectorError for what is no id."""
    value = row.get(name)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**63:
        raise unreadable(f"An item of the order has a {name} that is no id.")
    return str(value)


def _named(session: str, price_type: str, wanted: Wanted) -> tuple[str, str]:
    """Return what an item is one of; what it does not say goes by the only thing it can be."""
    fitting = [
        (one, other) for one, other in wanted if session in ("", one) and price_type in ("", other)
    ]
    return fitting[0] if len(fitting) == 1 else (session, price_type)


def _number_of(row: Mapping[str, Any]) -> str:
    """Return what is scanned of an item ([D]: where it stands is not public).

    None for an item with several tickets: all of them are at its address.
    """
    numbers = [text_of(part, "barcode") for part in (row, *_parts_of(row))]
    told = list(dict.fromkeys(filter(None, numbers)))
    return told[0] if len(told) == 1 else ""


def _url_of(row: Mapping[str, Any]) -> str:
    """Return the address of an item's ticket ([D]), "" where there is none that can be opened."""
    names = ("url", "ticket_url", "manifestUrl")
    return next(filter(None, (_url_in(part, names) for part in (row, *_parts_of(row)))), "")


def _url_in(part: Mapping[str, Any], names: Sequence[str]) -> str:
    return next(filter(None, (usable_url(part.get(name)) for name in names)), "")


def _parts_of(row: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return what an item says of its ticket, or of each of them."""
    listed = row.get("tickets")
    parts = [row.get("ticket"), *(listed if isinstance(listed, list) else ())]
    return [part for part in parts if isinstance(part, dict)]


def _state_of(row: Mapping[str, Any]) -> TicketState | None:
    """Return how an item stands, None where it does not say.

    What an access looks like is not public ([D]). An item with several tickets is used when all are.
    """
    if row.get("state") == _REFUNDED:
        return TicketState.CANCELLED
    own = _told(row.get("state"), row.get("access"))
    states = [_told(part.get("status"), part.get("access")) for part in _parts_of(row)]
    if own == TicketState.USED or (states and set(states) == {TicketState.USED}):
        return TicketState.USED
    is_told = None not in states if states else own is not None
    return TicketState.VALID if is_told else None


def _told(state: Any, access: Any) -> TicketState | None:
    """Return what a state and an access say together: what says that it was used goes first."""
    told = access if isinstance(access, dict) else {}
    if told.get("validated") is True:
        return TicketState.USED
    words = [state, access, told.get("state"), told.get("status")]
    found = [_TOLD_STATES.get(word.lower()) for word in words if isinstance(word, str)]
    if TicketState.USED in found:
        return TicketState.USED
    is_valid = TicketState.VALID in found or told.get("validated") is False
    return TicketState.VALID if is_valid else None


def _each_number_once(tickets: Sequence[OutsideTicketData]) -> list[OutsideTicketData]:
    """Leave a number that several items share, such as a group's, to the first of them."""
    seen: set[str] = set()
    kept = []
    for ticket in tickets:
        is_new = ticket.number not in seen
        seen.add(ticket.number)
        kept.append(ticket if is_new else dataclasses.replace(ticket, number=""))
    return kept


def _said(document: Mapping[str, Any]) -> str:
    """Return the code and message of a refusal that came with a good status."""
    words = [quote(text_of(document, name, longest=2000)) for name in ("code", "message", "error")]
    told = " ".join(filter(None, words))
    return f": {told}" if told else ""
