"""What contracts' pages tell of the ledger, by the app that has it.

Orders stand above partners and may not be imported here: they say themselves who tells
(`orders/admin/finance/terms.py`).
"""

from __future__ import annotations

import datetime
from typing import Protocol

from django.http import HttpRequest

from channel_manager.lib.admin.standing import StateButton
from partners.models import Contract


class Posting(Protocol):
    """Who tells of the entries that carry contracts; each answer takes a few statements."""

    def is_used(self, contract: Contract) -> bool:
        """Tell whether an entry of the ledger carries a contract."""

    def count_sold_since(self, contract: Contract, day: datetime.date) -> int:
        """Return how many sales carry a contract, of orders that were received from a day on."""

    def find_button(self, request: HttpRequest, contract: Contract) -> StateButton | None:
        """Return the way to apply a contract to what was sold without one, for those who may."""


_TELLERS: list[Posting] = []


def register_posting(teller: Posting) -> None:
    """Have contracts' pages tell of the ledger."""
    _TELLERS[:] = [teller]


def posting() -> Posting:
    """Return who tells of the ledger."""
    return _TELLERS[0]
