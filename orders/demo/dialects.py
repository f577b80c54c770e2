"""The demo's storefronts: for each dialect what a shop written for it needs to sell to the park."""

from __future__ import annotations

import datetime
import secrets
from collections.abc import Mapping
from typing import Any

import jwt
from django.conf import settings

from catalog.models import Attraction, Package, PackageMapping
from channel_manager.lib.sealing import Unsealable, seal, unseal
from orders.models import GuestIssuer
from orders.virtual_queues import Settings, open_queue
from partners.keys import create_key, hash_key, revoke_key
from partners.models import ApiKey, Dialect, Partner, Storefront, Venue
from partners.storefronts import open_storefront

_KEY_NAME = "demo"
_SELLER = "Sunny Trips"
_GUEST = "guest@example.com"
_GUEST_TOKEN_LASTS = datetime.timedelta(days=90)
# What the examples of Ordino's own documentation sell.
_ORDINO_PACKAGES = {"pkg_ride_pass": "RIDE-PASS", "pkg_voucher": "PHOTO-VOUCHER"}
_QUEUE = "dino"


def describe(
    *, venue: Venue, kept: Mapping[str, Any], now: datetime.datetime
) -> dict[str, dict[str, Any]]:
    """Make what the dialects need, unless it is there, and return how it is used.

    kept: what a file of ours said before; secrets that still work stay as they are.
    """
    return {"ordino": _ordino(venue, kept.get("ordino", {}), now)}


def _ordino(venue: Venue, kept: Mapping[str, Any], now: datetime.datetime) -> dict[str, Any]:
    seller = Partner.objects.get(venue=venue, name=_SELLER)
    storefront = _storefront(seller, Dialect.ORDINO, now)
    for number, code in _ORDINO_PACKAGES.items():
        _map(seller, number, Package.objects.get(venue=venue, code=code))
    attraction = Attraction.objects.get(venue=venue, code=_QUEUE)
    if not hasattr(attraction, "virtual_queue"):
        open_queue(attraction=attraction, settings=Settings(), now=now)
    return {
        "path": "/ordino",
        "apiKey": _secret(storefront, str(kept.get("apiKey", "")), now),
        "packageIds": list(_ORDINO_PACKAGES),
        "guestToken": _guest_token(storefront, now),
        "guest": _GUEST,
        "queueId": _QUEUE,
    }


def _storefront(partner: Partner, dialect: Dialect, now: datetime.datetime) -> Storefront:
    """Return the partner's live storefront of a dialect, opened if there is none."""
    found = Storefront.objects.filter(partner=partner, dialect=dialect, test_mode=False).first()
    return found or open_storefront(partner=partner, dialect=dialect, now=now)


def _secret(storefront: Storefront, kept: str, now: datetime.datetime) -> str:
    """Return a secret of the storefront that works: the one that was kept, else a new one."""
    keys = ApiKey.objects.usable(now).filter(
        partner=storefront.partner, dialect=storefront.dialect, test_mode=storefront.test_mode
    )
    if keys.filter(key_hash=hash_key(kept)).exists():
        return kept
    # Nobody knows the demo's own any more; of others one stays.
    others = sorted(keys.order_by("-created_at"), key=lambda key: key.name == _KEY_NAME)
    for position, key in enumerate(others):
        if key.name == _KEY_NAME or position > 0:
            revoke_key(key=key, now=now, reason="The demo's file was lost.")
    dialect = Dialect(storefront.dialect)
    _row, secret = create_key(partner=storefront.partner, name=_KEY_NAME, dialect=dialect)
    return secret


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
