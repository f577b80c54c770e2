"""The changelog and llms.txt: complete, and true to the sources they are drawn from."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from channel_manager.docs import markdown, sample_files, webhooks
from channel_manager.docs.pages import PAGES
from channel_manager.lib.errors import ErrorCode

CHANGELOG = (Path(__file__).resolve().parents[2] / "docs/changelog.md").read_text()


def test_the_changelog_names_every_operation_of_the_api() -> None:
    paths = Client().get("/openapi.json").json()["paths"]
    assert [path for path in paths if f"{path}`" not in CHANGELOG] == []


def test_every_entry_of_the_changelog_says_what_was_added_changed_and_deprecated() -> None:
    entries = re.split(r"^## ", CHANGELOG, flags=re.MULTILINE)[1:]
    dates = [entry[:10] for entry in entries]
    assert dates == sorted(set(dates), reverse=True)
    for entry in entries:
        assert re.fullmatch(r"20\d\d-\d\d-\d\d(, version \d+\.\d+\.\d+)?", entry.splitlines()[0])
        parts = re.findall(r"^### (.+)$", entry, flags=re.MULTILINE)
        assert parts == [part for part in ("Added", "Changed", "Deprecated") if part in parts]
        assert parts


def test_the_changelog_is_a_page_and_its_source() -> None:
    page = Client().get("/docs/changelog", headers={"accept": "text/html"}).content.decode()
    assert '<h2 id="2026-11-21-version-100">2026-11-21, version 1.0.0</h2>' in page
    assert "<code>POST /channelManager</code> takes an order in" in page
    assert "**" not in page
    source = Client().get("/docs/changelog.md")
    assert source.content.decode() == CHANGELOG
    assert source["Content-Type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("# A `b`", "<h1>A <code>b</code></h1>"),
        ("## A b", '<h2 id="a-b">A b</h2>'),
        ("one\n  and **two**\nthree", "<p>one and <strong>two</strong> three</p>"),
        ("- a\n  b\n- c\n\nd", "<ul><li>a b</li><li>c</li></ul>\n<p>d</p>"),
        ("[page](/docs#x)", '<p><a href="/docs#x">page</a></p>'),
        ("[x](javascript:x) <b>", "<p>[x](javascript:x) &lt;b&gt;</p>"),
    ],
)
def test_what_the_changelog_may_be_written_in(text: str, html: str) -> None:
    assert markdown.as_html(text) == html


def test_llms_txt_has_the_parts_that_the_convention_asks_for(settings: Any) -> None:
    settings.PUBLIC_URL = "https://tickets.example.com"
    response = Client().get("/llms.txt")
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    title, _, summary, *_ = lines = response.content.decode().splitlines()
    assert title.startswith("# ")
    assert summary.startswith("> ")
    assert [line for line in lines if line.startswith("#")][1:] == [
        "## Documentation",
        "## Samples",
        "## Life of an order",
        "## Error codes",
        "## Optional",
    ]
    linked = re.findall(r"^- \[[^]]+\]\((.+?)\): .+\.$", "\n".join(lines), flags=re.MULTILINE)
    base = settings.PUBLIC_URL
    assert linked == [
        *(base + page.path for page in PAGES),
        f"{base}/openapi.json",
        *(f"{base}/docs/samples/{name}" for name in sorted(sample_files.names())),
        *(f"{base}/docs/errors/{code.value}" for code in ErrorCode),
        f"{base}/docs/errors",
        f"{base}/docs/changelog.md",
    ]
    for address in linked:
        assert Client().get(address.removeprefix(base)).status_code == 200, address


def test_every_type_of_event_is_explained_and_has_an_anchor() -> None:
    page = Client().get("/docs/webhooks", headers={"accept": "text/html"}).content.decode()
    for event_type in webhooks.EVENT_TYPES:
        assert f'id="{event_type.name}"' in page
