"""The admin of partners, their keys and venues: what it takes, shows once, refuses and records."""

from __future__ import annotations

import datetime
import io
import logging
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from channel_manager.history.models import AuditRecord, Event
from partners.keys import create_key, hash_key
from partners.models import ApiKey, Partner, Scope, Venue
from tests.conftest import ApiClient
from tests.factories import PartnerFactory
from tests.staff import messages_of, person, signed_in, text_of, viewer

PARTNERS = "/admin/partners/partner/"
VENUES = "/admin/partners/venue/"


@pytest.fixture
def desk(order_desk: User) -> Client:
    """The browser of somebody who keeps the partners."""
    return signed_in(order_desk)


def venue_answers(**answers: Any) -> dict[str, Any]:
    return {
        "name": "Dune Park",
        "code": "dunes",
        "reference_prefix": "XX",
        "timezone": "Europe/Amsterdam",
        "opens_at": "08:00",
        "closes_at": "20:00",
        "currency": "EUR",
        "language": "en",
        "brand_color": "#0f766e",
        **answers,
    }


def picture(kind: str = "PNG", size: tuple[int, int] = (40, 20)) -> bytes:
    contents = io.BytesIO()
    Image.new("RGB", size, "teal").save(contents, kind)
    return contents.getvalue()


def upload(contents: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile("logo.png", contents, "image/png")


def test_a_partner_is_made_onboarding_whatever_is_sent(desk: Client, venue: Venue) -> None:
    answers = {
        "name": "New Tours",
        "venue": venue.pk,
        "unmapped_items": "refuse",
        "draft_lifetime_days": 3,
        "status": "Active",
    }
    assert desk.post(f"{PARTNERS}add/", answers).status_code == 302
    partner = Partner.objects.get(name="New Tours")
    told = (partner.status, partner.unmapped_items, partner.draft_lifetime_days)
    assert told == ("Onboarding", "refuse", 7)
    again = desk.post(f"{PARTNERS}add/", answers)
    assert "Partner with this Venue and Name already exists." in text_of(again)


def test_a_partner_keeps_its_venue_and_status_when_its_form_is_saved(
    desk: Client, partner: Partner, rival: ApiClient
) -> None:
    elsewhere = PartnerFactory.create().venue
    answers = {
        "name": "Sunny Trips & Co",
        "venue": elsewhere.pk,
        "unmapped_items": "refuse",
        "draft_lifetime_days": 1,
        "hold_minutes": 8,
        "cancel_deadline_hours": 24,
        "status": "Closed",
    }
    assert desk.post(f"{PARTNERS}{partner.pk}/change/", answers).status_code == 302
    now = Partner.objects.get(pk=partner.pk)
    assert (now.name, now.unmapped_items, now.cancel_deadline_hours) == (
        "Sunny Trips & Co",
        "refuse",
        24,
    )
    assert (now.venue, now.status) == (partner.venue, "Active")


def test_a_status_changes_by_buttons_with_a_record_each(
    desk: Client, order_desk: User, venue: Venue
) -> None:
    partner = PartnerFactory.create(venue=venue, status="Onboarding")
    steps = (
        ("activate", "", ["Activate", "Close"], "activated"),
        ("pause", "Summer break", ["Pause", "Close"], "paused"),
        ("resume", "", ["Resume", "Close"], "resumed"),
        ("close", "Contract ended", ["Pause", "Close"], "closed"),
    )
    for name, reason, offered, done in steps:
        page = desk.get(f"{PARTNERS}{partner.pk}/change/")
        assert [button.label for button in page.context["state_bar"].buttons] == offered
        answer = desk.post(f"{PARTNERS}{partner.pk}/{name}/", {"reason": reason}, follow=True)
        assert messages_of(answer) == [f"{partner} is {done}."]
    page = desk.get(f"{PARTNERS}{partner.pk}/change/")
    assert page.context["state_bar"].buttons == []
    actor = f"staff:{order_desk.pk}"
    events = Event.objects.filter(kind="partner", subject_id=partner.pk)
    assert list(events.values_list("name", "from_state", "to_state", "actor", "reason")) == [
        ("activated", "Onboarding", "Active", actor, ""),
        ("paused", "Active", "Paused", actor, "Summer break"),
        ("resumed", "Paused", "Active", actor, ""),
        ("closed", "Active", "Closed", actor, "Contract ended"),
    ]
    told = [(row.look.title, row.who) for row in page.context["happenings"]]
    assert told[0] == ("Closed", "desk")


def test_closing_needs_a_reason_and_what_is_not_possible_says_so(
    desk: Client, partner: Partner
) -> None:
    page = desk.post(f"{PARTNERS}{partner.pk}/close/", {"reason": " "})
    assert (page.status_code, page.context["form"].errors) == (
        422,
        {"reason": ["This field is required."]},
    )
    refused = desk.post(f"{PARTNERS}{partner.pk}/activate/", follow=True)
    assert messages_of(refused) == ["The partner is Active now; activate is not possible."]
    assert Partner.objects.get(pk=partner.pk).status == "Active"
    assert not Event.objects.filter(kind="partner").exists()


def test_a_new_key_is_shown_once_and_kept_nowhere(
    desk: Client, partner: Partner, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    address = reverse("admin:partners_partner_new_key", args=[partner.pk])
    assert "Make key" in text_of(desk.get(address))
    answers = {
        "mode": "live",
        "name": "Web shop",
        "scopes": ["orders:read", "reports"],
        "expires_on": "",
    }
    page = desk.post(address, answers)
    assert page.status_code == 200
    assert "no-store" in page.headers["Cache-Control"]
    key = page.context["shown"]
    row = ApiKey.objects.get(key_hash=hash_key(key))
    assert (row.partner, row.name, row.scopes) == (partner, "Web shop", ["orders:read", "reports"])
    assert text_of(page).count(key) == 1
    secret = key.removeprefix(row.prefix)
    later = desk.get(f"{PARTNERS}{partner.pk}/change/").content.decode()
    history = desk.get(f"{PARTNERS}{partner.pk}/history/").content.decode()
    sessions = "".join(str(session.get_decoded()) for session in Session.objects.all())
    cookies = str(desk.cookies)
    logged = caplog.text + str(list(AuditRecord.objects.values()))
    for place in (later, history, sessions, cookies, logged):
        assert secret not in place
    assert "API key made" in history
    assert str(row) in history
    assert str(row) in later


def test_a_key_that_was_made_works_as_far_as_its_scopes_go(
    desk: Client, api: ApiClient, partner: Partner
) -> None:
    address = reverse("admin:partners_partner_new_key", args=[partner.pk])
    page = desk.post(
        address, {"mode": "live", "name": "Reader", "scopes": ["orders:read"], "expires_on": ""}
    )
    reader = ApiClient(page.context["shown"], partner)
    assert reader.get(f"/channelManager/orders/{partner.pk}").status_code == 200
    assert reader.post(reader.order_body()).status_code == 403


def test_a_test_key_is_made_beside_live_ones_and_badged(
    desk: Client, api: ApiClient, partner: Partner
) -> None:
    address = reverse("admin:partners_partner_new_key", args=[partner.pk])
    answers = {"mode": "test", "name": "Sandbox", "scopes": ["orders:read", "orders:write"]}
    page = desk.post(address, answers)
    key = page.context["shown"]
    assert key.startswith("cm_test_")
    assert "TEST" in text_of(page)
    tester = ApiClient(key, partner)
    assert tester.create()["testMode"] is True
    shown = desk.get(f"{PARTNERS}{partner.pk}/change/")
    assert [view.key.test_mode for view in shown.context["keys"]] == [True, False]
    assert text_of(shown).count(" TEST Sandbox ") == 1


def test_a_key_works_until_the_end_of_its_last_day_at_the_venue(
    desk: Client, partner: Partner
) -> None:
    address = reverse("admin:partners_partner_new_key", args=[partner.pk])
    answers = {
        "mode": "live",
        "name": "Fair",
        "scopes": ["orders:read"],
        "expires_on": "2027-03-27",
    }
    desk.post(address, answers)
    row = ApiKey.objects.get(name="Fair")
    assert row.expires_at == datetime.datetime(2027, 3, 27, 23, tzinfo=datetime.UTC)
    page = desk.post(address, {**answers, "expires_on": "2020-01-01"})
    assert page.context["form"].errors == {"expires_on": ["This day has passed."]}
    page = desk.post(address, {**answers, "expires_on": "9999-12-31"})
    told = "Choose a day within the next ten years, or leave it empty."
    assert page.context["form"].errors == {"expires_on": [told]}
    page = desk.post(address, {"mode": "", "name": "", "scopes": ["everything"]})
    assert set(page.context["form"].errors) == {"mode", "name", "scopes"}
    assert ApiKey.objects.count() == 1


def test_a_revoked_key_is_refused_and_stays_in_the_list(
    desk: Client, api: ApiClient, partner: Partner
) -> None:
    row = ApiKey.objects.get(partner=partner)
    address = reverse("admin:partners_partner_revoke_key", args=[partner.pk, row.pk])
    assert "stops working at once, for good" in text_of(desk.get(address))
    assert api.get(f"/channelManager/orders/{partner.pk}").status_code == 200
    assert desk.post(address, {"reason": ""}).status_code == 422
    done = desk.post(address, {"reason": "Leaked"}, follow=True)
    assert messages_of(done) == [f"The key {row} is revoked."]
    assert api.get(f"/channelManager/orders/{partner.pk}").status_code == 401
    (view,) = done.context["keys"]
    assert (view.state, view.revoke_url) == ("Revoked", "")
    history = text_of(desk.get(f"{PARTNERS}{partner.pk}/history/"))
    assert "API key revoked" in history
    assert f"Leaked Key {row}" in history


def test_usable_keys_stand_before_others(desk: Client, partner: Partner) -> None:
    past = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    for name, dates in (
        ("usable", {}),
        ("expired", {"expires_at": past}),
        ("revoked", {"revoked_at": past}),
    ):
        row, _key = create_key(partner=partner, name=name)
        ApiKey.objects.filter(pk=row.pk).update(**dates)
    page = desk.get(f"{PARTNERS}{partner.pk}/change/")
    states = [(view.key.name, view.state) for view in page.context["keys"]]
    assert states == [("usable", "Usable"), ("revoked", "Revoked"), ("expired", "Expired")]
    (row,) = desk.get(PARTNERS, {"q": "Sunny"}).context["cl"].result_list
    assert row.usable == 1


def test_keys_and_statuses_take_rights_of_their_own(partner: Partner) -> None:
    key = create_key(partner=partner)[0]
    new = reverse("admin:partners_partner_new_key", args=[partner.pk])
    revoke = reverse("admin:partners_partner_revoke_key", args=[partner.pk, key.pk])
    pause = reverse("admin:partners_partner_pause", args=[partner.pk])
    looker = signed_in(viewer())
    editor = signed_in(person("editor", "partners.view_partner", "partners.change_partner"))
    answers = {"name": "X", "scopes": ["orders:read"], "reason": "X"}
    for address in (new, revoke, pause):
        assert looker.get(address).status_code == 403
        assert looker.post(address, answers).status_code == 403
    for address in (new, revoke):
        assert editor.get(address).status_code == 403
        assert editor.post(address, answers).status_code == 403
    assert editor.get(pause).status_code == 200
    page = looker.get(f"{PARTNERS}{partner.pk}/change/")
    assert (page.context["state_bar"].buttons, page.context["new_key_url"]) == ([], "")
    assert [view.revoke_url for view in page.context["keys"]] == [""]
    assert ApiKey.objects.usable(datetime.datetime.now(datetime.UTC)).count() == 1


def test_a_key_of_another_partner_cannot_be_revoked_by_a_wrong_address(
    desk: Client, api: ApiClient, rival: ApiClient
) -> None:
    key = ApiKey.objects.get(partner=rival.partner)
    address = reverse("admin:partners_partner_revoke_key", args=[api.partner.pk, key.pk])
    assert desk.post(address, {"reason": "X"}).status_code == 404
    nobody = "019aa0d0-0000-7000-8000-00000000dead"
    assert desk.get(reverse("admin:partners_partner_new_key", args=[nobody])).status_code == 404


def test_every_scope_is_explained(desk: Client, partner: Partner) -> None:
    text = text_of(desk.get(reverse("admin:partners_partner_new_key", args=[partner.pk])))
    for scope in Scope.values:
        assert f"{scope} – " in text


def test_partners_and_venues_are_not_deleted(desk: Client, partner: Partner) -> None:
    for address in (f"{PARTNERS}{partner.pk}/delete/", f"{VENUES}{partner.venue_id}/delete/"):
        assert desk.post(address, {"post": "yes"}).status_code == 403


def test_a_venue_is_made_with_its_logo_and_gives_out_numbers(desk: Client, db: None) -> None:
    contents = picture()
    made = desk.post(f"{VENUES}add/", venue_answers(logo_file=upload(contents)))
    assert made.status_code == 302
    venue = Venue.objects.get(code="dunes")
    assert (venue.reference_prefix, bytes(venue.logo)) == ("XX", contents)
    page = desk.get(f"{VENUES}{venue.pk}/change/")
    assert "data:image/png;base64," in page.content.decode()


def test_a_venue_keeps_its_prefix_and_its_logo_until_another_comes(
    desk: Client, venue: Venue
) -> None:
    address = f"{VENUES}{venue.pk}/change/"
    first, second = picture("PNG"), picture("JPEG")
    for answers, kept in (
        ({"logo_file": upload(first)}, first),
        ({}, first),
        ({"logo_file": upload(second)}, second),
        ({"remove_logo": "on"}, b""),
    ):
        assert desk.post(address, venue_answers(**answers)).status_code == 302
        now = Venue.objects.get(pk=venue.pk)
        assert (now.reference_prefix, bytes(now.logo)) == ("CM", kept)


@pytest.mark.parametrize(
    ("contents", "complaint"),
    [
        (b"<svg onload='alert(1)'/>", "This is not a PNG or JPEG picture."),
        (picture("GIF"), "This is not a PNG or JPEG picture."),
        (picture()[:60], "This is not a PNG or JPEG picture."),
        (picture(size=(2001, 10)), "at most 2000 a side are taken"),
        (picture() + b"\0" * 200 * 1024, "at most 200 KB are taken"),
    ],
    ids=["svg", "gif", "cut off", "wide", "heavy"],
)
def test_what_is_no_small_picture_is_refused(
    desk: Client, venue: Venue, contents: bytes, complaint: str
) -> None:
    address = f"{VENUES}{venue.pk}/change/"
    page = desk.post(address, venue_answers(logo_file=upload(contents)))
    assert page.status_code == 200
    assert complaint in text_of(page)
    assert not bytes(Venue.objects.get(pk=venue.pk).logo)


@pytest.mark.parametrize(
    ("answers", "complaint"),
    [
        ({"closes_at": "08:00"}, "It must close after it opens, on the same day."),
        ({"timezone": "Mars/Olympus"}, "is not one of the available choices"),
        ({"brand_color": "teal"}, "A colour such as #1d4ed8."),
        ({"currency": "euro"}, "at most 3 characters"),
        ({"reference_prefix": "9X"}, "Capital letters and digits."),
        ({"reference_prefix": "CM"}, "already exists"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_a_venue_cannot_be_is_said_in_the_form(
    desk: Client, venue: Venue, answers: dict[str, str], complaint: str
) -> None:
    page = desk.post(f"{VENUES}add/", venue_answers(**{"code": "new", "name": "New", **answers}))
    assert page.status_code == 200
    assert complaint in text_of(page)
    assert Venue.objects.count() == 1


@pytest.mark.parametrize("name", ["partner", "venue"])
def test_lists_take_as_many_statements_for_many_rows_as_for_one(
    desk: Client, statements: Callable[[], Any], name: str, db: None
) -> None:
    taken = []
    for number in range(12):
        create_key(partner=PartnerFactory.create())
        if number in (0, 11):
            with statements() as count:
                assert desk.get(reverse(f"admin:partners_{name}_changelist")).status_code == 200
            assert not any("logo" in statement for statement in count.statements)
            taken.append(len(count))
    assert taken[0] == taken[1] <= 15


def test_a_limit_of_its_own_is_set_and_taken_back(desk: Client, partner: Partner) -> None:
    address = f"{PARTNERS}{partner.pk}/change/"
    page = desk.get(address)
    told = text_of(page)
    assert "Limits of each API key" in told
    assert "may send. Empty: 50, as for every partner." in told
    assert "after a pause. Empty: 500, as for every partner." in told
    assert "50 requests a second, 500 at once" in told
    answers = {
        "name": partner.name,
        "unmapped_items": "accept",
        "draft_lifetime_days": 7,
        "hold_minutes": 8,
    }

    def limits_after(**sent: object) -> tuple[int | None, int | None]:
        assert desk.post(address, {**answers, **sent}).status_code == 302
        now = Partner.objects.get(pk=partner.pk)
        return now.requests_per_second, now.request_burst

    assert limits_after(requests_per_second=5, request_burst=20) == (5, 20)
    assert "5 requests a second, 20 at once" in text_of(desk.get(address))
    assert limits_after(requests_per_second="", request_burst=20) == (None, 20)
    refused = desk.post(address, {**answers, "requests_per_second": 0, "request_burst": 1_000_001})
    assert refused.context["adminform"].form.errors == {
        "requests_per_second": ["Ensure this value is greater than or equal to 1."],
        "request_burst": ["Ensure this value is less than or equal to 1000000."],
    }
