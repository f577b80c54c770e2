"""From a guest's token to the storefront and the identity that it stands for."""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
from collections.abc import Mapping
from typing import Any

import jwt

from channel_manager.lib.sealing import Unsealable, unseal
from orders.guest_keys import find_key
from orders.guest_orders import as_compared
from orders.models import GuestIssuer
from partners.authentication import Unauthenticated
from partners.models import Dialect, Storefront

_LONGEST_TOKEN = 8192
_LONGEST_IDENTITY = 256
_LONGEST_NAME = 500
# How far the clocks of issuers may be from ours.
_LEEWAY = datetime.timedelta(seconds=30)
_BY_SECRET = ("HS256",)
_BY_KEYS = ("RS256", "ES256")
# We look at the times ourselves, by the moment of the request.
_SIGNATURE_ONLY: Any = {
    "verify_aud": False,
    "verify_exp": False,
    "verify_iat": False,
    "verify_iss": False,
    "verify_jti": False,
    "verify_nbf": False,
    "verify_sub": False,
}
_NOTHING_VERIFIED: Any = {"verify_signature": False, **_SIGNATURE_ONLY}
_UNREADABLE = (jwt.PyJWTError, ValueError, TypeError, RecursionError)


class UnknownGuest(Unauthenticated):
    """The token does not say in a way that we trust who the guest is."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Guest:
    """A guest of a storefront, by the identity that its orders name; as it is compared."""

    storefront: Storefront
    identity: str

    @property
    def user_id(self) -> str:
        """Return an id of the guest that says nothing of the person; the same each time."""
        text = f"{self.storefront.pk}:{self.identity}"
        return hashlib.sha256(text.encode()).hexdigest()[:24]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Claimant:
    """Whom a token claims to be of, before anything of it is believed."""

    issuer: GuestIssuer
    token: str
    header: Mapping[str, Any]
    claims: Mapping[str, Any]

    @property
    def storefront(self) -> Storefront:
        """Return whose guest it would be."""
        return self.issuer.storefront


def read_token(*, dialect: Dialect, token: str) -> Claimant:
    """Return what a token (JWT) of a configured issuer claims; raises UnknownGuest.

    One statement. Anybody can write an issuer's name into a token: charge a limit next.
    """
    header, claims = _peek(token)
    issuer = _find_issuer(dialect, claims)
    return Claimant(issuer=issuer, token=token, header=header, claims=claims)


def recognise_guest(claimant: Claimant, *, now: datetime.datetime) -> Guest:
    """Return the guest whom a token names, once its issuer is proven; raises UnknownGuest.

    The issuer's keys may be fetched, so no transaction may be open.
    """
    issuer, claims = claimant.issuer, claimant.claims
    _verify(issuer, claimant.token, claimant.header, now)
    _require_time(claims, now)
    identity = _identity_in(claims, issuer.identity_claim)
    return Guest(storefront=issuer.storefront, identity=as_compared(identity))


def _identity_in(claims: Mapping[str, Any], name: str) -> str:
    """Return the identity that a claim carries; a number is one as well."""
    value = claims.get(name)
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not text.strip() or not _is_storable(text, _LONGEST_IDENTITY):
        raise UnknownGuest(f"The token does not say who you are ({name}).")
    return text


def _peek(token: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return what a token says, before anything of it is believed."""
    if len(token) > _LONGEST_TOKEN:
        raise UnknownGuest("The token is too long.")
    try:
        told = jwt.decode_complete(token, options=_NOTHING_VERIFIED)
    except _UNREADABLE:
        raise UnknownGuest("The token cannot be read.") from None
    return told["header"], told["payload"]


def _find_issuer(dialect: Dialect, claims: Mapping[str, Any]) -> GuestIssuer:
    """Return the issuer that a token names, for its audience before one for any."""
    name, audience = claims.get("iss"), claims.get("aud", [])
    audiences = [audience] if isinstance(audience, str) else audience
    if not isinstance(name, str) or not isinstance(audiences, list) or not _is_storable(name):
        raise UnknownGuest("The token names no issuer.")
    issuers = GuestIssuer.objects.filter(issuer=name, storefront__dialect=dialect)
    found = issuers.select_related("storefront__partner__venue").defer(
        "storefront__partner__venue__logo"
    )
    fitting = [one for one in found if not one.audience or one.audience in audiences]
    if not fitting:
        raise UnknownGuest("The token's issuer and audience are not known here.")
    return max(fitting, key=lambda one: bool(one.audience))


def _verify(
    issuer: GuestIssuer, token: str, header: Mapping[str, Any], now: datetime.datetime
) -> None:
    try:
        if issuer.sealed_secret:
            key: Any = unseal(issuer.sealed_secret)
            algorithms: tuple[str, ...] = _BY_SECRET
        else:
            key = find_key(issuer, str(header.get("kid", "")), now)
            algorithms = _BY_KEYS
        if key is None:
            raise UnknownGuest("The token was signed by a key that its issuer does not publish.")
        jwt.decode(token, key, algorithms=list(algorithms), options=_SIGNATURE_ONLY)
    except Unsealable:
        raise UnknownGuest("The issuer's secret cannot be read; it has to be set anew.") from None
    except _UNREADABLE:
        raise UnknownGuest("The token was not signed by its issuer.") from None


def _require_time(claims: Mapping[str, Any], now: datetime.datetime) -> None:
    """Raise UnknownGuest outside of the token's time; one without an end is refused."""
    ends, begins = claims.get("exp"), claims.get("nbf", 0)
    moment = now.timestamp()
    leeway = _LEEWAY.total_seconds()
    if not isinstance(ends, int | float) or not isinstance(begins, int | float):
        raise UnknownGuest("The token does not say until when it is valid.")
    if moment >= ends + leeway or moment < begins - leeway:
        raise UnknownGuest("The token has expired, or is not valid yet.")


def _is_storable(text: str, longest: int = _LONGEST_NAME) -> bool:
    """Tell whether a text can be asked for: no control character and no lone surrogate."""
    return len(text) <= longest and text.isprintable()
