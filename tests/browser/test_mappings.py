"""Mapping in a real browser: from the inbox to the replay, the versions of a number, and a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from catalog.models import Package, PackageMapping
from orders.models import Order
from tests.browser.appearance import AdminLooks
from tests.conftest import TOMORROW, ApiClient
from tests.factories import PackageMappingFactory

pytestmark = pytest.mark.django_db(transaction=True)

ROWS = """partner;item_number;version;package;valid_from;valid_until;active
Sunny Trips;DAY-TICKETS;;GROUP;2099-01-01;;
Sunny Trips;NEW-1;;BUNDLE;;;
Sunny Trips;OLD-1;1;DAY;;2098-12-31;
"""


def test_a_number_is_mapped_from_the_inbox_changed_from_a_date_and_taken_from_a_file(
    desk: Page,
    live_server: LiveServer,
    api: ApiClient,
    issue: Callable[[str], Order],
    group: Package,
    tmp_path: Path,
) -> None:
    for number, reference in (("DAY-TICKETS", "A"), ("DAY-TICKETS", "B"), ("X" * 64, "C")):
        sent = {"itemNumber": number, "visitDate": TOMORROW.isoformat()}
        issue(api.create(sent, sellToOrderReference=reference)["orderId"])
    PackageMappingFactory.create(partner=api.partner, item_number="OLD-1", package=group)
    PackageMapping.objects.update(package=Package.objects.get(code="DAY"))
    looks = AdminLooks(desk, live_server.url)
    desk.goto(f"{live_server.url}/admin/orders/batch/unmapped/")
    looks.look("unmapped")
    desk.get_by_role("link", name="Map to DAY").click()
    expect(desk.get_by_label("Item number")).to_have_value("DAY-TICKETS")
    desk.get_by_role("button", name="Save", exact=True).click()
    expect(desk.get_by_role("heading", name="Orders that wait 2")).to_be_visible()
    looks.look("waiting")

    mapping = PackageMapping.objects.get(item_number="DAY-TICKETS")
    desk.goto(f"{live_server.url}/admin/catalog/packagemapping/{mapping.pk}/change/")
    desk.get_by_role("link", name="Change from a date").click()
    expect(desk.get_by_label("From")).not_to_have_value("")
    desk.get_by_label("New package").select_option(label=str(group))
    desk.get_by_role("button", name="Show what it does").click()
    expect(desk.get_by_role("button", name="Change from that day")).to_be_visible()
    looks.look("change-from")
    desk.goto(f"{live_server.url}/admin/catalog/packagemapping/{mapping.pk}/change/")
    looks.look("versions")

    file = tmp_path / "spring.csv"
    file.write_text(ROWS)
    desk.goto(f"{live_server.url}/admin/catalog/packagemapping/")
    looks.look("mappings")
    desk.get_by_role("link", name="Import").click()
    expect(desk.get_by_role("button", name="Show what it does")).to_be_visible()
    looks.look("import")
    desk.locator("input[type=file]").set_input_files(file)
    desk.get_by_role("button", name="Show what it does").click()
    expect(desk.get_by_text("Version 1 (DAY) ends on 31 Dec 2098.")).to_be_visible()
    looks.look("import-preview")
    desk.get_by_role("button", name="Import", exact=True).click()
    expect(desk.get_by_text("spring.csv: 2 added, 2 changed.")).to_be_visible()
    desk.go_back()  # not to the form that carries the file
    expect(desk.get_by_role("button", name="Show what it does")).to_be_visible()
    assert looks.wrong == {}
