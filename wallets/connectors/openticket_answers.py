"""What OpenTicket answers, taken apart: its shop's data, reservations, orders and their tickets.

Anything may come: what cannot be read raises ConnectorError, and members that nobody knows are
left alone.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from catalog.models import Connection
from channel_manager.lib.money import smallest_unit
from wallets.connectors.base import Cause, ConnectorError, TicketState
from wallets.connectors.exchange import members, quote, text_of, unreadable, usable_url
from wallets.models import CallEffect

_LONGEST_ID = 64
_MOST_PRODUCTS = 20
_MOST_WORDS = 3
_MOST_MINOR = 10**12
_AVAILABLE = "available"
_OWN_DOMAINS = ("openticket.tech", "eventix.io")
# How an order and a ticket stand; only `paid` is public, the others are derived.
PAID = "paid"
OVER = ("cancelled", "canceled", "expired", "refunded", "failed")
_TICKET_STATES = {
    **dict.fromkeys(("valid", "active", "unused"), TicketState.VALID),
    **dict.fromkeys(("used", "scanned"), TicketState.USED),
    **dict.fromkeys(("cancelled", "canceled", "refunded", "revoked"), TicketState.CANCELLED),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class TicketThere:
    """A ticket type of a shop. at: its event date, else its event, else nothing."""

    guid: str
    label: str
    at: str
    event: str
    starts_at: datetime.datetime | None
    price: Decimal | None
    is_available: bool
    least: int
    most: int | None
    step: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class ShopData:
    """What a shop sells, in which currency ("" where it does not say)."""

    name: str
    currency: str
    tickets: Sequence[TicketThere]


@dataclasses.dataclass(frozen=True, kw_only=True)
class SoldTicket:
    """A ticket of an order; guid: of its type, "" where that is not told."""

    guid: str
    number: str
    url: str
    state: TicketState | None


@dataclasses.dataclass(frozen=True, kw_only=True)
class SoldOrder:
    """An order, by the status that OpenTicket tells in lower case."""

    status: str
    tickets: Sequence[SoldTicket]


def to_major(value: Any, currency: str) -> Decimal | None:
    """Return an amount in a currency's main unit; None for what is no amount.

    That amounts are whole smallest units is derived: the one public example is 0 (section 4).
    """
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    if not 0 <= value <= _MOST_MINOR or value != int(value):
        return None
    return int(value) * smallest_unit(currency)


def words_of(document: Any, *names: str) -> list[str]:
    """Return what stands in `fatals`, `errors` or `notices`.

    How an entry looks is derived (section 4): a text, or an object with a `message`.
    """
    words: list[str] = []
    for name in names:
        entries = document.get(name) if isinstance(document, dict) else None
        for entry in entries if isinstance(entries, list) else [entries] if entries else []:
            said = entry.get("message") if isinstance(entry, dict) else entry
            words.append(quote(said or "(no reason)"))
    return words


def refusal(words: Sequence[str]) -> str:
    """Return the first of what was said, in a sentence."""
    return f"It says: {'; '.join(words[:_MOST_WORDS])}" if words else "It gives no reason."


def read_shop(document: Any, currency: str) -> ShopData:
    """Return a shop's public data; its `tickets` may be an object, a list or nothing (C11).

    currency: of the prices, where the shop does not say.
    """
    shop = members(document, "shop's data")
    currency = text_of(shop, "currency", longest=3) or currency
    events = {
        text_of(event, "guid", longest=_LONGEST_ID): text_of(event, "name", longest=200)
        for event in _objects(shop.get("events"))
    }
    starts = {
        text_of(date, "guid", longest=_LONGEST_ID): _moment(date.get("start"))
        for event in _objects(shop.get("events"))
        for date in _objects(event.get("dates"))
    }
    return ShopData(
        name=text_of(shop, "name"),
        currency=text_of(shop, "currency", longest=3),
        tickets=[
            _ticket(guid, ticket, events, starts, currency)
            for guid, ticket in _by_guid(shop.get("tickets"))
        ],
    )


def _by_guid(tickets: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if not isinstance(tickets, dict | list | None):
        raise unreadable("The shop's tickets are neither an object nor a list.")
    pairs = tickets.items() if isinstance(tickets, dict) else (("", one) for one in tickets or [])
    for key, ticket in pairs:
        if isinstance(ticket, dict):
            guid = text_of(ticket, "guid") or text_of({"key": key}, "key")
            if 0 < len(guid) <= _LONGEST_ID:
                yield guid.lower(), ticket


def _ticket(
    guid: str,
    ticket: Mapping[str, Any],
    events: Mapping[str, str],
    starts: Mapping[str, datetime.datetime | None],
    currency: str,
) -> TicketThere:
    event = text_of(ticket, "event_id", longest=_LONGEST_ID)
    date = text_of(ticket, "event_date_id", longest=_LONGEST_ID)
    names = (events.get(event, ""), text_of(ticket, "name", longest=200) or guid)
    return TicketThere(
        guid=guid,
        label=", ".join(filter(None, names))[:200],
        at=date or event,
        event=event,
        starts_at=starts.get(date),
        price=to_major(ticket.get("min_price"), currency),
        is_available=text_of(ticket, "status") in ("", _AVAILABLE),
        least=_count(ticket.get("min_orderable_amount_per_order")) or 1,
        most=_count(ticket.get("max_orderable_amount_per_order")),
        step=_count(ticket.get("increment")) or 1,
    )


def read_line(document: Any, ticket: str) -> dict[str, Any]:
    """Return a reservation as the line that an order takes it by, in its own words (C2)."""
    reply = members(document, "reservation")
    sent = reply.get("products")
    names = ("guid", "reservation")
    products = [
        {name: product[name] for name in names}
        for product in _objects(sent)
        if all(_can_be_kept(product, name) for name in names)
    ]
    is_whole = isinstance(sent, list) and 2 <= len(products) == len(sent) <= _MOST_PRODUCTS
    is_it = text_of(reply, "guid").lower() == ticket.lower()
    if not (is_it and is_whole and all(_can_be_kept(reply, name) for name in names)):
        # Nobody knows what it holds, and asking again would hold one more.
        raise ConnectorError(
            Cause.UNREADABLE,
            "The reservation lacks what an order needs of it: the ticket, and its reservation with "
            "those of the ticket and the event date.",
            permanent=True,
            effect=CallEffect.UNKNOWN,
        )
    return {**{name: reply[name] for name in names}, "products": products}


def _can_be_kept(document: Mapping[str, Any], name: str) -> bool:
    """Tell whether a member is an id that can be kept and sent back as it came."""
    told = text_of(document, name)
    return bool(told) and told == str(document[name])


def read_moment(document: Any, name: str) -> datetime.datetime | None:
    """Return an aware moment, in UTC where it has no offset; None for anything else."""
    moment = _moment(document.get(name) if isinstance(document, dict) else None)
    if moment is None or moment.tzinfo is not None:
        return moment
    return moment.replace(tzinfo=datetime.UTC)


def read_methods(document: Any, shop: str) -> dict[str, str]:
    """Return the names of a shop's payment methods by their GUID in lower case."""
    if not isinstance(document, list):
        raise unreadable("The payment methods are not a list.")
    found: dict[str, str] = {}
    for method in _objects(document):
        pivot = method.get("pivot")
        owner = text_of(pivot, "shop_id") if isinstance(pivot, dict) else ""
        guid = text_of(method, "guid", longest=_LONGEST_ID)
        if guid and owner.lower() in ("", shop.lower()):
            found[guid.lower()] = text_of(method, "name") or guid
    return found


def read_sold(document: Any, order_id: str) -> SoldOrder:
    """Return an order as those are told who resell its tickets (section 2)."""
    order = members(document, "order")
    if text_of(order, "guid").lower() not in ("", order_id.lower()):
        raise unreadable("It answered with another order than the one that was asked for.")
    tickets = order.get("tickets")
    if tickets is not None and not isinstance(tickets, list):
        raise unreadable("The order's tickets are not a list.")
    sold = [_sold(ticket) for ticket in tickets or []]
    numbers = {ticket.number for ticket in sold}
    if "" in numbers or len(numbers) < len(sold):
        raise unreadable("A ticket of the order has no number, or that of another one.")
    return SoldOrder(status=text_of(order, "status").lower(), tickets=sold)


def _sold(ticket: Any) -> SoldTicket:
    """Read a ticket; all but its number is derived."""
    found = members(ticket, "ticket of the order")
    status = text_of(found, "status").lower()
    urls = (usable_url(found.get(name)) for name in ("pdf", "pdf_url", "url"))
    return SoldTicket(
        guid=(text_of(found, "ticket_guid") or text_of(found, "ticket_id")).lower(),
        number=text_of(found, "ticket_number"),
        url=next(filter(None, urls), ""),
        state=_TICKET_STATES.get(status),
    )


def fault_of_redirect(connection: Connection, url: Any) -> str:
    """Say what is wrong with the address that a guest is to go on to; "" for one that is fine (C6)."""
    if url is None or url == "":
        return ""
    if not usable_url(url):
        return "Its redirectUrl is no address that a guest could be sent to."
    host = urlsplit(url).hostname or ""
    hosts = {urlsplit(one).hostname or "" for one in (connection.base_url, connection.second_url)}
    if host in hosts or (_is_openticket(host) and any(map(_is_openticket, hosts))):
        return ""
    return f"Its redirectUrl leads to {quote(host)}, which is none of this connection's hosts."


def _is_openticket(host: str) -> bool:
    return any(host == domain or host.endswith(f".{domain}") for domain in _OWN_DOMAINS)


def _objects(entries: Any) -> list[Mapping[str, Any]]:
    return [one for one in entries if isinstance(one, dict)] if isinstance(entries, list) else []


def _count(value: Any) -> int | None:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return value if is_number and value > 0 else None


def _moment(value: Any) -> datetime.datetime | None:
    try:
        moment = datetime.datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    # Others cannot be told in every time zone.
    return moment if datetime.MINYEAR < moment.year < datetime.MAXYEAR else None
