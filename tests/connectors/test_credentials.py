"""Secrets that no key of ours opens, or that cannot be sent: faults of settings, at every system."""

from __future__ import annotations

import pytest

from tests.connectors.conftest import make_connection
from wallets.connectors.base import BadSignature, Cause, ConnectorError
from wallets.connectors.credentials import header_secret_of, secret_of
from wallets.connectors.registry import CONNECTORS

pytestmark = pytest.mark.django_db
LOST = "Its credentials cannot be opened with our keys any more: enter them again."


@pytest.mark.parametrize("system", ["ordino", "onebox", "openticket", "voordemensen"])
def test_credentials_that_cannot_be_opened_are_named_and_nobody_is_asked(system: str) -> None:
    connection = make_connection(system, "https://park.example")
    connection.sealed_credentials = "of another installation"
    assert CONNECTORS[system].faults_of(connection)["credentials"] == LOST
    with pytest.raises(ConnectorError) as caught:
        secret_of(connection, "api_key")
    assert (caught.value.cause, caught.value.permanent) == (Cause.MISCONFIGURED, True)


@pytest.mark.parametrize("system", ["onebox", "openticket"])
def test_a_push_to_a_connection_that_cannot_be_opened_proves_nothing(system: str) -> None:
    connection = make_connection(system, "https://park.example")
    connection.sealed_credentials = "of another installation"
    with pytest.raises(BadSignature):
        CONNECTORS[system].read_push(connection, {"openticket-identifier": "nonce"}, b"{}")


@pytest.mark.parametrize(
    ("system", "name"),
    [
        ("ordino", "api_key"),
        ("openticket", "access_token"),
        ("voordemensen", "peppered_key"),
    ],
)
@pytest.mark.parametrize("secret", ["two words", "line\r\nfeed", "clé", "\x00"])
def test_what_no_header_takes_is_named(system: str, name: str, secret: str) -> None:
    connection = make_connection(system, "https://park.example", credentials={name: secret})
    told = CONNECTORS[system].faults_of(connection)["credentials"]
    assert told.endswith("has spaces or other characters that no key has.")
    assert secret not in told


def test_a_secret_that_is_not_there_is_empty() -> None:
    connection = make_connection("ordino", "https://park.example", credentials={"api_key": "K"})
    assert secret_of(connection, "another") == ""
    assert header_secret_of(connection, "api_key", "API key") == "K"
