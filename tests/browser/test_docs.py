"""The documentation in a real browser: readable on a phone, and nothing fetched from elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from channel_manager.docs import samples
from tests.browser.appearance import DESKTOP, PHONE, faint_texts, overflow, photograph

PAGES = (
    "/docs",
    "/docs/webhooks",
    "/docs/dialects",
    "/docs/gate",
    "/docs/errors",
    "/docs/errors/invalid_request",
    "/docs/changelog",
)

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


@pytest.mark.parametrize("path", PAGES)
def test_a_page_fits_the_screen_and_its_texts_stand_out(
    visit: Callable[..., Page], path: str
) -> None:
    page = visit(path, DESKTOP)
    expect(page.get_by_role("main")).to_be_visible()
    for size in (DESKTOP, PHONE):
        page.set_viewport_size(size)
        assert overflow(page) <= 0, size
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            if size == DESKTOP:
                assert faint_texts(page) == [], scheme
            photograph(page, f"{path[1:].replace('/', '-')}-{size['width']}-{scheme}")


def test_the_reference_shows_every_operation_and_opens_one(visit: Callable[..., Page]) -> None:
    page = visit("/docs/reference", PHONE)  # drawn once: that takes seconds
    operation = page.locator("#operations-Orders-createOrder")
    for size in (PHONE, DESKTOP):
        page.set_viewport_size(size)
        expect(page.locator(".opblock")).to_have_count(len(samples.ANSWERS))
        operation.locator(".opblock-summary-control").click()
        expect(page.get_by_text("Needs the scope").first).to_be_visible()
        answers = page.locator(".opblock-body")
        expect(answers.get_by_text("idempotency_mismatch").first).to_be_visible()
        assert overflow(page) <= 0, size
        operation.locator(".opblock-summary-control").click()
        expect(page.locator(".opblock-body")).to_have_count(0)


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


def test_samples_in_several_languages_stand_in_tabs(visit: Callable[..., Page]) -> None:
    page = visit("/docs", PHONE)
    tabs = page.get_by_role("tablist", name="Language")
    expect(tabs.get_by_role("tab")).to_have_text(["curl", "Python", "JavaScript"])
    expect(page.locator("#paste-curl")).to_be_visible()
    expect(page.locator("#paste-python")).to_be_hidden()
    tabs.get_by_role("tab", name="curl").focus()
    page.keyboard.press("ArrowRight")
    expect(tabs.get_by_role("tab", name="Python")).to_be_focused()
    expect(page.get_by_role("tabpanel", name="Python")).to_be_visible()
    expect(page.locator("#paste-curl")).to_be_hidden()
    page.reload()
    expect(page.locator("#paste-python")).to_be_visible()  # the choice is kept


def test_without_a_script_every_sample_is_there(browser: Browser, live_server: Any) -> None:
    context = browser.new_context(java_script_enabled=False, viewport=PHONE)
    page = context.new_page()
    page.goto(f"{live_server.url}/docs")
    for language in ("curl", "Python", "JavaScript"):
        expect(page.get_by_role("heading", name=language, exact=True)).to_be_visible()
        expect(page.locator(f"#paste-{language.lower()}")).to_be_visible()
    photograph(page, "docs-no-script")
    context.close()


# Which arrows of the picture begin or end somewhere else than at the box that they name.
_LOOSE_WAYS = """() => {
  const boxes = Object.fromEntries([...document.querySelectorAll(".life-cycle rect")]
    .map((box) => [box.dataset.name, box.getBBox()]));
  const far = (name, point) => {
    if (!name) return false;
    const {x, y, width, height} = boxes[name];
    return Math.max(x - point.x, point.x - x - width, y - point.y, point.y - y - height) > 2;
  };
  return [...document.querySelectorAll(".life-cycle .way path")]
    .filter((way) => far(way.dataset.from, way.getPointAtLength(0)) ||
      far(way.dataset.to, way.getPointAtLength(way.getTotalLength())))
    .map((way) => way.getAttribute("d"));
}"""


def test_the_picture_of_an_orders_life_joins_what_it_says(visit: Callable[..., Page]) -> None:
    page = visit("/docs", PHONE)
    expect(page.get_by_role("img", name="The statuses of an order")).to_be_visible()
    assert page.evaluate(_LOOSE_WAYS) == []
