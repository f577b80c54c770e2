"""What the demo's file says of its Onebox channel."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from orders.demo.shops import DAYS_AHEAD, ROOM, secret_of, storefront_of
from orders.dialects.onebox.catalogue import OnSale, Shelf
from orders.dialects.onebox.catalogue_rendering import Renderer
from orders.dialects.onebox.oauth import CLIENT_ID
from orders.stock import read_stock
from partners.models import Dialect, Partner


def describe(
    partner: Partner, kept: Mapping[str, Any], now: datetime.datetime
) -> dict[str, Any] | None:
    storefront = storefront_of(partner, Dialect.ONEBOX, "1000001", now)
    shelf = Shelf(storefront, now)
    rows = [row for row in shelf.sessions() if row.showing.session]
    counted = _choose([row for row in rows if not _is_seated(row)], now)
    seated = _choose([row for row in rows if _is_seated(row)], now)
    if counted is None or seated is None:
        return None
    renderer = Renderer(storefront, [counted, seated])
    told, hall = (
        renderer.availability(
            row,
            read_stock(account=shelf.account, event=row.event, showing=row.showing, now=now),
        )
        for row in (counted, seated)
    )
    seats = [seat for sector in hall["sectors"] for seat in sector["seats"]]
    return {
        "path": "/onebox",
        "channelId": int(storefront.public_id),
        "clientId": CLIENT_ID,
        "clientSecret": secret_of(partner, Dialect.ONEBOX, str(kept.get("clientSecret", "")), now),
        "sessionId": renderer.session(counted)["id"],
        "priceTypeId": told["price_types"][0]["id"],
        "seatedSessionId": renderer.session(seated)["id"],
        "seatIds": [seat["id"] for seat in seats if seat["status"] == "AVAILABLE"],
    }


def _choose(rows: Sequence[OnSale], now: datetime.datetime) -> OnSale | None:
    """Return a session in a week with room; where there is none, the last one there is."""
    earliest = now + datetime.timedelta(days=DAYS_AHEAD)
    fitting = (
        row
        for row in rows
        if row.starts_at and row.starts_at >= earliest and (row.showing.left or 0) >= ROOM
    )
    return next(fitting, rows[-1] if rows else None)


def _is_seated(row: OnSale) -> bool:
    return row.showing.session is not None and row.showing.session.seat_plan_id is not None
