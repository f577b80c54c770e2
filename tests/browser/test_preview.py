"""The mapping's form in a real browser: a preview beside it, in light and dark, on every screen."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from catalog.models import Package
from partners.models import Partner, Venue
from tests.browser.appearance import AdminLooks
from tests.browser.test_admin import choose
from tests.conftest import TOMORROW
from tests.factories import AttractionFactory
from tests.orders.sessions import counted, session

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_mapping_is_previewed_beside_its_form(
    desk: Page, live_server: LiveServer, venue: Venue, partner: Partner, bundle: Package
) -> None:
    cinema = AttractionFactory.create(venue=venue, name="Cinema")
    for hour in ("10:00", "14:00"):
        session(cinema, hour, TOMORROW.isoformat(), capacity=12)
    counted(bundle, cinema, "CINEMA")
    desk.goto(f"{live_server.url}/admin/catalog/packagemapping/add/")
    choose(desk, "partner", "Sunny Trips")
    desk.get_by_label("Item number").fill("SKU-9")
    choose(desk, "package", "BUNDLE")
    with desk.context.expect_page() as opened:
        desk.get_by_role("button", name="Preview").click()
    preview = opened.value
    guest = preview.frame_locator("iframe")
    expect(guest.get_by_text("PREVIEW-TICKET-1")).to_be_visible()
    preview.get_by_label("Quantity").fill("12")
    preview.get_by_role("button", name="14:00 Cinema").click()
    expect(preview.get_by_text("2 more wallets")).to_be_visible()
    expect(preview.get_by_label("Time", exact=False).first).to_have_value("14:00")
    expect(preview.get_by_text("0 → 12")).to_be_visible()
    looks = AdminLooks(preview, live_server.url)
    looks.look("preview-mapping")
    preview.get_by_label("Quantity").fill("13")
    preview.get_by_role("button", name="Show", exact=True).click()
    expect(preview.get_by_text("409 sold_out")).to_be_visible()
    looks.look("preview-refused")
    preview.close()
    # The form is as it was, and Enter in it saves.
    field = desk.get_by_label("Item number")
    expect(field).to_have_value("SKU-9")
    field.press("Enter")
    expect(desk.get_by_text("was added successfully")).to_be_visible()
    assert looks.wrong == {}
    assert partner.mappings.get().item_number == "SKU-9"
