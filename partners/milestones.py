"""Noting what a partner's integration has been seen to do: once for each mode, not each time.

What is looked at is an answer of the API as it goes out, after its work has been committed.
"""

from __future__ import annotations

import datetime
import logging
import uuid
from collections.abc import Mapping
from typing import Any

from django.db import Error, connection

from channel_manager.lib.errors import ErrorCode
from channel_manager.lib.strict_fields import is_uuid
from partners.account import Account
from partners.models import MilestoneName

_BY_CODE: Mapping[str, MilestoneName] = {
    ErrorCode.DUPLICATE_ORDER: MilestoneName.REPEAT_ANSWERED,
    ErrorCode.SOLD_OUT: MilestoneName.TROUBLE_ANSWERED,
    ErrorCode.SEAT_TAKEN: MilestoneName.TROUBLE_ANSWERED,
    ErrorCode.UNKNOWN_ITEM: MilestoneName.TROUBLE_ANSWERED,
}
# What this process knows to be written. A few short entries for each partner that sends requests.
_KNOWN: set[tuple[uuid.UUID, bool, str]] = set()
_log = logging.getLogger(__name__)


def note_answer(
    account: Account,
    *,
    method: str,
    status_code: int,
    answer: Mapping[str, Any],
    is_replay: bool,
    now: datetime.datetime,
) -> None:
    """Note what an answer shows for the first time; one statement then, and none afterwards.

    answer: the body as it is sent. Raises nothing: whatever the database says, the answer goes out.
    """
    name = _shown_by(method, status_code, answer, is_replay=is_replay)
    if name is None or (account.partner.pk, account.test_mode, name) in _KNOWN:
        return
    order_id = answer.get("orderId")
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO partners_milestone (partner_id, test_mode, name, at, order_id, told)"
                " VALUES (%s, %s, %s, %s, %s, %s)"
                " ON CONFLICT ON CONSTRAINT milestone_once_per_mode DO NOTHING",
                [
                    *(account.partner.pk, account.test_mode, name, now),
                    order_id if is_uuid(str(order_id)) else None,
                    _told(answer, is_replay=is_replay),
                ],
            )
    except Error as error:
        _log.warning("A milestone was not written: %s", error)
        return
    _KNOWN.add((account.partner.pk, account.test_mode, name))


def _shown_by(
    method: str, status_code: int, answer: Mapping[str, Any], *, is_replay: bool
) -> MilestoneName | None:
    if status_code >= 400:
        if method != "POST":
            return None
        codes = (answer.get("code"), *(fault["code"] for fault in answer.get("errors", ())))
        return next((_BY_CODE[code] for code in codes if code in _BY_CODE), None)
    if is_replay:
        # Other repeats, such as of a webhook's creation, say nothing of an order taken twice.
        is_creation = method == "POST" and status_code == 201 and "orderId" in answer
        return MilestoneName.REPEAT_ANSWERED if is_creation else None
    match method, answer.get("status"):
        case "DELETE", "Cancelled":
            return MilestoneName.ORDER_CANCELLED
        case "GET", "Error":
            return MilestoneName.TROUBLE_ANSWERED
    return None


def _told(answer: Mapping[str, Any], *, is_replay: bool) -> str:
    """Return the code of a refusal, or what was answered instead of one."""
    if "code" in answer:
        return str(answer["code"])
    return "replayed" if is_replay else str(answer.get("status", ""))
