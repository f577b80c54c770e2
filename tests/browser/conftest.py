"""A browser for the whole session and a fresh page for each test.

Tests that ask for `page` use `live_server`, so they need `pytest.mark.django_db(transaction=True)`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection, connections
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

from tests.staff import signed_in

# Playwright's synchronous API keeps an event loop in this thread, and Django then takes every
# query of a test for one that blocks a loop.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

# The shell is the same Chromium without a window's furniture: it takes half the time.
_CHROMIUMS = ("chromium-headless-shell", "chromium", "chromium-browser")
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--in-process-gpu",
)


@pytest.fixture(scope="session", autouse=True)
def connections_end_with_their_request() -> None:
    """Keep no connection of the live server's threads: the test database could not be dropped."""
    connections.settings["default"]["CONN_MAX_AGE"] = 0


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium as the system has it; without it the test is skipped."""
    path = next(filter(None, map(shutil.which, _CHROMIUMS)), None)
    if path is None:
        pytest.skip(f"Chromium is not installed: apt-get install {_CHROMIUMS[0]}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def profile(browser: Browser) -> Iterator[BrowserContext]:
    """The profile of all pages: it keeps style sheets, scripts and fonts from test to test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield context
    context.close()


@pytest.fixture
def page(profile: BrowserContext, live_server: LiveServer) -> Iterator[Page]:
    """A page of a desktop; what its scripts and its console complain about fails the test."""
    page = profile.new_page()
    complaints: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        # That the page itself is a 404 or 410 is what some tests are about.
        itself = message.location["url"] == page.url and "Security Policy" not in message.text
        if message.type == "error" and not itself:
            complaints.append(message.text)

    page.on("console", hear)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    forget(page, live_server.url)
    assert complaints == []


def forget(page: Page, origin: str) -> None:
    """Close a page; its profile keeps nothing of it but what may be cached."""
    stored = {"origin": origin, "storageTypes": "cookies,local_storage,indexeddb,service_workers"}
    page.context.new_cdp_session(page).send("Storage.clearDataForOrigin", stored)
    page.context.clear_permissions()
    page.close()


@pytest.fixture
def living_worker(transactional_db: None) -> Iterator[None]:
    """A worker that was heard of just now, and will not fall silent during the test."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() + interval '1 hour')"
        )
    yield
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_workers")


@pytest.fixture
def desk(page: Page, live_server: LiveServer, order_desk: User, living_worker: None) -> Page:
    """A page in which somebody at the order desk has signed in; nothing is open yet."""
    session = signed_in(order_desk).cookies[settings.SESSION_COOKIE_NAME]
    page.context.add_cookies(
        [{"name": session.key, "value": session.value, "url": live_server.url}]
    )
    return page
