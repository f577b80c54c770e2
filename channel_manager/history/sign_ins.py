"""How often one may try to sign in: guessing is slowed down, and nobody is locked out for good."""

from __future__ import annotations

import datetime
import math
import unicodedata

from django.db.models import Count, Min, Q
from django.utils.crypto import salted_hmac

from channel_manager.history.models import SignInAttempt

WINDOW = datetime.timedelta(minutes=15)
# Failures within the window. Of one name from one address: what a person needs who mistypes.
PER_NAME_AND_ADDRESS = 5
# From one address, whatever the names: an office has one address, too.
PER_ADDRESS = 50
# Of one name, wherever from: guessing from many addresses. It does not count where the name has
# signed in from lately, or strangers could keep somebody out by failing in their name.
PER_NAME = 50
REMEMBERED = datetime.timedelta(days=30)


class TooManyAttempts(Exception):
    """Nobody may try this name from this address for now."""

    def __init__(self, minutes: int) -> None:
        super().__init__(f"Too many attempts; the next in {minutes} minutes.")
        self.minutes = minutes


def begin(*, name: str, address: str, now: datetime.datetime) -> SignInAttempt:
    """Count an attempt, a failed one until `succeed` says otherwise; raises TooManyAttempts.

    Counted before the password is looked at, so that many tries at once count each other. Call it
    outside any transaction. A refused attempt is not counted: waiting is never prolonged by trying.
    """
    attempt = SignInAttempt.objects.create(
        name_hash=_hash(unicodedata.normalize("NFKC", name).casefold()),
        address_hash=_hash(address),
        at=now,
    )
    free_at = _free_at(attempt)
    if free_at is not None:
        attempt.delete()
        raise TooManyAttempts(max(1, math.ceil((free_at - now).total_seconds() / 60)))
    return attempt


def succeed(*, attempt: SignInAttempt) -> None:
    """Note that the password was right: earlier failures of the name at the address are forgiven."""
    SignInAttempt.objects.filter(_pair(attempt)).exclude(pk=attempt.pk).delete()
    SignInAttempt.objects.filter(pk=attempt.pk).update(succeeded=True)


def prune(*, now: datetime.datetime) -> None:
    """Forget attempts of more than a month ago."""
    SignInAttempt.objects.filter(at__lt=now - REMEMBERED).delete()


def _free_at(attempt: SignInAttempt) -> datetime.datetime | None:
    """Return when the next attempt may be made if this one may not, else None (two statements)."""
    name, address = Q(name_hash=attempt.name_hash), Q(address_hash=attempt.address_hash)
    limits = {"pair": (name & address, PER_NAME_AND_ADDRESS), "address": (address, PER_ADDRESS)}
    lately = Q(succeeded=True, at__gt=attempt.at - REMEMBERED)
    if not SignInAttempt.objects.filter(_pair(attempt) & lately).exists():
        limits["name"] = (name, PER_NAME)
    counted = SignInAttempt.objects.filter(
        name | address, succeeded=False, at__gt=attempt.at - WINDOW
    ).aggregate(
        **{kind: Count("pk", filter=whose) for kind, (whose, _) in limits.items()},
        **{f"{kind}_since": Min("at", filter=whose) for kind, (whose, _) in limits.items()},
    )
    return max(
        (
            counted[f"{kind}_since"] + WINDOW
            for kind, (_, limit) in limits.items()
            if counted[kind] > limit
        ),
        default=None,
    )


def _pair(attempt: SignInAttempt) -> Q:
    return Q(name_hash=attempt.name_hash, address_hash=attempt.address_hash)


def _hash(text: str) -> str:
    return salted_hmac("channel_manager.sign_in", text, algorithm="sha256").hexdigest()
