"""Events, sessions and what is left of them, as the catalogue API answers them (contract section 8)."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from catalog.visits import sold_until
from channel_manager.lib.moments import in_utc
from orders.dialects.onebox.catalogue import (
    EVENT,
    PRICE_TYPE,
    SEAT,
    SECTOR,
    SESSION,
    VENUE,
    OnSale,
    seat_type,
)
from orders.dialects.onebox.rendering import as_number
from orders.offerings import TicketType
from orders.stock import Left, Stock
from partners import outward
from partners.models import Storefront

_LOCALES = {"en": "en-GB", "nl": "nl-NL", "de": "de-DE"}


class Renderer:
    """Renders things of one channel; ids of all that is rendered are read together."""

    def __init__(self, storefront: Storefront, rows: Sequence[OnSale]) -> None:
        self.storefront = storefront
        self.venue = storefront.partner.venue
        self._events = self._ids(EVENT, (row.event.key for row in rows))
        self._sessions = self._ids(SESSION, (row.key for row in rows))
        self._venue_id = int(self._ids(VENUE, [str(self.venue.pk)])[str(self.venue.pk)])

    def session(self, row: OnSale) -> dict[str, Any]:
        """Return a session."""
        return {
            "id": int(self._sessions[row.key]),
            "name": row.event.name,
            "type": "SESSION",
            "event": {
                "id": int(self._events[row.event.key]),
                "name": row.event.name,
                "texts": self._texts(row.event.name),
            },
            "venue": self._venue(),
            "date": _date_of(row),
            "price": self._price([row]),
            "for_sale": True,
            "on_catalog": True,
        }

    def event(self, rows: Sequence[OnSale]) -> dict[str, Any]:
        """Return an event by its sessions, of which there is one at least."""
        event = rows[0].event
        dates = [_date_of(row) for row in rows]
        return {
            "id": int(self._events[event.key]),
            "name": event.name,
            "type": "NORMAL",
            "texts": self._texts(event.name),
            "venues": [self._venue()],
            "date": {
                "start": dates[0]["start"],
                "end": dates[-1]["end"],
                "start_unconfirmed": dates[0]["start_unconfirmed"],
            },
            "price": self._price(rows),
            "for_sale": True,
            "on_catalog": True,
        }

    def availability(self, row: OnSale, stock: Stock) -> dict[str, Any]:
        """Return what is left of a session: in all, by price type, by sector with its seats."""
        types = [one for one in row.ticket_types if one.package.pk in stock.by_package]
        ids = self._ids(PRICE_TYPE, (str(one.package.pk) for one in types))
        price_types = [
            self._price_type(one, int(ids[str(one.package.pk)]), row, stock) for one in types
        ]
        return {
            "availability": _availability(stock.whole),
            "price_types": price_types,
            "sectors": [self._sector(row, stock, price_types, ids)],
        }

    def _price_type(
        self, one: TicketType, price_type_id: int, row: OnSale, stock: Stock
    ) -> dict[str, Any]:
        price = one.price_on(row.showing.visit_date)
        return {
            "id": price_type_id,
            "name": one.package.name,
            "code": one.item_number,
            "price": {"final": as_number(price or Decimal(0), self.venue.currency)},
            "availability": _availability(stock.by_package[one.package.pk]),
        }

    def _sector(
        self,
        row: OnSale,
        stock: Stock,
        price_types: Sequence[Mapping[str, Any]],
        type_ids: Mapping[str, str],
    ) -> dict[str, Any]:
        """Return the one part that a session has: its hall, with the seats that can be named.

        [D] Where channels look for seats is not public.
        """
        session = row.showing.session
        plan = session.seat_plan if session else None
        key = f"plan:{plan.pk}" if plan else row.event.key
        name = plan.name if plan else row.event.name
        told = {
            "id": int(self._ids(SECTOR, [key])[key]),
            "code": name,
            "name": name,
            "type": "NUMBERED" if plan else "NOT_NUMBERED",
            "price_types": list(price_types),
        }
        if plan is None:
            return told
        kind = seat_type(row.ticket_types, row.showing.visit_date)
        ids = self._ids(SEAT, (str(seat.pk) for seat in stock.seats))
        seats = [
            {
                "id": int(ids[str(seat.pk)]),
                "row": seat.row,
                "name": seat.label,
                "price_type_id": int(type_ids[str(kind.package.pk)]) if kind else None,
                "status": "AVAILABLE" if seat.pk in stock.free_seats else "TAKEN",
            }
            for seat in stock.seats
        ]
        return {**told, "seats": seats}

    def _ids(self, kind: str, keys: Iterable[str]) -> dict[str, str]:
        wanted = list(dict.fromkeys(keys))
        return outward.values_of(self.storefront, kind, wanted, shape=outward.number)

    def _venue(self) -> dict[str, Any]:
        return {
            "id": self._venue_id,
            "name": self.venue.name,
            "location": {"address": self.venue.address, "time_zone": self.venue.timezone},
            "graphic": False,
        }

    def _texts(self, title: str) -> dict[str, Any]:
        return {"title": {_LOCALES.get(self.venue.language, self.venue.language): title}}

    def _price(self, rows: Sequence[OnSale]) -> dict[str, Any]:
        prices = [price for row in rows for price in row.prices]
        rates = {
            component.item.vat_rate
            for row in rows
            for one in row.ticket_types
            for component in one.offer.components
        }
        least, most = self._amount(min(prices)), self._amount(max(prices))
        return {
            "min": least,
            "max": most,
            "min_final": least,
            "max_final": most,
            "currency": self.venue.currency,
            "taxes": [{"name": "VAT", "value": float(rate)} for rate in sorted(rates)],
        }

    def _amount(self, price: Decimal) -> dict[str, Any]:
        """Return a price: VAT is in it, and nothing comes on top."""
        return {
            "value": as_number(price, self.venue.currency),
            "surcharge": {"promoter": 0, "channel": 0},
        }


def _availability(left: Left) -> dict[str, Any]:
    if left.available is None:
        return {"type": "UNBOUNDED", "total": None, "available": None}
    return {"type": "BOUNDED", "total": left.total, "available": left.available}


def _date_of(row: OnSale) -> dict[str, Any]:
    session = row.showing.session
    ends: datetime.datetime | None = None
    if session is not None:
        ends = max(sold_until(one.package, session) for one in row.ticket_types)
    return {
        "start": in_utc(session.starts_at) if session else None,
        "end": in_utc(session.ends_at) if session else None,
        "sale_start": None,
        "sale_end": in_utc(ends) if ends else None,
        "booking_start": None,
        "booking_end": None,
        "start_unconfirmed": session is None,
    }
