"""What the pages of the repository link to, and what the code says of pages, is there."""

from __future__ import annotations

import functools
import re
from pathlib import Path

import pytest
from django.test import Client

ROOT = Path(__file__).resolve().parents[2]
MARKDOWN = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
EVERY_PAGE = pytest.mark.parametrize(
    "page", MARKDOWN, ids=[str(path.relative_to(ROOT)) for path in MARKDOWN]
)
_CODE_BLOCK = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def prose_of(page: Path) -> str:
    """Return the text of a page without its blocks of code."""
    return _CODE_BLOCK.sub("", page.read_text())


@functools.cache
def anchors_of(page: Path) -> set[str]:
    """Return the anchors that a page's headings have where the repository is read."""
    headings = re.findall(r"^#+ (.*)$", prose_of(page), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", one).strip().lower().replace(" ", "-") for one in headings}


@functools.cache
def sources() -> dict[str, str]:
    """Return the text of every file that has words of ours in it, by its name."""
    folders = ("channel_manager", "partners", "catalog", "wallets", "orders", "templates", "static")
    return {
        str(path.relative_to(ROOT)): path.read_text()
        for folder in folders
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".py", ".html", ".js", ".txt")
    }


@EVERY_PAGE
def test_links_lead_to_files_and_headings_that_exist(page: Path) -> None:
    text = prose_of(page)
    for target, anchor in re.findall(r"\]\(<?([^)#\s>]*)(?:#([^)\s>]*))?>?\)", text):
        if ":" in target or target.startswith("/"):
            continue  # an address of the running product: the changelog is a page of it, too
        found = (page.parent / target).resolve() if target else page
        assert found.exists(), target
        assert not anchor or anchor in anchors_of(found), f"{target}#{anchor}"


@EVERY_PAGE
def test_files_that_are_named_exist(page: Path) -> None:
    top = {path.name for path in ROOT.iterdir()} - {"var"}
    named = set(re.findall(r"`([\w.]+/[\w./-]*)`", prose_of(page)))
    ours = {name for name in named if name.split("/")[0] in top}
    assert {name for name in ours if not (ROOT / name).exists()} == set()


def test_pages_of_the_repository_that_the_code_names_exist() -> None:
    missing = {
        (path, name)
        for path, text in sources().items()
        for name in re.findall(r"(?<![/\w])docs/[a-z_-]+\.(?:md|json)\b", text)
        if not (ROOT / name).exists()
    }
    assert missing == set()


def test_addresses_of_the_documentation_that_the_code_names_open() -> None:
    named = {
        (path, address.rstrip("."))
        for path, text in sources().items()
        for address in re.findall(
            r"(?<![\w.])/docs(?:/[\w.-]+)*(?:#[a-z-]+)?(?=[\"' )<.,]|$)", text
        )
    }
    assert len(named) > 10
    opened: dict[str, str] = {}
    for path, address in sorted(named):
        page, _, anchor = address.partition("#")
        if page not in opened:
            answer = Client().get(page, headers={"accept": "text/html"})
            assert answer.status_code == 200, (path, address)
            opened[page] = answer.content.decode()
        assert not anchor or f'id="{anchor}"' in opened[page], (path, address)
