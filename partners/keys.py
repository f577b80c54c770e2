"""Making, recognising and revoking API keys."""

import datetime
import hashlib
import secrets
from collections.abc import Sequence

from django.db import IntegrityError, transaction

from channel_manager.history import runner
from channel_manager.history.runner import WORKER, Change
from channel_manager.lib.database import broken_constraint
from channel_manager.lib.errors import ErrorCode, Refusal
from partners.models import ApiKey, Dialect, Partner, all_scopes

LIVE_PREFIX = "cm_live_"
TEST_PREFIX = "cm_test_"
_SHOWN_CHARACTERS = 14


class TooManyKeys(Refusal):
    """The partner has two usable keys of this mode: one is enough to replace the other."""

    code = ErrorCode.INVALID_REQUEST


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
    dialect: Dialect | None = None,
    actor: str = WORKER,
) -> tuple[ApiKey, str]:
    """Create a live key and return its row with the key itself, which is kept nowhere.

    Raises TooManyKeys while two live ones are usable.
    """
    row = ApiKey(partner=partner, name=name, expires_at=expires_at, dialect=dialect or "")
    return _create(row, scopes, actor)


def create_test_key(
    *,
    partner: Partner,
    name: str = "",
    scopes: Sequence[str] | None = None,
    expires_at: datetime.datetime | None = None,
    dialect: Dialect | None = None,
    actor: str = WORKER,
) -> tuple[ApiKey, str]:
    """Create a test key and return its row with the key itself, which is kept nowhere.

    Raises TooManyKeys while two test keys are usable.
    """
    row = ApiKey(
        partner=partner,
        name=name,
        expires_at=expires_at,
        test_mode=True,
        dialect=dialect or "",
    )
    return _create(row, scopes, actor)


def _create(row: ApiKey, scopes: Sequence[str] | None, actor: str) -> tuple[ApiKey, str]:
    prefix = TEST_PREFIX if row.test_mode else LIVE_PREFIX
    key = f"{prefix}{secrets.token_urlsafe(32)}"
    row.prefix = key[:_SHOWN_CHARACTERS]
    row.key_hash = hash_key(key)
    row.scopes = all_scopes() if scopes is None else list(scopes)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
            _record(row, "key_made", actor=actor, now=row.created_at)
    except IntegrityError as clash:
        if broken_constraint(clash) != "api_key_two_live_per_mode":
            raise
        raise _too_many(row) from clash
    return row, key


def revoke_key(
    *, key: ApiKey, now: datetime.datetime, actor: str = WORKER, reason: str = ""
) -> None:
    """Make a key useless from now on; a key revoked before keeps its moment."""
    with transaction.atomic():
        if ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now):
            _record(key, "key_revoked", actor=actor, now=now, reason=reason)


def _record(
    key: ApiKey, name: str, *, actor: str, now: datetime.datetime, reason: str = ""
) -> None:
    """Write down in its partner's history what became of a key; a prefix is no secret."""
    data = {"key": str(key), "mode": "test" if key.test_mode else "live"}
    if key.dialect:
        data["dialect"] = key.dialect
    change = Change(name=name, actor=actor, now=now, reason=reason, data=data)
    runner.note(key.partner, change=change)


def _too_many(row: ApiKey) -> TooManyKeys:
    mode = "test" if row.test_mode else "live"
    usable = ApiKey.objects.usable(row.created_at)
    mine = usable.filter(partner=row.partner, test_mode=row.test_mode, dialect=row.dialect)
    names = " and ".join(f"{key.name or 'a nameless one'} ({key})" for key in mine[:2])
    detail = (
        f"{row.partner} has two {mode} keys that work: {names}. Revoke the one it no longer uses "
        "first."
    )
    return TooManyKeys(detail)
