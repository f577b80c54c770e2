"""Closing a day in a real browser: from the first question to the last order, while one watches."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from catalog.models import Attraction, Package
from orders.models import Closure, Order
from partners.models import Venue
from tests.browser.appearance import AdminLooks, photograph
from tests.conftest import TOMORROW, ApiClient
from tests.factories import AttractionFactory, sellable_package
from tests.orders.closures import run_once
from tests.orders.sessions import counted, session
from wallets.models import Asset

pytestmark = pytest.mark.django_db(transaction=True)

DAY = TOMORROW.isoformat()
OTHER = TOMORROW.replace(year=TOMORROW.year + 1, month=6, day=15).isoformat()


@pytest.fixture
def cinema(venue: Venue) -> Attraction:
    """An attraction with three shows on each day; the other day's last one is nearly full."""
    cinema = AttractionFactory.create(venue=venue, code="cinema", name="Cinema")
    for day in (DAY, OTHER):
        for time in ("10:00", "14:00"):
            session(cinema, time, day, capacity=40)
        session(cinema, "17:30", day, capacity=2 if day == OTHER else 20)
    return cinema


@pytest.fixture
def sold(
    api: ApiClient,
    rival: ApiClient,
    issue: Callable[[str], Order],
    venue: Venue,
    cinema: Attraction,
    day: Package,
) -> list[Order]:
    """Eight orders of two partners: drafts, a failed one, a used one, and one too many at 17:30."""
    counted(sellable_package(venue, "SHOW", "12.00", dating="timed"), cinema)

    def show(time: str, quantity: int) -> dict[str, Any]:
        return {"itemNumber": "SHOW", "visitDate": DAY, "visitTime": time, "quantity": quantity}

    ticket = {"itemNumber": "DAY", "visitDate": DAY, "quantity": 2}
    bodies: list[tuple[ApiClient, list[dict[str, Any]], dict[str, Any]]] = [
        (api, [ticket, show("10:00", 2)], {}),
        (api, [show("14:00", 12)], {"paymentReference": None}),
        (rival, [show("14:00", 5)], {}),
        (rival, [show("17:30", 2)], {}),
        (api, [show("17:30", 2)], {}),
        (api, [ticket], {}),
        (rival, [{**ticket, "itemNumber": "SKU-9"}], {}),
        (api, [ticket], {}),
    ]
    orders = []
    for number, (client, items, members) in enumerate(bodies):
        reference = {"sellToOrderReference": f"WEB-{number}"}
        orders.append(issue(client.create(*items, **reference, **members)["orderId"]))
    Asset.objects.filter(pk=Asset.objects.filter(wallet__order=orders[-1])[0].pk).update(
        status="Used", admitted=1
    )
    return orders


def test_a_day_is_closed_and_its_orders_move_while_one_watches(
    desk: Page, live_server: LiveServer, sold: list[Order], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orders.working_off.AT_A_TIME", 3)
    desk.goto(f"{live_server.url}/admin/")
    desk.get_by_role("link", name="Close a day").first.click()
    desk.locator("#main").get_by_role("link", name="Close a day").click()
    desk.get_by_label("Day").fill(DAY)
    desk.get_by_role("button", name="Show what is sold").click()
    expect(desk.get_by_text("6 Issued")).to_be_visible()
    desk.get_by_label("Move them to another day").check()
    desk.get_by_label("Day they move to").fill(OTHER)
    desk.get_by_role("button", name="Go on").click()
    expect(desk.get_by_text("Cinema at 17:30: 4 places needed, and 2 left.")).to_be_visible()
    desk.get_by_label("Reason").fill("A storm is coming")
    desk.get_by_role("button", name="Close the day and move 7 orders").click()

    expect(desk.get_by_text("0 of 8 orders done.")).to_be_visible()
    closure = Closure.objects.get()
    bar = desk.get_by_role("progressbar")
    # The page is not loaded again: what is marked stays marked.
    desk.evaluate("document.querySelector('.cm-worklist').dataset.mark = 'here'")
    desk.get_by_role("button", name="Stop").focus()
    run_once(closure)
    expect(desk.get_by_text("3 of 8 orders done.")).to_be_visible()
    expect(bar).to_have_attribute("aria-valuenow", "3")
    expect(desk.get_by_role("button", name="Stop")).to_be_focused()
    run_once(closure)
    run_once(closure)
    expect(desk.get_by_text("Done, but 2 of 8 orders need you.")).to_be_visible()
    expect(desk.get_by_role("button", name="Stop")).to_have_count(0)
    expect(desk.locator(".cm-order-head")).to_contain_text("Done")
    expect(desk.get_by_text("has no places left, and 2 are needed")).to_be_visible()
    expect(desk.get_by_text("To open the day again")).to_be_visible()
    assert desk.evaluate("document.querySelector('.cm-worklist').dataset.mark") == "here"

    session_of = sold[4].lines.get().visit_date
    assert str(session_of) == DAY
    desk.get_by_role("button", name="Try failed ones again").click()
    expect(desk.get_by_text("6 of 8 orders done.")).to_be_visible()
    run_once(closure)
    expect(desk.get_by_text("Done, but 2 of 8 orders need you.")).to_be_visible()
    desk.get_by_role("link", name=str(sold[4])).click()
    expect(desk.get_by_role("heading", name=str(sold[4]), level=2)).to_be_visible()


def test_one_order_is_moved_from_its_page(
    desk: Page, live_server: LiveServer, sold: list[Order]
) -> None:
    address = reverse("admin:orders_order_change", args=[sold[0].pk])
    desk.goto(f"{live_server.url}{address}")
    desk.get_by_role("link", name="Move to another day").click()
    desk.get_by_label("New day").fill(OTHER)
    photograph(desk, "move-1280-light")
    desk.get_by_label("Reason").fill("The guest is ill")
    desk.get_by_role("button", name="Move order").click()
    expect(desk.get_by_text(re.compile(rf"Order {sold[0]} is moved to"))).to_be_visible()
    assert str(Order.objects.get(pk=sold[0].pk).visit_date) == OTHER


def test_every_page_fits_its_screen_and_can_be_read(
    desk: Page,
    live_server: LiveServer,
    venue: Venue,
    cinema: Attraction,
    sold: list[Order],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("orders.working_off.AT_A_TIME", 5)
    looks = AdminLooks(desk, live_server.url)
    asked = f"venue={venue.pk}&date={DAY}"

    def look(name: str, address: str) -> None:
        desk.goto(f"{live_server.url}{address}")
        if name == "closing-preview":
            desk.get_by_label("Move them to another day").check()
        looks.look(name)

    start = "/admin/orders/closure"
    look("closing-none", f"{start}/")
    look("closing-start", f"{start}/add/")
    look("closing-preview", f"{start}/preview/?{asked}")
    of_one = f"{asked}&attraction={cinema.pk}"
    look("closing-attraction", f"{start}/confirm/?{of_one}&plan=cancel")
    desk.get_by_role("link", name="Back").click()
    expect(desk.get_by_text("1 of these orders holds other visits, too")).to_be_visible()
    photograph(desk, "closing-attraction-preview")
    look("closing-faults", f"{start}/confirm/?{asked}&plan=move")
    look("closing-cancel", f"{start}/confirm/?{asked}&plan=cancel")
    move = f"{start}/confirm/?{asked}&plan=move&to_date={OTHER}"
    look("closing-move", move)
    desk.get_by_label("Reason").fill("A storm is coming")
    desk.get_by_role("button", name="Close the day and move 7 orders").click()
    expect(desk.get_by_text("0 of 8 orders done.")).to_be_visible()
    closure = Closure.objects.get()
    run_once(closure)
    page = reverse("admin:orders_closure_change", args=[closure.pk])
    look("closing-running", page)
    run_once(closure)
    look("closing-done", page)
    look("closing-list", f"{start}/")
    assert looks.wrong == {}
