"""What the demo's file says of its VoordeMensen client."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from catalog.models import Dating
from orders.demo.shops import DAYS_AHEAD, ROOM, storefront_of
from orders.dialects.voordemensen import program, purchases
from partners.models import Dialect, Partner


def describe(
    partner: Partner, kept: Mapping[str, Any], now: datetime.datetime
) -> dict[str, Any] | None:
    storefront = storefront_of(partner, Dialect.VOORDEMENSEN, "sunnytrips", now)
    first = now.astimezone(partner.venue.zone).date() + datetime.timedelta(days=DAYS_AHEAD)
    for main in program.list_program(storefront=storefront, now=now):
        if main.event.ticket_types[0].package.dating != Dating.TIMED:
            continue
        for sub in main.sub_events:
            day, left = sub.showing.visit_date, sub.showing.left
            if day is None or day < first or (left or 0) < ROOM:
                continue
            choices = program.list_choices(
                storefront=storefront, sub_event_id=str(sub.event_id), now=now
            )
            methods, ids = purchases.list_methods(storefront, is_known=True)
            if choices and methods:
                return {
                    "path": "/voordemensen",
                    "clientName": storefront.public_id,
                    "eventId": main.event_id,
                    "subEventId": sub.event_id,
                    "discountId": choices[0].discount_id,
                    "paymentId": int(ids[methods[0].code]),
                }
    return None
