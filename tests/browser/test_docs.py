"""The documentation in a real browser: readable on a phone, and nothing fetched from elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from channel_manager.docs import samples
from tests.browser.appearance import DESKTOP, PHONE, faint_texts

PAGES = ("/docs", "/docs/errors", "/docs/errors/invalid_request", "/docs/reference")

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def visit(page: Page, live_server: Any) -> Iterator[Callable[..., Page]]:
    """Open a page of ours; requests elsewhere fail the test."""
    elsewhere: list[str] = []

    def note(address: str) -> None:
        if not address.startswith((live_server.url, "data:")):
            elsewhere.append(address)

    def open_page(path: str, size: Any, scheme: str = "light") -> Page:
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.goto(f"{live_server.url}{path}")
        if path == "/docs/reference":
            expect(page.locator(".opblock").first).to_be_visible()  # drawn by a script
        return page

    page.on("request", lambda request: note(request.url))
    yield open_page
    assert elsewhere == []


def width_of_content(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth"))


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("path", PAGES)
def test_a_page_fits_the_screen(
    visit: Callable[..., Page], path: str, size: dict[str, int]
) -> None:
    page = visit(path, size)
    expect(page.get_by_role("main")).to_be_visible()
    assert width_of_content(page) <= size["width"]


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_the_reference_shows_every_operation_and_opens_one(
    visit: Callable[..., Page], size: dict[str, int]
) -> None:
    page = visit("/docs/reference", size)
    expect(page.locator(".opblock")).to_have_count(len(samples.ANSWERS))
    page.locator("#operations-Orders-createOrder .opblock-summary-control").click()
    expect(page.get_by_text("Needs the scope").first).to_be_visible()
    expect(page.locator(".opblock-body").get_by_text("idempotency_mismatch").first).to_be_visible()
    assert width_of_content(page) <= size["width"]


def test_the_reference_follows_the_dark_scheme(visit: Callable[..., Page]) -> None:
    page = visit("/docs/reference", DESKTOP, "dark")
    background = "getComputedStyle(document.querySelector('.swagger-ui')).backgroundColor"
    assert page.evaluate(background) == page.evaluate(
        "getComputedStyle(document.body).backgroundColor"
    )
    assert page.evaluate(background) != "rgb(255, 255, 255)"


def test_a_sample_can_be_copied(visit: Callable[..., Page], live_server: Any) -> None:
    page = visit("/docs", DESKTOP)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=live_server.url)
    page.locator("#paste-settings + .copy").click()
    expect(page.locator("#paste-settings + .copy")).to_have_text("Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.splitlines()[1] == "export CM_KEY='your API key'"


def test_the_first_key_stroke_leads_past_the_navigation(visit: Callable[..., Page]) -> None:
    page = visit("/docs", PHONE)
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()


def test_the_contents_of_the_guide_fold_up_on_a_phone(visit: Callable[..., Page]) -> None:
    page = visit("/docs", PHONE)
    expect(page.locator(".toc")).to_be_hidden()
    page.get_by_text("On this page").click()
    page.locator(".toc-small").get_by_role("link", name="Limits").click()
    expect(page.get_by_role("heading", name="Limits")).to_be_in_viewport()
    expect(page.locator(".toc-small nav")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/docs", "/docs/errors", "/docs/errors/busy"])
def test_text_stands_out_from_its_background(
    visit: Callable[..., Page], path: str, scheme: str
) -> None:
    page = visit(path, DESKTOP, scheme)
    assert faint_texts(page) == []
