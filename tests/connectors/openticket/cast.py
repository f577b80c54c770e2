"""What the tests of OpenTicket's connector share: two tickets that are wanted, and what is sent."""

from __future__ import annotations

import dataclasses
from typing import Any

from catalog.models import Connection
from tests.connectors.conftest import (
    calls_of,
    desk_of,
    fault_of_steps,
    make_outside_order,
    run_steps,
    unit,
    wish,
)
from tests.fakes.openticket_system import ADULT, CHILD, EVENT_DATE, OpenTicketSystem
from tests.orders.expected import Clock
from wallets.connectors.base import ConnectorError, Standing, Unit
from wallets.connectors.desk import Desk
from wallets.connectors.openticket import OpenTicketConnector
from wallets.models import OutsideOrder

CONNECTOR = OpenTicketConnector()


@dataclasses.dataclass
class Run:
    """One order of ours, on its way to OpenTicket; two adults and a child unless told."""

    system: OpenTicketSystem
    connection: Connection
    clock: Clock
    units: tuple[Unit, ...] = (unit(ADULT, EVENT_DATE, count=2), unit(CHILD, EVENT_DATE))
    members: dict[str, Any] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        self.order: OutsideOrder = make_outside_order(self.connection)

    @property
    def wish(self) -> Any:
        return wish(self.order, *self.units, **self.members)

    @property
    def desk(self) -> Desk:
        """Return a desk as the next job has it."""
        return desk_of(self.order, self.clock)

    def prepare(self) -> Desk:
        desk = self.desk
        CONNECTOR.prepare(desk, self.wish)
        return desk

    def step(self) -> Standing:
        """Do what one job does."""
        return CONNECTOR.commit(self.prepare(), self.wish)

    def to_the_end(self) -> Standing:
        return run_steps(CONNECTOR, self.order, self.wish, self.clock)

    def fault(self) -> ConnectorError:
        """Return what ends it."""
        return fault_of_steps(CONNECTOR, self.order, self.wish, self.clock)

    def calls(self) -> list[tuple[str, str, list[tuple[str, str]]]]:
        return calls_of(self.order)

    def numbers(self) -> list[str]:
        """Return the numbers of all tickets that were made there."""
        return sorted(
            ticket["ticket_number"]
            for order in self.system.orders.values()
            for ticket in order["tickets"]
        )
