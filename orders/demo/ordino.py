"""What the demo's file says of its Ordino park."""

from __future__ import annotations

import datetime
import secrets
from collections.abc import Mapping
from typing import Any

import jwt
from django.conf import settings

from catalog.models import Attraction, Package, PackageMapping
from channel_manager.lib.sealing import Unsealable, seal, unseal
from orders.demo.shops import secret_of, storefront_of
from orders.models import GuestIssuer
from orders.virtual_queues import Settings, open_queue
from partners.models import Dialect, Partner, Storefront

_GUEST = "guest@example.com"
_GUEST_TOKEN_LASTS = datetime.timedelta(days=90)
# What the examples of Ordino's own documentation sell.
_ORDINO_PACKAGES = {"pkg_ride_pass": "RIDE-PASS", "pkg_voucher": "PHOTO-VOUCHER"}
_QUEUE = "dino"


def describe(
    partner: Partner, kept: Mapping[str, Any], now: datetime.datetime
) -> dict[str, Any] | None:
    """Return what is needed to sell to the park as Ordino, made now where it is not there yet."""
    storefront = storefront_of(partner, Dialect.ORDINO, "", now)
    for number, code in _ORDINO_PACKAGES.items():
        _map(partner, number, Package.objects.get(venue=partner.venue, code=code))
    attraction = Attraction.objects.get(venue=partner.venue, code=_QUEUE)
    if not hasattr(attraction, "virtual_queue"):
        open_queue(attraction=attraction, settings=Settings(), now=now)
    return {
        "path": "/ordino",
        "apiKey": secret_of(partner, Dialect.ORDINO, str(kept.get("apiKey", "")), now),
        "packageIds": list(_ORDINO_PACKAGES),
        "guestToken": _guest_token(storefront, now),
        "guest": _GUEST,
        "queueId": _QUEUE,
    }


def _map(partner: Partner, number: str, package: Package) -> None:
    if not PackageMapping.objects.filter(partner=partner, item_number=number).exists():
        PackageMapping.objects.create(partner=partner, item_number=number, package=package)


def _guest_token(storefront: Storefront, now: datetime.datetime) -> str:
    """Return the token of the demo's guest, signed as the park's sign-in would."""
    issuer = f"{settings.PUBLIC_URL}/demo-sign-in"
    row = GuestIssuer.objects.filter(storefront=storefront).first()
    secret = _shared_secret(row)
    if row is None or not secret:
        secret = secrets.token_urlsafe(48)
        row = row or GuestIssuer(storefront=storefront, issuer=issuer)
        row.sealed_secret, row.jwks_url = seal(secret), ""
        row.save()
    claims = {
        "iss": row.issuer,
        row.identity_claim: _GUEST,
        "iat": now,
        "exp": now + _GUEST_TOKEN_LASTS,
        **({"aud": row.audience} if row.audience else {}),
    }
    return jwt.encode(claims, secret)


def _shared_secret(row: GuestIssuer | None) -> str:
    """Return the secret that is shared with the issuer; none where it cannot be read any more."""
    if row is None or not row.sealed_secret:
        return ""
    try:
        return unseal(row.sealed_secret)
    except Unsealable:
        return ""
