"""Tokens of a channel, and the settings that lead to them."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pytest

from catalog.models import Connection
from tests.connectors.onebox.conftest import CREDENTIALS, Story
from tests.fakes.faults import Fault
from tests.fakes.onebox_system import CLIENT_SECRET, OneboxSystem
from wallets.connectors.base import Cause, ConnectorError
from wallets.connectors.onebox import OneboxConnector
from wallets.models import CallEffect, ConnectorCall, ConnectorOutcome, OutsideOrder

pytestmark = pytest.mark.django_db(transaction=True)
Connect = Callable[..., Connection]
HOUR = 3600


def bearers(onebox: OneboxSystem) -> list[str]:
    """Return the tokens of all requests that had one, each once, in their order."""
    sent = [one.headers["authorization"] for one in onebox.received if one.operation != "token"]
    return list(dict.fromkeys(sent))


def test_a_token_is_asked_for_once_and_kept(story: Story, onebox: OneboxSystem) -> None:
    """C1: it is cached, sealed, for whichever worker comes next."""
    story.run()
    other = Connection.objects.get(pk=story.connection.pk)
    story.connector.ask_places(other, "90210")
    assert len(onebox.asked("token")) == len(bearers(onebox)) == 1
    (token,) = onebox.tokens
    assert token not in other.sealed_tokens
    assert other.tokens == {"access_token": token}
    assert other.tokens_expire_at == story.clock() + datetime.timedelta(seconds=43199)


def test_a_token_is_renewed_before_it_ends(story: Story, onebox: OneboxSystem) -> None:
    """C1: some minutes before its 12 h are over."""
    story.connector.ask_places(story.connection, "90210")
    story.clock.forward(seconds=12 * HOUR - 11 * 60)
    story.connector.ask_places(story.connection, "90210")
    assert len(onebox.asked("token")) == 1
    story.clock.forward(seconds=60)
    story.connector.ask_places(story.connection, "90210")
    assert len(onebox.asked("token")) == 2


@pytest.mark.parametrize(
    "operation", ["orders", "seats-auto", "buyer-data", "pre-confirm", "confirm", "details"]
)
def test_a_token_that_ends_in_the_middle_is_renewed(
    story: Story, onebox: OneboxSystem, operation: str
) -> None:
    """C1: one forced renewal on 401, and the same call again."""
    onebox.faults.add(operation, Fault.TOKEN_EXPIRED)
    assert story.run().exists is True
    assert (len(onebox.asked("token")), len(bearers(onebox))) == (2, 2)
    assert (len(onebox.confirmed), len(onebox.orders)) == (1, 1)


def test_a_token_that_ends_while_a_confirm_is_in_doubt_is_renewed(
    story: Story, onebox: OneboxSystem
) -> None:
    """C1 with C6: the repetition is refused for its token, and is repeated all the same."""
    onebox.faults.add("confirm", Fault.RESET_AFTER)
    onebox.faults.add("confirm", Fault.TOKEN_EXPIRED)
    assert story.run().exists is True
    assert (len(onebox.asked("confirm")), len(onebox.confirmed)) == (3, 1)


@pytest.mark.parametrize("operation", ["orders", "seats-auto", "pre-confirm", "confirm"])
def test_a_new_token_that_is_refused_too_is_the_end(
    story: Story, onebox: OneboxSystem, operation: str
) -> None:
    """C1: then it gives up, with the cause for staff, and nothing is made."""
    onebox.faults.add(operation, Fault.TOKEN_EXPIRED, times=9)
    fault = story.fault()
    assert (fault.cause, fault.permanent) == (Cause.CREDENTIALS, True)
    assert (len(onebox.asked(operation)), len(onebox.asked("token"))) == (2, 2)
    assert onebox.confirmed == []
    assert story.desk.may_exist is False


def test_a_token_of_the_wrong_environment_is_known_by_its_code(
    story: Story, onebox: OneboxSystem
) -> None:
    """C1: AUTH001 says the same with another status."""
    told = (400, {"code": "AUTH001", "message": "Invalid JWT signature"})
    onebox.token_expired = lambda _: told  # type: ignore[method-assign]
    onebox.faults.add("orders", Fault.TOKEN_EXPIRED, times=2)
    assert story.fault().cause == Cause.CREDENTIALS
    assert len(onebox.asked("token")) == 2
    assert story.run().exists is True


def test_two_workers_that_renew_at_once_do_no_harm(story: Story, onebox: OneboxSystem) -> None:
    """C1: each has a good token, whichever is kept."""
    one, other = (Connection.objects.get(pk=story.connection.pk) for _ in range(2))
    for connection in (one, other, one, other):
        story.connector.ask_places(connection, "90210")
    assert len(onebox.asked("token")) == len(onebox.tokens) == 2
    kept = Connection.objects.get(pk=story.connection.pk).tokens["access_token"]
    assert kept in onebox.tokens


def test_a_token_of_old_credentials_is_not_kept_for_new_ones(
    story: Story, onebox: OneboxSystem
) -> None:
    stale = Connection.objects.get(pk=story.connection.pk)
    changed = Connection.objects.get(pk=story.connection.pk)
    changed.set_credentials({"client_secret": "new"})
    changed.save()
    story.connector.ask_places(stale, "90210")
    assert Connection.objects.get(pk=story.connection.pk).tokens == {}


def test_a_secret_that_is_wrong_is_named(connect: Connect, onebox: OneboxSystem) -> None:
    connection = connect(onebox.url, credentials={"client_secret": "wrong"})
    with pytest.raises(ConnectorError) as caught:
        OneboxConnector().check(connection)
    assert (caught.value.cause, caught.value.permanent) == (Cause.CREDENTIALS, True)
    assert caught.value.detail == (
        "Its OAuth server answered 400 (invalid_grant): are channel and secret right?"
    )


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        ({"error": "invalid_grant"}, Cause.UNREADABLE),
        ({"access_token": "two words"}, Cause.UNREADABLE),
        ({"access_token": "a\r\nX-Evil: 1"}, Cause.UNREADABLE),
        ({"access_token": 5}, Cause.UNREADABLE),
        ({"access_token": "abc", "expires_in": "soon"}, Cause.UNREADABLE),
        ({"access_token": "abc", "expires_in": -1}, Cause.UNREADABLE),
        ({"access_token": "abc", "expires_in": True}, Cause.UNREADABLE),
        (["abc"], Cause.UNREADABLE),
    ],
)
def test_an_answer_that_is_no_token_is_named(
    story: Story, onebox: OneboxSystem, answer: Any, cause: Cause
) -> None:
    onebox.altered["token"] = lambda _: answer
    fault = story.fault()
    assert (fault.cause, fault.permanent, fault.effect) == (cause, False, CallEffect.NONE)
    assert onebox.orders == {}


def test_a_token_never_counts_for_longer_than_12_hours(story: Story, onebox: OneboxSystem) -> None:
    onebox.expires_in = 10**40
    story.connector.ask_places(story.connection, "90210")
    story.connection.refresh_from_db()
    assert story.connection.tokens_expire_at == story.clock() + datetime.timedelta(hours=12)


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        (Fault.TIMEOUT_AFTER, Cause.TIMED_OUT),
        (Fault.ERROR_500_BEFORE, Cause.AWAY),
        (Fault.BUSY_429, Cause.BUSY),
        (Fault.HTML_200, Cause.UNREADABLE),
        (Fault.TRUNCATED, Cause.UNREADABLE),
        (Fault.NOT_SUCCESS, Cause.UNREADABLE),
        (Fault.TOO_LARGE, Cause.TOO_LARGE),
        (Fault.REDIRECT, Cause.REDIRECTED),
        (Fault.RESET, Cause.AWAY),
    ],
)
def test_an_oauth_server_in_trouble_leaves_nothing_in_doubt(
    story: Story, onebox: OneboxSystem, fault: Fault, cause: Cause
) -> None:
    onebox.faults.add("token", fault)
    found = story.fault()
    assert (found.cause, found.effect) == (cause, CallEffect.NONE)
    assert ConnectorCall.objects.count() == 0
    assert story.run().exists is True


def test_secrets_stay_out_of_what_is_written_down(story: Story, onebox: OneboxSystem) -> None:
    onebox.faults.add("orders", Fault.TOKEN_EXPIRED)
    story.run()
    rows = [
        *OutsideOrder.objects.values(),
        *ConnectorCall.objects.values(),
        *ConnectorOutcome.objects.values(),
    ]
    assert [one for one in (CLIENT_SECRET, *onebox.tokens) if one in str(rows)] == []
    assert [one.path for one in onebox.received if CLIENT_SECRET in one.path or one.query] == []


@pytest.mark.parametrize(
    ("columns", "faulty"),
    [
        ({}, []),
        ({"base_url": "https://api.oneboxtds.com"}, []),
        (
            {
                "base_url": "https://api.oneboxtds.net",
                "second_url": "https://oauth2-pre.oneboxtickets.net/oauth/token",
            },
            [],
        ),
        (
            {
                "base_url": "https://api.oneboxtds.com",
                "second_url": "https://api.oneboxtds.net/oauth/token",
            },
            ["second_url"],
        ),
        (
            {
                "base_url": "https://API.oneboxtds.NET",
                "second_url": "https://oauth2.oneboxtds.com/oauth/token",
            },
            ["second_url"],
        ),
        ({"base_url": "http://api.oneboxtds.com"}, ["base_url"]),
        ({"second_url": "https://u:p@api.oneboxtds.com"}, ["second_url"]),
        ({"account": ""}, ["account"]),
        ({"account": "channel"}, ["account"]),
        ({"account": "0"}, ["account"]),
        ({"credentials": {}}, ["credentials"]),
        ({"credentials": {**CREDENTIALS, "webhook_key": "k"}}, ["credentials"]),
        ({"credentials": {**CREDENTIALS, "webhook_key": "k", "webhook_hook_id": "h"}}, []),
        (
            {"base_url": "", "account": "x", "credentials": {}},
            ["base_url", "account", "credentials"],
        ),
    ],
)
def test_settings_that_cannot_work_are_named(
    connect: Connect, columns: dict[str, Any], faulty: list[str]
) -> None:
    """C2: a .net OAuth with a .com API is refused, and the other way round."""
    connection = connect(**{"base_url": "https://api.oneboxtds.com", **columns})
    assert list(OneboxConnector().faults_of(connection)) == faulty


def test_a_secret_that_cannot_be_opened_is_named(connect: Connect, onebox: OneboxSystem) -> None:
    connection = connect(onebox.url)
    connection.sealed_credentials = "gone"
    assert list(OneboxConnector().faults_of(connection)) == ["credentials"]
    with pytest.raises(ConnectorError) as caught:
        OneboxConnector().check(connection)
    assert (caught.value.cause, onebox.received) == (Cause.MISCONFIGURED, [])


def test_a_check_changes_nothing_and_says_what_it_found(
    connection: Connection, onebox: OneboxSystem
) -> None:
    said = OneboxConnector().check(connection)
    assert said == "The channel is let in; it lists 2 sessions."
    assert (onebox.operations(), onebox.orders) == (["token", "sessions"], {})
