"""Secrets at rest, sealed with keys that stand in the environment and never in the database."""

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class Unsealable(Exception):
    """None of the keys in the environment opens this secret."""


def seal(secret: str) -> str:
    """Return a secret as it may be stored: encrypted and authenticated with the newest key."""
    return _box().encrypt(secret.encode()).decode()


def unseal(sealed: str) -> str:
    """Return the secret that `seal` was given, whichever of the keys did it; raises Unsealable."""
    try:
        return _box().decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise Unsealable("No key of ENCRYPTION_KEYS opens a stored secret.") from None


def reseal(sealed: str) -> str:
    """Return a sealed secret sealed anew with the newest key; raises Unsealable."""
    return seal(unseal(sealed))


def _box() -> MultiFernet:
    # SECRET_KEY stays the last: what was sealed before there were keys of their own can be opened.
    keys = [*settings.ENCRYPTION_KEYS, settings.SECRET_KEY]
    return MultiFernet([Fernet(_fernet_key(key)) for key in keys])


def _fernet_key(text: str) -> bytes:
    """Return a key of the right shape; the text is random already, so one hash is enough."""
    return base64.urlsafe_b64encode(hashlib.sha256(b"sealing:" + text.encode()).digest())
