"""Trying a connection to Ordino: an order of nothing, of which nothing is made."""

from __future__ import annotations

from typing import Any

import pytest

from catalog.models import Connection
from tests.connectors.conftest import make_connection
from tests.fakes.faults import Fault
from tests.fakes.ordino_system import KEY, ORDER, OrdinoSystem
from wallets.connectors.base import Cause, ConnectorError
from wallets.connectors.ordino import OrdinoConnector

pytestmark = pytest.mark.django_db(transaction=True)
ordino = OrdinoConnector()


def fault_of_check(connection: Connection) -> ConnectorError:
    """Return what is wrong with a connection that must not work."""
    with pytest.raises(ConnectorError) as caught:
        ordino.check(connection)
    return caught.value


def test_a_good_key_is_told_by_what_is_missing_in_an_empty_order(
    park: OrdinoSystem, connection: Connection
) -> None:
    assert ordino.check(connection) == "It answers, and accepts the API key."
    (sent,) = park.received
    assert (sent.json, sent.headers["x-api-key"]) == ({}, KEY)
    assert (park.orders, park.entitlements) == ([], [])


def test_a_wrong_key_is_told_as_such(park: OrdinoSystem, connection: Connection) -> None:
    park.key = "another"
    fault = fault_of_check(connection)
    assert (fault.cause, fault.permanent) == (Cause.CREDENTIALS, True)
    assert KEY not in fault.detail


def test_a_connection_without_a_key_asks_nobody(park: OrdinoSystem) -> None:
    fault = fault_of_check(make_connection("ordino", park.url))
    assert (fault.cause, fault.detail) == (Cause.MISCONFIGURED, "The API key is missing.")
    assert park.received == []


@pytest.mark.parametrize(
    ("status", "document", "cause", "said"),
    [
        (404, {"error_code": "not_found"}, Cause.REFUSED, "Is the base URL the park's?"),
        (400, {"message": "No."}, Cause.REFUSED, "It answered 400."),
        (422, {"error_code": "validation_error"}, Cause.REFUSED, "It answered 422."),
        (200, {"success": True}, Cause.REFUSED, "is this the address of a park at Ordino?"),
    ],
)
def test_another_server_at_that_address_is_not_taken_for_a_park(
    park: OrdinoSystem,
    connection: Connection,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    document: Any,
    cause: Cause,
    said: str,
) -> None:
    monkeypatch.setattr(park, "handle", lambda *_: (status, document))
    fault = fault_of_check(connection)
    assert (fault.cause, fault.permanent) == (cause, True)
    assert said in fault.detail


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        (Fault.TIMEOUT_BEFORE, Cause.TIMED_OUT),
        (Fault.ERROR_500_BEFORE, Cause.AWAY),
        (Fault.BUSY_429, Cause.BUSY),
        (Fault.HTML_200, Cause.UNREADABLE),
        (Fault.REDIRECT, Cause.REDIRECTED),
    ],
)
def test_a_park_that_does_not_answer_well_is_told_by_how(
    park: OrdinoSystem, connection: Connection, fault: Fault, cause: Cause
) -> None:
    park.faults.add(ORDER, fault)
    assert fault_of_check(connection).cause == cause
    assert park.orders == []
