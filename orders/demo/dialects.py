"""How the demo is sold in other systems' words: what a newcomer needs to try each of them."""

from __future__ import annotations

import datetime
from typing import Any

from catalog.models import Dating
from orders.dialects.voordemensen import program, purchases
from partners.models import Dialect, Partner, Storefront
from partners.storefronts import open_storefront

# Whoever tries it comes to a session with room, and not to one that is over before they are done.
_DAYS_AHEAD = 7
_ROOM = 20


def describe_dialects(*, partner: Partner, now: datetime.datetime) -> dict[str, Any]:
    """Return what is needed to buy from a partner's shop in each dialect that has something to sell.

    Its storefronts are opened where they are not there yet; ids stay what they were.
    """
    described = {"voordemensen": _voordemensen(partner, now)}
    return {dialect: members for dialect, members in described.items() if members}


def _voordemensen(partner: Partner, now: datetime.datetime) -> dict[str, Any] | None:
    storefront = _storefront(partner, Dialect.VOORDEMENSEN, "sunnytrips", now)
    first = now.astimezone(partner.venue.zone).date() + datetime.timedelta(days=_DAYS_AHEAD)
    for main in program.list_program(storefront=storefront, now=now):
        if main.event.ticket_types[0].package.dating != Dating.TIMED:
            continue
        for sub in main.sub_events:
            day, left = sub.showing.visit_date, sub.showing.left
            if day is None or day < first or (left or 0) < _ROOM:
                continue
            choices = program.list_choices(
                storefront=storefront, sub_event_id=str(sub.event_id), now=now
            )
            methods, ids = purchases.list_methods(storefront)
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


def _storefront(
    partner: Partner, dialect: Dialect, public_id: str, now: datetime.datetime
) -> Storefront:
    """Return a partner's live storefront; where there is none, open one under an id that is easy."""
    found = Storefront.objects.filter(partner=partner, dialect=dialect, test_mode=False).first()
    if found is None:
        return open_storefront(partner=partner, dialect=dialect, public_id=public_id, now=now)
    found.partner = partner
    return found
