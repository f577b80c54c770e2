"""Making, recognising and revoking API keys."""

import datetime
import hashlib
import secrets
from collections.abc import Sequence

from partners.models import ApiKey, Partner, all_scopes

LIVE_PREFIX = "cm_live_"
TEST_PREFIX = "cm_test_"
_SHOWN_CHARACTERS = 14


def hash_key(key: str) -> str:
    """Return the SHA-256 of a key, in hex.

    A plain hash is enough: a key carries 256 random bits, so there is nothing to guess.
    """
    return hashlib.sha256(key.encode()).hexdigest()


def create_key(
    *,
    partner: Partner,
    name: str = "",
    scopes: Sequence[str] | None = None,
    expires_at: datetime.datetime | None = None,
) -> tuple[ApiKey, str]:
    """Create a live key and return its row with the key itself, which is kept nowhere."""
    return _create(ApiKey(partner=partner, name=name, expires_at=expires_at), scopes)


def create_test_key(
    *,
    partner: Partner,
    name: str = "",
    scopes: Sequence[str] | None = None,
    expires_at: datetime.datetime | None = None,
) -> tuple[ApiKey, str]:
    """Create a test key and return its row with the key itself, which is kept nowhere."""
    return _create(
        ApiKey(partner=partner, name=name, expires_at=expires_at, test_mode=True), scopes
    )


def _create(row: ApiKey, scopes: Sequence[str] | None) -> tuple[ApiKey, str]:
    prefix = TEST_PREFIX if row.test_mode else LIVE_PREFIX
    key = f"{prefix}{secrets.token_urlsafe(32)}"
    row.prefix = key[:_SHOWN_CHARACTERS]
    row.key_hash = hash_key(key)
    row.scopes = all_scopes() if scopes is None else list(scopes)
    row.save(force_insert=True)
    return row, key


def revoke_key(*, key: ApiKey, now: datetime.datetime) -> None:
    """Make a key useless from now on; a key revoked before keeps its moment."""
    ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now)
