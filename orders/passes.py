"""Passes: the signed tokens of reservations, which the ride shows to us or checks by itself."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import json
import uuid
from typing import Any, cast

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from django.db import IntegrityError, transaction

from channel_manager.lib.sealing import seal, unseal
from orders.models import SigningKey

_ALGORITHM = "RS256"
_BITS = 2048
LASTS = datetime.timedelta(days=1)
_LONGEST = 4096


class NotAPass(Exception):
    """The text is no token of ours, or its time is over."""


@dataclasses.dataclass(frozen=True)
class Park:
    """Whose passes these are: who signs them, and the storefront that they are for."""

    issuer: str
    audience: str


class Signer:
    """Signs the passes of one answer: the key is read once, for the first of them."""

    def __init__(self, *, park: Park, now: datetime.datetime) -> None:
        self.park = park
        self.now = now

    def sign(
        self,
        *,
        reservation_id: uuid.UUID,
        queue: str,
        guests: int,
        who: str,
        ready_at: datetime.datetime | None,
    ) -> str:
        """Return the token of a reservation, valid for a day; `who` says nothing of the person."""
        claims: dict[str, Any] = {
            "sub": str(reservation_id),
            "qid": queue,
            "guests": guests,
            "who": who,
            "rdyat": ready_at and int(ready_at.timestamp()),
            "iat": int(self.now.timestamp()),
            "exp": int((self.now + LASTS).timestamp()),
            "iss": self.park.issuer,
            "aud": self.park.audience,
        }
        private = _private(self._key.sealed_private)
        return jwt.encode(claims, private, _ALGORITHM, headers={"kid": str(self._key.pk)})

    @functools.cached_property
    def _key(self) -> SigningKey:
        return _active_key(self.now)


def read_pass(*, park: Park, text: str, now: datetime.datetime) -> uuid.UUID:
    """Return the reservation that a token of ours stands for; raises NotAPass."""
    if len(text) > _LONGEST:
        raise NotAPass
    options = {"verify_exp": False, "verify_iat": False, "verify_nbf": False}
    try:
        kid = str(jwt.get_unverified_header(text).get("kid", ""))
        key = SigningKey.objects.filter(pk=uuid.UUID(kid)).first()
        if key is None:
            raise NotAPass
        claims = jwt.decode(
            text,
            jwt.PyJWK.from_dict(key.public).key,
            algorithms=[_ALGORITHM],
            audience=park.audience,
            issuer=park.issuer,
            options=options,  # type: ignore[arg-type]
        )
        reservation_id = uuid.UUID(claims["sub"])
    except (jwt.PyJWTError, ValueError, TypeError, KeyError, RecursionError):
        raise NotAPass from None
    if now.timestamp() >= claims["exp"]:
        raise NotAPass
    return reservation_id


def public_keys() -> list[dict[str, Any]]:
    """Return the public halves of all our keys, as JWKs."""
    return [key.public for key in SigningKey.objects.all()]


def _active_key(now: datetime.datetime) -> SigningKey:
    """Return the key to sign with, made when there is none yet; two who make one agree on it."""
    found = SigningKey.objects.filter(is_active=True).first()
    if found is not None:
        return found
    try:
        with transaction.atomic():
            return _make_key(now)
    except IntegrityError:
        return SigningKey.objects.get(is_active=True)


def _make_key(now: datetime.datetime) -> SigningKey:
    private = rsa.generate_private_key(public_exponent=65537, key_size=_BITS)
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    key = SigningKey(sealed_private=seal(pem), created_at=now, public={})
    jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(private.public_key()))
    key.public = {
        "kty": "RSA",
        "use": "sig",
        "alg": _ALGORITHM,
        "kid": str(key.pk),
        "n": jwk["n"],
        "e": jwk["e"],
    }
    key.save(force_insert=True)
    return key


@functools.lru_cache(maxsize=8)
def _private(sealed: str) -> rsa.RSAPrivateKey:
    return cast("rsa.RSAPrivateKey", load_pem_private_key(unseal(sealed).encode(), password=None))
