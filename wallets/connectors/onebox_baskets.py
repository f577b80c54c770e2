"""A basket at Onebox up to its code: until it is confirmed, all of it lapses by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wallets.connectors.base import Buyer, Cause, ConnectorError, Wish
from wallets.connectors.desk import Desk, Operation, OutcomeUnknown, Restart, WhenUnsure
from wallets.connectors.exchange import Reply
from wallets.connectors.onebox_calls import DISTRIBUTION, call, refusal_of
from wallets.connectors.onebox_catalogue import is_id
from wallets.connectors.onebox_orders import (
    BASKET,
    PRE_CONFIRM,
    Wanted,
    code_in,
    hold_in,
    id_in,
    moment_of,
    order_in,
    require_currency,
    require_places,
)

_CREATE = Operation(name="orders", when_unsure=WhenUnsure.RESTART)
# Asked twice it may hold twice the places: the basket is given up (contract C5).
_PLACES = Operation(name="seats-auto", when_unsure=WhenUnsure.RESTART)
_BUYER = Operation(name="buyer-data", when_unsure=WhenUnsure.REPEAT)
_PRE_CONFIRM = Operation(name="pre-confirm", when_unsure=WhenUnsure.REPEAT)
# [D] How many places one call may ask for; their limit is not public.
MOST_PLACES = 100


def fill_basket(desk: Desk, wish: Wish) -> None:
    """Hold the places in a basket and pre-confirm it: its id and code are kept then (contract C7).

    Resumes where it stopped. Raises ConnectorError, TryLater, and Restart when the basket is no more.
    """
    wanted = _wanted(wish)
    until = moment_of(desk.progress.get("countsUntil"))
    if until is not None and desk.clock() >= until and not desk.may_exist:
        raise Restart
    try:
        _fill(desk, wish, wanted)
    except ConnectorError as error:
        raise _without_effect(desk, error) from error


def _fill(desk: Desk, wish: Wish, wanted: Wanted) -> None:
    currency = wish.currency

    def begun(reply: Reply) -> Mapping[str, Any]:
        order = order_in(reply.document, BASKET)
        require_currency(order, currency)
        listed = [[*key, count] for key, count in wanted.items()]
        return {
            "id": id_in(order),
            "wanted": listed,
            "currency": currency,
            **hold_in(order, desk.clock()),
        }

    def filled(reply: Reply) -> Mapping[str, Any]:
        order = order_in(reply.document, BASKET, order_id=order_id)
        require_currency(order, currency)
        return hold_in(order, desk.clock())

    def fixed(reply: Reply) -> Mapping[str, Any]:
        order = order_in(reply.document, PRE_CONFIRM, order_id=order_id)
        require_currency(order, currency)
        require_places(order, wanted)
        return {"code": code_in(order), **hold_in(order, desk.clock())}

    call(desk, _CREATE, DISTRIBUTION, accept=begun)
    order_id = str(desk.progress["id"])
    for key, body in _places(wanted):
        path = f"{DISTRIBUTION}/seats-auto"
        call(desk, _PLACES, path, body, accept=filled, key=key, order_id=order_id)
    buyer = _buyer_data(wish.buyer)
    path = f"{DISTRIBUTION}/buyer-data"
    call(desk, _BUYER, path, buyer, accept=filled, order_id=order_id)
    path = f"{DISTRIBUTION}/pre-confirm"
    call(desk, _PRE_CONFIRM, path, {}, accept=fixed, order_id=order_id)


def _wanted(wish: Wish) -> Wanted:
    """Return how many places of each session and price type; raises ConnectorError."""
    wanted = wish.by_item()
    for pair in wanted:
        if not all(is_id(one) for one in pair):
            raise ConnectorError(
                Cause.NO_OUTSIDE_ID,
                "Session and price type are numbers there, and both are needed.",
                permanent=True,
            )
    return wanted


def _places(wanted: Wanted) -> list[tuple[str, Mapping[str, Any]]]:
    """Return a key and a body for each call that asks for places."""
    return [
        (
            f"{session}:{price_type}:{first // MOST_PLACES}",
            {
                "price_type_id": int(price_type),
                "session_id": int(session),
                "quantity": min(MOST_PLACES, count - first),
            },
        )
        for (session, price_type), count in sorted(wanted.items())
        for first in range(0, count, MOST_PLACES)
    ]


def _buyer_data(buyer: Buyer) -> Mapping[str, str]:
    """Return who buys; members besides `email` are the channel's own matter ([D])."""
    return {
        "email": buyer.email,
        "name": buyer.first_name,
        "surname": buyer.last_name,
        "language": buyer.language,
    }


def _without_effect(desk: Desk, error: ConnectorError) -> Exception:
    """Return a fault before the confirm: nothing that counts was done, whatever is in doubt.

    A basket that is no more is Restart; a 404 for the places of one that was begun a second time
    is about the places.
    """
    refused = refusal_of(error)
    if refused is not None and refused.status_code == 404:
        is_begun = bool(desk.progress.get("id"))
        is_second = desk.outside_order.round > 1
        is_about_places = is_second and desk.last_effect(_BUYER) is None
        return refused if not is_begun or is_about_places else Restart()
    if not isinstance(error, OutcomeUnknown):
        source = error
    elif refused is None and isinstance(error.__cause__, ConnectorError):
        source = error.__cause__
    else:  # refused the second time, perhaps because the first was done; or never answered
        return Restart()
    return ConnectorError(
        source.cause,
        source.detail,
        permanent=error.permanent,
        wait=source.wait,
        status_code=source.status_code,
    )
