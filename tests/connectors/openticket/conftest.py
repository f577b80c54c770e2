"""The cast: OpenTicket in this process, our account there, and an order on its way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from catalog.models import Connection
from tests.connectors.conftest import make_connection
from tests.connectors.openticket.cast import Run
from tests.fakes.faults import running
from tests.fakes.openticket_system import (
    CLIENT_SECRET,
    FIRST_REFRESH_TOKEN,
    FIRST_TOKEN,
    ON_ACCOUNT,
    SHOP,
    OpenTicketSystem,
)
from tests.orders.expected import Clock


@pytest.fixture
def system(clock: Clock) -> Iterator[OpenTicketSystem]:
    """OpenTicket, with ten of each ticket."""
    with running(OpenTicketSystem(clock)) as served:
        yield served


@pytest.fixture
def connect(system: OpenTicketSystem, transactional_db: None) -> Callable[..., Connection]:
    """Make a connection to it that has an access token and pays on account."""

    def make(**settings: Any) -> Connection:
        return make_connection(
            "openticket",
            **{
                "base_url": system.shop_url,
                "second_url": system.api_url,
                "account": SHOP,
                "payment_method": ON_ACCOUNT,
                "payment_minutes": 1,
                "credentials": {
                    "access_token": FIRST_TOKEN,
                    "webhook_identifier": "a-nonce",
                },
                **settings,
            },
        )

    return make


@pytest.fixture
def connection(connect: Callable[..., Connection]) -> Connection:
    """Our account there."""
    return connect()


@pytest.fixture
def renewable(connect: Callable[..., Connection]) -> Connection:
    """An account whose access token is renewed."""
    return connect(
        credentials={
            "refresh_token": FIRST_REFRESH_TOKEN,
            "client_id": "our-client",
            "client_secret": CLIENT_SECRET,
        }
    )


@pytest.fixture
def run(system: OpenTicketSystem, connection: Connection, clock: Clock) -> Run:
    """Two adults and a child, on their way to OpenTicket."""
    return Run(system, connection, clock)
