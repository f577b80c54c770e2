"""How a page looks: it fits every screen, and everybody can read it, in light and in dark.

ADMIN_SCREENSHOTS names a directory that pictures of every page are left in, to be looked at.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

PICTURES = os.environ.get("ADMIN_SCREENSHOTS")
DESKTOP: Any = {"width": 1280, "height": 900}
TABLET: Any = {"width": 820, "height": 1180}
PHONE: Any = {"width": 390, "height": 844}

# Texts whose contrast with what is behind them is below 4.5 to 1 (WCAG 2.2, AA).
_FAINT_TEXTS = """() => {
  const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const seen = new Map();
  const rgba = (color) => {
    if (!seen.has(color)) {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = color;
      canvas.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
      seen.set(color, [r, g, b, a / 255]);
    }
    return seen.get(color);
  };
  const over = (top, bottom) =>
    [0, 1, 2].map((i) => top[i] * top[3] + bottom[i] * (1 - top[3])).concat(1);
  const behind = (element) => {
    if (!element) return [255, 255, 255, 1];
    const own = rgba(getComputedStyle(element).backgroundColor);
    return own[3] === 1 ? own : over(own, behind(element.parentElement));
  };
  const light = ([r, g, b]) => {
    const [R, G, B] = [r, g, b].map((c) => c / 255)
      .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * R + 0.7152 * G + 0.0722 * B;
  };
  const faint = [];
  for (const element of document.querySelectorAll("body *:not(svg *)")) {
    const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (element === document.body || !own || !element.checkVisibility()) continue;
    if (element.closest(".material-symbols-outlined")) continue;  // a picture beside its words
    const back = behind(element);
    const [a, b] = [light(over(rgba(getComputedStyle(element).color), back)), light(back)];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) faint.push([element.className, element.textContent.trim(), ratio]);
  }
  return faint;
}"""


_AXE = Axe()
# The frame around a page is the same on each: it is looked at where the whole document is asked for.
_SERIOUS_FAULTS = """async ([within, contrast]) => {
  const part = document.querySelector(within) ?? document;
  const {violations} = await axe.run(part, {
    resultTypes: ["violations"],
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"],
    rules: {"color-contrast": {enabled: contrast}},
  });
  return violations
    .filter(({impact}) => ["serious", "critical"].includes(impact))
    .map(({id, nodes}) => ({fault: id, elements: nodes.map(({html}) => html)}));
}"""


def overflow(page: Page) -> int:
    """Return by how many pixels the page is wider than the window."""
    return int(page.evaluate("document.documentElement.scrollWidth - innerWidth"))


def faint_texts(page: Page) -> list[tuple[str, str, float]]:
    """Return the texts that hardly stand out: their class, the text and the contrast."""
    return list(page.evaluate(_FAINT_TEXTS))


def accessibility_faults(page: Page, *, within: str = "html") -> list[dict[str, Any]]:
    """Return what axe calls serious or critical (WCAG 2.1, A and AA): the rule and the elements.

    Its measuring of contrast takes most of its time, and is less strict than `faint_texts`: it is
    left for when the pictures are looked at, too.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(_AXE.axe_script)
    return list(page.evaluate(_SERIOUS_FAULTS, [within, bool(PICTURES)]))


def photograph(page: Page, name: str) -> None:
    """Leave a picture of the page where it is wanted."""
    if PICTURES:
        page.wait_for_timeout(300)
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


class AdminLooks:
    """What is wrong with the looks of the admin's pages, gathered page by page."""

    def __init__(self, page: Page, root: str) -> None:
        self._page = page
        self._root = root
        self._is_first = True
        self.wrong: dict[str, Any] = {}

    def look_at(self, pages: Mapping[str, str]) -> None:
        """Open pages, name by address, and look at each."""
        for name, address in pages.items():
            self._page.goto(self._root + address)
            self.look(name)

    def look(self, name: str) -> None:
        """Look at the open page on its screens, and in light and in dark, without loading it again."""
        # A click waits until the next page has been answered, not until there is something of it.
        self._page.wait_for_load_state()
        # The theme follows the system only while the page loads: a class says which one it is.
        self._page.add_style_tag(content="* { transition: none !important }")
        for size in (DESKTOP, TABLET, PHONE) if PICTURES else (DESKTOP, PHONE):
            self._page.set_viewport_size(size)
            if (wide := overflow(self._page)) > 0:
                self.wrong[f"{name}-{size['width']}"] = wide
            for scheme in ("light", "dark") if size == DESKTOP or PICTURES else ():
                self._page.evaluate(
                    "(dark) => document.documentElement.classList.toggle('dark', dark)",
                    scheme == "dark",
                )
                view = f"{name}-{size['width']}-{scheme}"
                if size == DESKTOP and (faults := self._faults(scheme)):
                    self.wrong[view] = faults
                photograph(self._page, view)

    def _faults(self, scheme: str) -> list[Any]:
        """Return what is wrong in light; in dark the same page only has other colours."""
        faint: list[Any] = list(faint_texts(self._page))
        if scheme == "dark" and not PICTURES:
            return faint
        within = "html" if self._is_first else "#main"
        self._is_first = False
        return faint + accessibility_faults(self._page, within=within)
