"""The secrets of a connection, opened: what cannot be opened or sent is a fault of its settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from catalog.models import Connection
from channel_manager.lib.sealing import Unsealable
from wallets.connectors.base import Cause, ConnectorError


def secret_of(connection: Connection, name: str) -> str:
    """Return a secret by its name, "" where there is none; raises ConnectorError, misconfigured."""
    try:
        return str(connection.credentials.get(name) or "")
    except Unsealable:
        raise misconfigured(
            "Its credentials cannot be opened with our keys any more: enter them again."
        ) from None


def header_secret_of(connection: Connection, name: str, what: str) -> str:
    """Return a secret that is sent in a header, as `secret_of`; also refuses what no header takes.

    what: how staff know it, such as "API key".
    """
    secret = secret_of(connection, name)
    if not all("!" <= character <= "~" for character in secret):
        raise misconfigured(f"The {what} has spaces or other characters that no key has.")
    return secret


def tokens_of(connection: Connection) -> Mapping[str, Any]:
    """Return what an OAuth server gave us last; nothing where it cannot be opened any more."""
    try:
        return connection.tokens
    except Unsealable:
        return {}


def misconfigured(detail: str) -> ConnectorError:
    """Return the fault of settings that a person has to mend."""
    return ConnectorError(Cause.MISCONFIGURED, detail, permanent=True)
