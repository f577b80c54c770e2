"""How the demo is sold in other systems' words: what a newcomer needs to try each of them."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from orders.dialects.onebox.catalogue import OnSale, Shelf
from orders.dialects.onebox.catalogue_rendering import Renderer
from orders.dialects.onebox.oauth import CLIENT_ID
from orders.stock import read_stock
from partners.authentication import Unauthenticated
from partners.keys import create_key, revoke_key
from partners.models import ApiKey, Dialect, Partner, Storefront
from partners.storefronts import find_secret, open_storefront

_KEY_NAME = "demo"
# Whoever tries it comes to a session with room, and not to one that is over before they are done.
_DAYS_AHEAD = 7
_ROOM = 20


def describe_dialects(
    *, partner: Partner, kept: Mapping[str, Any], now: datetime.datetime
) -> dict[str, Any]:
    """Return what is needed to buy from a partner's shop in each dialect that has something to sell.

    Its storefronts are opened where they are not there yet; ids stay what they were, and so do the
    secrets in `kept`, what the file said before, that still work.
    """
    described = {"onebox": _onebox(partner, kept.get("onebox", {}), now)}
    return {dialect: members for dialect, members in described.items() if members}


def _onebox(
    partner: Partner, kept: Mapping[str, Any], now: datetime.datetime
) -> dict[str, Any] | None:
    storefront = _storefront(partner, Dialect.ONEBOX, "1000001", now)
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
        "clientSecret": _secret(partner, Dialect.ONEBOX, str(kept.get("clientSecret", "")), now),
        "sessionId": renderer.session(counted)["id"],
        "priceTypeId": told["price_types"][0]["id"],
        "seatedSessionId": renderer.session(seated)["id"],
        "seatIds": [seat["id"] for seat in seats if seat["status"] == "AVAILABLE"],
    }


def _choose(rows: Sequence[OnSale], now: datetime.datetime) -> OnSale | None:
    """Return a session in a week with room; where there is none, the last one there is."""
    earliest = now + datetime.timedelta(days=_DAYS_AHEAD)
    fitting = (
        row
        for row in rows
        if row.starts_at and row.starts_at >= earliest and (row.showing.left or 0) >= _ROOM
    )
    return next(fitting, rows[-1] if rows else None)


def _is_seated(row: OnSale) -> bool:
    return row.showing.session is not None and row.showing.session.seat_plan_id is not None


def _storefront(
    partner: Partner, dialect: Dialect, public_id: str, now: datetime.datetime
) -> Storefront:
    """Return a partner's live storefront; where there is none, open one under an id that is easy."""
    found = Storefront.objects.filter(partner=partner, dialect=dialect, test_mode=False).first()
    if found is None:
        return open_storefront(partner=partner, dialect=dialect, public_id=public_id, now=now)
    found.partner = partner
    return found


def _secret(partner: Partner, dialect: Dialect, kept: str, now: datetime.datetime) -> str:
    """Return the secret that was kept if it works, else a new one in place of the demo's own."""
    try:
        if find_secret(dialect, kept, now).partner == partner:
            return kept
    except Unauthenticated:
        pass
    own = ApiKey.objects.usable(now).filter(partner=partner, dialect=dialect, test_mode=False)
    others_first = sorted(own.order_by("-created_at"), key=lambda key: key.name == _KEY_NAME)
    for position, key in enumerate(others_first):
        if key.name == _KEY_NAME or position > 0:
            revoke_key(key=key, now=now, reason="The demo's file was lost.")
    return create_key(partner=partner, name=_KEY_NAME, dialect=dialect)[1]
