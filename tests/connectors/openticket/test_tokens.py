"""Access tokens: renewed for a refresh token that is good once, whoever else renews it too."""

from __future__ import annotations

import datetime
import io
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connections

from catalog.models import Connection
from tests.connectors.openticket.cast import CONNECTOR, Run
from tests.fakes.faults import Fault
from tests.fakes.openticket_system import (
    CLIENT_SECRET,
    FIRST_REFRESH_TOKEN,
    FIRST_TOKEN,
    OpenTicketSystem,
)
from tests.orders.expected import NOON, Clock
from wallets.connectors.base import Cause, ConnectorError, TryLater
from wallets.connectors.openticket_tokens import read_api, tokens_url

PATH = "shop/5d0c0000-0000-4000-8000-000000000001/payment_methods"


def test_many_at_once_use_the_refresh_token_once(
    system: OpenTicketSystem, renewable: Connection, clock: Clock
) -> None:
    """C7"""
    ready, came = threading.Barrier(4), []

    def ask() -> None:
        try:
            mine = Connection.objects.get(pk=renewable.pk)
            ready.wait(10)
            came.append(ask_until_answered(mine))
        finally:
            connections.close_all()

    # Whoever has the lock keeps it until the others have tried to get it.
    system.faults.hooks["tokens", "received"] = lambda: waited(tried, 3)
    tried = threading.Semaphore(0)

    def ask_until_answered(mine: Connection) -> int:
        for _ in range(200):
            try:
                return read_api(mine, PATH, now=NOON).status_code
            except TryLater:
                tried.release()
        raise AssertionError("Nobody ever renewed the token.")

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert came == [200] * 4
    assert system.operations().count("tokens") == 1
    renewable.refresh_from_db()
    assert renewable.tokens == {"access_token": "access-1", "refresh_token": "refresh-1"}
    assert renewable.tokens_expire_at == NOON + datetime.timedelta(days=3)


def waited(tried: threading.Semaphore, times: int) -> None:
    for _ in range(times):
        tried.acquire(timeout=10)


def test_whoever_comes_after_a_renewal_finds_its_token(
    system: OpenTicketSystem, renewable: Connection
) -> None:
    """C7"""
    late = Connection.objects.get(pk=renewable.pk)
    read_api(renewable, PATH, now=NOON)
    read_api(late, PATH, now=NOON)
    assert system.operations().count("tokens") == 1


def test_the_next_renewal_uses_the_refresh_token_that_came_last(
    system: OpenTicketSystem, renewable: Connection
) -> None:
    """C7"""
    read_api(renewable, PATH, now=NOON)
    read_api(renewable, PATH, now=NOON + datetime.timedelta(days=2))
    assert system.operations().count("tokens") == 1
    read_api(renewable, PATH, now=NOON + datetime.timedelta(days=3))
    assert system.operations().count("tokens") == 2
    renewable.refresh_from_db()
    assert renewable.tokens == {"access_token": "access-2", "refresh_token": "refresh-2"}


def test_a_token_that_is_refused_in_the_middle_is_renewed(
    system: OpenTicketSystem, renewable: Connection, clock: Clock
) -> None:
    run = Run(system, renewable, clock)
    run.prepare()
    system.good_tokens = set()
    assert [one.number for one in run.step().tickets] == run.numbers()
    assert system.operations().count("tokens") == 2


def test_a_token_that_is_refused_and_cannot_be_renewed_is_named(run: Run) -> None:
    run.system.good_tokens = set()
    fault = run.fault()
    assert (fault.cause, fault.permanent) == (Cause.CREDENTIALS, True)
    assert run.system.operations() == ["data", "payment_methods"]


def test_a_given_token_is_used_until_it_is_refused(
    system: OpenTicketSystem, connect: Callable[..., Connection]
) -> None:
    both = connect(
        credentials={
            "access_token": FIRST_TOKEN,
            "refresh_token": FIRST_REFRESH_TOKEN,
            "client_id": "our-client",
            "client_secret": CLIENT_SECRET,
        }
    )
    read_api(both, PATH, now=NOON)
    assert "tokens" not in system.operations()
    system.good_tokens = set()
    read_api(both, PATH, now=NOON)
    read_api(both, PATH, now=NOON)
    assert system.operations().count("tokens") == 1


def test_a_refresh_token_that_was_used_already_is_named(
    system: OpenTicketSystem, renewable: Connection
) -> None:
    system.refresh_tokens.append("somebody else's")
    with pytest.raises(ConnectorError) as caught:
        read_api(renewable, PATH, now=NOON)
    assert (caught.value.cause, caught.value.permanent) == (Cause.CREDENTIALS, True)
    assert "Enter a new one." in caught.value.detail
    assert FIRST_REFRESH_TOKEN not in caught.value.detail


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        (Fault.TIMEOUT_BEFORE, Cause.TIMED_OUT),
        (Fault.ERROR_500_BEFORE, Cause.AWAY),
        (Fault.BUSY_429, Cause.BUSY),
        (Fault.HTML_200_BEFORE, Cause.UNREADABLE),
        (Fault.REDIRECT, Cause.REDIRECTED),
        (Fault.RESET, Cause.AWAY),
        (Fault.TOKEN_EXPIRED, Cause.CREDENTIALS),
        (Fault.NOT_SUCCESS, Cause.UNREADABLE),
    ],
)
def test_a_renewal_that_fails_is_named_and_may_be_tried_again(
    system: OpenTicketSystem, renewable: Connection, fault: Fault, cause: Cause
) -> None:
    system.faults.add("tokens", fault)
    with pytest.raises(ConnectorError) as caught:
        read_api(renewable, PATH, now=NOON)
    assert caught.value.cause == cause
    assert read_api(renewable, PATH, now=NOON).status_code == 200


@pytest.mark.parametrize("token", ["", "two words", "line\r\nfeed", "t" * 4001, "tök", 7, None])
def test_a_token_that_cannot_be_sent_is_not_kept(
    system: OpenTicketSystem,
    renewable: Connection,
    monkeypatch: pytest.MonkeyPatch,
    token: Any,
) -> None:
    monkeypatch.setattr(system, "_tokens", lambda *_: (200, {"access_token": token}))
    with pytest.raises(ConnectorError) as caught:
        read_api(renewable, PATH, now=NOON)
    assert caught.value.cause == Cause.UNREADABLE
    renewable.refresh_from_db()
    assert renewable.sealed_tokens == ""


@pytest.mark.derived
@pytest.mark.parametrize(
    ("seconds", "days"), [("soon", 3), (None, 3), (True, 3), (10**12, 365), (-5, 0)]
)
def test_a_token_lasts_three_days_where_that_is_not_told(
    system: OpenTicketSystem,
    renewable: Connection,
    monkeypatch: pytest.MonkeyPatch,
    seconds: Any,
    days: int,
) -> None:
    pair = {"access_token": FIRST_TOKEN, "expires_in": seconds}
    monkeypatch.setattr(system, "_tokens", lambda *_: (200, pair))
    read_api(renewable, PATH, now=NOON)
    renewable.refresh_from_db()
    assert renewable.tokens_expire_at == NOON + datetime.timedelta(days=days)


def test_a_pair_is_not_kept_for_credentials_that_were_changed_meanwhile(
    system: OpenTicketSystem, renewable: Connection
) -> None:
    def staff() -> None:
        changed = Connection.objects.get(pk=renewable.pk)
        changed.set_credentials({"access_token": "another"})
        changed.save()
        connections.close_all()

    system.faults.hooks["tokens", "worked"] = staff
    with pytest.raises(TryLater):
        read_api(renewable, PATH, now=NOON)
    renewable.refresh_from_db()
    assert (renewable.credentials, renewable.tokens) == ({"access_token": "another"}, {})


def test_a_pair_is_kept_though_another_secret_was_saved_meanwhile(
    system: OpenTicketSystem, renewable: Connection
) -> None:
    """C7: the refresh token is spent, and staff changed nothing that the pair was bought with."""

    def staff() -> None:
        changed = Connection.objects.get(pk=renewable.pk)
        changed.set_credentials({**changed.credentials, "webhook_identifier": "nonce"})
        changed.save()
        call_command("reseal", stdout=io.StringIO())
        connections.close_all()

    system.faults.hooks["tokens", "worked"] = staff
    assert read_api(renewable, PATH, now=NOON).status_code == 200
    for connection in (renewable, Connection.objects.get(pk=renewable.pk)):
        assert connection.tokens == {"access_token": "access-1", "refresh_token": "refresh-1"}
        assert connection.credentials["webhook_identifier"] == "nonce"


@pytest.mark.parametrize("name", ["refresh_token", "client_id", "client_secret"])
def test_a_pair_is_not_kept_where_one_thing_that_it_was_bought_with_was_changed(
    system: OpenTicketSystem, renewable: Connection, name: str
) -> None:
    def staff() -> None:
        changed = Connection.objects.get(pk=renewable.pk)
        changed.set_credentials({**changed.credentials, name: "another"})
        changed.save()
        connections.close_all()

    system.faults.hooks["tokens", "worked"] = staff
    with pytest.raises(TryLater):
        read_api(renewable, PATH, now=NOON)
    renewable.refresh_from_db()
    assert (renewable.credentials[name], renewable.tokens) == ("another", {})


def test_tokens_that_cannot_be_opened_any_more_are_bought_anew(
    system: OpenTicketSystem, renewable: Connection
) -> None:
    renewable.sealed_tokens = "gone"
    renewable.save()
    assert read_api(renewable, PATH, now=NOON).status_code == 200
    assert system.operations().count("tokens") == 1


@pytest.mark.derived
@pytest.mark.parametrize(
    ("second_url", "url"),
    [
        ("https://api.openticket.tech", "https://auth.openticket.tech/tokens"),
        ("https://api.openticket.tech/", "https://auth.openticket.tech/tokens"),
        ("https://park.example/openticket", "https://park.example/openticket/tokens"),
        ("https://api.openticket.tech.example/", "https://api.openticket.tech.example/tokens"),
    ],
)
def test_tokens_are_renewed_at_the_host_that_belongs_to_the_api(second_url: str, url: str) -> None:
    assert tokens_url(Connection(second_url=second_url)) == url


def test_a_test_of_a_connection_renews_its_token(renewable: Connection) -> None:
    assert "On account" in CONNECTOR.check(renewable)
