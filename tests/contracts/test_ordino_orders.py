"""Orders of our partners that a park at Ordino issues: our own dialect, at the other end of HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from catalog.models import Connection, Package
from orders.models import GuestOrder, Order, OrderLine, OrderStatus
from partners.models import Venue
from tests.conftest import ApiClient
from tests.connectors.conftest import fakes_are_reached, make_connection
from tests.contracts.relay import Relay
from tests.dialects.ordino.conftest import (
    clock,
    dino,
    nobody_waits_for_a_worker,
    park,
    ride_pass,
    seller,
    voucher,
)
from tests.dialects.ordino.speaking import ORDERS, Park
from tests.factories import sellable_package
from tests.fakes.faults import Fault, running
from tests.outside.conftest import issued_by, work
from wallets.models import Asset, OutsideOrder, OutsideOrderStatus, OutsideTicket

__all__ = [
    "clock",
    "dino",
    "fakes_are_reached",
    "nobody_waits_for_a_worker",
    "park",
    "ride_pass",
    "seller",
    "voucher",
    "work",
]
pytestmark = pytest.mark.django_db(transaction=True)
Work = Callable[[Any], Order]
POST = f"POST {ORDERS}"
SHOW = {"itemNumber": "SHOW", "visitDate": "2026-11-23", "quantity": 2}


@pytest.fixture
def relay(live_server: Any) -> Iterator[Relay]:
    """The way to the park, which a test may break."""
    with running(Relay(live_server.url)) as system:
        yield system


@pytest.fixture
def connection(venue: Venue, relay: Relay, park: Park) -> Connection:
    """Our venue's account at the park."""
    return make_connection(
        "ordino",
        f"{relay.url}/ordino",
        venue=venue,
        credentials={"api_key": park.key},
        read_seconds=10,
    )


@pytest.fixture
def show(venue: Venue, connection: Connection) -> Package:
    """A dated package of ours that the park issues as its ride pass."""
    package = sellable_package(venue, "SHOW", "12.00")
    issued_by(connection, package, "pkg_ride_pass")
    return package


def orders_there() -> list[Order]:
    """Return the orders of the park's storefront, oldest first."""
    return [made.order for made in GuestOrder.objects.order_by("pk").select_related("order")]


@pytest.mark.usefixtures("show")
def test_the_park_is_asked_once_the_order_is_paid_and_its_tickets_are_ours_to_show(
    api: ApiClient, work: Work, relay: Relay, connection: Connection
) -> None:
    """C2: a draft asks nobody."""
    drafted = api.create(SHOW, paymentReference=None, sellToEmail="guest@example.com")
    work(drafted)
    assert relay.received == []
    assert api.confirm(drafted["orderId"]).status_code == 200
    order = work(drafted)
    work(drafted)
    assert (order.status, relay.operations()) == (OrderStatus.ISSUED, [POST])
    assert Asset.objects.filter(wallet__order=order, status="Valid").count() == 2
    row = OutsideOrder.objects.get()
    reference = order.buy_from_order_reference
    assert (row.status, row.connection, row.reference, row.outside_reference) == (
        OutsideOrderStatus.MADE,
        connection,
        reference,
        reference,
    )
    (theirs,) = orders_there()
    lines = OrderLine.objects.filter(order=theirs).values_list("item_number", "quantity")
    assert (theirs.sell_to_order_reference, theirs.sell_to_email, list(lines)) == (
        reference,
        "guest@example.com",
        [("pkg_ride_pass", 2)],
    )


@pytest.mark.usefixtures("show")
def test_an_answer_that_never_came_ends_in_error_and_is_not_asked_for_again(
    api: ApiClient, work: Work, relay: Relay
) -> None:
    """C5: issuing again does not make the order a second time."""
    relay.faults.add(POST, Fault.RESET_AFTER)
    made = api.create(SHOW)
    order = work(made)
    assert (order.status, OutsideOrder.objects.get().status) == (
        OrderStatus.ERROR,
        OutsideOrderStatus.UNKNOWN,
    )
    assert (relay.operations(), len(orders_there())) == ([POST], 1)
    assert not OutsideTicket.objects.exists()


@pytest.mark.usefixtures("show")
def test_an_answer_that_never_came_is_asked_for_again_where_that_is_safe(
    api: ApiClient, work: Work, relay: Relay, connection: Connection
) -> None:
    """C5: one order there, one here."""
    connection.repeats_safely = True
    connection.save()
    relay.faults.add(POST, Fault.ERROR_500_AFTER, times=2)
    assert work(api.create(SHOW)).status == OrderStatus.ISSUED
    assert relay.operations() == [POST] * 3
    assert len(orders_there()) == 1


def test_a_package_that_the_park_does_not_sell_ends_in_error_with_its_name(
    api: ApiClient, work: Work, venue: Venue, connection: Connection
) -> None:
    """C4: nothing is made there."""
    issued_by(connection, sellable_package(venue, "SHOW", "12.00"), "pkg_gone")
    order = work(api.create(SHOW))
    row = OutsideOrder.objects.get()
    assert (order.status, row.status, row.cause, row.message) == (
        OrderStatus.ERROR,
        OutsideOrderStatus.FAILED,
        "not_known_there",
        "It does not know the package pkg_gone.",
    )
    assert orders_there() == []
