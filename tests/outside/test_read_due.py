"""When orders at other systems are read back, and what becomes of those nobody knew of."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from catalog.models import ComponentSource, Connection, Package, System
from orders import lifecycle
from orders.models import Order, OrderStatus
from orders.outside import ending, reading_back
from partners.models import Venue
from tests.conftest import ApiClient
from tests.factories import sellable_package
from tests.fakes.faults import Fault, running
from tests.orders.expected import NOON, Clock
from tests.outside.conftest import issued_by
from tests.outside.playhouse import EVERYTHING, Playhouse, PlayhouseConnector
from tests.outside.reading import A_WHILE, only_row, read, states, tell, wrong
from wallets.connectors.base import TryLater
from wallets.connectors.registry import CONNECTORS
from wallets.models import Asset, ConnectorCall, OutsideOrder, OutsideOrderStatus

pytestmark = pytest.mark.django_db(transaction=True)

Work = Callable[[Any], Order]
VISIT = "2026-11-23"
SHOW = {"itemNumber": "SHOW", "visitDate": VISIT}


@pytest.fixture
def order(api: ApiClient, work: Work, show: Package) -> Order:
    """A ticket that the playhouse has made."""
    return work(api.create(SHOW))


@pytest.fixture
def opera(
    venue: Venue, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Playhouse, Connection]]:
    """A second system, and the venue's account there."""
    settings.OUTBOUND_ALLOW_LOOPBACK = True
    monkeypatch.setitem(CONNECTORS, System.OPENTICKET, PlayhouseConnector())  # type: ignore[arg-type]
    with running(Playhouse("OPERA")) as system:
        account = Connection.objects.create(
            venue=venue,
            system=System.OPENTICKET,
            name="Opera",
            base_url=system.url,
            connect_seconds=1,
            read_seconds=1,
            payment_method="account",
            buyer_email="tickets@dunes.example",
        )
        yield system, account


def reads(playhouse: Playhouse) -> int:
    return playhouse.operations().count("read")


@pytest.mark.usefixtures("order")
def test_an_order_is_read_when_its_interval_is_over(playhouse: Playhouse, clock: Clock) -> None:
    assert only_row().next_poll_at == NOON + datetime.timedelta(seconds=900)
    clock.forward(seconds=899)
    assert reading_back.read_due(clock=clock) == 0
    clock.forward(seconds=1)
    assert reading_back.read_due(clock=clock) == 1
    assert reading_back.read_due(clock=clock) == 0
    row = only_row()
    assert (row.read_at, row.next_poll_at) == (
        clock.now,
        clock.now + datetime.timedelta(seconds=900),
    )
    assert reads(playhouse) == 1


def test_no_order_is_read_faster_than_its_system_allows(
    order: Order, connector: PlayhouseConnector, playhouse: Playhouse, clock: Clock
) -> None:
    connector.capabilities = dataclasses.replace(EVERYTHING, poll_seconds=1800)
    clock.forward(seconds=900)
    assert reading_back.read_due(clock=clock) == 1
    assert (reads(playhouse), only_row().next_poll_at) == (
        0,
        NOON + datetime.timedelta(seconds=1801),
    )
    with pytest.raises(TryLater):
        reading_back.read_one(outside_order_id=only_row().pk, clock=clock)
    clock.forward(seconds=901)
    assert reading_back.read_due(clock=clock) == 1
    assert reads(playhouse) == 1
    assert only_row().next_poll_at == clock.now + datetime.timedelta(seconds=1800)


@pytest.mark.usefixtures("order")
def test_an_order_is_read_until_a_day_after_its_visit(playhouse: Playhouse, clock: Clock) -> None:
    valid_until = Asset.objects.get().valid_until
    clock.now = valid_until + datetime.timedelta(hours=23, minutes=59)
    reading_back.read_due(clock=clock)
    assert only_row().next_poll_at is not None
    read(clock)
    assert only_row().next_poll_at is None
    clock.forward(days=1)
    assert reading_back.read_due(clock=clock) == 0


@pytest.mark.usefixtures("order")
def test_a_connection_that_is_off_is_not_asked(
    connection: Connection, playhouse: Playhouse, clock: Clock
) -> None:
    Connection.objects.update(is_active=False)
    read(clock)
    reading_back.read_one(outside_order_id=only_row().pk, clock=clock)
    assert reads(playhouse) == 0


def test_a_system_that_hangs_keeps_nobody_else_waiting(
    api: ApiClient,
    work: Work,
    show: Package,
    venue: Venue,
    playhouse: Playhouse,
    opera: tuple[Playhouse, Connection],
    clock: Clock,
) -> None:
    house, account = opera
    issued_by(account, sellable_package(venue, "ARIA", "30.00"), "stalls")
    for number in range(3):
        work(api.create(SHOW, sellToOrderReference=f"SHOW-{number}"))
    work(api.create({"itemNumber": "ARIA", "visitDate": VISIT}, sellToOrderReference="ARIA"))
    playhouse.faults.add("read", Fault.TIMEOUT_BEFORE, times=9)
    tell(house, "used")
    clock.forward(seconds=A_WHILE)
    assert reading_back.read_due(clock=clock) == 2
    assert states()[-1] == ("OPERA-0001", "Used", "Used")
    rested = OutsideOrder.objects.exclude(connection=account)
    assert {row.next_poll_at for row in rested} == {clock.now + datetime.timedelta(seconds=60)}
    assert wrong() == []


def test_what_is_told_waits_until_the_order_is_issued(
    api: ApiClient,
    work: Work,
    bundle: Package,
    playhouse: Playhouse,
    connector: PlayhouseConnector,
    connection: Connection,
    opera: tuple[Playhouse, Connection],
    clock: Clock,
) -> None:
    connector.capabilities = dataclasses.replace(EVERYTHING, cancel=False, refund=False)
    CONNECTORS[System.OPENTICKET].capabilities = connector.capabilities  # type: ignore[misc]
    house, account = opera
    for number, at in (("DINO", connection), ("CINEMA", account)):
        part = bundle.components.get(item__number=number)
        ComponentSource.objects.create(component=part, connection=at, outside_item=number)
    connections = sorted([(connection, playhouse), (account, house)], key=lambda one: one[0].pk)
    first, second = connections[0][1], connections[1][1]
    second.faults.add("order", Fault.BUSY_429, times=50)
    order = work(api.create({"itemNumber": "BUNDLE", "visitDate": VISIT}))
    assert order.status == OrderStatus.ERROR
    tell(first, "used")
    read(clock)
    assert [status for _, status, _ in states()] == ["Valid"]
    assert OutsideOrder.objects.get(status="Made").next_poll_at is not None
    second.faults.clear()
    lifecycle.replay_order(
        orders=Order.objects.all(), order_id=order.pk, actor="staff:1", now=clock()
    )
    assert work({"orderId": str(order.pk)}).status == OrderStatus.ISSUED
    clock.forward(hours=1)
    read(clock)
    assert sorted(status for _, status, _ in states()) == ["Used", "Valid"]
    assert wrong() == []


@pytest.fixture
def doubted(
    api: ApiClient,
    work: Work,
    show: Package,
    connector: PlayhouseConnector,
    playhouse: Playhouse,
    request: pytest.FixtureRequest,
) -> Order:
    """An order of which nobody knows whether the playhouse made it; by its fault it did or not."""
    connector.capabilities = dataclasses.replace(EVERYTHING, read_back=False)
    playhouse.faults.add("order", request.param, times=1)
    order = work(api.create(SHOW))
    assert (order.status, only_row().status) == (OrderStatus.ERROR, "Unknown")
    connector.capabilities = EVERYTHING
    return order


def replay(order: Order, work: Work, clock: Clock) -> Order:
    lifecycle.replay_order(
        orders=Order.objects.all(), order_id=order.pk, actor="staff:1", now=clock()
    )
    return work({"orderId": str(order.pk)})


@pytest.mark.parametrize("doubted", [Fault.TIMEOUT_AFTER], indirect=True)
def test_what_turns_out_to_be_made_is_noted_and_waits_for_a_replay(
    doubted: Order, work: Work, playhouse: Playhouse, clock: Clock
) -> None:
    read(clock)
    row = only_row()
    assert (row.status, row.outside_reference, row.next_poll_at) == (
        "Made",
        f"X-{doubted.buy_from_order_reference}",
        clock.now + datetime.timedelta(seconds=900),
    )
    assert Order.objects.get(pk=doubted.pk).status == OrderStatus.ERROR
    assert replay(doubted, work, clock).status == OrderStatus.ISSUED
    assert states() == [("HALL-0001", "Valid", "Valid")]
    assert playhouse.operations().count("order") == 1
    assert wrong() == []


@pytest.mark.parametrize("doubted", [Fault.TIMEOUT_BEFORE], indirect=True)
def test_what_turns_out_not_to_be_made_is_made_by_a_replay(
    doubted: Order, work: Work, playhouse: Playhouse, clock: Clock
) -> None:
    read(clock)
    assert (only_row().status, only_row().is_current) == ("Failed", False)
    effects = [one.effect for one in ConnectorCall.objects.get(operation="order").outcomes.all()]
    assert effects[-1] == "none"
    assert replay(doubted, work, clock).status == OrderStatus.ISSUED
    assert [number for number, _, _ in states()] == playhouse.living()
    assert wrong() == []


@pytest.mark.parametrize("doubted", [Fault.TIMEOUT_AFTER], indirect=True)
def test_what_was_made_for_an_order_that_is_gone_is_cancelled_there(
    api: ApiClient, doubted: Order, playhouse: Playhouse, clock: Clock
) -> None:
    assert api.delete(str(doubted.pk)).status_code == 200
    assert (only_row().status, only_row().is_current) == ("Unknown", False)
    read(clock)
    assert only_row().status == OutsideOrderStatus.ENDING
    ending.end_elsewhere(outside_order_id=only_row().pk, clock=clock)
    assert only_row().status == OutsideOrderStatus.ENDED
    assert wrong() == []


@pytest.mark.parametrize("doubted", [Fault.TIMEOUT_BEFORE], indirect=True)
def test_what_nobody_can_tell_is_asked_ever_more_seldom(
    doubted: Order, playhouse: Playhouse, clock: Clock
) -> None:
    playhouse.faults.add("read", Fault.ERROR_500_BEFORE, times=1)
    read(clock)
    assert only_row().next_poll_at == clock.now + datetime.timedelta(seconds=900)
    playhouse.orders[doubted.buy_from_order_reference] = [
        {"item": "another", "id": "id-1", "number": "N1", "state": "valid"}
    ]
    waits = []
    for _ in range(20):
        due = only_row().next_poll_at
        assert due is not None
        clock.now = due
        reading_back.read_due(clock=clock)
        following = only_row().next_poll_at
        assert following is not None
        waits.append(following - clock.now)
    assert only_row().status == OutsideOrderStatus.UNKNOWN
    assert waits == sorted(waits)
    assert (waits[0].total_seconds(), waits[-1].total_seconds()) == (900, 6 * 3600)
    clock.forward(days=8)
    assert reading_back.read_due(clock=clock) == 0
