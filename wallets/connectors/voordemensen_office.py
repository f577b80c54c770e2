"""What the back office of VoordeMensen tells of an order after it was made: cancelled, or refunded.

Its feed is of all orders that have changed since a moment, and has no end but now: each order of
ours has a window of its own, which begins where its last reading ended.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from wallets.connectors.base import Cause, ConnectorError, Remark
from wallets.connectors.desk import Desk
from wallets.connectors.voordemensen_calls import ask_back_office, key_of
from wallets.connectors.voordemensen_reading import amount_of

# What the back office calls orders that are no longer valid.
_NOT_VALID = ("cancel", "trash")
# What the history of an order calls what is only to be read.
PARTLY_REFUNDED = "partly_refunded"
CHANGES_MISSED = "changes_missed"


@dataclasses.dataclass(frozen=True, kw_only=True)
class OfficeNews:
    """What is new of an order; is_missed: some of it could not be read, and is not told again."""

    is_cancelled: bool = False
    is_missed: bool = False
    remarks: Sequence[Remark] = ()


def ask_office(desk: Desk, key: str) -> OfficeNews:
    """Return what the back office has changed of an order since it was asked last (C11).

    Nothing is asked without a Peppered key, nor once it is cancelled. A feed that is too large is
    not read: the next question begins half-way to now, so that it comes to one that can be.
    Raises ConnectorError where it speaks of another amount than ours; it may be told with the cost
    of paying or without (C7).
    """
    if desk.progress.get("cancelled_there"):
        return OfficeNews(is_cancelled=True)
    if not key_of(desk.connection):
        return OfficeNews()
    since = desk.progress.get("office_asked_at") or desk.progress.get("created_at")
    now = desk.clock()
    begun = datetime.datetime.fromisoformat(str(since)) if since else desk.outside_order.created_at
    try:
        found = ask_back_office(desk.connection, begun)
    except ConnectorError as error:
        if error.cause != Cause.TOO_LARGE:
            raise
        return _pass_over(desk, begun, now)
    rows = [row for row in found or () if row.get("orderKey") == key]
    is_cancelled = any(row.get("orderStatus") in _NOT_VALID for row in rows)
    remarks = () if is_cancelled else tuple(_refunds(desk, rows))
    desk.keep(
        {
            "office_asked_at": now.isoformat(),
            "cancelled_there": is_cancelled,
            "has_office": found is not None,
        }
    )
    return OfficeNews(is_cancelled=is_cancelled, remarks=remarks)


def _pass_over(desk: Desk, begun: datetime.datetime, now: datetime.datetime) -> OfficeNews:
    """Give up the older half of a window that is too large, and say which it was."""
    middle = begun + (now - begun) / 2
    desk.keep({"office_asked_at": middle.isoformat()})
    missed = (
        f"Its back office had too much to tell. What it changed between {begun:%Y-%m-%d %H:%M:%S} "
        f"and {middle:%Y-%m-%d %H:%M:%S} UTC was not read: see there whether this order stands."
    )
    return OfficeNews(is_missed=True, remarks=(Remark(name=CHANGES_MISSED, detail=missed),))


def _refunds(desk: Desk, rows: Iterable[Mapping[str, Any]]) -> Iterable[Remark]:
    """Return what was given back of the order's price; raises ConnectorError for another amount."""
    kept = [amount_of(desk.progress.get(name)) for name in ("total", "due")]
    wanted = [one for one in kept if one]
    for row in rows:
        amount = amount_of(row.get("amount"))
        if amount is None or len(wanted) < len(kept) or amount in wanted:
            continue
        if row.get("orderPaymentStatus") == "paid" and amount < min(wanted):
            yield Remark(
                name=PARTLY_REFUNDED,
                detail=f"Its back office says {amount} for an order of {kept[0]}: part of it was "
                "refunded there. Which tickets it does not tell: see there.",
            )
        else:
            raise ConnectorError(
                Cause.CURRENCY,
                f"Its back office says {amount} for an order of {kept[0]}.",
                permanent=True,
            )
