"""Testing a connection: a harmless call whose every end is a sentence."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Mapping

from django.db import transaction

from catalog.models import Connection
from channel_manager.lib.sealing import Unsealable
from wallets.admin.connections.words import name_cause, tell
from wallets.connectors.base import Cause, Connector, ConnectorError, TryLater, UnsupportedByPartner
from wallets.connectors.registry import connector_of

_LONGEST_MESSAGE = 300
_NO_BUYER = (
    "But it has no buyer e-mail: orders whose partner told no e-mail address stop. Give one."
)


@dataclasses.dataclass(frozen=True)
class Checked:
    """What a test has found, in a sentence."""

    is_well: bool
    told: str


def check(connection: Connection, *, now: datetime.datetime) -> Checked:
    """Test a connection and keep what was found; asks the other side, so in no transaction."""
    found = _ask(connector_of(connection), connection)
    with transaction.atomic():
        Connection.objects.filter(pk=connection.pk).update(
            checked_at=now, check_message="" if found.is_well else found.told
        )
    return found


def explain(error: Exception) -> str:
    """Return what an outside system or our way to it did wrong, in a sentence.

    Of anything but the faults that connectors have, only that it happened.
    """
    match error:
        case ConnectorError():
            return tell(error.cause, error.detail)[:_LONGEST_MESSAGE]
        case TryLater():
            return tell(Cause.BUSY, str(error))[:_LONGEST_MESSAGE]
        case UnsupportedByPartner():
            return str(error)[:_LONGEST_MESSAGE]
        case Unsealable():
            return "The stored credentials cannot be opened any more: give them anew."
    raise error


EXPLAINED = (ConnectorError, TryLater, UnsupportedByPartner, Unsealable)


def _ask(connector: Connector, connection: Connection) -> Checked:
    try:
        if faults := connector.faults_of(connection):
            return Checked(False, f"{name_cause(Cause.MISCONFIGURED)}. {_listed(faults)}")
        told = connector.check(connection)
        if not connection.buyer_email:
            told = f"{told[: _LONGEST_MESSAGE - len(_NO_BUYER) - 1]} {_NO_BUYER}"
        return Checked(bool(connection.buyer_email), told[:_LONGEST_MESSAGE])
    except EXPLAINED as error:
        return Checked(False, explain(error))


def _listed(faults: Mapping[str, str]) -> str:
    return " ".join(faults.values())[: _LONGEST_MESSAGE - 60]
