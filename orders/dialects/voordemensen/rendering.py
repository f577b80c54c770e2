"""The programme, the cart and the order in the words of VoordeMensen (contract section 3)."""

from __future__ import annotations

import datetime
import zoneinfo
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.conf import settings

from orders.dialects.voordemensen.carts import CartLine
from orders.dialects.voordemensen.money import write_amount
from orders.dialects.voordemensen.program import Choice, Location, MainEvent, SubEvent
from orders.dialects.voordemensen.purchases import Purchase, Standing
from orders.paying import PaymentMethod

# What stands where there is no date or time.
_NO_DAY, _NO_TIME = "0000-00-00", "00:00:00"
_NO_CART_DAY, _NO_CART_TIME = "00-00-0000", "00:00"
_EMPTY_CART = [{"cart": 0}]
# Prices are told as they are: a discount of nothing, in money.
_AMOUNT_OFF = "€"
_CATEGORY = "standard"
_UNNUMBERED = "0"


def render_event(main: MainEvent, *, most: int, zone: zoneinfo.ZoneInfo) -> dict[str, Any]:
    """Return a main event with its sub-events; `most` is how many tickets an order may have."""
    return {
        **_texts_of(main.event_id, main.event.name),
        "sub_events": [_render_sub_event(main, sub, most, zone) for sub in main.sub_events],
    }


def render_choice(choice: Choice, currency: str) -> dict[str, Any]:
    """Return a ticket type of a sub-event."""
    price = choice.ticket_type.price_on(choice.showing.visit_date) or Decimal(0)
    return {
        "discount_id": choice.discount_id,
        "discount_name": choice.ticket_type.package.name,
        "base_price": write_amount(price, currency),
        "discount_type": _AMOUNT_OFF,
        "discount_value": write_amount(Decimal(0), currency),
        "discounted_price": write_amount(price, currency),
    }


def render_location(location: Location) -> dict[str, Any]:
    """Return a location."""
    return {"location_id": location.location_id, "location_name": location.name}


def render_methods(
    methods: Iterable[PaymentMethod], ids: Mapping[str, str], currency: str
) -> list[dict[str, Any]]:
    """Return the payment methods under their ids."""
    return [
        {
            "payment_id": int(ids[method.code]),
            "payment_desc": method.name,
            "payment_cost": write_amount(method.cost, currency),
        }
        for method in methods
    ]


def render_cart(lines: Sequence[CartLine], currency: str) -> list[dict[str, Any]]:
    """Return a whole cart, what it costs last."""
    if not lines:
        return list(_EMPTY_CART)
    total = sum((line.item.unit_price for line in lines), Decimal(0))
    return [
        *(_render_line(line, currency) for line in lines),
        {"totalprice": write_amount(total, currency)},
    ]


def render_purchase(purchase: Purchase) -> dict[str, str]:
    """Return an order as it is made."""
    return {"url": purchase.url, "order_key": purchase.order_key}


def render_standing(standing: Standing, client_name: str) -> dict[str, Any]:
    """Return how an order stands; tickets and documents only once it is paid."""
    base = f"{settings.PUBLIC_URL}/voordemensen/{client_name}/order/{standing.order_key}"
    return {
        "order_payment_status": standing.payment_status,
        "order_tickets_nr": len(standing.tickets),
        "order_tickets_url": f"{base}/ticket" if standing.has_documents else None,
        "order_receipt_url": f"{base}/receipt" if standing.has_documents else None,
        "seats": [
            {"seat_id": ticket.seat_id, "event_name": ticket.event_name, "event_type": None}
            for ticket in standing.tickets
        ],
    }


def _render_line(line: CartLine, currency: str) -> dict[str, Any]:
    item = line.item
    return {
        "seat_id": line.seat_id,
        "seat_row_nr": line.row or _UNNUMBERED,
        "seat_nr": line.seat or _UNNUMBERED,
        "pmp_name": None,
        "event_id": line.event_id,
        "event_name": line.event_name,
        "location_name": line.location_name,
        "event_date": f"{item.visit_date:%d-%m-%Y}" if item.visit_date else _NO_CART_DAY,
        "event_time": f"{line.time:%H:%M}" if line.time else _NO_CART_TIME,
        "numberoftickets": 1,
        "seat_price": write_amount(item.unit_price, currency),
        "category_name": _CATEGORY,
        "discount_id": line.discount_id,
        "discount_name": item.package.name,
    }


def _render_sub_event(
    main: MainEvent, sub: SubEvent, most: int, zone: zoneinfo.ZoneInfo
) -> dict[str, Any]:
    session = sub.showing.session
    return {
        **_texts_of(sub.event_id, main.event.name),
        "event_url": None,
        "event_date": session.date.isoformat() if session else _NO_DAY,
        "event_time": _clock(session.starts_at, zone) if session else _NO_TIME,
        "event_end": _clock(session.ends_at, zone) if session else _NO_TIME,
        "event_view_end": f"{_NO_DAY} {_NO_TIME}",
        "event_rep": "sub",
        "event_main_id": main.event_id,
        "event_free": most,
        "event_status": "pub",
        "location_id": sub.location.location_id,
        "location_name": sub.location.name,
    }


def _texts_of(event_id: int, name: str) -> dict[str, Any]:
    return {
        "event_id": event_id,
        "event_name": name,
        "event_text": "",
        "event_short_text": "",
        "event_image": None,
    }


def _clock(moment: datetime.datetime, zone: zoneinfo.ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%H:%M:%S}"
