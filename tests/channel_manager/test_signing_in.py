"""Signing in to the admin: how often one may try, and how long one stays in."""

from __future__ import annotations

import datetime
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client, override_settings
from django.utils import timezone

from channel_manager.history import sign_ins
from channel_manager.history.models import SignInAttempt
from channel_manager.lib.addresses import address_of
from tests.orders.expected import Clock
from tests.staff import person, signed_in, text_of

LOGIN = "/admin/login/"
OFFICE, HOTEL = "192.0.2.10", "198.51.100.7"
WRONG = "Please enter the correct username and password for a staff account."

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Make time stand still at NOON."""
    standing = Clock()
    monkeypatch.setattr(timezone, "now", standing)
    return standing


def try_in(name: str = "desk", password: str = "wrong", address: str = OFFICE) -> Any:
    """Send the form as a browser does that has no session."""
    form = {"username": name, "password": password, "next": "/admin/"}
    return Client(REMOTE_ADDR=address).post(LOGIN, form)


def try_often(times: int, **attempt: str) -> Any:
    """Try in vain, and return the last answer."""
    return [try_in(**attempt) for _ in range(times)][-1]


def test_the_sixth_try_within_a_quarter_of_an_hour_is_refused_in_words(order_desk: User) -> None:
    assert WRONG in text_of(try_often(5))
    refused = try_in(password="desk-password")
    assert refused.status_code == 200
    assert (
        "Too many attempts with a wrong password. Try again in 15 minutes; if you have forgotten "
        "it, somebody who manages users can set a new one." in text_of(refused)
    )
    assert "_auth_user_id" not in refused.client.session


def test_waiting_is_not_prolonged_by_trying(order_desk: User, clock: Clock) -> None:
    try_often(5)
    clock.forward(minutes=14)
    assert "Try again in 1 minute;" in text_of(try_often(10))
    clock.forward(minutes=1)
    assert try_in(password="desk-password").status_code == 302


def test_signing_in_forgives_what_was_mistyped_before(order_desk: User) -> None:
    for _ in range(3):
        try_often(4)
        assert try_in(password="desk-password").status_code == 302
    assert SignInAttempt.objects.count() == 1


def test_somebody_elsewhere_is_not_locked_out(order_desk: User) -> None:
    try_often(6)
    assert try_in(password="desk-password", address=HOTEL).status_code == 302
    assert "Too many attempts" in text_of(try_in(password="desk-password"))


def test_another_name_at_the_same_address_is_not_locked_out(order_desk: User) -> None:
    try_often(6, name="colleague")
    assert try_in(password="desk-password").status_code == 302


def test_an_address_that_tries_name_after_name_is_stopped(
    order_desk: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_ins, "PER_ADDRESS", 8)
    for number in range(8):
        assert WRONG in text_of(try_in(name=f"name-{number}"))
    assert "Too many attempts" in text_of(try_in(password="desk-password"))
    assert try_in(password="desk-password", address=HOTEL).status_code == 302


def test_a_name_that_is_guessed_from_everywhere_can_sign_in_where_it_did_before(
    order_desk: User, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    monkeypatch.setattr(sign_ins, "PER_NAME", 8)
    assert try_in(password="desk-password").status_code == 302
    clock.forward(days=29)
    for number in range(9):
        try_in(address=f"203.0.113.{number}")
    assert "Too many attempts" in text_of(try_in(password="desk-password", address=HOTEL))
    assert try_in(password="desk-password").status_code == 302


def test_an_unknown_name_and_one_without_access_hear_the_same_as_a_wrong_password(
    order_desk: User,
) -> None:
    User.objects.create_user("guest", password="guest-password")
    User.objects.create_user("left", password="left-password", is_staff=True, is_active=False)
    tries = [("desk", "wrong"), ("nobody", "wrong"), ("guest", "guest-password")]
    tries.append(("left", "left-password"))
    for _ in range(6):
        answers = {
            text_of(try_in(name, password)).replace(name, "name") for name, password in tries
        }
        assert len(answers) == 1
    assert "Too many attempts" in answers.pop()


@pytest.mark.parametrize("name", ["DESK", "ｄｅｓｋ", "Desk"])
def test_another_spelling_of_a_name_is_the_same_name(order_desk: User, name: str) -> None:
    try_often(5, name=name)
    assert "Too many attempts" in text_of(try_in(password="desk-password"))


def test_what_is_kept_names_nobody_and_is_forgotten_after_a_month(clock: Clock) -> None:
    try_in(name="my-password-by-mistake")
    row = SignInAttempt.objects.values().get()
    assert "my-password-by-mistake" not in str(row)
    assert OFFICE not in str(row)
    clock.forward(days=31)
    try_in(name="another")
    sign_ins.prune(now=clock())
    assert SignInAttempt.objects.get().at == clock()


@pytest.mark.parametrize(
    ("sent", "seen"),
    [
        ("192.0.2.10", "192.0.2.10"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("", ""),
        ("unix:", "unix:"),
    ],
)
def test_an_address_is_a_household(sent: str, seen: str) -> None:
    request = Client(REMOTE_ADDR=sent).get("/health/live").wsgi_request
    assert address_of(request) == seen


def test_a_proxys_word_for_the_address_counts_when_it_is_trusted() -> None:
    headers = {"X-Forwarded-For": f"{HOTEL}, {OFFICE}"}
    request = Client(REMOTE_ADDR="127.0.0.1").get("/health/live", headers=headers).wsgi_request
    assert address_of(request) == "127.0.0.1"
    with override_settings(TRUST_PROXY=True):
        assert address_of(request) == OFFICE


@pytest.mark.django_db(transaction=True)
def test_no_more_are_let_through_when_many_try_at_once(clock: Clock) -> None:
    together = threading.Barrier(12)

    def tried() -> bool:
        together.wait(timeout=20)
        try:
            sign_ins.begin(name="desk", address=OFFICE, now=clock())
        except sign_ins.TooManyAttempts:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(12) as threads:
        outcomes = [threads.submit(tried) for _ in range(12)]
    let_through = sum(outcome.result() for outcome in outcomes)
    assert let_through == SignInAttempt.objects.count() <= sign_ins.PER_NAME_AND_ADDRESS


def test_signing_in_gives_the_session_another_key(order_desk: User) -> None:
    browser = signed_in(person("somebody"))
    before = browser.session.session_key
    form = {"username": "desk", "password": "desk-password", "next": "/admin/"}
    assert browser.post(LOGIN, form).status_code == 302
    assert browser.session.session_key != before
    assert not Session.objects.filter(session_key=before).exists()


@pytest.mark.parametrize("wanted", ["https://elsewhere.example/", "//elsewhere.example", ""])
def test_signing_in_leads_to_no_other_host(order_desk: User, wanted: str) -> None:
    form = {"username": "desk", "password": "desk-password", "next": wanted}
    answer = Client().post(LOGIN, form)
    assert (answer.status_code, answer["Location"]) == (302, "/admin/")


def test_signing_out_leaves_nothing_of_the_session(order_desk: User) -> None:
    browser = signed_in(order_desk)
    cookie = browser.cookies[settings.SESSION_COOKIE_NAME].value
    assert browser.post("/admin/logout/").status_code == 200
    assert not Session.objects.exists()
    other = Client()
    other.cookies[settings.SESSION_COOKIE_NAME] = cookie
    assert other.get("/admin/").status_code == 302


def test_a_changed_password_leads_home(order_desk: User) -> None:
    browser = signed_in(order_desk)
    new = {"new_password1": "tulip-harbour-7", "new_password2": "tulip-harbour-7"}
    asked = {"old_password": "desk-password", **new}
    changed = browser.post("/admin/password_change/", asked, follow=True)
    assert "Your password was changed" in text_of(changed)
    assert (
        '<a class="cm-button cm-button-primary" href="/admin/">Home</a>' in changed.content.decode()
    )


@pytest.mark.parametrize(
    ("stamp", "age", "words"),
    [
        ("began_at", 12 * 3600, "You were signed out: a session ends some hours after it began."),
        ("seen_at", 3600, "You were signed out because nothing was done for a while."),
    ],
)
def test_a_session_ends_with_its_time_and_says_so(
    order_desk: User, stamp: str, age: int, words: str
) -> None:
    for seconds, status in ((age - 5, 200), (age + 5, 302)):
        browser = signed_in(order_desk)
        browser.get("/admin/")
        session = browser.session
        session[stamp] -= seconds
        session.save()
        assert browser.get("/admin/").status_code == status
    page = browser.get(LOGIN)
    assert words in text_of(page)
    assert "_auth_user_id" not in browser.session


def test_a_session_in_use_goes_on(order_desk: User, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)
    browser = signed_in(order_desk)
    for _ in range(4):
        assert browser.get("/admin/").status_code == 200
        now += 50 * 60
    assert browser.session["seen_at"] == int(now - 50 * 60)


def test_the_cookie_is_for_the_server_only(order_desk: User) -> None:
    browser = Client()
    browser.post(LOGIN, {"username": "desk", "password": "desk-password", "next": "/admin/"})
    cookie = browser.cookies[settings.SESSION_COOKIE_NAME]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
    assert cookie["max-age"] == datetime.timedelta(hours=12).total_seconds()
