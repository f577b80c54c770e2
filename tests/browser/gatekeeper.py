"""Somebody at the gate in a real browser: what they do, and what they see."""

from __future__ import annotations

import datetime
import io
from typing import Any

from django.utils import timezone
from PIL import Image
from playwright.sync_api import Page, expect

from orders.models import Order
from tests.browser.appearance import PHONE
from wallets.models import Asset

SMALL_PHONE = {"width": 360, "height": 640}
SIDEWAYS = {"width": 844, "height": 390}

# Remembers every result that was ever shown, however shortly.
_WATCH = """
window.statesSeen = [];
addEventListener("DOMContentLoaded", () => {
    const note = () => statesSeen.push(document.body.dataset.state);
    new MutationObserver(note).observe(document.body, {attributeFilter: ["data-state"]});
});
"""


class GatePage:
    """The page of a gate."""

    def __init__(self, page: Page, base: str, key: str) -> None:
        self.page = page
        self.base = base
        self.key = key
        page.add_init_script(_WATCH)

    def open(self, size: Any = PHONE, scheme: Any = "light") -> GatePage:
        """Open the link that came with the device."""
        self.page.set_viewport_size(size)
        self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        if self.page.url != "about:blank":
            self.page.goto("about:blank")  # from itself to its link would load nothing
        self.page.goto(f"{self.base}/gate#key={self.key}")
        expect(self.page.get_by_role("heading", name="North entrance")).to_be_visible()
        expect(self.page.locator("#number")).to_be_focused()
        return self

    def scan(self, number: str) -> None:
        """Scan as a keyboard wedge does: it types wherever the focus is, then Enter."""
        self.page.keyboard.type(number)
        self.page.keyboard.press("Enter")

    def press(self, name: str) -> None:
        """Press a button."""
        self.page.get_by_role("button", name=name, exact=True).click()

    def states_seen(self) -> set[str]:
        """Return every state that the screen was in since the page was loaded."""
        return set(self.page.evaluate("statesSeen"))

    def sees(self, state: str, head: str, reason: str = "") -> None:
        """Expect a result: yes, no, wait, unsure or undone, with its words."""
        expect(self.page.locator("body")).to_have_attribute("data-state", state)
        expect(self.page.locator("#verdict-head")).to_have_text(head)
        expect(self.page.locator("#verdict-icon")).to_have_attribute("href", f"#icon-{state}")
        expect(self.page.get_by_role("status").filter(has_text=head)).to_have_count(1)
        if reason:
            expect(self.page.locator("#verdict-reason")).to_have_text(reason)

    def missed(self, *texts: str) -> None:
        """Expect what is said about scans that were not checked; without texts, nothing."""
        said = self.page.locator("#missed")
        expect(said.locator("p")).to_have_text(list(texts))
        expect(said).to_be_visible() if texts else expect(said).to_be_hidden()

    def is_ready(self) -> None:
        """Expect that no result is shown and that the next scan would arrive."""
        expect(self.page.locator("body")).to_have_attribute("data-state", "idle")
        expect(self.page.locator("#number")).to_be_focused()

    def colour(self) -> str:
        """Return which colour fills the screen: green, red, amber or none."""
        picture = Image.open(io.BytesIO(self.page.screenshot())).convert("RGB")
        small = picture.resize((60, 60), Image.Resampling.NEAREST).tobytes()
        pixels = list(zip(small[::3], small[1::3], small[2::3], strict=True))
        counts = {
            "green": sum(g > 1.6 * r and g > 1.6 * b for r, g, b in pixels),
            "red": sum(r > 2 * g and r > 2 * b for r, g, b in pixels),
            "amber": sum(r > 1.2 * g > 1.2 * b and b < 60 for r, g, b in pixels),
        }
        name, count = max(counts.items(), key=lambda item: item[1])
        return name if count > len(pixels) * 0.6 else "none"

    def last(self) -> list[str]:
        """Return the list of the last scans as it reads."""
        return self.page.locator("#scans .scan-reason").all_inner_texts()


def open_now(order: Order) -> list[str]:
    """Move the visit of an order's assets to this hour; return their numbers."""
    now = timezone.now()
    assets = Asset.objects.filter(wallet__order=order)
    assets.update(
        visit_date=now.date(),
        valid_from=now - datetime.timedelta(hours=1),
        valid_until=now + datetime.timedelta(hours=1),
    )
    return list(assets.order_by("pk").values_list("reference_number", flat=True))
