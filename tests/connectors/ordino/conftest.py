"""A park at Ordino, our account there, and an order that is to be made there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from catalog.models import Connection
from tests.connectors.conftest import make_connection, make_outside_order, unit, wish
from tests.fakes.faults import running
from tests.fakes.ordino_system import KEY, OrdinoSystem
from wallets.connectors.base import Wish
from wallets.models import OutsideOrder


@pytest.fixture
def park() -> Iterator[OrdinoSystem]:
    """A park that makes an order as often as it is sent, for all that is known of real ones."""
    with running(OrdinoSystem()) as system:
        yield system


@pytest.fixture
def connection(park: OrdinoSystem) -> Connection:
    """Our account there; nobody has confirmed that repeating is safe."""
    return make_connection("ordino", park.url, credentials={"api_key": KEY})


@pytest.fixture
def order(connection: Connection) -> OutsideOrder:
    """An order of ours, of which nothing was asked yet."""
    return make_outside_order(connection)


@pytest.fixture
def wanted(order: OutsideOrder) -> Wish:
    """A day of fast lanes and three photos."""
    return wish(order, unit("pkg_photo", count=3), unit("pkg_fastlane_day"), redemptions=1)


@pytest.fixture
def patient_park(connection: Connection, park: OrdinoSystem) -> OrdinoSystem:
    """The same park, whose operator has confirmed that an order sent twice is made once."""
    park.deduplicates = True
    connection.repeats_safely = True
    connection.save()
    return park
