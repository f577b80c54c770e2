"""How an order is asked of OpenTicket: a reservation for every ticket, then all of them at once."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote as in_path

from catalog.models import Connection
from wallets.connectors.base import Cause, ConnectorError, Unit, Wish
from wallets.connectors.desk import Desk, Operation, OutcomeUnknown, Restart, WhenUnsure
from wallets.connectors.exchange import (
    Refused,
    Reply,
    Request,
    join,
    json_body,
    members,
    text_of,
    unreadable,
)
from wallets.connectors.openticket_answers import (
    fault_of_redirect,
    read_line,
    read_moment,
    refusal,
    to_major,
    words_of,
)
from wallets.models import CallEffect

# A GET that takes stock: one that was not answered is not sent again, what it may have taken lapses.
RESERVE = Operation(name="reserve", when_unsure=WhenUnsure.RESTART)
# A reservation is single use: the same order is made once, as long as the reservations last.
ORDER = Operation(name="order", when_unsure=WhenUnsure.REPEAT, commits=True)
# What has less time left is not ordered any more (C3).
LEAST_LEFT = datetime.timedelta(seconds=60)
_USUAL_HOLD = datetime.timedelta(minutes=8)
_LONGEST_NAME = 255
_COUNTRIES = {
    "cs": "CZ",
    "da": "DK",
    "el": "GR",
    "en": "GB",
    "et": "EE",
    "ja": "JP",
    "ko": "KR",
    "nb": "NO",
    "sl": "SI",
    "sv": "SE",
    "uk": "UA",
    "zh": "CN",
}


def shop_url(connection: Connection, path: str) -> str:
    """Return an address of the shop's host, which gets no access token (C5)."""
    return join(connection.base_url, f"{in_path(connection.account, safe='')}/{path}")


def wanted_tickets(wish: Wish) -> list[Unit]:
    """Return the unit of every single ticket, in an order that does not depend on the wish's."""
    units = sorted(wish.units, key=lambda unit: (unit.outside_item, unit.key))
    return [unit for unit in units for _ in range(unit.count)]


def lines_of(progress: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what was kept of each reservation, in order."""
    lines: list[dict[str, Any]] = []
    while (line := progress.get(f"line-{len(lines) + 1}")) is not None:
        lines.append(line)
    return lines


def reserve(desk: Desk, number: int, unit: Unit) -> None:
    """Reserve one ticket, and keep its line and until when it lasts.

    A refusal is permanent; reservations that were made before it are left to lapse (C8).
    """
    connection, asked_at = desk.connection, desk.clock()
    path = f"reserve/ticket/{in_path(unit.outside_item, safe='')}"
    request = Request(
        method="GET", url=shop_url(connection, path), headers={"Cache-Control": "no-store"}
    )

    def accept(reply: Reply) -> Mapping[str, Any]:
        if words := words_of(reply.document, "fatals", "errors"):
            raise _sold_out(desk, unit, refusal(words))
        return {
            f"line-{number}": {
                "line": read_line(reply.document, unit.outside_item),
                "until": held_until(reply.document, asked_at).isoformat(),
                "is": [unit.outside_session, unit.outside_item],
            }
        }

    try:
        desk.call(RESERVE, request, accept=accept, key=str(number))
    except Refused as refused:
        if refused.cause != Cause.REFUSED:
            raise
        said = refusal(words_of(refused.document, "fatals", "errors"))
        if refused.status_code == 404:
            raise ConnectorError(
                Cause.NOT_KNOWN, f"The ticket {unit.outside_item}: {said}", permanent=True
            ) from refused
        raise _sold_out(desk, unit, said) from refused


def _sold_out(desk: Desk, unit: Unit, said: str) -> ConnectorError:
    """Return the fault of a ticket that cannot be reserved; that it is sold out is derived."""
    again = ""
    if desk.outside_order.round > 1:
        again = " What an earlier attempt may have reserved is free again within 8 minutes."
    detail = f"The ticket {unit.outside_item} cannot be reserved. {said}{again}"
    return ConnectorError(Cause.SOLD_OUT, detail, permanent=True)


def held_until(document: Any, asked_at: datetime.datetime) -> datetime.datetime:
    """Return when a reservation ends: 8 minutes after it was asked for, sooner where it says so.

    `expires_at` is derived (section 3).
    """
    usual = asked_at + _USUAL_HOLD
    told = read_moment(document, "expires_at")
    return min(told, usual) if told else usual


def order(desk: Desk, wish: Wish) -> None:
    """Order all that is reserved, and keep the order's id and amount.

    Raises Restart where a reservation is about to end, unless the order may be made already: then
    the same bytes are sent again while all reservations last, and OutcomeUnknown is the end of it.
    """
    ends_at = min(datetime.datetime.fromisoformat(one["until"]) for one in lines_of(desk.progress))
    if desk.last_effect(ORDER) in (None, CallEffect.NONE) and ends_at - desk.clock() < LEAST_LEFT:
        raise Restart
    request = Request(
        method="POST",
        url=shop_url(desk.connection, "order"),
        headers={"Content-Type": "application/json"},
        body=json_body(_body(desk, wish)),
    )
    try:
        desk.call(
            ORDER,
            request,
            accept=lambda reply: _accept_order(desk, reply, wish.currency),
            until=ends_at,
        )
    except Refused as refused:
        said = refusal(words_of(refused.document, "fatals", "errors"))
        raise ConnectorError(
            refused.cause,
            f"{refused.detail} {said}",
            permanent=refused.permanent,
            status_code=refused.status_code,
        ) from refused
    if "order_id" not in desk.progress:
        raise OutcomeUnknown("The order was made, and its id there is not known.")


def _body(desk: Desk, wish: Wish) -> dict[str, Any]:
    return {
        "receiver": {
            "locale": locale_of(wish.buyer.language),
            "email": wish.buyer.email,
            "firstname": wish.buyer.first_name[:_LONGEST_NAME],
            "lastname": wish.buyer.last_name[:_LONGEST_NAME],
        },
        "paymentProvider": desk.progress["payment_method"],
        "currency": wish.currency,
        "tickets": [kept["line"] for kept in lines_of(desk.progress)],
    }


def _accept_order(desk: Desk, reply: Reply, currency: str) -> Mapping[str, Any]:
    """Return what is kept of an order that was made.

    What makes an answer a success is derived (section 4): 2xx, no fatals, no errors, an order_id.
    """
    answer = members(reply.document)
    order_id = text_of(answer, "order_id")
    words = words_of(answer, "fatals", "errors")
    if words and order_id:
        # It takes back with one hand what it gives with the other; the same order, sent again,
        # shows whether there is one, and whether it is this one.
        desk.keep({"first_order_id": desk.progress.get("first_order_id", order_id)})
        raise ConnectorError(
            Cause.REFUSED,
            f"It names an order and refuses it. {refusal(words)}",
            permanent=False,
            effect=CallEffect.UNKNOWN,
        )
    if words:
        raise ConnectorError(Cause.REFUSED, refusal(words), permanent=True)
    if not order_id:
        raise unreadable("It answered without an order_id.", status_code=reply.status_code)
    amount = to_major(answer.get("amount"), currency)
    return {
        "order_id": order_id,
        "ordered_at": desk.clock().isoformat(),
        "amount": None if amount is None else str(amount),
        "unsound": list(_unsound(desk, answer, order_id, currency)),
    }


def _unsound(
    desk: Desk, answer: Mapping[str, Any], order_id: str, currency: str
) -> tuple[str, str] | tuple[()]:
    """Return cause and detail of what makes an order another one than was asked for, if anything."""
    first = desk.progress.get("first_order_id", order_id)
    if first != order_id:
        text = f"It made two orders of one reservation: {first} and {order_id}."
        return Cause.TWO_ORDERS, text
    if fault := fault_of_redirect(desk.connection, answer.get("redirectUrl")):
        return Cause.REDIRECTED, f"{fault} Its order is {order_id}."
    told = text_of(answer, "currency", longest=3)
    if told not in ("", currency):
        return Cause.CURRENCY, f"Its order {order_id} is in {told}, not in {currency}."
    return ()


def locale_of(language: str) -> str:
    """Return a language as `nl_NL`, with its own country where a partner told none."""
    first, *others = language.replace("_", "-").split("-")
    code = first.lower()
    if not (code.isascii() and code.isalpha() and 2 <= len(code) <= 3):
        return "en_GB"
    countries = [one.upper() for one in others if len(one) == 2 and one.isascii() and one.isalpha()]
    if countries:
        return f"{code}_{countries[0]}"
    return f"{code}_{_COUNTRIES.get(code, code[:2].upper())}"


def require_sound(progress: Mapping[str, Any]) -> None:
    """Raise ConnectorError where an order was made that is not the one that was asked for."""
    if progress["unsound"]:
        cause, detail = progress["unsound"]
        raise ConnectorError(Cause(cause), detail, permanent=True, effect=CallEffect.UNKNOWN)
