"""The headers that every answer carries, whoever made it."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client

from channel_manager.security_headers import PERMISSIONS_POLICY
from tests.staff import signed_in

NOTHING = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"
PAGE = (
    f"{NOTHING}; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; form-action 'none'"
)
ADMIN = (
    f"{NOTHING}; script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; manifest-src 'self'; "
    "form-action 'self'"
)
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
}
BROWSER = {"Accept": "text/html"}


def assert_headers(response: object, policy: str, **others: str) -> None:
    """Expect a policy, what every answer has, and others (names with underscores)."""
    expected = {
        **ALWAYS,
        "Content-Security-Policy": policy,
        "Permissions-Policy": PERMISSIONS_POLICY,
        "Referrer-Policy": "same-origin",
        **{name.replace("_", "-"): value for name, value in others.items()},
    }
    headers = dict(response.items())  # type: ignore[attr-defined]
    assert {name: headers.get(name) for name in expected} == expected


@pytest.mark.parametrize("path", ["/docs", "/docs/reference", "/docs/errors/busy", "/nothing"])
def test_a_page_loads_what_is_ours_only(path: str) -> None:
    response = Client().get(path, headers=BROWSER)
    assert_headers(response, PAGE)
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", response.text)


def test_the_gates_page_may_use_the_camera() -> None:
    response = Client().get("/gate")
    assert_headers(
        response,
        f"{PAGE}; media-src 'self' blob:",
        Permissions_Policy="camera=(self)",
        Referrer_Policy="no-referrer",
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/health/live"),
        ("GET", "/openapi.json"),
        ("GET", "/channelManager/packages"),
        ("POST", "/docs"),
        ("GET", "/nothing"),
        ("GET", "/static/docs/docs.css"),
    ],
)
def test_what_is_no_page_loads_nothing(method: str, path: str) -> None:
    assert_headers(Client().generic(method, path), NOTHING)


def test_a_body_that_is_refused_unread_has_them_too() -> None:
    response = Client().post("/channelManager", b"x" * 2**21, content_type="application/json")
    assert response.status_code == 413
    assert_headers(response, NOTHING)


def test_a_fault_of_ours_has_them_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("channel_manager.docs.views._render", lambda *_: 1 / 0)
    response = Client(raise_request_exception=False).get("/docs", headers=BROWSER)
    assert response.status_code == 500
    assert_headers(response, PAGE)


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/admin", "/admin/", "/admin/login/", "/admin/nothing/"])
def test_no_cache_keeps_a_page_of_the_admin(path: str, order_desk: User) -> None:
    for client in (Client(), signed_in(order_desk)):
        response = client.get(path, headers=BROWSER)
        assert_headers(response, ADMIN)
        assert "no-store" in response["Cache-Control"]


@pytest.mark.django_db
def test_the_page_about_a_form_that_came_too_late_has_no_inline_style() -> None:
    response = Client(enforce_csrf_checks=True).post("/m/nothing", headers=BROWSER)
    assert response.status_code == 403
    assert_headers(response, PAGE)
    assert "<style" not in response.text
