"""Paying in a real browser: our page, the sandbox's, and back to a shop on another origin."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from catalog.models import Package, Session
from orders.models import Checkout, Payment
from partners.models import Dialect, Partner, Venue
from partners.storefronts import open_storefront
from tests.browser.appearance import DESKTOP, PHONE, faint_texts, overflow, photograph
from tests.conftest import TOMORROW
from tests.factories import AttractionFactory, sellable_package
from tests.fakes.shop import running_shop
from tests.orders.sessions import counted, session
from tests.payments.buying import ask_payment, reserve, start

pytestmark = pytest.mark.django_db(transaction=True)
SMALL_PHONE: Any = {"width": 320, "height": 568}


@pytest.fixture
def matinee(venue: Venue) -> tuple[Package, Session]:
    """A show tomorrow at 14:00, for five."""
    cinema = AttractionFactory.create(venue=venue, code="cinema", name="Cinema")
    show = counted(sellable_package(venue, "SHOW", "12.00", dating="timed"), cinema)
    return show, session(cinema, "14:00", TOMORROW.isoformat(), capacity=5)


@pytest.fixture
def shop() -> Iterator[str]:
    with running_shop() as origin:
        yield origin


@pytest.fixture
def payment(
    partner: Partner,
    matinee: tuple[Package, Session],
    live_server: LiveServer,
    shop: str,
    settings: Any,
) -> Payment:
    """Two places of the show, asked to be paid for just now."""
    settings.PUBLIC_URL, now = live_server.url, timezone.now()
    storefront = open_storefront(partner=partner, dialect=Dialect.VOORDEMENSEN, now=now)
    return start(
        ask_payment(reserve(storefront, *matinee, now), now), now, f"{shop}/thanks?lang=nl"
    )


def open_page(page: Page, payment: Payment, live_server: LiveServer) -> None:
    page.goto(f"{live_server.url}/pay/{payment.token}")


def test_a_guest_pays_at_the_sandbox_and_comes_back_to_the_shop(
    page: Page, live_server: LiveServer, payment: Payment, shop: str
) -> None:
    page.set_viewport_size(PHONE)
    open_page(page, payment, live_server)
    expect(page.get_by_role("timer")).to_contain_text("Resterende tijd: 7:")
    page.get_by_role("button", name="Verder naar de betaling").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Betaalzandbak")
    page.get_by_role("button", name="Betaal, maar vertel het niemand").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you")
    assert page.url == f"{shop}/thanks?lang=nl"
    assert Checkout.objects.get().status == "Ordered"
    open_page(page, payment, live_server)
    expect(page.get_by_role("heading", level=1)).to_have_text("Bedankt, je betaling is binnen")
    page.get_by_role("link", name="Terug naar de winkel").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you")


def test_a_guest_gives_up_and_comes_back_to_the_shop(
    page: Page, live_server: LiveServer, payment: Payment
) -> None:
    open_page(page, payment, live_server)
    page.get_by_role("button", name="Aankoop annuleren").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you")
    assert Checkout.objects.get().status == "Cancelled"


def test_the_page_says_by_itself_when_the_time_is_over(
    page: Page, live_server: LiveServer, payment: Payment
) -> None:
    soon = timezone.now() + datetime.timedelta(seconds=3)
    Checkout.objects.update(expires_at=soon)
    open_page(page, payment, live_server)
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "De tijd om te betalen is voorbij", timeout=10_000
    )


def test_the_pages_fit_every_screen_and_are_legible(
    page: Page, live_server: LiveServer, payment: Payment
) -> None:
    Checkout.objects.update(buyer_language="de")
    Package.objects.update(name="Familien-Erlebnis-Abendvorstellung mit allem")
    open_page(page, payment, live_server)
    ours = page.url
    page.locator("form button").first.click()
    for name, address in (("ours", ours), ("sandbox", page.url)):
        for size, scheme in itertools.product((SMALL_PHONE, PHONE, DESKTOP), ("light", "dark")):
            page.set_viewport_size(size)
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            page.goto(address)
            assert overflow(page) <= 0, (name, size)
            assert faint_texts(page) == [], (name, scheme)
            photograph(page, f"payment-{name}-{size['width']}-{scheme}")
