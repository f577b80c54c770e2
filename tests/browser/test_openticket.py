"""An OpenTicket purchase in a real browser: from `redirectUrl` by the sandbox to the tickets."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pypdfium2
import pytest
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from orders.models import Order
from partners.models import Venue
from tests.browser.appearance import PHONE, faint_texts, overflow
from tests.dialects.openticket.conftest import opened
from tests.dialects.openticket.shop import Shop, checkout_of
from tests.factories import AttractionFactory, PartnerFactory, SessionFactory, sellable_package
from tests.orders.sessions import counted
from wallets.models import Asset

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop(venue: Venue, live_server: LiveServer, settings: Any) -> Shop:
    """A shop that sells a show tomorrow; guests are sent to the live server."""
    settings.PUBLIC_URL = live_server.url
    cinema = AttractionFactory.create(venue=venue, code="cinema", name="Cinema")
    counted(sellable_package(venue, "SHOW", "24.50", name="Show"), cinema)
    SessionFactory.create(attraction=cinema)
    return opened(PartnerFactory.create(venue=venue, name="Web Tickets"))


def test_a_guest_pays_and_gets_the_tickets_as_a_pdf(
    page: Page, shop: Shop, issue: Callable[[str], Order]
) -> None:
    ticket = shop.ticket("Show")
    answer = shop.order(shop.body(shop.reserve(ticket), shop.reserve(ticket)))
    page.goto(answer["redirectUrl"])
    assert "/pay/" in page.url
    page.get_by_role("button", name="Verder naar de betaling").click()
    page.locator("button[value=pay]").click()
    page.get_by_text("Je tickets worden gemaakt").wait_for()
    assert "/return/" in page.url
    order = issue(str(checkout_of(answer).order_id))
    page.wait_for_url(f"**/m/{order.token}")
    with page.expect_download() as download:
        page.locator("a[href$='.pdf']").first.click()
    document = pypdfium2.PdfDocument(download.value.path())
    text = "".join(sheet.get_textpage().get_text_range() for sheet in document)
    numbers = Asset.objects.filter(wallet__order=order).values_list("reference_number", flat=True)
    assert len(numbers) == 2
    assert all(number in "".join(text.split()) for number in numbers)
    assert order.total_incl_vat == Decimal("49.00")


def press_at_the_provider(page: Page, shop: Shop, button: str) -> None:
    """Order a ticket on a phone, go on to the provider, and press a button there."""
    answer = shop.order(shop.body(shop.reserve(shop.ticket("Show"))))
    page.set_viewport_size(PHONE)
    page.goto(answer["redirectUrl"])
    page.get_by_role("button", name="Verder naar de betaling").click()
    page.locator(f"button[value={button}]").click()


def test_a_guest_who_gives_up_at_the_provider_is_told_that_the_order_has_ended(
    page: Page, shop: Shop
) -> None:
    press_at_the_provider(page, shop, "cancel")
    page.get_by_text("Je bestelling is gestopt").wait_for()
    assert (overflow(page), faint_texts(page)) == (0, [])
    assert shop.data()["tickets"][shop.ticket("Show")]["status"] == "available"


def test_a_guest_who_has_paid_a_part_is_led_back_to_pay_the_rest(page: Page, shop: Shop) -> None:
    press_at_the_provider(page, shop, "part")
    page.get_by_text("Betaal ook de rest").wait_for()
    assert (overflow(page), faint_texts(page)) == (0, [])
    rest = page.get_by_role("link", name="Naar de betaling")
    box = rest.bounding_box()
    assert box is not None
    assert box["height"] >= 44  # a finger wide, as every other button of a guest
    rest.click()
    page.get_by_role("button", name="Verder naar de betaling").wait_for()
