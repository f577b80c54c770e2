"""The morning in a real browser: a number nobody mapped, its preview, three orders, one replay."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from catalog.models import Package
from orders.models import Batch, Order
from partners.models import Venue
from tests.browser.appearance import AdminLooks
from tests.browser.test_admin import choose
from tests.conftest import TOMORROW, ApiClient
from tests.factories import PackageFactory
from tests.orders.test_causes import fail, run_once

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_cause_is_mapped_and_its_orders_are_replayed_while_one_watches(
    desk: Page,
    live_server: LiveServer,
    api: ApiClient,
    rival: ApiClient,
    issue: Callable[[str], Order],
    venue: Venue,
    day: Package,
) -> None:
    PackageFactory.create(venue=venue, code="EMPTY", status="OnSale")
    waiting = [fail(api, issue, "SKU-9", TOMORROW.isoformat()) for _ in range(3)]
    fail(rival, issue, "A-LONG-ITEM-NUMBER-THAT-SOMEBODY-ELSE-CALLS-IT-BY-2027")
    fail(rival, issue, "EMPTY")
    looks = AdminLooks(desk, live_server.url)
    desk.goto(f"{live_server.url}/admin/")
    desk.get_by_role("link", name="Failures").first.click()
    looks.look("causes")
    desk.set_viewport_size({"width": 1280, "height": 900})
    desk.get_by_role("link", name="Map SKU-9").click()
    choose(desk, "package", "DAY")
    with desk.context.expect_page() as opened:
        desk.get_by_role("button", name="Preview").click()
    guest = opened.value.frame_locator("iframe")
    expect(guest.get_by_text("PREVIEW-TICKET-1")).to_be_visible()
    opened.value.close()
    desk.get_by_role("button", name="Save", exact=True).click()
    expect(desk.get_by_role("heading", name="Orders that wait 3")).to_be_visible()
    looks.look("replay-start")
    desk.set_viewport_size({"width": 1280, "height": 900})
    desk.get_by_label("Reason").fill("Mapped this morning")
    desk.get_by_role("button", name="Replay all").click()
    expect(desk.get_by_text("0 of 3 orders done.")).to_be_visible()
    replay = Batch.objects.get()
    looks.look("replay-running")
    run_once(replay)
    expect(desk.get_by_text("Done with all 3 orders.")).to_be_visible()
    assert [issue(str(order.pk)).status for order in waiting] == ["Issued"] * 3
    looks.look_at(
        {
            "replay-done": f"/admin/orders/batch/{replay.pk}/change/",
            "replay-list": "/admin/orders/batch/",
        }
    )
    assert looks.wrong == {}
