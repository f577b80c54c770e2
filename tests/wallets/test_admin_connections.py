"""Connections in the admin: set up in the system's words, tested, and no secret is shown again."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from catalog.models import Connection
from channel_manager.history.models import AuditEntry
from channel_manager.lib.sealing import Unsealable
from partners.models import Venue
from tests.connectors.conftest import make_outside_order
from tests.factories import VenueFactory
from tests.orders.expected import NOON
from tests.staff import messages_of, person, signed_in, text_of
from tests.wallets.elsewhere import FakeConnector, connect, put_in
from wallets.connectors.base import Cause, ConnectorError, TryLater, UnsupportedByPartner
from wallets.connectors.desk import OutcomeUnknown

LIST = "/admin/catalog/connection/"
ADD = f"{LIST}add/?system=onebox"
SECRET = "sk-live-3f9a7c"


@pytest.fixture(autouse=True)
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeConnector:
    cache.clear()
    return put_in(monkeypatch, FakeConnector(), "onebox", "ordino", "openticket")


@pytest.fixture
def desk(order_desk: User) -> Client:
    return signed_in(order_desk)


def answers(venue: Venue, **others: Any) -> dict[str, Any]:
    return {
        "venue": str(venue.pk),
        "name": "Main channel",
        "base_url": "https://api.onebox.example",
        "second_url": "",
        "account": "7",
        "is_active": "on",
        "buyer_email": "tickets@dunes.example",
        "connect_seconds": "10",
        "read_seconds": "30",
        "availability_seconds": "60",
        "poll_seconds": "900",
        "secret_client_secret": SECRET,
        "secret_webhook_key": "",
        **others,
    }


def page_of(row: Connection) -> str:
    return f"{LIST}{row.pk}/change/"


def test_the_system_is_asked_first_and_its_words_follow(desk: Client, venue: Venue) -> None:
    first = desk.get(f"{LIST}add/")
    assert "The system in which the venue already issues tickets" in text_of(first)
    assert "Ordino Onebox OpenTicket VoordeMensen" in text_of(first)
    led = desk.post(f"{LIST}add/", {"system": "onebox"})
    assert (led.status_code, led.headers["Location"]) == (302, ADD)
    form = text_of(desk.get(ADD))
    assert "Channel id" in form
    assert "OAuth URL" in form
    assert "Client secret" in form
    assert "Prepaid payment method" not in form
    ordino = text_of(desk.get(f"{LIST}add/?system=ordino"))
    assert "Channel id" not in ordino
    assert "OAuth URL" not in ordino


def test_a_connection_is_set_up_with_its_secret_sealed(desk: Client, venue: Venue) -> None:
    made = desk.post(ADD, answers(venue))
    row = Connection.objects.get()
    assert made.headers["Location"] == page_of(row)
    assert (row.system, row.account, row.venue) == ("onebox", "7", venue)
    assert row.credentials == {"client_secret": SECRET}
    assert SECRET not in row.sealed_credentials
    assert row.credentials_set_at is not None


def test_what_the_connector_finds_wrong_is_said_at_the_fields(desk: Client, venue: Venue) -> None:
    wrong = {"base_url": "http://api.onebox.example", "account": "x", "secret_client_secret": ""}
    page = desk.post(ADD, answers(venue, **wrong))
    assert page.context["adminform"].form.errors == {
        "base_url": ["It has to begin with https://."],
        "account": ["The channel id is a number."],
        "secret_client_secret": ["The client secret is missing."],
    }
    assert not Connection.objects.exists()


def test_what_nothing_works_without_is_asked_for(desk: Client, venue: Venue) -> None:
    page = desk.post(ADD, answers(venue, account="", buyer_email=""))
    needed = ["This field is required."]
    assert page.context["adminform"].form.errors == {"account": needed, "buyer_email": needed}
    assert "which would stop without it" in text_of(page)
    assert not Connection.objects.exists()


@pytest.mark.parametrize("system", ["ordino", "onebox", "openticket", "voordemensen"])
def test_only_where_repeating_decides_something_it_is_asked_about(
    desk: Client, db: None, system: str
) -> None:
    form = desk.get(f"{LIST}add/?system={system}").context["adminform"].form
    assert ("repeats_safely" in form.fields) == (system == "ordino")
    assert form.fields["buyer_email"].required
    if system != "ordino":
        assert form.fields["account"].required


def test_the_secret_of_voordemensen_says_what_it_may_be(desk: Client, db: None) -> None:
    form = text_of(desk.get(f"{LIST}add/?system=voordemensen"))
    assert "Back-office (Peppered) key, or the secret of a storefront of this product" in form


@pytest.mark.parametrize(
    "changed",
    [
        {"base_url": "https://other.example"},
        {"second_url": "https://oauth.example/oauth/token"},
        {"account": "8"},
        {"secret_client_secret": SECRET},
        {"buyer_email": "other@dunes.example"},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_what_a_test_has_found_does_not_outlive_what_was_tested(
    desk: Client, venue: Venue, changed: dict[str, str]
) -> None:
    row = connect(venue)
    desk.post(f"{LIST}{row.pk}/test/")
    desk.post(page_of(row), answers(venue, name="Renamed", secret_client_secret=""))
    row.refresh_from_db()
    assert row.checked_at is not None
    desk.post(page_of(row), answers(venue, **{"secret_client_secret": "", **changed}))
    row.refresh_from_db()
    assert (row.checked_at, row.check_message) == (None, "")
    assert "It has not been tested yet." in text_of(desk.get(page_of(row)))


def test_what_a_test_has_found_does_not_outlive_a_secret_or_a_payment_method(
    desk: Client, venue: Venue
) -> None:
    row = connect(venue, system="openticket", payment_method="1")
    row.set_credentials({"client_secret": "first-secret", "webhook_key": "hook"})
    row.save()
    desk.post(f"{LIST}{row.pk}/test/")
    desk.post(f"{LIST}{row.pk}/forget/webhook_key/", {})
    row.refresh_from_db()
    assert row.checked_at is None
    desk.post(f"{LIST}{row.pk}/test/")
    paying = {"payment_method": "2", "payment_minutes": "10", "secret_client_secret": ""}
    desk.post(page_of(row), answers(venue, **paying))
    row.refresh_from_db()
    assert (row.payment_method, row.checked_at) == ("2", None)


def test_a_connection_without_a_buyer_s_address_is_told_of_by_its_test(
    desk: Client, venue: Venue
) -> None:
    row = connect(venue, buyer_email="")
    (told,) = messages_of(desk.post(f"{LIST}{row.pk}/test/", follow=True))
    assert told == (
        "The test failed. It knows channel 7. But it has no buyer e-mail: orders whose partner told "
        "no e-mail address stop. Give one."
    )
    row.refresh_from_db()
    assert row.check_message.startswith("It knows channel 7. But it has no buyer e-mail")


def test_no_secret_is_rendered_again_nor_kept_in_the_audit_log(
    desk: Client, venue: Venue, caplog: pytest.LogCaptureFixture
) -> None:
    refused = desk.post(ADD, answers(venue, account="x", secret_webhook_key=SECRET))
    desk.post(ADD, answers(venue, secret_webhook_key=SECRET))
    row = Connection.objects.get()
    opened = desk.get(page_of(row))
    desk.post(page_of(row), answers(venue, name="Renamed", secret_client_secret=SECRET + "2"))
    history = desk.get(f"{LIST}{row.pk}/history/")
    for page in (refused, opened, history, desk.get(LIST)):
        assert SECRET not in page.content.decode()
        assert row.sealed_credentials not in page.content.decode()
    kept = repr(list(AuditEntry.objects.values()))
    assert "Client secret" in kept
    assert SECRET not in kept
    assert "gAAAA" not in kept
    assert SECRET not in caplog.text


def test_a_secret_left_empty_stays_and_a_new_one_forgets_the_tokens(
    desk: Client, venue: Venue
) -> None:
    row = connect(venue)
    row.set_tokens({"access_token": "t-1"})
    row.credentials_set_at = timezone.now()
    row.save()
    desk.post(page_of(row), answers(venue, name="Renamed", secret_client_secret=""))
    row.refresh_from_db()
    assert (row.name, row.credentials) == ("Renamed", {"client_secret": "first-secret"})
    assert row.tokens == {"access_token": "t-1"}
    told = text_of(desk.get(page_of(row)))
    assert "Set on" in told
    assert "Left empty, it stays." in told
    assert "Not set yet." in told
    desk.post(page_of(row), answers(venue, secret_webhook_key="hook"))
    row.refresh_from_db()
    assert row.credentials == {"client_secret": SECRET, "webhook_key": "hook"}
    assert row.tokens == {}


def test_another_address_forgets_the_tokens_and_what_jobs_wrote_meanwhile_stays(
    desk: Client, venue: Venue
) -> None:
    row = connect(venue)
    row.set_tokens({"access_token": "t-1"})
    row.save()
    desk.post(page_of(row), answers(venue, name="Renamed", secret_client_secret=""))
    row.refresh_from_db()
    assert row.tokens == {"access_token": "t-1"}
    moved = answers(venue, base_url="https://other.example", secret_client_secret="")
    desk.post(page_of(row), moved)
    row.refresh_from_db()
    assert (row.base_url, row.tokens) == ("https://other.example", {})


def test_a_refresh_token_that_is_good_once_outlives_other_secrets(
    desk: Client, venue: Venue
) -> None:
    row = connect(venue)
    row.set_tokens({"access_token": "t-1", "refresh_token": "r-2"})
    row.save()
    desk.post(page_of(row), answers(venue, secret_webhook_key="hook"))
    row.refresh_from_db()
    assert row.tokens == {"refresh_token": "r-2"}
    desk.post(f"{LIST}{row.pk}/forget/webhook_key/", {})
    row.refresh_from_db()
    assert row.tokens == {"refresh_token": "r-2"}


def test_a_new_refresh_token_takes_the_place_of_the_one_that_came_of_it(
    desk: Client, venue: Venue, fake: FakeConnector
) -> None:
    fake.optional_credentials = ("refresh_token",)
    row = connect(venue)
    row.set_tokens({"access_token": "t-1", "refresh_token": "r-2"})
    row.save()
    desk.post(page_of(row), answers(venue, secret_refresh_token="r-9"))
    row.refresh_from_db()
    assert (row.tokens, row.credentials["refresh_token"]) == ({}, "r-9")


def test_system_and_venue_stay_what_they_were(desk: Client, venue: Venue) -> None:
    row, other = connect(venue), VenueFactory.create()
    desk.post(page_of(row), answers(other, system="ordino", name="Renamed"))
    row.refresh_from_db()
    assert (row.system, row.venue, row.name) == ("onebox", venue, "Renamed")


def test_an_optional_secret_is_forgotten_and_a_needed_one_is_not(
    desk: Client, venue: Venue
) -> None:
    row = connect(venue)
    row.set_credentials({"client_secret": "first-secret", "webhook_key": "hook"})
    row.save()
    forget = f"{LIST}{row.pk}/forget/webhook_key/"
    assert forget in desk.get(page_of(row)).content.decode()
    assert "hook" not in text_of(desk.get(forget)).split()
    desk.post(forget, {"reason": "They call us no more"})
    row.refresh_from_db()
    assert row.credentials == {"client_secret": "first-secret"}
    assert desk.post(forget, {}).status_code == 404
    assert desk.post(f"{LIST}{row.pk}/forget/client_secret/", {}).status_code == 404
    told = AuditEntry.objects.latest("pk").reason
    assert told == "Key of its webhook forgotten. They call us no more"


def test_a_test_that_goes_well_is_kept(desk: Client, venue: Venue, fake: FakeConnector) -> None:
    row = connect(venue)
    assert "It has not been tested yet." in text_of(desk.get(page_of(row)))
    page = desk.post(f"{LIST}{row.pk}/test/", follow=True)
    assert messages_of(page) == ["The test went well. It knows channel 7."]
    row.refresh_from_db()
    assert (row.checked_at is not None, row.check_message) == (True, "")
    assert fake.seen == {"client_secret": "first-secret"}
    assert "it works." in text_of(page)


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (
            ConnectorError(Cause.CREDENTIALS, "401: invalid_grant.", permanent=True),
            "It refuses our credentials. 401: invalid_grant.",
        ),
        (
            OutcomeUnknown("No answer came."),
            "Whether it was done there is not known. No answer came.",
        ),
        (TryLater(3, "It answers 429."), "It is busy and asks us to wait. It answers 429."),
        (
            UnsupportedByPartner(Connection(system="onebox"), "be tested"),
            "Onebox has no way to be tested.",
        ),
        (
            Unsealable("No key opens it."),
            "The stored credentials cannot be opened any more: give them anew.",
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_test_that_fails_is_kept_with_its_cause(
    desk: Client, venue: Venue, fake: FakeConnector, fault: Exception, told: str
) -> None:
    fake.fault = fault
    row = connect(venue)
    page = desk.post(f"{LIST}{row.pk}/test/", follow=True)
    assert messages_of(page) == [f"The test failed. {told}"]
    row.refresh_from_db()
    assert row.check_message == told
    assert told in text_of(desk.get(page_of(row)))
    assert "Failed" in text_of(desk.get(LIST))


def test_a_connection_that_is_not_set_up_asks_nobody(
    desk: Client, venue: Venue, fake: FakeConnector
) -> None:
    row = connect(venue, account="")
    page = desk.post(f"{LIST}{row.pk}/test/", follow=True)
    told = "The connection is not set up. The channel id is a number."
    assert messages_of(page) == [f"The test failed. {told}"]
    assert fake.asked == 0


def test_secrets_that_no_key_opens_are_given_anew(
    desk: Client, venue: Venue, settings: Any
) -> None:
    row = connect(venue)
    row.sealed_credentials = "gAAAAA-of-another-installation"
    row.save()
    assert "Not set yet." in text_of(desk.get(page_of(row)))
    desk.post(page_of(row), answers(venue))
    row.refresh_from_db()
    assert row.credentials == {"client_secret": SECRET}


def test_who_may_only_look_or_test_gets_no_further(venue: Venue, fake: FakeConnector) -> None:
    row = connect(venue)
    looker = signed_in(person("looker", "catalog.view_connection"))
    page = looker.get(page_of(row))
    assert page.status_code == 200
    assert "Test connection" not in text_of(page)
    assert "secret_client_secret" not in page.content.decode()
    assert looker.post(f"{LIST}{row.pk}/test/").status_code == 403
    tester = signed_in(person("tester", "catalog.view_connection", "catalog.check_connection"))
    assert "Test connection" in text_of(tester.get(page_of(row)))
    assert tester.get(f"{LIST}{row.pk}/test/").status_code == 405
    assert tester.post(f"{LIST}{row.pk}/test/").status_code == 302
    assert tester.post(page_of(row), answers(venue)).status_code == 403
    assert fake.asked == 1


def test_there_is_one_way_to_save(desk: Client, venue: Venue) -> None:
    for page in (ADD, page_of(connect(venue))):
        html = desk.get(page).content.decode()
        assert 'name="_save"' in html
        assert 'name="_addanother"' not in html
        assert 'name="_continue"' not in html


def test_how_we_pay_there_is_for_those_who_may_change_it(desk: Client, venue: Venue) -> None:
    row = connect(venue, payment_method="pm-7c1e", system="openticket")
    looker = signed_in(person("looker", "catalog.view_connection"))
    page = looker.get(page_of(row))
    assert page.status_code == 200
    assert "pm-7c1e" not in page.content.decode()
    assert "pm-7c1e" in desk.get(page_of(row)).content.decode()
    desk.post(page_of(row), answers(venue, payment_method="pm-9f00", payment_minutes="15"))
    row.refresh_from_db()
    assert row.payment_method == "pm-9f00"
    (entry,) = AuditEntry.objects.filter(subject_id=str(row.pk))
    hidden = [one for one in entry.changes if one["field"] == "Prepaid payment method"]
    field = {"field": "Prepaid payment method", "before": "", "after": "", "hidden": True}
    assert hidden == [field]
    assert "pm-" not in repr(entry.changes)


def test_a_connection_says_when_several_of_its_orders_cannot_be_read(
    desk: Client, venue: Venue
) -> None:
    row = connect(venue)
    failed = {
        "read_cause": "system_away",
        "read_message": "It answered 503.",
        "read_failed_at": NOON,
        "status": "Made",
    }
    make_outside_order(row, **failed)
    assert "could not be read back" not in text_of(desk.get(page_of(row)))
    make_outside_order(row, **failed)
    make_outside_order(row, **{**failed, "status": "Ended"})
    text = text_of(desk.get(page_of(row)))
    assert "2 of its orders could not be read back." in text
    assert "It is away. It answered 503." in text
    looker = signed_in(person("looker", "catalog.view_connection"))
    assert "could not be read back" not in text_of(looker.get(page_of(row)))


def test_a_connection_is_not_deleted(desk: Client, venue: Venue) -> None:
    row = connect(venue)
    assert desk.post(f"{LIST}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    assert Connection.objects.filter(pk=row.pk).exists()
