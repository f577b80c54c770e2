"""Which connector speaks to which system: the one place that a new one is named in."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from catalog.models import Connection, System
from wallets.connectors.base import Connector

CONNECTORS: Mapping[str, Connector] = {}


def connector_of(connection: Connection) -> Connector:
    """Return the connector that speaks to a connection's system."""
    return CONNECTORS[connection.system]


def actor_of(connection: Connection) -> str:
    """Return the name that an outside system has in the event log."""
    return f"connector:{connection.system}"


def name_systems(keys: Collection[str]) -> dict[str, str]:
    """Return the names of outside systems by their keys, as the event log shows them."""
    return {key: f"{label} (outside system)" for key, label in System.choices if key in keys}
