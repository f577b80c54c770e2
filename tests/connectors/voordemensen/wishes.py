"""What the tests of VoordeMensen's connector wish for, and what they are told."""

from __future__ import annotations

from typing import Any

from tests.connectors.conftest import unit, wish
from tests.fakes.voordemensen_system import CHILD, MATINEE
from wallets.connectors.base import Wish
from wallets.models import OutsideOrder

TICKETS = "https://tickets.voordemensen.nl/molenpark/Rr1aa-Bb2bb-Cc3cc-00000/tickets"


def two(order: OutsideOrder, **members: Any) -> Wish:
    """Wish for two children's tickets of the matinee."""
    one = unit(CHILD, str(MATINEE))
    return wish(order, one, unit(CHILD, str(MATINEE)), **members)
