"""Our connector against our own dialect: picked, reserved, ordered on account, read back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from catalog.models import Connection
from orders.models import Checkout, Order
from partners.models import Storefront
from tests.connectors.conftest import (
    calls_of,
    desk_of,
    fault_of_steps,
    make_connection,
    make_outside_order,
    unit,
    wish,
)
from tests.dialects.openticket.shop import Shop
from tests.orders.expected import Clock
from tests.orders.sessions import counters
from wallets.connectors.base import CatalogueEntry, Cause, PlacesThere, TryLater
from wallets.connectors.openticket import OpenTicketConnector
from wallets.models import Asset

CONNECTOR = OpenTicketConnector()


@pytest.fixture
def there(live_server: Any, shop: Shop, settings: Any) -> Connection:
    """An account at our partner's shop, which sells on account."""
    settings.PUBLIC_URL = live_server.url
    settings.OUTBOUND_ALLOW_LOOPBACK = True
    settings.DIALECT_WAIT_SECONDS = 0
    Storefront.objects.filter(pk=shop.storefront.pk).update(sells_on_account=True)
    return make_connection(
        "openticket",
        f"{live_server.url}/openticket",
        second_url=f"{live_server.url}/openticket",
        account=shop.guid,
        payment_method=shop.method("On account"),
        credentials={"access_token": shop.token},
        connect_seconds=20,
        read_seconds=20,
    )


def picked(connection: Connection) -> CatalogueEntry:
    """Return the show, as staff pick it."""
    (entry,) = [one for one in CONNECTOR.list_catalogue(connection) if "Show" in one.label]
    return entry


def test_a_connection_to_our_own_shop_is_right(there: Connection) -> None:
    assert "orders are paid by On account" in CONNECTOR.check(there)


def test_what_is_picked_there_is_issued_there(
    there: Connection, clock: Clock, issue: Callable[[str], Order]
) -> None:
    entry = picked(there)
    session, item = entry.outside_session, entry.outside_item
    assert CONNECTOR.ask_places(there, session) == [
        PlacesThere(outside_session=session, outside_item=item, left=None)
    ]
    order = make_outside_order(there)
    wanted = wish(order, unit(item, session), unit(item, session))
    desk = desk_of(order, clock)
    CONNECTOR.prepare(desk, wanted)
    assert counters() == {"cinema 14:00": "2+0"}
    with pytest.raises(TryLater):  # it is paid on account, and its tickets are being made
        CONNECTOR.commit(desk, wanted)
    assert counters() == {"cinema 14:00": "0+2"}
    checkout = Checkout.objects.get()
    issue(str(checkout.order_id))
    standing = CONNECTOR.commit(desk_of(order, clock), wanted)
    numbers = sorted(Asset.objects.values_list("reference_number", flat=True))
    assert (standing.exists, standing.outside_reference) == (True, checkout.code)
    assert sorted(one.number for one in standing.tickets) == numbers
    assert {(one.outside_session, one.outside_item) for one in standing.tickets} == {
        (session, item)
    }
    assert CONNECTOR.read_back(desk_of(order, clock)).tickets == standing.tickets
    assert [call[:2] for call in calls_of(order)] == [
        ("reserve", "1"),
        ("reserve", "2"),
        ("order", ""),
    ]


def test_more_than_is_left_there_is_sold_out(there: Connection, clock: Clock) -> None:
    entry = picked(there)
    order = make_outside_order(there)
    units = unit(entry.outside_item, entry.outside_session, count=6)
    fault = fault_of_steps(CONNECTOR, order, wish(order, units), clock)
    assert (fault.cause, fault.permanent) == (Cause.SOLD_OUT, True)
    assert counters() == {"cinema 14:00": "5+0"}  # left to lapse
    assert not Checkout.objects.exists()
