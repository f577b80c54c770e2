"""What the tests of orders that are issued elsewhere share: a playhouse, and packages that it issues."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.utils import timezone

from catalog.models import ComponentSource, Connection, Package, System
from orders import issuance
from orders.models import Order
from orders.outside import ending
from partners.models import Venue
from tests.factories import sellable_package
from tests.fakes.faults import running
from tests.orders.expected import Clock
from tests.outside.playhouse import Playhouse, PlayhouseConnector
from wallets.connectors.registry import CONNECTORS
from wallets.models import OutsideOrder

# More than any order takes.
_MOST_JOBS = 60
_LONGEST_WAIT = 60


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Make time stand still at NOON, until a wait moves it on."""
    standing = Clock()
    monkeypatch.setattr(timezone, "now", standing)
    return standing


@pytest.fixture
def playhouse(settings: Any) -> Iterator[Playhouse]:
    """The system that issues some of our packages."""
    settings.OUTBOUND_ALLOW_LOOPBACK = True
    with running(Playhouse()) as system:
        yield system


@pytest.fixture
def connector(monkeypatch: pytest.MonkeyPatch) -> PlayhouseConnector:
    """The connector to the playhouse, which stands where Onebox's does."""
    speaking = PlayhouseConnector()
    monkeypatch.setitem(CONNECTORS, System.ONEBOX, speaking)  # type: ignore[arg-type]
    return speaking


@pytest.fixture
def connection(venue: Venue, playhouse: Playhouse, connector: PlayhouseConnector) -> Connection:
    """The venue's account at the playhouse."""
    return Connection.objects.create(
        venue=venue,
        system=System.ONEBOX,
        name="Playhouse",
        base_url=playhouse.url,
        connect_seconds=1,
        read_seconds=1,
        buyer_email="tickets@dunes.example",
    )


def issued_by(connection: Connection, package: Package, outside_item: str) -> None:
    """Have every component of a package issued by a connection, under one outside id."""
    for component in package.components.all():
        ComponentSource.objects.create(
            component=component, connection=connection, outside_item=outside_item
        )


@pytest.fixture
def show(venue: Venue, connection: Connection) -> Package:
    """A dated package of one ticket that the playhouse issues."""
    package = sellable_package(venue, "SHOW", "12.00")
    issued_by(connection, package, "stalls")
    return package


@pytest.fixture
def work(clock: Clock) -> Callable[[Any], Order]:
    """Do what the workers do for an order until nothing is left to do, and return it."""

    def go_on(order: Any) -> Order:
        order_id = uuid.UUID(str(order["orderId"]))
        for _ in range(_MOST_JOBS):
            issuance.issue_order(order_id=order_id, clock=clock)
            row = Order.objects.filter(pk=order_id).first()
            if row is None or not row.is_in_flight:
                break
            clock.forward(seconds=_LONGEST_WAIT)
        for outside in OutsideOrder.objects.filter(order_key=order_id):
            ending.end_elsewhere(outside_order_id=outside.pk, clock=clock)
        return Order.objects.get(pk=order_id)

    return go_on
