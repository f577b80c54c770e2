"""The shops of the demo's partner in the dialects, and their secrets."""

from __future__ import annotations

import datetime

from partners.authentication import Unauthenticated
from partners.keys import create_key, revoke_key
from partners.models import ApiKey, Dialect, Partner, Storefront
from partners.storefronts import find_secret, open_storefront

# Whoever tries it comes to a session with room, and not to one that is over before they are done.
DAYS_AHEAD = 7
ROOM = 20
_KEY_NAME = "demo"


def storefront_of(
    partner: Partner, dialect: Dialect, public_id: str, now: datetime.datetime
) -> Storefront:
    """Return a partner's live storefront; where there is none, open one under an id that is easy."""
    found = Storefront.objects.filter(partner=partner, dialect=dialect, test_mode=False).first()
    if found is None:
        return open_storefront(partner=partner, dialect=dialect, public_id=public_id, now=now)
    found.partner = partner
    return found


def secret_of(partner: Partner, dialect: Dialect, kept: str, now: datetime.datetime) -> str:
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
