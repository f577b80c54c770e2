"""Connections, outside ids and orders at other systems in a real browser: tested, picked, matched."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.core.cache import cache
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from catalog.models import Component, ComponentSource, Connection, Item, Session
from orders.models import Order
from partners.models import Venue
from tests.browser.appearance import AdminLooks
from tests.conftest import TOMORROW, ApiClient
from tests.factories import AttractionFactory, sellable_package
from tests.orders.elsewhere import doubted, left, ticket
from tests.wallets.elsewhere import FakeConnector, connect, put_in
from wallets.connectors.base import CatalogueEntry, Cause, ConnectorError
from wallets.models import Asset

pytestmark = pytest.mark.django_db(transaction=True)

LONG = "Grand evening show with all dragons, the orchestra and fireworks over the lake, adult"


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeConnector:
    cache.clear()
    put_in(monkeypatch, FakeConnector(catalogue=False), "openticket", "voordemensen", "ordino")
    return put_in(monkeypatch, FakeConnector(), "onebox")


@pytest.fixture
def onebox(venue: Venue, fake: FakeConnector) -> Connection:
    return connect(venue)


@pytest.fixture
def component(venue: Venue, fake: FakeConnector) -> Component:
    """A show with six starts tomorrow, five of which are sold at the other system."""
    cinema = AttractionFactory.create(venue=venue, code="cinema", name="4D cinema")
    package = sellable_package(venue, "SHOW", dating="timed")
    Item.objects.filter(components__package=package).update(attraction=cinema)
    for hour in range(10, 16):
        start = datetime.datetime.combine(TOMORROW, datetime.time(hour), venue.zone)
        Session.objects.create(
            attraction=cinema,
            date=TOMORROW,
            time=datetime.time(hour),
            starts_at=start,
            ends_at=start + datetime.timedelta(minutes=50),
            capacity=60,
        )
        if hour > 10:
            entry = CatalogueEntry(
                outside_session=f"90{hour}",
                outside_item="55",
                label=LONG,
                starts_at=start,
                price=Decimal("12.50"),
            )
            fake.sells.append(entry)
    return Component.objects.get(package=package)


def test_a_connection_is_tested_with_its_button_kept_from_a_second_press(
    desk: Page, live_server: LiveServer, onebox: Connection, fake: FakeConnector
) -> None:
    fake.fault = ConnectorError(Cause.CREDENTIALS, "It answered 401.", permanent=True)
    desk.goto(f"{live_server.url}/admin/catalog/connection/{onebox.pk}/change/")
    desk.get_by_role("button", name="Test connection").click()
    told = desk.get_by_text("It refuses our credentials. It answered 401.")
    expect(told.first).to_be_visible()
    fake.fault = None
    desk.get_by_role("button", name="Test connection").click()
    expect(desk.get_by_text("The test went well. It knows channel 7.")).to_be_visible()
    assert fake.asked == 2


def test_sessions_are_matched_in_two_steps(
    desk: Page, live_server: LiveServer, onebox: Connection, component: Component
) -> None:
    desk.goto(f"{live_server.url}/admin/catalog/componentsource/component/{component.pk}/")
    desk.get_by_role("link", name="Match by start time").click()
    desk.get_by_role("button", name="Ask what it sells").click()
    desk.get_by_label("The component is there").select_option(index=1)
    desk.get_by_role("button", name="Propose a list").click()
    desk.get_by_label("12:00").select_option(label="Leave as it is")
    desk.get_by_role("button", name="Save these ids").click()
    expect(desk.get_by_text("in 4 sessions.")).to_be_visible()
    assert ComponentSource.objects.filter(component=component).count() == 4


def test_the_pages_fit_every_screen(
    desk: Page,
    live_server: LiveServer,
    onebox: Connection,
    component: Component,
    api: ApiClient,
    issue: Callable[[str], Order],
) -> None:
    orders = [
        issue(api.create(sellToOrderReference=f"WEB-{number}")["orderId"]) for number in (1, 2)
    ]
    unknown, stays = doubted(orders[0], onebox), left(orders[1], onebox)
    ticket(stays, Asset.objects.filter(wallet__order=orders[1])[0])
    source = ComponentSource.objects.create(
        component=component,
        connection=onebox,
        session=Session.objects.earliest("starts_at"),
        outside_session="900",
        outside_item="55",
        label=LONG,
    )
    sources = f"/admin/catalog/componentsource/component/{component.pk}/"
    looks = AdminLooks(desk, live_server.url)
    looks.look_at(
        {
            "connections": "/admin/catalog/connection/",
            "connection-system": "/admin/catalog/connection/add/",
            "connection-add": "/admin/catalog/connection/add/?system=openticket",
            "connection": f"/admin/catalog/connection/{onebox.pk}/change/",
            "outside-ids": "/admin/catalog/componentsource/",
            "outside-id": f"/admin/catalog/componentsource/{source.pk}/change/",
            "component": sources,
            "package": f"/admin/catalog/package/{component.package_id}/change/",
            "outside-orders": "/admin/wallets/outsideorder/",
            "outside-order-unknown": f"/admin/wallets/outsideorder/{unknown.pk}/change/",
            "outside-order-left": f"/admin/wallets/outsideorder/{stays.pk}/change/",
            "settle-done": f"/admin/wallets/outsideorder/{unknown.pk}/settle_done/",
            "order-elsewhere": f"/admin/orders/order/{orders[1].pk}/change/",
            "home-elsewhere": "/admin/",
            "pick": f"{sources}{onebox.pk}/pick/",
        }
    )
    desk.get_by_role("button", name="Show its catalogue").click()
    expect(desk.get_by_text("Choose one")).to_be_visible()
    looks.look("picked")
    desk.goto(f"{live_server.url}{sources}{onebox.pk}/match/")
    desk.get_by_role("button", name="Ask what it sells").click()
    desk.get_by_label("The component is there").select_option(index=1)
    desk.get_by_role("button", name="Propose a list").click()
    expect(desk.get_by_role("button", name="Save these ids")).to_be_visible()
    looks.look("matched")
    assert looks.wrong == {}


def test_nothing_of_a_row_has_to_be_scrolled_to(
    desk: Page,
    live_server: LiveServer,
    onebox: Connection,
    component: Component,
    api: ApiClient,
    issue: Callable[[str], Order],
) -> None:
    doubted(issue(api.create()["orderId"]), onebox)
    ComponentSource.objects.create(
        component=component,
        connection=onebox,
        session=Session.objects.earliest("starts_at"),
        outside_session="900",
        outside_item="55",
        label=LONG,
    )
    desk.set_viewport_size({"width": 1280, "height": 900})
    desk.goto(f"{live_server.url}/admin/wallets/outsideorder/")
    assert within(desk, "#result_list tbody :is(td, th)", 1280)
    desk.set_viewport_size({"width": 390, "height": 844})
    assert within(desk, "#result_list tbody :is(td, th)", 390)
    desk.goto(f"{live_server.url}/admin/catalog/componentsource/component/{component.pk}/")
    assert within(desk, ".cm-table td, .cm-table td a", 390)


def within(page: Page, cells: str, width: int) -> bool:
    """Tell whether all cells end on the screen."""
    ends = page.eval_on_selector_all(
        cells, "(cells) => cells.map((cell) => cell.getBoundingClientRect().right)"
    )
    return bool(ends) and max(ends) <= width
