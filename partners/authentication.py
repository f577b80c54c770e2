"""From the API key in a request to the partner it belongs to (contract section 1)."""

from __future__ import annotations

import dataclasses
import datetime
from typing import Any, cast

from django.http import HttpRequest
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from channel_manager.lib.errors import ErrorCode, Refusal
from channel_manager.lib.lookup import Lookup
from partners import limits
from partners.account import Account
from partners.keys import hash_key
from partners.models import ApiKey, Partner

# How stale "last used" may be; noting every request would cost a write each.
_LAST_USED_PRECISION = datetime.timedelta(minutes=1)
_KEYS = Lookup(ApiKey, "partner", "venue", by="key_hash", without=("logo",))


class Unauthenticated(Refusal):
    """The request carries no usable API key."""

    code = ErrorCode.UNAUTHENTICATED


@dataclasses.dataclass(frozen=True)
class Caller:
    """The partner a request speaks for, and the key it used."""

    partner: Partner
    key: ApiKey
    is_authenticated: bool = True

    @property
    def account(self) -> Account:
        """Return the partner in the key's mode: what the request may see and change."""
        return Account(self.partner, self.key.test_mode)


def caller_of(request: Request) -> Caller:
    """Return who an authenticated request speaks for."""
    return cast("Caller", request.user)


class ApiKeyAuthentication(BaseAuthentication):
    """Authenticate by `x-api-key` or `Authorization: Bearer`, in one statement.

    Every request that gets past it has been charged to its key's limit, in another one.
    """

    def authenticate(self, request: Request) -> tuple[Any, None]:
        """Return the caller; raises Unauthenticated or RateLimited. No key is refused, too."""
        now = timezone.now()
        key = find_key(request, now)
        limits.charge(request._request, key)
        note_use(key, now)
        return Caller(key.partner, key), None


def note_use(key: ApiKey, now: datetime.datetime) -> None:
    """Write down that a key was used, to the minute."""
    if key.last_used_at is None or now - key.last_used_at > _LAST_USED_PRECISION:
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)


def find_key(request: Request | HttpRequest, now: datetime.datetime) -> ApiKey:
    """Return the key that a request carries, its partner and venue at hand; one statement.

    Raises Unauthenticated when it carries none, or one that is unknown, expired or revoked.
    """
    key_hash = hash_key(key_sent(request))
    key = _KEYS.find(key_hash)
    if key is None or key.dialect or not key.is_usable(now):
        limits.SPENT.forget(key_hash)
        raise Unauthenticated("The API key is unknown, expired or revoked.")
    return key


def key_sent(request: Request | HttpRequest) -> str:
    """Return the one key that the headers carry; raises Unauthenticated."""
    keys: set[str] = set()
    # Not `headers`: making that mapping of all of them took as long as the rest of a refusal.
    if own := request.META.get("HTTP_X_API_KEY", "").strip():
        keys.add(own)
    scheme, _, bearer = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme.lower() == "bearer" and bearer.strip():
        keys.add(bearer.strip())
    if len(keys) > 1:
        raise Unauthenticated("x-api-key and Authorization carry different keys; send one.")
    if not keys:
        raise Unauthenticated("Send your API key in the header x-api-key.")
    return keys.pop()
