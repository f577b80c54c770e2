"""Reports in a real browser: the register with its gaps, filters, a file that is watched."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from orders.finance import exports
from orders.models import Export, Order
from partners.models import Contract, Partner
from tests.browser.appearance import AdminLooks
from tests.conftest import TOMORROW, ApiClient
from tests.finance.agreed import agree
from tests.finance.test_register import draw
from tests.orders.expected import line, settle

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_register_is_looked_at_narrowed_and_exported(
    desk: Page,
    live_server: LiveServer,
    api: ApiClient,
    issue: Callable[[str], Order],
    partner: Partner,
) -> None:
    contract: Contract = agree(partner)
    for number in range(4):
        settle(
            api,
            issue,
            line(visit_date=TOMORROW.isoformat(), quantity=number + 1),
            sellToOrderReference=f"WEB-{number}",
        )
        draw(partner.venue, number)
    looks = AdminLooks(desk, live_server.url)
    desk.goto(f"{live_server.url}/admin/")
    desk.get_by_role("link", name="Reports").first.click()
    expect(desk.get_by_role("cell", name="Drawn and never accepted.").first).to_be_visible()
    looks.look("report-register")
    desk.set_viewport_size({"width": 1280, "height": 900})
    desk.get_by_role("link", name="Sales and commission").click()
    expect(desk.get_by_role("cell", name=f"{contract.rate} (version 1)")).to_be_visible()
    looks.look("report-summary")
    desk.set_viewport_size({"width": 1280, "height": 900})
    for name in ("Open items", "Issued, not admitted"):
        desk.get_by_role("link", name=name).click()
        looks.look(f"report-{name[:4].lower()}")
        desk.set_viewport_size({"width": 1280, "height": 900})
    desk.get_by_role("link", name="Order register").click()
    desk.get_by_role("button", name="Export as CSV").click()
    expect(desk.get_by_text("It waits for a worker.")).to_be_visible()
    looks.look("export-waiting")
    desk.set_viewport_size({"width": 1280, "height": 900})

    exports.write_export(export_id=Export.objects.get().pk, clock=timezone.now)

    with desk.expect_download() as downloaded:
        desk.locator("#file").click()
    path = Path(downloaded.value.path())
    rows = list(csv.reader(io.StringIO(path.read_text("utf-8-sig"))))
    assert [row[1] for row in rows[1:]] == [
        *("Order", "Order", "Gap", "Order", "Gap", "Order", "Gap"),
    ]
    looks.look("export-done")
    desk.set_viewport_size({"width": 1280, "height": 900})
    desk.get_by_role("link", name="Exports").first.click()
    looks.look("exports")
    assert looks.wrong == {}
