"""What a Onebox channel can sell: sessions by pages, their price types, and what is left of them."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from catalog.models import Connection
from wallets.connectors.base import Catalogue, CatalogueEntry, Cause, ConnectorError, PlacesThere
from wallets.connectors.exchange import Refused, members, quote, text_of, unreadable
from wallets.connectors.onebox_calls import CATALOGUE, explained, read
from wallets.connectors.onebox_orders import moment_of, require_currency

PAGE = 100
# Whose catalogue is longer cannot pick from it any more.
MOST_PAGES = 100
# [D] Sessions of one event have the same price types: one session of each event is asked.
MOST_EVENTS = 100
_OVER = datetime.timedelta(days=1)
_LARGEST = 2**31 - 1
_MOST_MONEY = Decimal(10**8)
_LONGEST_LABEL = 200
_BOUNDED = "BOUNDED"


def count_sessions(connection: Connection, now: datetime.datetime) -> int:
    """Return how many sessions the channel has; one call. Raises ConnectorError."""
    document = _read(connection, "sessions?limit=1&offset=0", now)
    return _total(document) or len(_list(document, "data"))


def list_entries(connection: Connection, now: datetime.datetime) -> Catalogue:
    """Return each session that is not over, with each of its price types.

    Calls: a page for every 100 sessions, and the availability of one session for each of the first
    100 events; of later events it is cut. Raises ConnectorError.
    """
    types: dict[str, list[_PriceType]] = {}
    entries = Catalogue()
    for session in _sessions(connection, now):
        require_currency(_object(session, "price"), connection.venue.currency)
        starts_at = _start_of(session)
        if starts_at is not None and starts_at.tzinfo and starts_at < now - _OVER:
            continue
        event = _event_of(session)
        if event not in types:
            if len(types) >= MOST_EVENTS:
                entries.is_cut = True
                continue
            types[event] = _price_types(connection, _id_of(session, "session"), now)
        entries.extend(
            _entry(session, starts_at, one, is_only=len(types[event]) == 1) for one in types[event]
        )
    return entries


def places_of(
    connection: Connection, outside_session: str, now: datetime.datetime
) -> list[PlacesThere]:
    """Return what is left of each price type of a session; raises ConnectorError."""
    if not is_id(outside_session):
        raise ConnectorError(
            Cause.NO_OUTSIDE_ID, f"{quote(outside_session)} is no session id.", permanent=True
        )
    document = _availability(connection, outside_session, now)
    whole = _left(document)
    return [
        PlacesThere(
            outside_session=outside_session,
            outside_item=_id_of(row, "price type"),
            left=_least(whole, _left(row)),
        )
        for row in _list(document, "price_types")
    ]


def is_id(text: str) -> bool:
    """Tell whether a text is a positive whole number of 63 bits, as Onebox's ids are."""
    return text.isascii() and text.isdigit() and len(text) <= 19 and 0 < int(text) < 2**63


class _PriceType:
    """A price type as the availability of a session tells it."""

    def __init__(self, row: Mapping[str, Any]) -> None:
        self.id = _id_of(row, "price type")
        self.name = text_of(row, "name", longest=_LONGEST_LABEL)
        self.price = _amount(_object(row, "price").get("final"))


def _entry(
    session: Mapping[str, Any],
    starts_at: datetime.datetime | None,
    price_type: _PriceType,
    *,
    is_only: bool,
) -> CatalogueEntry:
    names = [
        text_of(part, "name", longest=_LONGEST_LABEL)
        for part in (_object(session, "event"), session)
    ]
    label = ", ".join(dict.fromkeys(filter(None, [*names, price_type.name])))
    price = price_type.price
    if price is None and is_only:
        price = _price_of_all(session)
    return CatalogueEntry(
        outside_session=_id_of(session, "session"),
        outside_item=price_type.id,
        label=label[:_LONGEST_LABEL],
        starts_at=starts_at,
        price=price,
    )


def _sessions(connection: Connection, now: datetime.datetime) -> Iterator[Mapping[str, Any]]:
    """Yield every session once, page by page until the total (contract C11)."""
    seen: set[str] = set()
    offset = 0
    for _ in range(MOST_PAGES):
        document = _read(connection, f"sessions?limit={PAGE}&offset={offset}", now)
        rows, total = _list(document, "data"), _total(document)
        for row in rows:
            # What is added there meanwhile moves others to the next page.
            if (session_id := _id_of(row, "session")) not in seen:
                seen.add(session_id)
                yield row
        offset += len(rows)
        if not rows or (offset >= total if total is not None else len(rows) < PAGE):
            return
    raise ConnectorError(
        Cause.TOO_LARGE,
        f"It lists more than {PAGE * MOST_PAGES} sessions, or never comes to an end.",
        permanent=True,
    )


def _price_types(
    connection: Connection, session_id: str, now: datetime.datetime
) -> list[_PriceType]:
    try:
        document = _availability(connection, session_id, now)
    except Refused as error:
        if error.status_code == 404:  # it was taken off sale since the list was read
            return []
        raise
    return [_PriceType(row) for row in _list(document, "price_types")]


def _availability(
    connection: Connection, session_id: str, now: datetime.datetime
) -> Mapping[str, Any]:
    return _read(connection, f"sessions/{session_id}/availability", now)


def _read(connection: Connection, path: str, now: datetime.datetime) -> Mapping[str, Any]:
    try:
        return members(read(connection, f"{CATALOGUE}/{path}", now), "catalogue")
    except Refused as error:
        raise explained(error) from error


def _event_of(session: Mapping[str, Any]) -> str:
    """Return what sessions with the same price types have in common."""
    event = text_of(_object(session, "event"), "id")
    venue = text_of(_object(session, "venue"), "id")
    return f"{event}@{venue}" if event else f"session {_id_of(session, 'session')}"


def _start_of(session: Mapping[str, Any]) -> datetime.datetime | None:
    date = _object(session, "date")
    return None if date.get("start_unconfirmed") is True else moment_of(date.get("start"))


def _price_of_all(session: Mapping[str, Any]) -> Decimal | None:
    """Return the price of a session that has one only."""
    price = _object(session, "price")
    ends = [_amount(_object(price, name).get("value")) for name in ("min_final", "max_final")]
    return ends[0] if ends[0] == ends[1] else None


def _amount(value: Any) -> Decimal | None:
    """Return an amount in major units, None where none is told; raises ConnectorError."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise unreadable("A price in the catalogue is no number.")
    amount = Decimal(value)
    if not 0 <= amount < _MOST_MONEY:
        raise unreadable("A price in the catalogue cannot be.")
    return amount.quantize(Decimal("0.001")).normalize() + 0


def _left(row: Mapping[str, Any]) -> int | None:
    """Return how many places are left; None: they are not counted. Raises ConnectorError."""
    availability = _object(row, "availability")
    if availability.get("type") != _BOUNDED:
        return None
    left = availability.get("available")
    if isinstance(left, bool) or not isinstance(left, int) or not 0 <= left <= _LARGEST:
        raise unreadable("How many places are left is no number that can be.")
    return left


def _least(*counts: int | None) -> int | None:
    return min((count for count in counts if count is not None), default=None)


def _total(document: Mapping[str, Any]) -> int | None:
    total = _object(document, "metadata").get("total")
    if total is None:
        return None
    if isinstance(total, bool) or not isinstance(total, int) or total < 0:
        raise unreadable("The total of the catalogue is no number.")
    return total


def _id_of(row: Mapping[str, Any], what: str) -> str:
    value = row.get("id")
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**63:
        raise unreadable(f"A {what} in the catalogue has no usable id.")
    return str(value)


def _object(row: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return a member that is an object, empty where there is none; raises ConnectorError."""
    value = row.get(name)
    return {} if value is None else members(value, f'"{name}" of the catalogue')


def _list(row: Mapping[str, Any], name: str) -> Sequence[Mapping[str, Any]]:
    """Return a member that is a list of objects, empty where there is none; raises ConnectorError."""
    value = row.get(name)
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise unreadable(f'"{name}" of the catalogue is no list of objects.')
    return value
