"""What the orders' admin adds to that of mappings: orders stand above the catalogue, not below."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence

from django.http import HttpRequest

from catalog.models import PackageMapping

# A partner's key and its item number.
Number = tuple[uuid.UUID, str]


@dataclasses.dataclass(frozen=True)
class Sold:
    """How many orders were sold under a version, in words, and where they are listed."""

    counted: str
    url: str


# From the keys of versions to what was sold under each.
Counter = Callable[[HttpRequest, Collection[uuid.UUID]], Mapping[uuid.UUID, Sold]]
# Where to go once numbers were mapped that orders wait for; empty when nothing waits. The text is
# the page to come back to.
Follower = Callable[[HttpRequest, Collection[Number], str], str]
# What orders say of a version that ends and the one that follows, in sentences.
Teller = Callable[[HttpRequest, PackageMapping, PackageMapping], Sequence[str]]

_counters: list[Counter] = []
_followers: list[Follower] = []
_tellers: list[Teller] = []


def register(*, counter: Counter, follower: Follower, teller: Teller) -> None:
    """Have versions counted, waiting orders found and changes told of by another app."""
    _counters.append(counter)
    _followers.append(follower)
    _tellers.append(teller)


def count_sold(request: HttpRequest, versions: Collection[uuid.UUID]) -> Mapping[uuid.UUID, Sold]:
    """Return what was sold under each version, for those who may see it."""
    return {key: sold for count in _counters for key, sold in count(request, versions).items()}


def find_waiting(request: HttpRequest, numbers: Collection[Number], back: str) -> str:
    """Return the page of the orders that wait for these numbers; empty when there are none."""
    return next(filter(None, (find(request, numbers, back) for find in _followers)), "")


def tell_change(
    request: HttpRequest, current: PackageMapping, following: PackageMapping
) -> list[str]:
    """Say what a change that is not saved yet means for orders, for those who may see them."""
    return [told for tell in _tellers for told in tell(request, current, following)]
