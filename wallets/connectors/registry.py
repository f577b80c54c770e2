"""Which connector speaks to which system: the one place that a new one is named in."""

from __future__ import annotations

from collections.abc import Mapping

from catalog.models import Connection, System
from wallets.connectors.base import Connector
from wallets.connectors.ordino import OrdinoConnector

CONNECTORS: Mapping[str, Connector] = {
    System.ORDINO: OrdinoConnector(),
}


def connector_of(connection: Connection) -> Connector:
    """Return the connector that speaks to a connection's system."""
    return CONNECTORS[connection.system]
