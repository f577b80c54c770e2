"""What the demo's file says of its OpenTicket shop."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from catalog.models import Package, Session
from orders.demo import catalogue
from orders.demo.shops import secret_of, storefront_of
from orders.dialects.openticket import guids
from partners.models import Dialect, Partner, Venue

# The session that the file names: it lasts as long as a demo is left running.
_DAYS_AHEAD = 14


def describe(
    partner: Partner, kept: Mapping[str, Any], now: datetime.datetime
) -> dict[str, Any] | None:
    """Return what is needed to buy from the partner's OpenTicket shop, opened now if need be."""
    shop = storefront_of(partner, Dialect.OPENTICKET, "", now)
    session = _park_session(partner.venue, now)
    packages = Package.objects.filter(
        venue=partner.venue, code__in=(catalogue.ROLES["individual"], catalogue.FREE)
    )
    keys = {one.code: guids.ticket_key(one.pk, session.pk) for one in packages}
    tickets = guids.guids_of(shop, guids.TICKET, list(keys.values()))
    dates = guids.guids_of(shop, guids.EVENT_DATE, [str(session.pk)])
    return {
        "path": "/openticket",
        "shopGuid": shop.public_id,
        "ticketGuid": tickets[keys[catalogue.ROLES["individual"]]],
        "freeTicketGuid": tickets[keys[catalogue.FREE]],
        "eventDateGuid": dates[str(session.pk)],
        "accessToken": secret_of(
            partner, Dialect.OPENTICKET, str(kept.get("accessToken", "")), now
        ),
    }


def _park_session(venue: Venue, now: datetime.datetime) -> Session:
    """Return the park's whole day two weeks from now, or the last one that there is before it."""
    today = now.astimezone(venue.zone).date()
    sessions = Session.objects.filter(
        attraction__venue=venue,
        attraction__code=catalogue.PARK,
        is_on_sale=True,
        date__gte=today,
        date__lte=today + datetime.timedelta(days=_DAYS_AHEAD),
    )
    return sessions.latest("starts_at")
