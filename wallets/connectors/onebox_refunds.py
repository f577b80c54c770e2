"""Orders that Onebox confirmed, by their code: reading them, and refunding items (contract 9)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from wallets.connectors.base import Cause, ConnectorError, OutsideTicketData
from wallets.connectors.desk import Desk, Operation, OutcomeUnknown, WhenUnsure
from wallets.connectors.exchange import Refused, Reply, unreadable
from wallets.connectors.onebox_calls import (
    MANAGEMENT,
    call,
    code_of,
    explained,
    read,
    refusal_of,
)
from wallets.connectors.onebox_catalogue import is_id
from wallets.connectors.onebox_orders import BASKET, PRE_CONFIRM, document_in, item_ids

_REFUND = Operation(name="refund", when_unsure=WhenUnsure.REPEAT)
_BEING_ISSUED = "ORDER_BEING_ISSUED"
_LOOK_SECONDS = 5


def read_order(desk: Desk, code: str) -> Mapping[str, Any] | None:
    """Return a confirmed order by its code, None where there is none; raises ConnectorError."""
    try:
        document = read(desk.connection, f"{MANAGEMENT}/{code}", desk.clock())
    except Refused as error:
        if error.status_code == 404:
            return None
        raise explained(error) from error
    order = document_in(document)
    return None if order.get("status") in (BASKET, PRE_CONFIRM) else order


def refund_tickets(desk: Desk, code: str, tickets: Sequence[OutsideTicketData]) -> None:
    """Refund items; what is refunded already counts as done. Raises ConnectorError, TryLater.

    Tickets whose ids are not known must be all that is left of the order.
    """
    ids = [ticket.outside_id for ticket in tickets if ticket.outside_id]
    if len(ids) < len(tickets):
        ids = item_ids(_known_order(desk, code), refunded=False)
    numbers = sorted({int(one) for one in ids if is_id(one)})
    if len(numbers) != len(tickets):
        raise ConnectorError(
            Cause.NO_OUTSIDE_ID,
            "Which of its items these tickets are is not known.",
            permanent=True,
        )
    _refund(desk, code, numbers)


def _refund(desk: Desk, code: str, numbers: Sequence[int]) -> None:
    """Refund items, in doubt by what their order says of them afterwards."""
    key = hashlib.sha256(str(numbers).encode()).hexdigest()[:32]

    def refunded(reply: Reply) -> Mapping[str, Any]:
        kept = item_ids(document_in(reply.document), refunded=False)
        if {str(one) for one in numbers} & set(kept):
            raise unreadable("It does not list the items as refunded.")
        return {}

    try:
        path = f"{MANAGEMENT}/{code}/refund"
        body = _refund_body(numbers)
        call(desk, _REFUND, path, body, accept=refunded, explain=_not_refunded, key=key)
    except ConnectorError as error:
        refused = refusal_of(error)
        is_conflict = refused is not None and refused.status_code == 409
        if not is_conflict and not isinstance(error, OutcomeUnknown):
            raise
        gone = set(item_ids(_known_order(desk, code), refunded=True))
        left = [one for one in numbers if str(one) not in gone]
        if len(left) == len(numbers):
            raise
        if left:
            _refund(desk, code, left)
        desk.resolve(_REFUND, key=key, is_done=True)


def _refund_body(ids: Sequence[int]) -> Mapping[str, Any]:
    return {
        "items": [{"id": one} for one in ids],
        "type": "MANUAL",
        "include_surcharges": True,
        "include_delivery": True,
    }


def _not_refunded(refused: Refused) -> Refused:
    """Return why items were not refunded; 409 is no matter of places here."""
    told = explained(refused, gone=Cause.REFUSED)
    if code_of(refused) == _BEING_ISSUED:
        told.cause, told.permanent, told.wait = Cause.BUSY, False, _LOOK_SECONDS
    return told


def _known_order(desk: Desk, code: str) -> Mapping[str, Any]:
    order = read_order(desk, code)
    if order is None:
        raise ConnectorError(Cause.NOT_KNOWN, "The order is not known there.", permanent=True)
    return order
