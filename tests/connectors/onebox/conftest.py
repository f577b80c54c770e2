"""A Onebox channel, our account there, and an order of ours that is to be made at it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from catalog.models import Connection
from tests.connectors.conftest import (
    desk_of,
    fault_of_steps,
    make_connection,
    make_outside_order,
    run_steps,
    unit,
    wish,
)
from tests.fakes.faults import running
from tests.fakes.onebox_system import ADULT, CHANNEL_ID, CLIENT_SECRET, SESSION, OneboxSystem
from tests.orders.expected import Clock
from wallets.connectors.base import ConnectorError, Standing, Wish
from wallets.connectors.desk import Desk
from wallets.connectors.onebox import OneboxConnector
from wallets.models import OutsideOrder

CREDENTIALS = {"client_secret": CLIENT_SECRET}


class Story:
    """One order of ours at Onebox: two adults, unless a test wants others."""

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self.connector = OneboxConnector()
        self.connection = connection
        self.clock = clock
        self.outside_order = make_outside_order(connection)
        self.wish = self.wishing(unit(str(ADULT), str(SESSION), count=2))

    def wishing(self, *units: Any, **members: Any) -> Wish:
        """Return another wish for the order."""
        return wish(self.outside_order, *units, **members)

    @property
    def desk(self) -> Desk:
        """Return a desk as the next job has it."""
        return desk_of(self.outside_order, self.clock)

    @property
    def progress(self) -> dict[str, Any]:
        """Return what is kept by now."""
        return dict(OutsideOrder.objects.get(pk=self.outside_order.pk).progress)

    def run(self) -> Standing:
        """Have it made as the engine does."""
        return run_steps(self.connector, self.outside_order, self.wish, self.clock)

    def fault(self) -> ConnectorError:
        """Have it end with a fault."""
        return fault_of_steps(self.connector, self.outside_order, self.wish, self.clock)


@pytest.fixture
def onebox(clock: Clock) -> Iterator[OneboxSystem]:
    """Onebox, with two sessions of one event."""
    with running(OneboxSystem(clock)) as system:
        yield system


@pytest.fixture
def connect(db: None) -> Callable[..., Connection]:
    """Make an account at a Onebox."""

    def make(base_url: str, **settings: Any) -> Connection:
        given = {"account": CHANNEL_ID, "credentials": CREDENTIALS, **settings}
        return make_connection("onebox", base_url, **given)

    return make


@pytest.fixture
def connection(onebox: OneboxSystem, connect: Callable[..., Connection]) -> Connection:
    """Our account."""
    return connect(onebox.url)


@pytest.fixture
def story(connection: Connection, clock: Clock) -> Story:
    """An order of ours."""
    return Story(connection, clock)
