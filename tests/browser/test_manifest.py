"""The manifest in a real browser: on a phone and a desktop, in the dark, on paper, without scripts."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable
from typing import Any

import pypdfium2
import pytest
from django.db.models import F
from PIL import Image
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from orders.models import Order
from partners.models import Venue
from tests.browser.appearance import DESKTOP, PHONE, faint_texts, overflow
from tests.conftest import TOMORROW, ApiClient
from tests.wallets.scanning import scan
from wallets.models import Asset, Wallet

pytestmark = pytest.mark.django_db(transaction=True)

SMALL_PHONE: Any = {"width": 320, "height": 568}
SCREENS = (SMALL_PHONE, PHONE, DESKTOP)
SCHEMES: tuple[Any, ...] = ("light", "dark")
FAMILY = [
    {"itemNumber": "BUNDLE", "visitDate": TOMORROW.isoformat(), "wallet": {"names": ["Noah"]}},
    {"itemNumber": "DAY", "visitDate": TOMORROW.isoformat(), "quantity": 2},
    {"itemNumber": "GROUP", "visitDate": TOMORROW.isoformat(), "quantity": 12},
]


@pytest.fixture
def order(api: ApiClient, venue: Venue, issue: Callable[[str], Order]) -> Order:
    """A family's order at our park, in German, whose words are the longest."""
    venue.address, venue.contact_phone = "Strandweg 1, 1970 AA Duinstad", "+31 20 555 0100"
    venue.contact_email = "guests@example.com"
    venue.save()
    return issue(api.create(*FAMILY, sellToLanguage="de")["orderId"])


def numbers(order: Order) -> list[str]:
    """Return every asset number of an order, sorted."""
    found = Asset.objects.filter(wallet__order=order).values_list("reference_number", flat=True)
    return sorted(found)


def photograph(page: Page) -> Image.Image:
    """Return a picture of the whole page."""
    return Image.open(io.BytesIO(page.screenshot(full_page=True)))


def test_every_code_scans_and_nothing_scrolls_sideways(
    page: Page, live_server: LiveServer, order: Order
) -> None:
    for size, scheme in itertools.product(SCREENS, SCHEMES):
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=scheme)
        page.goto(f"{live_server.url}/m/{order.token}")
        assert overflow(page) <= 0, (size, scheme)
        assert scan(photograph(page)) == numbers(order), (size, scheme)


def test_the_longest_texts_scroll_nothing_sideways(
    page: Page, live_server: LiveServer, order: Order, venue: Venue
) -> None:
    Venue.objects.update(name="V" * 100, address="A" * 200, contact_email=f"{'e' * 60}@example.com")
    Order.objects.update(sell_to_order_reference="R" * 128)
    Wallet.objects.update(name="N" * 100)
    Asset.objects.update(description="D" * 100)
    for size in SCREENS:
        page.set_viewport_size(size)
        page.goto(f"{live_server.url}/m/{order.token}")
        assert overflow(page) <= 0, size
        assert scan(photograph(page)) == numbers(order), size


def test_the_code_of_a_single_ticket_shows_without_scrolling_on_a_phone(
    page: Page, live_server: LiveServer, order: Order
) -> None:
    wallet = Wallet.objects.filter(order=order, line__item_number="DAY").first()
    assert wallet is not None
    page.set_viewport_size(PHONE)
    page.goto(f"{live_server.url}/w/{wallet.token}")
    screen = Image.open(io.BytesIO(page.screenshot()))
    assert scan(screen) == [wallet.assets.get().reference_number]


def test_a_code_is_at_least_4_cm_wide_on_a_phone(
    page: Page, live_server: LiveServer, order: Order
) -> None:
    page.set_viewport_size(PHONE)
    page.goto(f"{live_server.url}/m/{order.token}")
    boxes = [code.bounding_box() for code in page.get_by_role("img").all()]
    # A CSS pixel of a phone is about 1/160 inch.
    assert all(box is not None and box["width"] * 25.4 / 160 >= 40 for box in boxes)
    assert len(boxes) == len(numbers(order))


def test_every_text_stands_out_from_what_is_behind_it(
    page: Page, live_server: LiveServer, order: Order
) -> None:
    Asset.objects.filter(wallet__order=order, position=0).update(
        status="Used", admitted=F("admissions")
    )
    Order.objects.update(test_mode=True)
    for brand in ("#0f766e", "#ffd400", "#000000", "#ffffff", "#777777"):
        Venue.objects.update(brand_color=brand)
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            page.goto(f"{live_server.url}/m/{order.token}")
            assert faint_texts(page) == [], (brand, scheme)


def test_screen_readers_find_their_way(page: Page, live_server: LiveServer, order: Order) -> None:
    page.goto(f"{live_server.url}/m/{order.token}")
    assert page.locator("html").get_attribute("lang") == "de"
    headings = [
        (int(heading.evaluate("node => node.tagName.slice(1)")), heading.inner_text())
        for heading in page.get_by_role("heading").all()
    ]
    assert headings == [
        (1, "Ihre Tickets"),
        (2, "Rides and lunch"),
        (3, "Description of DINO"),
        (3, "Description of CINEMA"),
        (3, "Description of LUNCH"),
        (2, "Name of DAY"),
        (3, "DAY entry"),
        (2, "Name of DAY"),
        (3, "DAY entry"),
        (2, "Name of GROUP"),
        (3, "GROUP entry"),
        (2, "Ihre Bestellung"),
        (2, "Dune Park"),
    ]
    landmarks = {role: page.get_by_role(role).count() for role in ("banner", "main", "contentinfo")}
    assert landmarks == {"banner": 1, "main": 1, "contentinfo": 1}
    assert page.get_by_role("article").count() == 4


def test_everything_can_be_reached_by_keyboard_and_shows_where_one_is(
    page: Page, live_server: LiveServer, order: Order
) -> None:
    page.goto(f"{live_server.url}/m/{order.token}")
    reached = []
    for _ in range(8):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.textContent"))
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert reached == [
        "PDF herunterladen",
        "Drucken",
        *["Einzeln öffnen, zum Weiterleiten"] * 4,
        "+31 20 555 0100",
        "guests@example.com",
    ]


def test_the_print_button_prints(page: Page, live_server: LiveServer, order: Order) -> None:
    page.add_init_script("window.print = () => { window.printed = true; }")
    page.goto(f"{live_server.url}/m/{order.token}")
    page.get_by_role("button", name="Drucken").click()
    assert page.evaluate("window.printed") is True


def test_without_scripts_the_page_is_whole_and_offers_no_print_button(
    browser: Browser, live_server: LiveServer, order: Order
) -> None:
    context = browser.new_context(viewport=PHONE, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{live_server.url}/m/{order.token}")
    assert page.get_by_role("button").count() == 0
    assert scan(photograph(page)) == numbers(order)
    context.close()


def test_the_pdf_is_downloaded_under_the_orders_number(
    page: Page, live_server: LiveServer, order: Order
) -> None:
    page.goto(f"{live_server.url}/m/{order.token}")
    with page.expect_download() as download:
        page.get_by_role("link", name="PDF herunterladen").click()
    assert download.value.suggested_filename == f"tickets-{order.buy_from_order_reference}.pdf"


def test_on_paper_each_wallet_begins_a_page_and_every_code_scans(
    page: Page, live_server: LiveServer, order: Order
) -> None:
    page.goto(f"{live_server.url}/m/{order.token}")
    paper = pypdfium2.PdfDocument(page.pdf(prefer_css_page_size=True))
    scans = [scan(sheet.render(scale=150 / 72).to_pil()) for sheet in paper]
    assert sorted(sum(scans, [])) == numbers(order)  # noqa: RUF017
    wallets = [
        sorted(wallet.assets.values_list("reference_number", flat=True))
        for wallet in Wallet.objects.filter(order=order)
    ]
    for found in filter(None, scans):
        assert any(set(found) <= set(numbers_of_one) for numbers_of_one in wallets)


def test_a_cancelled_order_is_told_kindly_on_a_phone(
    page: Page, live_server: LiveServer, order: Order, api: ApiClient
) -> None:
    assert api.delete(str(order.pk)).status_code == 200
    page.set_viewport_size(PHONE)
    response = page.goto(f"{live_server.url}/m/{order.token}")
    assert response is not None
    assert response.status == 410
    assert page.get_by_role("heading", level=1).inner_text() == "Diese Tickets wurden storniert"
    assert faint_texts(page) == []
    assert overflow(page) <= 0
