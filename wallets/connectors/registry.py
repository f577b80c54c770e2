"""Which connector speaks to which system: the one place that a new one is named in."""

from __future__ import annotations

from collections.abc import Collection

from catalog.models import Connection, System
from wallets.connectors.base import Connector
from wallets.connectors.onebox import OneboxConnector
from wallets.connectors.openticket import OpenTicketConnector
from wallets.connectors.ordino import OrdinoConnector
from wallets.connectors.voordemensen import VoordeMensenConnector

CONNECTORS: dict[str, Connector] = {
    System.ORDINO: OrdinoConnector(),
    System.ONEBOX: OneboxConnector(),
    System.OPENTICKET: OpenTicketConnector(),
    System.VOORDEMENSEN: VoordeMensenConnector(),
}


def connector_of(connection: Connection) -> Connector:
    """Return the connector that speaks to a connection's system."""
    return CONNECTORS[connection.system]


def actor_of(connection: Connection) -> str:
    """Return the name that an outside system has in the event log."""
    return f"connector:{connection.system}"


def name_systems(keys: Collection[str]) -> dict[str, str]:
    """Return the names of outside systems by their keys, as the event log shows them."""
    return {key: f"{label} (outside system)" for key, label in System.choices if key in keys}
