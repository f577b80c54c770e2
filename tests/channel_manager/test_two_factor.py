"""The second factor: set up by everybody for themselves, asked for after the password, good for once."""

from __future__ import annotations

import datetime
import importlib
import io
import re
import time
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client, override_settings
from django.utils import timezone
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from channel_manager import two_factor
from channel_manager.history.models import AuditRecord, SealedTOTPDevice
from tests.staff import messages_of, person, signed_in, text_of

pytestmark = pytest.mark.django_db

OWN, CODE, LOGIN = "/admin/two-factor/", "/admin/two-factor/code/", "/admin/login/"
FORM = {"username": "desk", "password": "desk-password", "next": "/admin/orders/order/"}
WRONG = "This code is not right, or was used before."


@pytest.fixture(autouse=True)
def wrong_codes_do_not_wait(settings: Any) -> None:
    """Leave the waiting after wrong codes to django-otp's own tests."""
    settings.OTP_TOTP_THROTTLE_FACTOR = settings.OTP_STATIC_THROTTLE_FACTOR = 0


@pytest.fixture
def codes(order_desk: User) -> list[str]:
    """The recovery codes of the order desk, who has set up a second factor."""
    device = two_factor.begin(user=order_desk)
    return two_factor.finish(user=order_desk, code=code_of(device))[1]


def test_it_is_set_up_with_a_picture_or_by_hand_and_a_first_code(order_desk: User) -> None:
    browser = signed_in(order_desk)
    assert "Besides your password" in text_of(browser.get(OWN))
    page = browser.post(OWN, {"do": "begin"}, follow=True)
    device = SealedTOTPDevice.objects.get()
    assert not device.confirmed
    secret = two_factor.typed_secret(device)
    assert secret in text_of(page)
    assert re.fullmatch(r"([A-Z2-7]{4} ){7}[A-Z2-7]{4}", secret)
    assert "<svg" in page.content.decode()
    assert " style=" not in re.search(r"<svg viewBox.*?</svg>", page.content.decode(), re.S)[0]  # type: ignore[index]
    assert WRONG in text_of(browser.post(OWN, {"do": "finish", "code": "000000"}))
    before = browser.session.session_key
    shown = browser.post(OWN, {"do": "finish", "code": code_of(device)})
    codes = shown.context["codes"]
    assert len(set(codes)) == two_factor.RECOVERY_CODES
    assert "no-store" in shown["Cache-Control"]
    assert browser.session.session_key != before
    kept = str(list(StaticToken.objects.values_list("token", flat=True)))
    assert not any(code in kept or code.replace("-", "") in kept for code in codes)
    later = browser.get(OWN).content.decode()
    assert secret not in later
    assert codes[0] not in later
    assert browser.get("/admin/").status_code == 200


def test_the_password_alone_opens_nothing(order_desk: User, codes: list[str]) -> None:
    browser = Client()
    assert browser.post(LOGIN, FORM).url == "/admin/orders/order/"
    for address in ("/admin/", "/admin/orders/order/", "/admin/auth/user/add/"):
        assert browser.get(address).status_code == 302
        assert browser.post(address, {}).status_code == 302
    asked = browser.get("/admin/orders/order/", follow=True)
    assert asked.redirect_chain[-1][0] == f"{CODE}?next=%2Fadmin%2Forders%2Forder%2F"
    assert "Signing in as desk" in text_of(asked)
    assert browser.get(OWN).url.startswith(CODE)
    assert browser.post(OWN, {"do": "remove", "code": codes[0]}).url.startswith(CODE)
    assert not AuditRecord.objects.filter(name="signed_in").exists()
    before = browser.session.session_key
    answer = browser.post(CODE, {"code": next_code(), "next": "/admin/orders/order/"})
    assert answer.url == "/admin/orders/order/"
    assert browser.session.session_key != before
    assert browser.get("/admin/").status_code == 200
    assert AuditRecord.objects.get(name="signed_in").reason == "With a code of the app"


@pytest.mark.parametrize("kind", ["app", "recovery"])
def test_a_code_is_good_for_once(order_desk: User, codes: list[str], kind: str) -> None:
    code = next_code() if kind == "app" else codes[3].upper()
    assert code_sent(halfway_in(), code).status_code == 302
    assert WRONG in text_of(code_sent(halfway_in(), code))


def test_wrong_codes_count_as_wrong_passwords_do_and_passwords_forgive_none(
    order_desk: User, codes: list[str]
) -> None:
    for _ in range(2):
        browser = halfway_in()  # counts until a code was right
        assert WRONG in text_of(code_sent(browser, "123456"))
    browser = halfway_in()
    assert "Too many attempts. Try again in" in text_of(code_sent(browser, next_code()))
    assert "Too many attempts with a wrong password" in text_of(Client().post(LOGIN, FORM))


def test_waiting_after_wrong_codes_ends_after_some_minutes_and_says_when(
    order_desk: User, codes: list[str], settings: Any
) -> None:
    settings.OTP_TOTP_THROTTLE_FACTOR = 1
    tried = timezone.now() - datetime.timedelta(seconds=60)
    SealedTOTPDevice.objects.update(throttling_failure_count=40, throttling_failure_timestamp=tried)
    assert "Try again in 3 min " in text_of(code_sent(halfway_in(), next_code()))
    tried -= datetime.timedelta(seconds=200)
    SealedTOTPDevice.objects.update(throttling_failure_timestamp=tried)
    assert code_sent(halfway_in(), next_code()).status_code == 302


def test_an_address_within_may_be_relative(order_desk: User, codes: list[str]) -> None:
    answer = halfway_in().post(CODE, {"code": next_code(), "next": "foo"})
    assert answer.headers["Location"] == "foo"


def test_an_address_elsewhere_is_not_followed(order_desk: User, codes: list[str]) -> None:
    answer = halfway_in().post(CODE, {"code": next_code(), "next": "https://evil.example/"})
    assert answer.url == "/admin/"


def test_codes_are_renewed_and_it_is_switched_off_with_a_code(
    order_desk: User, codes: list[str]
) -> None:
    browser = halfway_in()
    assert code_sent(browser, codes[0]).status_code == 302
    renewed = browser.post(OWN, {"do": "renew", "code": codes[1]}).context["codes"]
    assert WRONG in text_of(browser.post(OWN, {"do": "remove", "code": codes[2]}))
    off = browser.post(OWN, {"do": "remove", "code": renewed[0]}, follow=True)
    assert "Two-factor sign-in is off for you." in messages_of(off)
    assert not SealedTOTPDevice.objects.exists()
    assert Client().post(LOGIN, FORM).status_code == 302
    assert browser.get("/admin/").status_code == 200


def test_who_has_no_code_can_sign_out_and_somebody_else_can_sign_in(
    order_desk: User, codes: list[str]
) -> None:
    browser = Client()
    browser.post(LOGIN, FORM)
    assert "Signing in as desk" in text_of(browser.get("/admin/", follow=True))
    assert "Nobody is signed in at this browser" in text_of(browser.post("/admin/logout/"))
    assert "Welcome back" in text_of(browser.get("/admin/", follow=True))
    assert browser.post("/admin/logout/").url == "/admin/"


@override_settings(TWO_FACTOR="required")
def test_who_has_to_set_it_up_can_sign_out_instead(order_desk: User) -> None:
    browser = signed_in(order_desk)
    assert "Nobody is signed in at this browser" in text_of(browser.post("/admin/logout/"))
    assert "_auth_user_id" not in browser.session


@override_settings(TWO_FACTOR="required")
def test_where_it_is_required_nothing_else_can_be_done_without(order_desk: User) -> None:
    browser = signed_in(order_desk)
    for address in ("/admin/", "/admin/orders/order/", "/admin/password_change/"):
        assert browser.get(address, follow=True).redirect_chain[-1][0] == OWN
        assert browser.post(address, {}).status_code == 302
    page = browser.post(OWN, {"do": "begin"}, follow=True)
    assert page.context["sidebar_navigation"] == []
    browser.post(OWN, {"do": "finish", "code": code_of(SealedTOTPDevice.objects.get())})
    assert browser.get("/admin/").status_code == 200


def test_other_sessions_are_asked_for_a_code_within_a_minute(
    order_desk: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = signed_in(order_desk)
    two_factor.finish(user=order_desk, code=code_of(two_factor.begin(user=order_desk)))
    assert other.get("/admin/").status_code == 200
    now = time.time() + 61
    monkeypatch.setattr(time, "time", lambda: now)
    other.get("/admin/")
    assert other.get("/admin/", follow=True).redirect_chain[-1][0].startswith(CODE)


def test_a_lost_second_factor_is_reset_with_a_reason(order_desk: User, codes: list[str]) -> None:
    address = f"/admin/auth/user/{order_desk.pk}/two-factor/"
    weak = signed_in(person("max", "auth.view_user", "auth.change_user"))
    assert weak.post(address, {"reason": "Let me in"}).status_code == 403
    owner = signed_in(User.objects.create_superuser("olga"))
    bar = owner.get(f"/admin/auth/user/{order_desk.pk}/change/").context["state_bar"]
    assert [button.url for button in bar.buttons] == [address]
    assert owner.post(address, {"reason": ""}).status_code == 422
    assert SealedTOTPDevice.objects.exists()
    assert owner.post(address, {"reason": "Phone stolen"}).status_code == 302
    assert not SealedTOTPDevice.objects.exists()
    kept = AuditRecord.objects.get(name="two_factor_reset")
    assert (kept.subject, kept.reason) == ("desk", "Phone stolen")
    assert signed_in(order_desk).get("/admin/").status_code == 200


def test_who_is_locked_out_altogether_is_let_in_from_the_command_line(
    order_desk: User, codes: list[str]
) -> None:
    call_command("resettwofactor", "desk")
    assert not SealedTOTPDevice.objects.exists()
    assert AuditRecord.objects.get(name="two_factor_reset").actor == "worker"


def test_the_secret_is_sealed_anew_with_the_newest_key(order_desk: User, settings: Any) -> None:
    settings.ENCRYPTION_KEYS = ["old"]
    secret = two_factor.begin(user=order_desk).bin_key
    settings.ENCRYPTION_KEYS = ["new", "old"]
    call_command("reseal", stdout=io.StringIO())
    settings.ENCRYPTION_KEYS = ["new"]
    assert SealedTOTPDevice.objects.get().bin_key == secret


def test_a_secret_that_can_no_longer_be_opened_makes_no_code_right(
    order_desk: User, codes: list[str]
) -> None:
    SealedTOTPDevice.objects.update(sealed_key="sealed with a key that is lost")
    assert WRONG in text_of(code_sent(halfway_in(), "123456"))
    assert code_sent(halfway_in(), codes[0]).status_code == 302


def test_secrets_of_before_are_sealed_and_opened_again_on_the_way_back(order_desk: User) -> None:
    migration = importlib.import_module(
        "channel_manager.history.migrations.0009_second_factors_are_sealed"
    )
    before = TOTPDevice.objects.create(user=order_desk, name="app")
    migration.seal_keys(apps, None)
    device, row = SealedTOTPDevice.objects.get(), TOTPDevice.objects.get()
    assert (device.bin_key, device.name) == (before.bin_key, "app")
    assert before.key not in (device.sealed_key, row.key)
    code = code_of(device)
    assert not row.verify_token(code)  # the library's half of the row verifies nothing
    device.throttle_reset()
    assert device.verify_token(code)
    migration.seal_keys(apps, None)  # again: what is sealed stays as it is
    assert SealedTOTPDevice.objects.get().bin_key == before.bin_key
    migration.open_keys(apps, None)
    assert TOTPDevice.objects.get().key == before.key


def test_what_an_old_process_sets_up_after_the_migration_counts_and_is_sealed(
    order_desk: User,
) -> None:
    row = TOTPDevice.objects.create(user=order_desk, name="app")
    device = two_factor.device_of(order_desk)
    assert device is not None
    assert device.bin_key == row.bin_key
    assert TOTPDevice.objects.get().key != row.key
    assert two_factor.device_of(order_desk) == device


def halfway_in() -> Client:
    """Return a browser in which the password was right."""
    browser = Client()
    browser.post(LOGIN, FORM)
    return browser


def code_sent(browser: Client, code: str) -> Any:
    return browser.post(CODE, {"code": code, "next": "/admin/"})


def code_of(device: SealedTOTPDevice, ahead: int = 0) -> str:
    """Return what the app shows so many half minutes from now."""
    maker = TOTP(device.bin_key, device.step, device.t0, device.digits)
    maker.time = time.time() + ahead * device.step
    return f"{maker.token():06}"


def next_code() -> str:
    """Return the code after the one that switched it on."""
    return code_of(SealedTOTPDevice.objects.get(), ahead=1)
