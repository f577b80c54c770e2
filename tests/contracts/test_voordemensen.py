"""The connector to VoordeMensen against our own VoordeMensen dialect, which sells to it on account."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings as django_settings

from catalog.models import Attraction, Connection, Package, Session
from orders import cancellation
from orders.models import Checkout, LedgerEntry, Order, Payment
from partners.keys import create_key
from partners.models import Dialect, Partner, Storefront
from partners.storefronts import open_storefront
from tests.connectors.conftest import (
    desk_of,
    fakes_are_reached,
    fault_of_steps,
    make_connection,
    make_outside_order,
    run_steps,
    unit,
    wish,
)
from tests.dialects.voordemensen.conftest import cinema, clock, show
from tests.dialects.voordemensen.shop import Shop, order_of
from tests.factories import sellable_package
from tests.orders.expected import NOON, Clock
from tests.orders.sessions import counters, session
from wallets.connectors import desk as desks
from wallets.connectors.base import (
    CatalogueEntry,
    Cause,
    ConnectorError,
    OutsideTicketData,
    PlacesThere,
    Wish,
)
from wallets.connectors.exchange import Reply, Request
from wallets.connectors.voordemensen import VoordeMensenConnector
from wallets.models import CallEffect, OutsideOrder

__all__ = ["cinema", "clock", "fakes_are_reached", "show"]
pytestmark = pytest.mark.django_db(transaction=True)
connector = VoordeMensenConnector()


@pytest.fixture
def matinee(cinema: Attraction, show: Package) -> Session:
    """The show at 14:00, for five."""
    return session(cinema, "14:00", capacity=5)


@pytest.fixture
def storefront(partner: Partner, matinee: Session) -> Storefront:
    """The park next door, which bills us by statement."""
    storefront = open_storefront(
        partner=partner, dialect=Dialect.VOORDEMENSEN, public_id="molenpark", now=NOON
    )
    Storefront.objects.update(sells_on_account=True)
    return storefront


@pytest.fixture
def shop(storefront: Storefront) -> Shop:
    """The park's shop, for what a person finds there."""
    return Shop(storefront.public_id)


@pytest.fixture
def connection(live_server: Any, storefront: Storefront, shop: Shop, settings: Any) -> Connection:
    """Our account at the park: its client, with a secret and the method on account."""
    settings.REDIRECT_ALLOW_LOOPBACK = True
    settings.PUBLIC_URL = live_server.url
    secret = create_key(partner=storefront.partner, dialect=Dialect.VOORDEMENSEN)[1]
    methods = shop.ok(shop.get("paymentmethods", headers={"authorization": secret}))
    return make_connection(
        "voordemensen",
        f"{live_server.url}/voordemensen/v1",
        account=storefront.public_id,
        payment_method=str(methods[-1]["payment_id"]),
        credentials={"peppered_key": secret},
        # It answers within milliseconds, but what else runs on the machine is not known.
        read_seconds=10,
    )


@pytest.fixture
def outside_order(connection: Connection) -> OutsideOrder:
    """An order of ours, of which nothing was asked yet."""
    return make_outside_order(connection)


@pytest.fixture
def wanted(outside_order: OutsideOrder, shop: Shop) -> Wish:
    """Two shows."""
    return wish(outside_order, *two(shop))


def two(shop: Shop) -> list[Any]:
    event = shop.sub_event()
    return [unit(shop.discount(event), str(event)) for _ in range(2)]


def test_an_order_is_bought_on_account_with_its_tickets(
    outside_order: OutsideOrder,
    wanted: Wish,
    shop: Shop,
    clock: Clock,
    issue: Callable[[str], Order],
) -> None:
    standing = run_steps(connector, outside_order, wanted, clock)
    key = standing.outside_reference
    told = shop.status(key)
    assert standing.exists is True
    assert standing.tickets_url == told["order_tickets_url"]
    assert standing.tickets == [
        OutsideTicketData(
            outside_session=wanted.units[0].outside_session,
            outside_item=wanted.units[0].outside_item,
            outside_id=str(seat["seat_id"]),
        )
        for seat in told["seats"]
    ]
    order = issue(str(order_of(key).pk))
    checkout = Checkout.objects.get(code=key)
    assert (
        order.status,
        order.payment_reference,
        order.sell_to_name,
        checkout.buyer_email,
        checkout.return_url,
        counters(),
    ) == (
        "Issued",
        f"account:{key}",
        "Anna de Vries",
        "guest@example.com",
        f"{django_settings.PUBLIC_URL}/outside/{outside_order.connection_id}/return?return={key}",
        {"cinema 14:00": "0+2"},
    )
    assert (Payment.objects.count(), LedgerEntry.objects.filter(order=order).count()) == (0, 1)


def test_places_are_held_before_anything_counts(
    outside_order: OutsideOrder, wanted: Wish, clock: Clock
) -> None:
    connector.prepare(desk_of(outside_order, clock), wanted)
    connector.prepare(desk_of(outside_order, clock), wanted)
    assert (counters(), Order.objects.count()) == ({"cinema 14:00": "2+0"}, 0)


@pytest.mark.parametrize("path", ["/cart/", "/cart/Z", "/order/create"])
def test_an_answer_that_is_lost_leads_to_one_order(
    outside_order: OutsideOrder,
    wanted: Wish,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
) -> None:
    """C9: a cart in doubt lapses, an adding is looked for, an order is asked for again."""
    ask, lost = desks.ask, list[str]()

    def lose(connection: Connection, request: Request) -> Reply:
        reply = ask(connection, request)
        kind = request.url.rsplit("/cart/", 1)[-1] if "/cart/" in request.url else ""
        is_meant = {"/cart/": "/cart/" in request.url and not kind, "/cart/Z": bool(kind)}
        if not lost and is_meant.get(path, request.url.endswith(path)):
            lost.append(request.url)
            raise ConnectorError(
                Cause.TIMED_OUT, "No answer came.", permanent=False, effect=CallEffect.UNKNOWN
            )
        return reply

    monkeypatch.setattr(desks, "ask", lose)
    assert run_steps(connector, outside_order, wanted, clock).exists
    assert (len(lost), Order.objects.count(), counters()) == (1, 1, {"cinema 14:00": "0+2"})


def test_without_our_secret_nothing_is_sold_on_account(
    outside_order: OutsideOrder, connection: Connection, wanted: Wish, clock: Clock
) -> None:
    connection.set_credentials({})
    connection.save()
    error = fault_of_steps(connector, outside_order, wanted, clock)
    assert (error.cause, error.detail) == (
        Cause.REFUSED,
        "It answered 400: payment_id: There is no payment method of this id.",
    )
    assert Order.objects.count() == 0


def test_what_is_sold_out_or_unknown_there_is_named(
    outside_order: OutsideOrder, connection: Connection, shop: Shop, clock: Clock
) -> None:
    six = wish(outside_order, *two(shop), *two(shop), *two(shop))
    assert fault_of_steps(connector, outside_order, six, clock).cause == Cause.SOLD_OUT
    other = make_outside_order(connection)
    unknown = wish(other, unit("q9LmX2", str(shop.sub_event())))
    assert fault_of_steps(connector, other, unknown, clock).cause == Cause.NOT_KNOWN
    assert (Order.objects.count(), counters()) == (0, {})


def test_a_cart_that_has_lapsed_is_filled_anew(
    outside_order: OutsideOrder, wanted: Wish, clock: Clock
) -> None:
    connector.prepare(desk_of(outside_order, clock), wanted)
    clock.forward(minutes=20)
    assert run_steps(connector, outside_order, wanted, clock).exists
    assert (Checkout.objects.count(), Order.objects.count()) == (2, 1)


def test_it_is_read_back_as_it_stands(
    outside_order: OutsideOrder,
    wanted: Wish,
    clock: Clock,
    issue: Callable[[str], Order],
) -> None:
    made = run_steps(connector, outside_order, wanted, clock)
    clock.forward(seconds=60)
    assert connector.read_back(desk_of(outside_order, clock)) == made
    order = issue(str(order_of(made.outside_reference).pk))
    cancellation.cancel_order(
        orders=Order.objects.all(), order_id=order.pk, actor="staff:1", now=clock.now, reason="Ill"
    )
    clock.forward(seconds=60)
    standing = connector.read_back(desk_of(outside_order, clock))
    assert (standing.exists, standing.tickets_url, standing.tickets) == (True, "", ())


def test_its_catalogue_and_what_is_on_sale_are_listed(
    connection: Connection, shop: Shop, venue: Any, clock: Clock
) -> None:
    sellable_package(venue, "ANYDAY", "9.00", dating="open")
    event = shop.sub_event()
    entries = connector.list_catalogue(connection)
    assert entries[0] == CatalogueEntry(
        outside_session=str(event),
        outside_item=shop.discount(event),
        label="Cinema – Name of SHOW",
        starts_at=datetime.datetime(2026, 11, 23, 14),  # noqa: DTZ001
        price=entries[0].price,
    )
    assert (str(entries[0].price), entries[1].starts_at) == ("12.50", None)
    assert connector.ask_places(connection, str(event)) == [
        PlacesThere(outside_session=str(event), outside_item=shop.discount(event), left=None)
    ]


def test_a_connection_is_checked_without_making_anything(connection: Connection) -> None:
    assert connector.check(connection) == (
        "It lists 1 events. The payment method is On account. There is no back office."
    )
    assert (Checkout.objects.count(), Order.objects.count()) == (0, 0)
