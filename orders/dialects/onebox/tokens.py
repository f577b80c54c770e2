"""Access tokens of channels: signed by us, good for 12 h, and never longer than their secret."""

from __future__ import annotations

import datetime
import hashlib
import uuid
from typing import Any

import jwt
from django.conf import settings

from orders.dialects.onebox.errors import ChannelNotFound, InvalidToken
from partners import storefronts
from partners.authentication import Unauthenticated
from partners.models import ApiKey, Dialect, Storefront

LASTS = datetime.timedelta(hours=12)
# Long enough to be of use after the token that it came with.
REFRESHES = datetime.timedelta(hours=24)
SCOPE = "api-distribution-all api-catalog-all api-orders-mgmt-all"
_ALGORITHM = "HS256"
_ACCESS, _REFRESH = "access", "refresh"


def give_tokens(*, key: ApiKey, storefront: Storefront, now: datetime.datetime) -> dict[str, Any]:
    """Return the answer to a channel that has shown its secret (contract 1)."""
    jti = str(uuid.uuid4())
    return {
        "access_token": _sign(key, storefront, jti, _ACCESS, now, LASTS),
        "token_type": "bearer",
        "refresh_token": _sign(key, storefront, jti, _REFRESH, now, REFRESHES),
        "expires_in": int(LASTS.total_seconds()),
        "scope": SCOPE,
        "authInfo": {"channelId": int(storefront.public_id)},
        "jti": jti,
    }


def read_access_token(token: str, now: datetime.datetime) -> tuple[ApiKey, Storefront]:
    """Return the secret's row and the channel that a token was given to; two statements.

    Raises InvalidToken, ChannelNotFound.
    """
    return _read(token, _ACCESS, now)


def read_refresh_token(token: str, now: datetime.datetime) -> tuple[ApiKey, Storefront]:
    """Return what a refresh token was given to; raises as `read_access_token` does."""
    return _read(token, _REFRESH, now)


def _sign(
    key: ApiKey,
    storefront: Storefront,
    jti: str,
    use: str,
    now: datetime.datetime,
    lasts: datetime.timedelta,
) -> str:
    claims = {
        "sub": str(key.pk),
        "channel_id": int(storefront.public_id),
        "use": use,
        "jti": jti,
        "iat": int(now.timestamp()),
        "exp": int((now + lasts).timestamp()),
    }
    return jwt.encode(claims, _signing_key(), algorithm=_ALGORITHM)


def _read(token: str, use: str, now: datetime.datetime) -> tuple[ApiKey, Storefront]:
    try:
        claims = jwt.decode(
            token,
            _signing_key(),
            algorithms=[_ALGORITHM],
            # By the clock that the request is answered by.
            options={"verify_exp": False, "verify_iat": False, "require": ["sub", "exp"]},
        )
    except jwt.InvalidTokenError:
        raise InvalidToken from None
    if claims["exp"] <= now.timestamp() or claims.get("use") != use:
        raise InvalidToken
    try:
        key = storefronts.find_key(Dialect.ONEBOX, int(claims["sub"]), now)
    except Unauthenticated:
        raise InvalidToken from None
    try:
        return key, storefronts.storefront_of(key)
    except Unauthenticated:
        raise ChannelNotFound from None


def _signing_key() -> bytes:
    """Return a key of 32 bytes that is good for nothing else."""
    return hashlib.sha256(f"onebox-token:{settings.SECRET_KEY}".encode()).digest()
