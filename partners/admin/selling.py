"""What a partner's pages tell of its orders and its numbers, by the app that has them.

Orders stand above partners and may not be imported here: they say themselves who tells
(`orders/admin/partnership.py`), as other apps name their actors.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

from partners.models import Partner

ProofName = Literal["test_order", "trouble", "mapping", "live_order"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Proof:
    """What shows that something happened: in words, when, and where it can be looked at.

    permission: what one needs to look there.
    """

    text: str
    at: datetime.datetime | None = None
    url: str = ""
    permission: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Lack:
    """What still has to be done, where that depends on what is there."""

    text: str
    url: str = ""
    permission: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Figure:
    """A number with its name, and the list that has so many rows; colour: danger or none."""

    label: str
    text: str
    url: str = ""
    colour: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Underway:
    """What a partner has begun and not finished, live, and where it is listed."""

    in_flight: int
    in_flight_url: str
    drafts: int
    drafts_url: str
    first_draft_ends: datetime.datetime | None
    holds: int
    holds_url: str


class Selling(Protocol):
    """Who tells of a partner's orders; each answer takes a few statements, however many orders."""

    def read_proofs(self, partner: Partner) -> Mapping[ProofName, Proof | Lack]:
        """Return what its orders and mappings show of its way to going live."""

    def read_figures(self, partner: Partner, *, now: datetime.datetime) -> Sequence[Figure]:
        """Return how many orders it sent lately, and how many of them failed."""

    def read_underway(self, partner: Partner) -> Underway:
        """Return what would be met by an end of its selling."""


_TELLERS: list[Selling] = []


def register_selling(teller: Selling) -> None:
    """Have partners' pages tell of their orders."""
    _TELLERS[:] = [teller]


def selling() -> Selling:
    """Return who tells of orders."""
    return _TELLERS[0]
