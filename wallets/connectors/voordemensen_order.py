"""An order at VoordeMensen: made of a cart, asked about until it is paid, and looked at later."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from wallets.connectors.base import (
    Cause,
    ConnectorError,
    NothingThere,
    OutsideTicketData,
    Standing,
    TryLater,
    Wish,
)
from wallets.connectors.desk import Desk, Operation, OutcomeUnknown, Restart, WhenUnsure
from wallets.connectors.exchange import Refused, Reply
from wallets.connectors.voordemensen_calls import (
    ask_for,
    key_headers,
    key_of,
    post_to,
    return_url_of,
)
from wallets.connectors.voordemensen_office import ask_office
from wallets.connectors.voordemensen_reading import (
    OrderThere,
    explained,
    id_of,
    is_id,
    list_of,
    read_created,
    read_order,
)
from wallets.models import CallEffect, OutsideOrder, OutsideOrderStatus

# Seconds between two questions about one order: never nearer than ten (C4).
POLL_WAITS = (10, 10, 20, 30, 60)
# `partial` is not paid (C4).
_PAID, _CANCELLED = "paid", "cancelled"
# Whose final state we know, and only the back office changes.
_MADE = (OutsideOrderStatus.MADE, OutsideOrderStatus.LEFT)

# [D] A cart that was converted answers with the key of the same order.
CREATE = Operation(name="create_order", when_unsure=WhenUnsure.REPEAT, commits=True)


def complete(desk: Desk, wish: Wish) -> Standing:
    """Make an order of the cart and wait until it is paid; raises TryLater, NothingThere."""
    if desk.last_effect(CREATE) != CallEffect.DONE:
        _create(desk, wish)
    order = _poll(desk, wish)
    return Standing(
        exists=True,
        outside_reference=str(desk.progress["order_key"]),
        tickets_url=order.tickets_url,
        tickets=_tickets(desk, wish.by_item(), order),
    )


def read_back(desk: Desk) -> Standing:
    """Tell how an order stands: what was told within ten seconds is not asked again.

    One that is not paid is not there yet, and may still be: that cannot be told. Once it was seen
    paid, that is final, and only the back office is asked (C4).
    """
    key = str(desk.progress.get("order_key") or desk.outside_order.outside_reference)
    if not is_id(key):
        return Standing(exists=None if desk.may_exist else False)
    if _seconds_left(desk, POLL_WAITS[0]):
        was_cancelled = desk.progress.get("status") == _CANCELLED
        return _cancelled(desk, key) if was_cancelled else Standing(exists=None)
    news = ask_office(desk, key)
    if news.is_cancelled:
        return _cancelled(desk, key)
    if _is_final(desk.outside_order) and not news.is_missed:
        return Standing(exists=True, outside_reference=key, remarks=news.remarks)
    try:
        order = _ask_order(desk, key)
    except Refused as refused:
        if refused.status_code == 404:
            return Standing(exists=None, remarks=news.remarks)
        raise
    if order.payment_status == _CANCELLED:
        return _cancelled(desk, key)
    if order.payment_status != _PAID:
        return Standing(exists=None, outside_reference=key, remarks=news.remarks)
    return Standing(
        exists=True,
        outside_reference=key,
        tickets_url=order.tickets_url,
        tickets=_tickets(desk, _wanted_before(desk), order),
        remarks=news.remarks,
    )


def can_change(outside_order: OutsideOrder) -> bool:
    """Tell whether there is anything to learn of an order: a paid one only the back office changes.

    Not without a Peppered key, nor where there is no back office (C4).
    """
    if not _is_final(outside_order):
        return True
    has_key = bool(key_of(outside_order.connection))
    return has_key and bool(outside_order.progress.get("has_office", True))


def _is_final(outside_order: OutsideOrder) -> bool:
    was_paid = bool(outside_order.progress.get("was_paid"))
    return was_paid and outside_order.status in _MADE


def _payment_id(desk: Desk) -> int:
    """Return the method to order by; what costs nothing may be ordered by any."""
    if desk.connection.payment_method:
        return int(desk.connection.payment_method)
    reply = ask_for(desk.connection, "paymentmethods")
    for method in list_of(reply.document, "list of payment methods"):
        if (payment_id := id_of(method, "payment_id")).isdigit():
            return int(payment_id)
    raise ConnectorError(
        Cause.MISCONFIGURED, "It lists no payment method, and none is set.", permanent=True
    )


def _create(desk: Desk, wish: Wish) -> None:
    """Make an order of the cart, and keep its key with the outcome, before anything else (C3)."""
    connection = desk.connection
    if "payment_id" not in desk.progress:  # a repeated call must say the same
        desk.keep({"payment_id": _payment_id(desk)})
    body = {
        "cart_id": desk.progress["cart_id"],
        "payment_id": desk.progress["payment_id"],
        "redirectURL": return_url_of(connection),
        "email": wish.buyer.email,
        "firstname": wish.buyer.first_name,
        "lastname": wish.buyer.last_name,
    }
    request = post_to(connection, "order/create", body, key_headers(connection))

    def accept(reply: Reply) -> Mapping[str, Any]:
        return {"order_key": read_created(reply.document), "created_at": _iso(desk.clock())}

    try:
        desk.call(CREATE, request, accept=accept, explain=explained)
    except OutcomeUnknown as unknown:
        cause = unknown.__cause__
        if isinstance(cause, ConnectorError) and cause.cause == Cause.TWO_ORDERS:
            raise cause from unknown
        raise
    except ConnectorError as error:
        if error.status_code == 404 and not desk.may_exist:
            raise Restart from error
        raise


def _poll(desk: Desk, wish: Wish) -> OrderThere:
    """Return the order once it is paid and has its tickets; raises TryLater until then (C4)."""
    polls = int(desk.progress.get("polls", 0))
    wait = POLL_WAITS[min(polls, len(POLL_WAITS) - 1)]
    if polls and (left := _seconds_left(desk, POLL_WAITS[min(polls, len(POLL_WAITS)) - 1])):
        raise TryLater(left, "It was asked about this order a moment ago.")
    begun = datetime.datetime.fromisoformat(str(desk.progress["created_at"]))
    minutes = desk.connection.payment_minutes
    is_over = desk.clock() >= begun + datetime.timedelta(minutes=minutes)
    wanted = sum(wish.by_item().values())
    try:
        order = _ask_order(desk, str(desk.progress["order_key"]))
    except ConnectorError as raised:
        error = explained(raised) if isinstance(raised, Refused) else raised
        if not error.permanent and not is_over:
            raise TryLater(max(wait, error.wait or 0), error.detail) from raised
        raise _for_a_person(error.cause, error.detail) from raised
    if order.payment_status == _CANCELLED:
        raise NothingThere(Cause.REFUSED, "It has cancelled the order before it was paid.")
    is_complete = order.payment_status == _PAID and order.count == wanted and order.tickets_url
    if is_complete:
        return order
    if order.payment_status == _PAID and order.count > wanted:
        raise _for_a_person(
            Cause.UNREADABLE, f"It is paid, with {order.count} tickets where {wanted} were ordered."
        )
    if not is_over:
        raise TryLater(wait, f"Its payment is {order.payment_status} there.")
    if order.payment_status == _PAID:
        raise _for_a_person(
            Cause.UNREADABLE,
            f"It is paid, but tells {order.count} of {wanted} tickets and no usable address of them.",
        )
    raise _for_a_person(
        Cause.NOT_PAID, f"Its payment is {order.payment_status} there after {minutes} minutes."
    )


def _for_a_person(cause: Cause, detail: str) -> ConnectorError:
    """Return the fault of an order that exists there, and is not what it should be."""
    return ConnectorError(cause, detail, permanent=True, effect=CallEffect.UNKNOWN)


def _ask_order(desk: Desk, key: str) -> OrderThere:
    """Ask how an order stands, having written down when; never by the call that checks payments
    there, which mails tickets (C12).
    """
    desk.keep({"asked_at": _iso(desk.clock()), "polls": int(desk.progress.get("polls", 0)) + 1})
    order = read_order(ask_for(desk.connection, f"order/{key}").document)
    was_paid = desk.progress.get("was_paid", False) or order.payment_status == _PAID
    desk.keep({"status": order.payment_status, "was_paid": was_paid})
    return order


def _seconds_left(desk: Desk, wait: int) -> int:
    """Return how many seconds an order is still to be left alone after the last question."""
    asked_at = desk.progress.get("asked_at")
    if not asked_at:
        return 0
    passed = desk.clock() - datetime.datetime.fromisoformat(str(asked_at))
    return max(0, -int(passed.total_seconds() // 1) + wait)


def _tickets(
    desk: Desk, wanted: Mapping[tuple[str, str], int], order: OrderThere
) -> Sequence[OutsideTicketData]:
    """Return the tickets that are told, by what they are one of; none where that cannot be told.

    Seats of an order have ids of their own and name their event only (C10).
    """
    names: Mapping[str, Sequence[str]] = desk.progress.get("names", {})
    only = next(iter(wanted)) if len(wanted) == 1 else None
    tickets = []
    counts: dict[tuple[str, str], int] = {}
    for seat_id, event_name in order.seats:
        named = names.get(event_name)
        key = only or ((named[0], named[1]) if named else None)
        if key is None:
            return ()
        counts[key] = counts.get(key, 0) + 1
        tickets.append(
            OutsideTicketData(outside_session=key[0], outside_item=key[1], outside_id=seat_id)
        )
    return tickets if counts == wanted else ()


def _wanted_before(desk: Desk) -> dict[tuple[str, str], int]:
    """Return what the order was made of, as it was kept then."""
    kept: Sequence[Sequence[Any]] = desk.progress.get("wanted", ())
    return {(str(session), str(item)): int(count) for session, item, count in kept}


def _cancelled(desk: Desk, key: str) -> Standing:
    """Return the standing of a cancelled order; one that was never paid does not exist."""
    was_paid = desk.progress.get("was_paid", False)
    return Standing(exists=bool(was_paid), outside_reference=key, is_cancelled=True)


def _iso(moment: datetime.datetime) -> str:
    return moment.isoformat()
