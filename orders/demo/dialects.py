"""What the demo's file says of the systems that it can be sold through as."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from catalog.models import Package, Session
from orders.demo import catalogue
from orders.dialects.openticket import guids
from partners.keys import create_key, hash_key, revoke_key
from partners.models import ApiKey, Dialect, Partner, Storefront, Venue
from partners.storefronts import open_storefront

_KEY_NAME = "demo"
_SELLER = "Sunny Trips"
# The session that the file names: it lasts as long as a demo is left running.
_DAYS_AHEAD = 14


def describe_dialects(*, venue: Venue, kept: Mapping[str, Any]) -> dict[str, Any]:
    """Open the demo's shops unless they are there, and return what a script needs to know of them.

    kept: what the file said before; its secrets stay as long as they are valid.
    """
    partner = Partner.objects.get(venue=venue, name=_SELLER)
    return {"openticket": _openticket(partner, kept.get("openticket", {}))}


def _openticket(partner: Partner, kept: Mapping[str, Any]) -> dict[str, Any]:
    shop = _storefront(partner, Dialect.OPENTICKET)
    session = _park_session(partner.venue)
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
        "accessToken": _secret(partner, Dialect.OPENTICKET, str(kept.get("accessToken", ""))),
    }


def _storefront(partner: Partner, dialect: Dialect) -> Storefront:
    """Return the demo partner's shop in a dialect, opened now if there is none."""
    found = Storefront.objects.filter(partner=partner, dialect=dialect, test_mode=False).first()
    return found or open_storefront(partner=partner, dialect=dialect, now=timezone.now())


def _secret(partner: Partner, dialect: Dialect, kept: str) -> str:
    """Return the secret that the file had, if it is still good; else make another one."""
    now = timezone.now()
    usable = ApiKey.objects.usable(now).filter(partner=partner, dialect=dialect, test_mode=False)
    if usable.filter(key_hash=hash_key(kept)).exists():
        return kept
    for key in usable.filter(name=_KEY_NAME):
        revoke_key(key=key, now=now, reason="The demo's file was lost.")
    return create_key(partner=partner, name=_KEY_NAME, dialect=dialect)[1]


def _park_session(venue: Venue) -> Session:
    """Return the park's whole day two weeks from now, or the last one that there is before it."""
    today = timezone.localdate(timezone=venue.zone)
    sessions = Session.objects.filter(
        attraction__venue=venue,
        attraction__code=catalogue.PARK,
        is_on_sale=True,
        date__gte=today,
        date__lte=today + datetime.timedelta(days=_DAYS_AHEAD),
    )
    return sessions.latest("starts_at")
