"""The keys that an issuer of guests' tokens publishes: fetched when they are needed, and kept."""

from __future__ import annotations

import datetime
import json
import logging
from typing import Any

import jwt
from django.db.models import Q

from channel_manager.lib import http
from orders.models import GuestIssuer

_FRESH = datetime.timedelta(hours=1)
# A token that names an unknown key has its issuer asked at most that often.
_ASKED_EVERY = datetime.timedelta(minutes=1)
_SECONDS = 5.0
_MOST_BYTES = 256 * 1024
_MOST_KEYS = 50
_log = logging.getLogger(__name__)


def find_key(issuer: GuestIssuer, kid: str, now: datetime.datetime) -> Any:
    """Return the key of this id that an issuer publishes, ready to verify with; None without one.

    Its keys are fetched when they are an hour old, or do not name this one; at most once a minute,
    by one process. One that does not answer is believed as it was.
    """
    known = _pick(issuer.keys, kid)
    if known is None or not issuer.knows_keys_since(now - _FRESH):
        _refresh(issuer, now)
        known = _pick(issuer.keys, kid)
    return known


def _refresh(issuer: GuestIssuer, now: datetime.datetime) -> None:
    asked_lately = Q(keys_asked_at__gt=now - _ASKED_EVERY)
    mine = GuestIssuer.objects.filter(pk=issuer.pk).exclude(asked_lately)
    if not mine.update(keys_asked_at=now):
        return
    try:
        answer = http.get(
            issuer.jwks_url,
            headers={"Accept": "application/json"},
            seconds=_SECONDS,
            keep_bytes=_MOST_BYTES,
        )
    except http.NotAnswered as fault:
        _log.warning("The keys of issuer %s could not be fetched: %s", issuer.pk, fault)
        return
    keys = _read(answer) if answer.status_code == 200 else None
    if keys is None:
        _log.warning("Issuer %s published no keys (%s)", issuer.pk, answer.status_code)
        return
    issuer.keys, issuer.keys_fetched_at = keys, now
    issuer.save(update_fields=["keys", "keys_fetched_at"])


def _read(answer: http.Answer) -> dict[str, Any] | None:
    """Return the public keys of an answer; None where it has none that we can keep."""
    try:
        told = json.loads(answer.body)
        json.dumps(told, ensure_ascii=False).encode()  # refuses lone surrogates
    except (ValueError, RecursionError):
        return None
    keys = told.get("keys") if isinstance(told, dict) else None
    if not isinstance(keys, list) or "\\u0000" in json.dumps(keys):
        return None
    public = [key for key in keys if isinstance(key, dict) and key.get("kty") in ("RSA", "EC")]
    return {"keys": public[:_MOST_KEYS]} if public else None


def _pick(keys: dict[str, Any], kid: str) -> Any:
    """Return the key of an id; a token that names none may mean the only one."""
    listed = keys.get("keys", [])
    named = [key for key in listed if key.get("kid") == kid]
    if not named and not kid and len(listed) == 1:
        named = listed
    if not named:
        return None
    try:
        return jwt.PyJWK.from_dict(named[0]).key
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        return None
