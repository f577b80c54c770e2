"""VoordeMensen in this process, and our account there: a client that buys on account."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from catalog.models import Connection
from tests.connectors.conftest import make_connection, make_outside_order
from tests.fakes.faults import running
from tests.fakes.voordemensen_system import CLIENT, KEY, ON_ACCOUNT, VoordeMensenSystem
from tests.orders.expected import Clock
from wallets.models import OutsideOrder


@pytest.fixture
def system() -> Iterator[VoordeMensenSystem]:
    with running(VoordeMensenSystem()) as system:
        yield system


@pytest.fixture
def connection(system: VoordeMensenSystem, transactional_db: None, clock: Clock) -> Connection:
    """Our account, without a key."""
    return make_connection(
        "voordemensen",
        f"{system.url}/v1",
        account=CLIENT,
        payment_method=str(ON_ACCOUNT),
    )


@pytest.fixture
def keyed(connection: Connection) -> Connection:
    """Our account, with a Peppered key."""
    connection.set_credentials({"peppered_key": KEY})
    connection.save()
    return connection


@pytest.fixture
def order(connection: Connection) -> OutsideOrder:
    """What an order of ours is there, before anything was asked."""
    return make_outside_order(connection)
