"""A cart at VoordeMensen: made, filled once with what is wanted, and looked at before it is bought."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from wallets.connectors.base import Cause, ConnectorError, Wish
from wallets.connectors.desk import Desk, Operation, Restart, WhenUnsure
from wallets.connectors.exchange import Reply
from wallets.connectors.voordemensen_calls import ask_for, method_of, post_to
from wallets.connectors.voordemensen_reading import (
    Cart,
    ItemKey,
    amount_of,
    explained,
    id_of,
    is_id,
    list_of,
    read_cart,
)
from wallets.models import CallEffect

LARGEST_ID = 2**31 - 1

MAKE_CART = Operation(name="make_cart", when_unsure=WhenUnsure.RESTART)
# A call in doubt is read back before it is made again, and every cart once more before it is bought.
ADD = Operation(name="add_to_cart", when_unsure=WhenUnsure.RESTART)


def fill_cart(desk: Desk, wish: Wish) -> None:
    """Make a cart and put in each ticket type of an event, once; resumes where it stopped."""
    desk.call(
        MAKE_CART, post_to(desk.connection, "cart/", {}), accept=_accept_cart, explain=explained
    )
    for session, item in wish.by_item():
        _add(desk, wish, _key_of(session, item))


def _accept_cart(reply: Reply) -> Mapping[str, Any]:
    document = reply.document if isinstance(reply.document, dict) else {}
    cart_id = id_of(document, "cart_id")
    if not cart_id:
        list_of(reply.document, "answer to a new cart")  # raises where it says why
        raise ConnectorError(Cause.UNREADABLE, "It made a cart without an id.", permanent=False)
    return {"cart_id": cart_id}


def _key_of(session: str, item: str) -> ItemKey:
    """Return what is to be bought, as they know it; raises ConnectorError for what cannot be one."""
    is_number = session.isascii() and session.isdigit() and int(session) <= LARGEST_ID
    if not is_number or not is_id(item):
        raise ConnectorError(
            Cause.NO_OUTSIDE_ID,
            f"An event is a whole number and a ticket type an id, not {session!r} and {item!r}.",
            permanent=True,
        )
    return ItemKey(session, item)


def _add(desk: Desk, wish: Wish, key: ItemKey) -> None:
    """Put one ticket type into the cart, once: a call in doubt is looked for in the cart (C9)."""
    count = wish.by_item()[key]
    call_key = hashlib.sha256(":".join(key).encode()).hexdigest()[:40]
    if desk.last_effect(ADD, call_key) == CallEffect.UNKNOWN:
        there = _read_cart(desk).counts.get(key, 0)
        if there not in (0, count):
            raise Restart
        desk.resolve(ADD, key=call_key, is_done=there == count)
    body = {"event_id": int(key.event_id), "numberoftickets": count, "discount_id": key.discount_id}
    request = post_to(desk.connection, f"cart/{desk.progress['cart_id']}", body)

    def accept(reply: Reply) -> Mapping[str, Any]:
        if read_cart(reply.document).counts.get(key, 0) < count:
            raise ConnectorError(
                Cause.REFUSED, "It answered a cart without what was put in.", permanent=True
            )
        return {}

    try:
        desk.call(ADD, request, accept=accept, explain=explained, key=call_key)
    except ConnectorError as error:
        # The cart itself has lapsed; another begins.
        if error.status_code == 404 and "cart" in error.detail.lower():
            raise Restart from error
        raise


def _read_cart(desk: Desk) -> Cart:
    return read_cart(ask_for(desk.connection, f"cart/{desk.progress['cart_id']}").document)


def check_cart(desk: Desk, wish: Wish) -> None:
    """Require that the cart has what is wanted and nothing else; one that lapsed is begun anew.

    Keeps what it costs: with the cost of paying, which is not in the cart's total (C7).
    """
    connection = desk.connection
    cart = _read_cart(desk)
    if {**cart.counts} != {ItemKey(*key): count for key, count in wish.by_item().items()}:
        raise Restart
    _check_days(desk, wish, cart)
    method = method_of(connection) if connection.payment_method else None
    if cart.total and not connection.payment_method:
        raise ConnectorError(
            Cause.PAYMENT_NEEDED,
            f"It costs {cart.total}, and the connection has no prepaid payment method.",
            permanent=True,
        )
    cost = (amount_of((method or {}).get("payment_cost")) or Decimal(0)) if cart.total else 0
    desk.keep(
        {
            "total": str(cart.total),
            "due": str(cart.total + cost),
            "wanted": [[*key, count] for key, count in wish.by_item().items()],
            "names": {
                name: [*next(iter(keys))] for name, keys in cart.names.items() if len(keys) == 1
            },
        }
    )


def _check_days(desk: Desk, wish: Wish, cart: Cart) -> None:
    """Refuse an event of another day than the tickets are for: its id is mapped wrongly."""
    zone = desk.connection.venue.zone
    for unit in wish.units:
        day = cart.dates.get(unit.outside_session)
        first = unit.valid_from.astimezone(zone).date()
        if day and not first <= day <= unit.valid_until.astimezone(zone).date():
            raise ConnectorError(
                Cause.REFUSED,
                f"Event {unit.outside_session} is on {day} there, and on {first} here.",
                permanent=True,
            )
