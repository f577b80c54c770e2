"""Our own tickets: numbers that nobody can guess."""

from __future__ import annotations

from collections.abc import Sequence

from channel_manager.lib.identity import unguessable_number
from wallets.connectors.base import Issued, LineToIssue

_PREFIX = {"ticket": "T", "coupon": "C"}


def new_number(kind: str) -> str:
    """Return a fresh number of a ticket or coupon; it fits a QR code's compact mode."""
    return unguessable_number(_PREFIX[kind])


class LocalConnector:
    """Draws the numbers here (contract section 6)."""

    name = "local"

    def issue(self, lines: Sequence[LineToIssue]) -> Issued:
        """Return a fresh number for every asset."""
        return Issued(
            {key: new_number(component.type) for line in lines for key, component in line.assets()}
        )
