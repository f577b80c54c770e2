"""The ids that a storefront knows our things by: made when they are first shown, found when sent."""

from __future__ import annotations

import secrets
import string
import uuid
from collections.abc import Callable, Collection, Mapping

from django.db import transaction

from partners.models import OutwardId, Storefront

_LETTERS = string.ascii_letters + string.digits
# Enough for the columns of 32 bits that a shop may keep them in.
_LARGEST_NUMBER = 2**31 - 1
_TRIES = 8

Shape = Callable[[], str]


class NoIdLeft(Exception):
    """Random ids met ids that are taken again and again."""


def number() -> str:
    """Return a random positive number of at most 31 bits."""
    return str(secrets.randbelow(_LARGEST_NUMBER) + 1)


def guid() -> str:
    """Return a random GUID."""
    return str(uuid.uuid4())


def letters(count: int) -> str:
    """Return random letters and digits."""
    return "".join(secrets.choice(_LETTERS) for _ in range(count))


def values_of(
    storefront: Storefront, kind: str, keys: Collection[str], *, shape: Shape
) -> dict[str, str]:
    """Return the id of each key, made now where there is none yet; one statement when all are there.

    Two who ask at once are told the same. Raises NoIdLeft.
    """
    found = _read(storefront, kind, keys)
    for _ in range(_TRIES):
        missing = [key for key in dict.fromkeys(keys) if key not in found]
        if not missing:
            return found
        with transaction.atomic():
            OutwardId.objects.bulk_create(
                [
                    OutwardId(storefront=storefront, kind=kind, key=key, value=shape())
                    # In one order, so that two who add the same keys wait for each other in turn.
                    for key in sorted(missing)
                ],
                ignore_conflicts=True,
            )
        found |= _read(storefront, kind, missing)
    raise NoIdLeft(kind)


def key_of(storefront: Storefront, kind: str, value: str) -> str | None:
    """Return what an id means at this storefront; None where it means nothing."""
    return keys_of(storefront, kind, [value]).get(value)


def keys_of(storefront: Storefront, kind: str, values: Collection[str]) -> Mapping[str, str]:
    """Return what ids mean at this storefront; those that mean nothing are left out."""
    rows = OutwardId.objects.filter(storefront=storefront, kind=kind, value__in=values)
    return dict(rows.values_list("value", "key"))


def _read(storefront: Storefront, kind: str, keys: Collection[str]) -> dict[str, str]:
    rows = OutwardId.objects.filter(storefront=storefront, kind=kind, key__in=keys)
    return dict(rows.values_list("key", "value"))
