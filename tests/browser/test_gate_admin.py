"""Gate devices and scans in the admin, in a real browser: a gate is set up and starts to scan."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from catalog.models import Package
from orders.models import Order
from partners.models import Venue
from tests.browser.appearance import AdminLooks, photograph
from tests.browser.gatekeeper import open_now
from tests.browser.test_admin import choose
from tests.conftest import TOMORROW, ApiClient
from tests.gate.conftest import Gate
from wallets.devices import create_device
from wallets.models import Asset, GateDevice, Scan

pytestmark = pytest.mark.django_db(transaction=True)

PAGES = {
    "gate-devices": "/admin/wallets/gatedevice/",
    "gate-device-new": "/admin/wallets/gatedevice/add/",
    "gate-device": "/admin/wallets/gatedevice/{device}/change/",
    "gate-device-key": "/admin/wallets/gatedevice/{device}/key/",
    "gate-device-revoke": "/admin/wallets/gatedevice/{device}/revoke/",
    "scans": "/admin/wallets/scan/",
    "scan": "/admin/wallets/scan/{scan}/change/",
    "scanned-asset": "/admin/wallets/asset/{asset}/change/",
    "used-order": "/admin/orders/order/{order}/change/",
    "cancel-used": "/admin/orders/order/{order}/cancel_used/",
}


@pytest.fixture
def used(api: ApiClient, issue: Callable[[str], Order], venue: Venue) -> Order:
    """An order of a group and a family; half of the group and one of the family have entered."""
    lines = [
        {"itemNumber": "GROUP", "quantity": 12, "visitDate": TOMORROW.isoformat()},
        {"itemNumber": "BUNDLE", "visitDate": TOMORROW.isoformat()},
    ]
    order = issue(api.create(*lines)["orderId"])
    open_now(order)
    group, dino = (
        Asset.objects.get(item__number=number).reference_number
        for number in ("GROUP-ENTRY", "DINO")
    )
    gate = Gate(*create_device(venue=venue, name="North entrance", admits_every_item=True))
    gate.scan(group, quantity=6)
    gate.scan(group, quantity=12)
    gate.undo(gate.scan(dino)["admissionId"], "Wrong guest")
    gate.scan(dino)
    gate.scan("https://example.com/" + "x" * 400)
    return order


def test_a_gate_is_set_up_and_its_page_opens_with_the_link(
    desk: Page, live_server: LiveServer, bundle: Package, settings: Any
) -> None:
    settings.PUBLIC_URL = live_server.url
    assert bundle.code == "BUNDLE"
    desk.goto(f"{live_server.url}/admin/")
    desk.get_by_role("link", name="Gate devices").click()
    desk.get_by_role("link", name="Add gate device").first.click()
    expect(
        desk.locator(".field-venue select, .field-venue .select2-selection").first
    ).to_be_visible()
    desk.get_by_label("Name").fill("Dino ride")
    desk.get_by_role("button", name="Save", exact=True).click()
    expect(desk.get_by_text("Choose what this gate admits")).to_be_visible()
    choose(desk, "items", "DINO")
    desk.get_by_role("button", name="Save", exact=True).click()
    expect(desk.get_by_role("heading", name="The key of Dino ride")).to_be_visible()
    photograph(desk, "gate-key-shown")
    link = desk.locator("#gate-link").inner_text()
    desk.goto(link)
    expect(desk.get_by_role("heading", name="Dino ride")).to_be_visible()
    expect(desk.get_by_text("This gate admits Description of DINO.")).to_be_visible()
    assert [item.number for item in GateDevice.objects.get().items.all()] == ["DINO"]


def test_a_used_order_is_cancelled_with_a_reason(
    desk: Page, live_server: LiveServer, used: Order
) -> None:
    desk.goto(f"{live_server.url}/admin/orders/order/{used.pk}/change/")
    desk.get_by_role("link", name="Cancel order").click()
    expect(desk.get_by_role("heading", name=re.compile("which was used"))).to_be_visible()
    desk.get_by_label("Reason").fill("The park had to close")
    desk.get_by_role("button", name="Cancel the used order").click()
    expect(desk.get_by_text("is cancelled, although it was used.")).to_be_visible()
    assert Order.objects.get(pk=used.pk).status == "Cancelled"


def test_every_page_fits_its_screen_and_can_be_read(
    desk: Page, live_server: LiveServer, used: Order
) -> None:
    keys = {
        "device": GateDevice.objects.get().pk,
        "scan": Scan.objects.get(undone_at__isnull=False).pk,
        "asset": Asset.objects.filter(admitted=6).get().pk,
        "order": used.pk,
    }
    looks = AdminLooks(desk, live_server.url)
    looks.look_at({name: address.format(**keys) for name, address in PAGES.items()})
    assert looks.wrong == {}
