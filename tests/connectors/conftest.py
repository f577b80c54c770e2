"""What the tests of connectors share: a connection, an order there, a wish, and the engine's part."""

from __future__ import annotations

import datetime
import itertools
import uuid
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from catalog.models import Connection
from channel_manager.lib.identity import time_ordered_uuid
from partners.models import Venue
from tests.factories import VenueFactory
from tests.orders.expected import NOON, Clock
from wallets.connectors.base import (
    AssetKey,
    Buyer,
    Connector,
    ConnectorError,
    Standing,
    TryLater,
    Unit,
    Wish,
)
from wallets.connectors.desk import Desk, Restart
from wallets.models import ConnectorCall, OutsideOrder

# The day that is visited, from its begin to its end in Amsterdam.
VALID_FROM = datetime.datetime(2026, 11, 22, 23, tzinfo=datetime.UTC)
VALID_UNTIL = datetime.datetime(2026, 11, 23, 23, tzinfo=datetime.UTC)
# More than any call is tried in all rounds; who needs more does not come to an end.
MOST_STEPS = 60
_numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def fakes_are_reached(settings: Any) -> None:
    """Let connectors reach this host, where the fakes are."""
    settings.OUTBOUND_ALLOW_LOOPBACK = True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Make time stand still at NOON, until a test or a wait moves it on."""
    standing = Clock()
    monkeypatch.setattr(timezone, "now", standing)
    return standing


def make_connection(
    system: str,
    base_url: str,
    *,
    credentials: Mapping[str, str] | None = None,
    venue: Venue | None = None,
    **settings: Any,
) -> Connection:
    """Make a connection with these settings whose calls take a second or two at most."""
    number = next(_numbers)
    connection = Connection(
        **{
            "venue": venue or VenueFactory.create(code=f"dunes-{number}"),
            "system": system,
            "name": f"Account {number}",
            "base_url": base_url,
            "connect_seconds": 1,
            "read_seconds": 1,
            "buyer_email": "tickets@dunes.example",
            **settings,
        }
    )
    connection.set_credentials(credentials or {})
    connection.save()
    return connection


def make_outside_order(connection: Connection, **columns: Any) -> OutsideOrder:
    """Make what an order of ours is at a connection, before anything was asked."""
    number = next(_numbers)
    return OutsideOrder.objects.create(
        **{
            "connection": connection,
            "order_key": time_ordered_uuid(),
            "buy_from_order_reference": f"CM-{number:06}",
            "reference": f"CM-{number:06}",
            "status_since": NOON,
            "created_at": NOON,
            **columns,
        }
    )


def unit(
    outside_item: str,
    outside_session: str = "",
    *,
    count: int = 1,
    valid_from: datetime.datetime = VALID_FROM,
    valid_until: datetime.datetime = VALID_UNTIL,
) -> Unit:
    """Return one ticket of its own wallet that is wanted there."""
    return Unit(
        key=AssetKey(uuid.uuid4(), uuid.uuid4(), 1),
        outside_session=outside_session,
        outside_item=outside_item,
        count=count,
        valid_from=valid_from,
        valid_until=valid_until,
    )


def buyer(**members: str) -> Buyer:
    """Return who the tickets are for."""
    return Buyer(
        **{
            "email": "guest@example.com",
            "first_name": "Anna",
            "last_name": "de Vries",
            "language": "nl-NL",
            **members,
        }
    )


def wish(outside_order: OutsideOrder, *units: Unit, **members: Any) -> Wish:
    """Return what the order is to be there; it was sold for 49.99 EUR."""
    return Wish(
        **{
            "reference": outside_order.reference,
            "units": units,
            "buyer": buyer(),
            "amount": Decimal("49.99"),
            "currency": "EUR",
            **members,
        }
    )


def desk_of(outside_order: OutsideOrder, clock: Callable[[], datetime.datetime]) -> Desk:
    """Return a desk as a job that begins has it: it knows what is committed, and nothing else."""
    order = OutsideOrder.objects.select_related("connection").get(pk=outside_order.pk)
    return Desk(order, clock)


def run_steps(
    connector: Connector, outside_order: OutsideOrder, wanted: Wish, clock: Clock
) -> Standing:
    """Prepare and commit as the engine does, job by job; raises what would end the order.

    A wait moves the clock on; each job has a desk of its own.
    """
    for _ in range(MOST_STEPS):
        desk = desk_of(outside_order, clock)
        try:
            connector.prepare(desk, wanted)
            return connector.commit(desk, wanted)
        except TryLater as later:
            clock.forward(seconds=later.seconds)
        except Restart:
            desk.restart()
    raise AssertionError(f"It came to no end in {MOST_STEPS} steps.")


def fault_of_steps(
    connector: Connector, outside_order: OutsideOrder, wanted: Wish, clock: Clock
) -> ConnectorError:
    """Return what ends an order that must not come to a good end."""
    with pytest.raises(ConnectorError) as caught:
        run_steps(connector, outside_order, wanted, clock)
    return caught.value


def calls_of(outside_order: OutsideOrder) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Return what is written down of every call: operation, key, and its (effect, cause)s."""
    rows = ConnectorCall.objects.filter(outside_order=outside_order).order_by("at", "id")
    return [
        (call.operation, call.key, [(one.effect, one.cause) for one in call.outcomes.all()])
        for call in rows.prefetch_related("outcomes")
    ]
