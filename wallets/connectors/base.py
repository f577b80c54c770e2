"""What orders and a connector say to each other: the wallets of lines, and the numbers that fill them."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from catalog.expansion import PlannedComponent
from wallets.models import Wallet


class AssetKey(NamedTuple):
    """Which ticket or coupon of an order is meant: its identity without the generation."""

    wallet_id: uuid.UUID
    component_id: uuid.UUID
    unit: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class LineToIssue:
    """The wallets of one line, and what goes into each of them."""

    wallets: Sequence[Wallet]
    components: Sequence[PlannedComponent]

    def assets(self) -> Iterator[tuple[AssetKey, PlannedComponent]]:
        """Return every asset that is wanted, with the component it is a unit of."""
        for wallet in self.wallets:
            for component in self.components:
                for unit in range(1, component.units + 1):
                    yield AssetKey(wallet.pk, component.component_id, unit), component


@dataclasses.dataclass(frozen=True)
class Issued:
    """What a connector returns: the number that the gate scans, for every asset that was wanted."""

    numbers: Mapping[AssetKey, str]


class Connector(Protocol):
    """Makes the tickets of a whole order, or of none; stores nothing itself."""

    name: str

    def issue(self, lines: Sequence[LineToIssue]) -> Issued:
        """Return a number for every asset of the lines."""
