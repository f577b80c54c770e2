"""What the tests of the manifest share: a park with a look, issued orders, and a guest."""

from __future__ import annotations

import io
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
from django.test import Client
from PIL import Image

from orders.models import Order
from partners.models import Venue
from tests.conftest import TOMORROW, ApiClient

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8"
TOMORROW_IN_WORDS = f"{TOMORROW:%A} {TOMORROW.day} {TOMORROW:%B %Y}"


def picture(kind: str, mode: str = "RGB") -> bytes:
    """Return a small PNG or JPEG, its pixels in one of Pillow's modes."""
    out = io.BytesIO()
    Image.new(mode, (60, 30), 1).save(out, kind)
    return out.getvalue()


class Guest:
    """Somebody with a link: a browser, or a program that says what it takes."""

    def __init__(self) -> None:
        self._client = Client()

    def open(self, path: str, accept: str = BROWSER, method: str = "GET", **headers: str) -> Any:
        """Ask for a path."""
        return self._client.generic(method, path, headers={"Accept": accept, **headers})

    def read(self, path: str) -> list[str]:
        """Open a page that must be there and return the lines of text on it."""
        response = self.open(path)
        assert response.status_code == 200, response.content
        return visible_lines(response.content.decode())


class _Text(HTMLParser):
    """Collects what is shown, and what is said in place of a picture."""

    _HIDDEN = ("style", "script", "title")

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self._inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside.append(tag)
        if tag == "svg":
            self.lines.append(f"[{dict(attrs)['aria-label']}]")

    def handle_endtag(self, tag: str) -> None:
        while tag in self._inside and self._inside.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if data.strip() and not set(self._HIDDEN) & set(self._inside):
            self.lines.append(" ".join(data.split()))


def visible_lines(html: str) -> list[str]:
    """Return the texts of a page in reading order."""
    parser = _Text()
    parser.feed(html)
    return parser.lines


@pytest.fixture
def guest() -> Guest:
    """A guest."""
    return Guest()


@pytest.fixture
def park(venue: Venue) -> Venue:
    """Our park with everything a guest may see of it."""
    venue.address = "Strandweg 1, 1970 AA Duinstad"
    venue.contact_email = "guests@example.com"
    venue.contact_phone = "+31 20 555 0100"
    venue.brand_color = "#0f766e"
    venue.logo = picture("PNG")
    venue.save()
    return venue


@pytest.fixture
def issued(park: Venue, api: ApiClient, issue: Callable[[str], Order]) -> Callable[..., Order]:
    """Take an order in and issue it: items and members as for `api.create`."""

    def take(*items: dict[str, Any], **members: Any) -> Order:
        return issue(api.create(*items, **members)["orderId"])

    return take


@pytest.fixture
def day_for_emma() -> dict[str, Any]:
    """One day ticket for tomorrow, for Emma, with the number the shop gave her."""
    return {
        "itemNumber": "DAY",
        "visitDate": TOMORROW.isoformat(),
        "wallet": {"names": ["Emma de Vries"], "externalReferenceNumbers": ["SUN-1"]},
    }
