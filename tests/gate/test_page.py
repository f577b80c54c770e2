"""The gate's page as it is served: nothing inline, nothing from elsewhere, no secret in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from tests.gate.conftest import Gate

ROOT = Path(__file__).resolve().parents[2]
BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def test_anybody_may_see_the_page_for_it_holds_nothing(gate: Gate) -> None:
    response = Client().get("/gate", headers=BROWSER)
    assert response.status_code == 200
    text = response.content.decode()
    assert text.startswith("<!doctype html>")
    assert gate.key not in text
    assert "North entrance" not in text


def test_it_has_nothing_inline() -> None:
    response = Client().get("/gate")
    assert response["Permissions-Policy"] == "camera=(self)"
    text = response.content.decode()
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", text)


def test_everything_it_loads_is_ours_and_there() -> None:
    text = Client().get("/gate").content.decode()
    addresses = re.findall(r'<(?:script|link)[^>]*\s(?:src|href)="([^"]+)"', text)
    assert len(addresses) > 4
    for address in addresses:
        assert address.startswith("/static/gate/")
        assert finders.find(address.removeprefix("/static/")), address


def test_the_icons_that_are_shown_exist() -> None:
    page = Client().get("/gate").content.decode()
    scripts = "".join(path.read_text() for path in (ROOT / "static/gate").glob("*.js"))
    there = set(re.findall(r'<symbol id="(icon-\w+)"', page))
    shown = set(re.findall(r"#(icon-\w+)", page + scripts))
    kinds = {f"icon-{kind}" for kind in ("yes", "no", "wait", "unsure", "undone")}
    assert shown | kinds == there


def test_its_scripts_and_style_sheets_name_no_other_host() -> None:
    for path in (ROOT / "static/gate").iterdir():
        text = path.read_text().replace("http://www.w3.org/2000/svg", "")
        assert "//" not in re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE), path.name


def test_its_scripts_and_style_sheets_stay_short() -> None:
    for path in [*(ROOT / "static/gate").iterdir(), *(ROOT / "templates/gate").iterdir()]:
        assert len(path.read_text().splitlines()) <= 400, path.name


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_the_page_can_only_be_read(method: str) -> None:
    response = getattr(Client(enforce_csrf_checks=True), method)("/gate")
    assert response.status_code == 405
    assert response.json()["code"] == "method_not_allowed"
