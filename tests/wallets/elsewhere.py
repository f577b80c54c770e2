"""A connector that speaks to nobody: it says what a test tells it to, and keeps what it was asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from catalog.models import Connection, System
from partners.models import Venue
from wallets.connectors.base import Capabilities, Catalogue, CatalogueEntry
from wallets.connectors.registry import CONNECTORS


class FakeConnector:
    """Stands in the registry for a system that has a catalogue."""

    credentials: Sequence[str] = ("client_secret",)
    optional_credentials: Sequence[str] = ("webhook_key",)

    def __init__(self, *, catalogue: bool = True) -> None:
        self.capabilities = Capabilities(
            hold=True,
            availability=True,
            cancel=True,
            refund=True,
            read_back=True,
            push=False,
            catalogue=catalogue,
        )
        self.sells: list[CatalogueEntry] = []
        self.is_cut = False
        self.fault: Exception | None = None
        self.asked = 0
        self.seen: Mapping[str, str] = {}

    def faults_of(self, connection: Connection) -> Mapping[str, str]:
        """Refuse an address without TLS, an account that is no number, and a missing secret."""
        faults = {}
        if not connection.base_url.startswith("https://"):
            faults["base_url"] = "It has to begin with https://."
        if not connection.account.isdecimal():
            faults["account"] = "The channel id is a number."
        if not connection.credentials.get("client_secret"):
            faults["credentials"] = "The client secret is missing."
        return faults

    def check(self, connection: Connection) -> str:
        """Say that it works, unless it is told to fail."""
        self._ask(connection)
        return "It knows channel 7."

    def list_catalogue(self, connection: Connection) -> Catalogue:
        """Return what it is told to sell."""
        self._ask(connection)
        return Catalogue(self.sells, is_cut=self.is_cut)

    def _ask(self, connection: Connection) -> None:
        self.asked += 1
        self.seen = connection.credentials
        if self.fault is not None:
            raise self.fault


def put_in(
    monkeypatch: pytest.MonkeyPatch, connector: FakeConnector, *systems: str
) -> FakeConnector:
    """Put a connector into the registry, for these systems."""
    for system in systems:
        monkeypatch.setitem(CONNECTORS, system, connector)  # type: ignore[arg-type]
    return connector


def connect(venue: Venue, *, system: str = System.ONEBOX, **settings: Any) -> Connection:
    """Make a connection of a venue that is set up."""
    row = Connection(
        **{
            "venue": venue,
            "system": system,
            "name": "Main channel",
            "base_url": "https://api.onebox.example",
            "account": "7",
            "buyer_email": "tickets@dunes.example",
            **settings,
        }
    )
    row.set_credentials({"client_secret": "first-secret"})
    row.save()
    return row
