"""A VoordeMensen purchase in a real browser: from the order's address by the sandbox to the tickets."""

from __future__ import annotations

import datetime
import html
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from orders.models import Order
from partners.models import Dialect, Venue
from partners.storefronts import open_storefront
from tests.conftest import TOMORROW
from tests.dialects.voordemensen.shop import Shop, order_of
from tests.factories import AttractionFactory, PartnerFactory, SessionFactory, sellable_package
from tests.orders.sessions import counted
from tests.wallets.scanning import scan
from wallets.models import Asset

pytestmark = pytest.mark.django_db(transaction=True)

Issue = Callable[[str], Order]


@pytest.fixture
def shop(venue: Venue, live_server: LiveServer, settings: Any) -> Shop:
    """A shop that sells a show tomorrow at 14:00; guests are sent to the live server."""
    settings.PUBLIC_URL = live_server.url
    cinema = AttractionFactory.create(venue=venue, code="cinema", name="Cinema")
    counted(sellable_package(venue, "SHOW", "12.50", dating="timed"), cinema)
    SessionFactory.create(attraction=cinema, time=datetime.time(14))
    open_storefront(
        partner=PartnerFactory.create(venue=venue, name="Molen Tickets"),
        dialect=Dialect.VOORDEMENSEN,
        public_id="molenpark",
        now=datetime.datetime.combine(TOMORROW, datetime.time(), tzinfo=datetime.UTC),
    )
    return Shop("molenpark")


@pytest.fixture
def thanks(live_server: LiveServer, settings: Any) -> str:
    """Where the shop wants its guests back: any page will do, since it reads its own address."""
    settings.REDIRECT_ALLOW_LOOPBACK = True
    return f"{live_server.url}/docs?lang=nl"


def kept(page: Page, address: str) -> Path:
    """Follow a link of the shop's to a document, and return what the browser has kept."""
    page.set_content(f'<a href="{html.escape(address)}">Document</a>')
    with page.expect_download() as download:
        page.get_by_role("link", name="Document").click()
    return download.value.path()


def test_a_guest_pays_and_gets_the_tickets_and_the_receipt_as_a_pdf(
    page: Page, shop: Shop, thanks: str, issue: Issue
) -> None:
    made = shop.order(shop.cart(shop.wish(2)), redirectURL=thanks)
    page.goto(made["url"])
    page.get_by_role("button", name="€25.00").click()
    page.get_by_role("button", name="Pay €25.00").click()
    page.wait_for_url(f"{thanks}&return={made['order_key']}")
    order = issue(str(order_of(made["order_key"]).pk))
    status = shop.status(made["order_key"])
    assert (status["order_payment_status"], status["order_tickets_nr"]) == ("paid", 2)
    sheets = pypdfium2.PdfDocument(kept(page, status["order_tickets_url"]))
    found = [code for sheet in sheets for code in scan(sheet.render(scale=150 / 72).to_pil())]
    assert sorted(found) == sorted(Asset.objects.values_list("reference_number", flat=True))
    assert len(found) == 2
    (receipt,) = pypdfium2.PdfDocument(kept(page, status["order_receipt_url"]))
    assert order.buy_from_order_reference in receipt.get_textpage().get_text_range()


def test_a_guest_who_gives_up_comes_back_to_the_shop_without_tickets(
    page: Page, shop: Shop, thanks: str
) -> None:
    made = shop.order(shop.cart(shop.wish(2)), redirectURL=thanks)
    page.goto(made["url"])
    page.get_by_role("button", name="Cancel the purchase").click()
    page.wait_for_url(f"{thanks}&return={made['order_key']}")
    status = shop.status(made["order_key"])
    assert (status["order_payment_status"], status["order_tickets_url"]) == ("cancelled", None)
    assert Order.objects.count() == 0
    (_seat, _second, total) = shop.ok(shop.post(f"cart/{shop.cart()}", shop.wish(2)))
    assert total == {"totalprice": "25.00"}
