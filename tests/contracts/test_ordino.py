"""The connector to Ordino against our own Ordino dialect: what it sends is taken in and issued."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from catalog.models import Connection
from orders.models import GuestOrder, Order, OrderLine
from tests.connectors.conftest import (
    buyer,
    fakes_are_reached,
    fault_of_steps,
    make_connection,
    make_outside_order,
    run_steps,
    unit,
    wish,
)
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
from tests.fakes.faults import Fault, running
from tests.orders.expected import Clock
from wallets.connectors.base import Cause, ConnectorError, Standing, Wish
from wallets.connectors.desk import OutcomeUnknown
from wallets.connectors.ordino import OrdinoConnector
from wallets.models import Asset, ConnectorOutcome, OutsideOrder

__all__ = [
    "clock",
    "dino",
    "fakes_are_reached",
    "nobody_waits_for_a_worker",
    "park",
    "ride_pass",
    "seller",
    "voucher",
]
pytestmark = pytest.mark.django_db(transaction=True)
ordino = OrdinoConnector()
POST = f"POST {ORDERS}"


@pytest.fixture
def relay(live_server: Any) -> Iterator[Relay]:
    """The way to the park, which a test may break."""
    with running(Relay(live_server.url)) as system:
        yield system


@pytest.fixture
def connection(relay: Relay, park: Park) -> Connection:
    """Our account at the park: the web shop's, with its key."""
    return make_connection(
        "ordino",
        f"{relay.url}/ordino",
        credentials={"api_key": park.key},
        # It answers within milliseconds, but what else runs on the machine is not known.
        read_seconds=10,
    )


@pytest.fixture
def outside_order(connection: Connection) -> OutsideOrder:
    """An order of ours, of which nothing was asked yet."""
    return make_outside_order(connection)


@pytest.fixture
def wanted(outside_order: OutsideOrder) -> Wish:
    """A ride pass and two vouchers."""
    return wish(outside_order, unit("pkg_voucher", count=2), unit("pkg_ride_pass"), redemptions=1)


def orders_there() -> list[Order]:
    """Return the orders of the park's storefront, oldest first."""
    return [made.order for made in GuestOrder.objects.order_by("pk").select_related("order")]


def test_an_order_arrives_as_it_was_meant_and_is_issued(
    outside_order: OutsideOrder,
    park: Park,
    wanted: Wish,
    clock: Clock,
    issue: Callable[[str], Order],
) -> None:
    """C2, C8: for its guest, with our reference, in the window that was sold."""
    standing = run_steps(ordino, outside_order, wanted, clock)
    assert standing == Standing(exists=True, outside_reference=outside_order.reference)
    (made,) = orders_there()
    order = issue(str(made.pk))
    assert (
        order.status,
        order.partner,
        order.sell_to_order_reference,
        order.payment_reference,
        order.sell_to_email,
    ) == (
        "Issued",
        park.storefront.partner,
        outside_order.reference,
        outside_order.reference,
        "guest@example.com",
    )
    lines = OrderLine.objects.filter(order=order).values_list("item_number", "quantity")
    assert sorted(lines) == [("pkg_ride_pass", 1), ("pkg_voucher", 2)]
    assets = Asset.objects.filter(wallet__order=order)
    windows = {(asset.status, asset.valid_from, asset.valid_until) for asset in assets}
    (sold,) = {(one.valid_from, one.valid_until) for one in wanted.units}
    assert (len(assets), windows) == (3, {("Valid", *sold)})
    outcome = ConnectorOutcome.objects.get()
    assert (outcome.effect, outcome.status_code) == ("done", 200)
    assert outcome.trace_id.startswith("00-")


def test_its_guest_has_the_entitlements(
    outside_order: OutsideOrder, park: Park, clock: Clock, issue: Callable[[str], Order]
) -> None:
    """Section 4: by the identity that was sent, be it an address or not."""
    member = wish(outside_order, unit("pkg_ride_pass", count=2), buyer=buyer(email="member-77120"))
    run_steps(ordino, outside_order, member, clock)
    issue(str(orders_there()[0].pk))
    packages = [one["metadata"]["package_id"] for one in park.guest("member-77120").entitlements()]
    assert packages == ["pkg_ride_pass"] * 2


@pytest.mark.parametrize("fault", [Fault.ERROR_500_AFTER, Fault.TRUNCATED, Fault.RESET_AFTER])
def test_what_is_repeated_is_made_once(
    outside_order: OutsideOrder,
    connection: Connection,
    relay: Relay,
    wanted: Wish,
    clock: Clock,
    fault: Fault,
) -> None:
    """C5: identical bytes under the same order id."""
    connection.repeats_safely = True
    connection.save()
    relay.faults.add(POST, fault, times=2)
    assert run_steps(ordino, outside_order, wanted, clock).exists
    assert run_steps(ordino, outside_order, wanted, clock).exists
    assert len({received.body for received in relay.received}) == 1
    assert relay.operations() == [POST] * 3
    assert len(orders_there()) == 1


def test_a_timeout_after_the_work_is_one_order_and_a_question_for_a_person(
    outside_order: OutsideOrder, connection: Connection, relay: Relay, wanted: Wish, clock: Clock
) -> None:
    """C5: nobody has confirmed that this park takes it once."""
    connection.read_seconds = 1
    connection.save()
    relay.faults.add(POST, Fault.TIMEOUT_AFTER)
    assert isinstance(fault_of_steps(ordino, outside_order, wanted, clock), OutcomeUnknown)
    assert relay.operations() == [POST]
    assert len(orders_there()) == 1


def test_packages_that_the_park_does_not_sell_are_named(
    outside_order: OutsideOrder, clock: Clock
) -> None:
    """C4: all of them, and nothing is made of the others."""
    units = (unit("pkg_b"), unit("pkg_voucher"), unit("pkg_a"))
    fault = fault_of_steps(ordino, outside_order, wish(outside_order, *units), clock)
    assert (fault.cause, fault.permanent, fault.detail) == (
        Cause.NOT_KNOWN,
        True,
        "It does not know the package pkg_a, pkg_b.",
    )
    assert orders_there() == []


@pytest.mark.derived
def test_another_order_under_our_reference_is_named(connection: Connection, clock: Clock) -> None:
    """Section 8: the park keeps the first one."""
    for count, was_made in ((1, True), (2, False)):
        order = make_outside_order(connection, reference="CM-1")
        wanted = wish(order, unit("pkg_voucher", count=count))
        if was_made:
            run_steps(ordino, order, wanted, clock)
            OutsideOrder.objects.filter(pk=order.pk).update(reference="CM-0")
        else:
            assert fault_of_steps(ordino, order, wanted, clock).cause == Cause.TWO_ORDERS
    assert len(orders_there()) == 1


@pytest.mark.derived
def test_a_package_in_several_lines_adds_up_within_one_order(
    outside_order: OutsideOrder, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C7: split at two here, for the park takes no more than a thousand in all."""
    monkeypatch.setattr("wallets.connectors.ordino.MOST_UNITS_OF_A_LINE", 2)
    run_steps(ordino, outside_order, wish(outside_order, unit("pkg_voucher", count=3)), clock)
    (order,) = orders_there()
    lines = OrderLine.objects.filter(order=order).order_by("line_no")
    assert [(line.item_number, line.quantity) for line in lines] == [
        ("pkg_voucher", 2),
        ("pkg_voucher", 1),
    ]
    assert order.total_incl_vat == Decimal("15.000")


def test_a_window_that_the_park_refuses_is_named_by_its_field(
    outside_order: OutsideOrder, clock: Clock
) -> None:
    """Section 5: by the names that the park gives its fields."""
    early = clock() - datetime.timedelta(days=9)
    empty = unit("pkg_voucher", valid_from=early, valid_until=early - datetime.timedelta(days=1))
    fault = fault_of_steps(ordino, outside_order, wish(outside_order, empty), clock)
    assert (fault.cause, fault.permanent) == (Cause.REFUSED, True)
    assert fault.detail.startswith("It answered 400. It does not accept Redeemable_")
    assert orders_there() == []


def test_a_connection_is_checked_without_making_anything(connection: Connection) -> None:
    assert ordino.check(connection) == "It answers, and accepts the API key."
    connection.set_credentials({"api_key": "another"})
    with pytest.raises(ConnectorError) as caught:
        ordino.check(connection)
    assert caught.value.cause == Cause.CREDENTIALS
    assert "another" not in caught.value.detail
    connection.base_url = connection.base_url.replace("/ordino", "/elsewhere")
    with pytest.raises(ConnectorError, match="Is the base URL the park's"):
        ordino.check(connection)
    assert orders_there() == []
