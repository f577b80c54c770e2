"""How many requests an API key may send: a token bucket that all web processes share.

A bucket holds at most `burst` tokens, gains `per_second` of them, and a request takes one (contract
section 1). It is a row in the database, changed by one statement: the row's lock and the database's
clock are what every process on every machine agrees on.
"""

from __future__ import annotations

import dataclasses
import datetime
import threading
import time
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import IntegrityError
from django.http import HttpRequest

from channel_manager.lib import prepared
from channel_manager.lib.database import DATABASE_AWAY
from channel_manager.lib.errors import ErrorCode, Refusal
from partners.models import ApiKey, Partner, Storefront, VisitorBucket

# Tokens are counted in millionths: at 1/s one of them is gained in a microsecond, which is the
# clock's precision, so that no sum is ever rounded.
_TOKEN = 1_000_000
_SECOND = 1_000_000
_MILLISECOND = 1_000
# More keys than this are not remembered at once: some megabytes.
_MOST_SPENT_KEYS = 10_000
# How long a key without a token is charged by the limit that was read before, in µs.
_LIMIT_READ_EVERY = 1_000_000
# Where a request's WSGI environment says how its key stood when the turnstile charged it.
CHARGED = "channel_manager.charged"
# Whoever is kept waiting for the row reads the clock before others who got it first, hence
# GREATEST. Nobody waits longer than the time-out of locks: a row from further ahead means that the
# server's clock was set back, hence LEAST.
_TAKE_FROM = """
INSERT INTO {table} AS bucket ({whose}, level, is_granted, at)
VALUES ({values}, %(full)s::bigint - %(token)s::bigint, true, clock_timestamp())
ON CONFLICT ({whose}) DO UPDATE SET (level, is_granted, at, refused_at) = (
    SELECT
        filled - CASE WHEN filled >= %(token)s::bigint THEN %(token)s::bigint ELSE 0 END,
        filled >= %(token)s::bigint,
        LEAST(GREATEST(bucket.at, EXCLUDED.at), EXCLUDED.at + interval '10 s'),
        CASE WHEN filled >= %(token)s::bigint THEN bucket.refused_at ELSE EXCLUDED.at END
    FROM (
        SELECT LEAST(
            %(full)s::bigint,
            bucket.level + %(per_second)s::bigint
                * GREATEST(0, extract(epoch FROM EXCLUDED.at - bucket.at) * 1000000)::bigint
        ) AS filled
    ) AS refilled
)
RETURNING level, is_granted
"""
_TAKE = _TAKE_FROM.format(table="partners_tokenbucket", whose="key_id", values="%(key)s")
_TAKE_AS_VISITOR = _TAKE_FROM.format(
    table="partners_visitorbucket",
    whose="storefront_id, address",
    values="%(storefront)s, %(address)s",
)


@dataclasses.dataclass(frozen=True)
class Limit:
    """How many tokens a bucket gains in a second, and how many it holds."""

    per_second: int
    burst: int


@dataclasses.dataclass(frozen=True)
class Standing:
    """How a key stands after a request: whole tokens left, microseconds until one, until all."""

    limit: Limit
    remaining: int
    next_in: int
    full_in: int

    @classmethod
    def of_level(cls, limit: Limit, level: int) -> Standing:
        """Return the standing of a bucket with so many millionths of a token."""
        return cls(
            limit,
            remaining=level // _TOKEN,
            next_in=_ceil(max(0, _TOKEN - level), limit.per_second),
            full_in=_ceil(limit.burst * _TOKEN - level, limit.per_second),
        )

    @property
    def headers(self) -> Mapping[str, str]:
        """Return what every answer says; seconds are rounded up."""
        return {
            "RateLimit-Limit": str(self.limit.burst),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(_ceil(self.full_in, _SECOND)),
        }


class RateLimited(Refusal):
    """The key has sent more requests than its limit allows."""

    code = ErrorCode.RATE_LIMITED

    def __init__(self, standing: Standing) -> None:
        self.standing = standing
        milliseconds = _ceil(standing.next_in, _MILLISECOND)
        limit = standing.limit
        super().__init__(
            f"This key may send {limit.per_second} requests a second, after {limit.burst} at once. "
            f"Try again in {milliseconds} ms.",
            members={"retryAfterMs": milliseconds},
            retry_after=_ceil(standing.next_in, _SECOND),
        )


def limit_of(partner: Partner) -> Limit:
    """Return the limit of each of a partner's keys: its own where it has one."""
    usual = usual_limit()
    return Limit(
        partner.requests_per_second or usual.per_second, partner.request_burst or usual.burst
    )


def usual_limit() -> Limit:
    """Return the limit of keys of partners that have none of their own."""
    return Limit(settings.RATE_LIMIT_PER_SECOND, settings.RATE_LIMIT_BURST)


@dataclasses.dataclass(frozen=True)
class _Spent:
    """A key without a token: when it gets one, and when all, by this process's clock (µs).

    limit_until: when the limit is to be read anew, by the same clock.
    """

    key_id: int
    limit: Limit
    limit_until: int
    next_at: int
    full_at: int


class SpentKeys:
    """What this process knows of keys without a token, so that refusing them costs next to nothing.

    Each is remembered with the moment until which it gets none, whoever asks: tokens come by time
    alone. When that has come, one request asks the database, and the others are refused until the
    token after it: it is taken then, by that request or by another process.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._known: dict[str, _Spent] = {}
        self._writing = threading.Lock()

    def __len__(self) -> int:
        return len(self._known)

    def note(
        self, key_hash: str, key_id: int, standing: Standing, limit_until: int | None = None
    ) -> None:
        """Remember how a key stands, as the database has just said.

        limit_until: when its limit is to be read anew, if that was not done just now.
        """
        now = _ceil(time.monotonic_ns(), 1000)
        with self._writing:
            self._known.pop(key_hash, None)
            if not standing.next_in:
                return
            self._known[key_hash] = _Spent(
                key_id,
                standing.limit,
                now + _LIMIT_READ_EVERY if limit_until is None else limit_until,
                now + standing.next_in,
                now + standing.full_in,
            )
            if len(self._known) > self._size:
                del self._known[next(iter(self._known))]

    def standing(self, key_hash: str) -> Standing | None:
        """Return how a key without a token stands; None when the database has to be asked."""
        known = self._known.get(key_hash)
        if known is None:
            return None
        now = time.monotonic_ns() // 1000
        if now >= known.next_at:
            known = self._one_goes_on(key_hash, now)
        if known is None:
            return None
        return Standing(known.limit, 0, known.next_at - now, known.full_at - now)

    def with_limit(self, key_hash: str) -> _Spent | None:
        """Return what is known of a key, unless its limit is to be read anew."""
        known = self._known.get(key_hash)
        is_fresh = known is not None and time.monotonic_ns() // 1000 < known.limit_until
        return known if is_fresh else None

    def forget(self, key_hash: str) -> None:
        """Forget a key of which the database has not said, or cannot say, how it stands."""
        if key_hash in self._known:
            with self._writing:
                self._known.pop(key_hash, None)

    def forget_all(self) -> None:
        """Forget every key."""
        with self._writing:
            self._known.clear()

    def _one_goes_on(self, key_hash: str, now: int) -> _Spent | None:
        """Return None for the first request of a key whose moment has come, and for all later on."""
        with self._writing:
            known = self._known.get(key_hash)
            if known is None or now < known.next_at:
                return known
            after = known.next_at + _ceil(_SECOND, known.limit.per_second)
            if now < after:
                self._known[key_hash] = dataclasses.replace(
                    known, next_at=after, full_at=known.full_at + after - known.next_at
                )
            else:
                del self._known[key_hash]
            return None


SPENT = SpentKeys(_MOST_SPENT_KEYS)


def charge(request: HttpRequest, key: ApiKey) -> None:
    """Take a token for a request, in one statement; raises RateLimited when there is none.

    One that was charged at the turnstile is not charged again. To be called outside of any
    transaction: the row is locked for the statement only. While the database cannot say how many
    tokens there are, requests go on: what they need of it next decides what becomes of them.
    """
    if standing_of(request) is not None:
        return
    try:
        standing = _take(key.key_hash, key.pk, limit_of(key.partner))
    except RateLimited as refusal:
        note_standing(request, refusal.standing)
        raise
    if standing is not None:
        note_standing(request, standing)


def charge_known(key_hash: str) -> Standing | None:
    """Take a token for a request by what this process knows of its key, before it is looked up.

    Most are refused without asking the database; the one that a token is due for takes it, as
    `charge` does. Returns how the key stands then, None when it is to be charged as usual. Raises
    RateLimited.
    """
    if (standing := SPENT.standing(key_hash)) is not None:
        raise RateLimited(standing)
    known = SPENT.with_limit(key_hash)
    if known is None:
        return None
    return _take(key_hash, known.key_id, known.limit, known.limit_until)


def charge_visitor(request: HttpRequest, storefront: Storefront, address: str) -> None:
    """Take a token of an address at a storefront that asks for no key; raises RateLimited.

    To be called as `charge` is. Each address has the limit that each key of the partner has.
    """
    limit = limit_of(storefront.partner)
    whose = {"storefront": storefront.pk, "address": address}
    try:
        standing, is_granted = _ask(_TAKE_AS_VISITOR, whose, limit)
    except (IntegrityError, *DATABASE_AWAY):
        return
    note_standing(request, standing)
    if not is_granted:
        raise RateLimited(standing)


def forget_visitors(*, now: datetime.datetime) -> None:
    """Remove the buckets of addresses that have not been seen for a day: they are full."""
    VisitorBucket.objects.filter(at__lt=now - datetime.timedelta(days=1)).delete()


def note_standing(request: HttpRequest, standing: Standing) -> None:
    """Remember how the key of a request stands, for the headers of its answer."""
    request.rate_standing = standing  # type: ignore[attr-defined]


def standing_of(request: HttpRequest) -> Standing | None:
    """Return how the key of a request stands after it; None when none was charged."""
    return getattr(request, "rate_standing", None)


def _take(
    key_hash: str, key_id: int, limit: Limit, limit_until: int | None = None
) -> Standing | None:
    """Take a token, remember and return how the key stands then; raises RateLimited.

    None when the database cannot say, or knows no such key any more. limit_until: as for a note.
    """
    try:
        standing, is_granted = _ask(_TAKE, {"key": key_id}, limit)
    except (IntegrityError, *DATABASE_AWAY):
        SPENT.forget(key_hash)
        return None
    SPENT.note(key_hash, key_id, standing, limit_until)
    if not is_granted:
        raise RateLimited(standing)
    return standing


def _ask(statement: str, whose: Mapping[str, Any], limit: Limit) -> tuple[Standing, bool]:
    """Take a token by a statement; return how the bucket stands then, and whether there was one."""
    values = {
        **whose,
        "full": limit.burst * _TOKEN,
        "token": _TOKEN,
        "per_second": limit.per_second,
    }
    ((level, is_granted),) = prepared.rows_of(statement, values)
    return Standing.of_level(limit, level), is_granted


def _ceil(count: int, unit: int) -> int:
    return -(-count // unit)
