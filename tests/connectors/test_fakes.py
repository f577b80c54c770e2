"""The faults that the fakes have in common, as the seam to the outside sees them."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from catalog.models import Connection
from tests.connectors.conftest import make_connection
from tests.fakes.faults import ELSEWHERE, Fault, FaultySystem, running
from wallets.connectors.base import Cause, ConnectorError
from wallets.connectors.exchange import Refused, Request, ask
from wallets.models import CallEffect

pytestmark = pytest.mark.django_db(transaction=True)


class Counter(FaultySystem):
    """Counts how often its work was done."""

    count = 0

    def operation_of(self, method: str, path: str) -> str:
        return path.strip("/")

    def handle(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: bytes,
    ) -> tuple[int, Any]:
        self.count += 1
        return 200, {"count": self.count}


@pytest.fixture
def counter() -> Iterator[Counter]:
    with running(Counter()) as system:
        yield system


@pytest.fixture
def connection(counter: Counter) -> Connection:
    return make_connection("ordino", counter.url)


def asking(connection: Connection, counter: Counter) -> Any:
    """Ask for some work and return the answer."""
    request = Request(method="POST", url=f"{counter.url}/work?at=noon", body=b'{"a":1}')
    return ask(connection, request).document


@pytest.mark.parametrize(
    ("fault", "cause", "effect", "done"),
    [
        (Fault.TIMEOUT_BEFORE, Cause.TIMED_OUT, CallEffect.UNKNOWN, 0),
        (Fault.TIMEOUT_AFTER, Cause.TIMED_OUT, CallEffect.UNKNOWN, 1),
        (Fault.ERROR_500_BEFORE, Cause.AWAY, CallEffect.UNKNOWN, 0),
        (Fault.ERROR_500_AFTER, Cause.AWAY, CallEffect.UNKNOWN, 1),
        (Fault.BUSY_429, Cause.BUSY, CallEffect.NONE, 0),
        (Fault.HTML_200, Cause.UNREADABLE, CallEffect.UNKNOWN, 1),
        (Fault.HTML_200_BEFORE, Cause.UNREADABLE, CallEffect.UNKNOWN, 0),
        (Fault.TRUNCATED, Cause.UNREADABLE, CallEffect.UNKNOWN, 1),
        (Fault.TOKEN_EXPIRED, Cause.CREDENTIALS, CallEffect.NONE, 0),
        (Fault.TOO_LARGE, Cause.TOO_LARGE, CallEffect.UNKNOWN, 1),
        (Fault.REDIRECT, Cause.REDIRECTED, CallEffect.UNKNOWN, 0),
        (Fault.RESET, Cause.AWAY, CallEffect.UNKNOWN, 0),
        (Fault.RESET_AFTER, Cause.AWAY, CallEffect.UNKNOWN, 1),
    ],
)
def test_a_fault_is_what_it_says_once(
    counter: Counter, connection: Connection, fault: Fault, cause: Cause, effect: str, done: int
) -> None:
    counter.faults.add("work", fault)
    with pytest.raises(ConnectorError) as caught:
        asking(connection, counter)
    assert (caught.value.cause, caught.value.effect, counter.count) == (cause, effect, done)
    assert asking(connection, counter) == {"count": done + 1}
    assert ELSEWHERE.strip("/") not in counter.operations()


def test_success_false_comes_with_200_and_nothing_is_done(
    counter: Counter, connection: Connection
) -> None:
    counter.faults.add("work", Fault.NOT_SUCCESS, times=2)
    assert asking(connection, counter) == asking(connection, counter) == {"success": False}
    assert asking(connection, counter) == {"count": 1}


def test_busy_says_for_how_long(counter: Counter, connection: Connection) -> None:
    counter.faults.add("work", Fault.BUSY_429)
    with pytest.raises(Refused) as caught:
        asking(connection, counter)
    assert caught.value.wait == 3


def test_requests_and_moments_are_kept(counter: Counter, connection: Connection) -> None:
    moments = []
    for moment in ("received", "worked", "answered"):
        counter.faults.hooks["work", moment] = lambda at=moment: moments.append((at, counter.count))
    asking(connection, counter)
    (received,) = counter.asked("work")
    assert (received.method, received.path, received.query, received.json) == (
        "POST",
        "/work",
        {"at": "noon"},
        {"a": 1},
    )
    assert received.headers["accept"] == "application/json"
    assert moments[:2] == [("received", 0), ("worked", 1)]


def test_a_certificate_that_nobody_vouches_for_is_refused() -> None:
    with running(Counter(), certificate=True) as system:
        connection = make_connection("ordino", system.url)
        with pytest.raises(ConnectorError) as caught:
            asking(connection, system)
    assert (caught.value.cause, caught.value.effect) == (Cause.CERTIFICATE, CallEffect.NONE)
    assert (caught.value.permanent, system.received) == (True, [])


def test_no_thread_is_left_behind() -> None:
    before = set(threading.enumerate())
    with running(Counter()) as system:
        connection = make_connection("ordino", system.url)
        system.faults.add("work", Fault.TIMEOUT_AFTER)
        with pytest.raises(ConnectorError):
            asking(connection, system)
    # The timer of the seam to the outside is called off, and ends when it comes to it.
    left = set(threading.enumerate()) - before
    assert [thread for thread in left if not isinstance(thread, threading.Timer)] == []
