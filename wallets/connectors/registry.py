"""Which connector speaks to which system: the one place that a new one is named in."""

from __future__ import annotations

from collections.abc import Mapping

from catalog.models import Connection
from wallets.connectors.base import Connector

CONNECTORS: Mapping[str, Connector] = {}


def connector_of(connection: Connection) -> Connector:
    """Return the connector that speaks to a connection's system."""
    return CONNECTORS[connection.system]
