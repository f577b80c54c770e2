"""What outside systems push to us: verified, kept once, and a reason to ask them ourselves."""

from __future__ import annotations

import datetime
import hashlib
import uuid
from collections.abc import Mapping

from django.db import transaction
from django.db.models import Q

from catalog.models import Connection
from channel_manager.lib.errors import Fault, InvalidRequest, NotFound
from channel_manager.lib.sealing import Unsealable
from orders.outside import reading_back
from orders.queueing import enqueue_reading
from partners.authentication import Unauthenticated
from wallets.connectors.base import (
    BadSignature,
    ConnectorError,
    PushedNotice,
    UnsupportedByPartner,
)
from wallets.connectors.registry import CONNECTORS
from wallets.models import OutsideNotice, OutsideOrder, OutsideOrderStatus

_KEPT = datetime.timedelta(days=31)
_LONGEST_KEY = 120
_LONGEST_EVENT = 60
LONGEST_REFERENCE = 100
# Orders of a connection that have no reference of theirs yet; more are never under way at once.
_MOST_UNDER_WAY = 500


def take(
    *, connection_id: uuid.UUID, headers: Mapping[str, str], body: bytes, now: datetime.datetime
) -> bool:
    """Keep a notice and have its order read back; False when it was kept before.

    headers: by lower-case name. Raises NotFound for an unknown connection and for a system that
    pushes nothing, Unauthenticated without proof of where it comes from, InvalidRequest.
    """
    connection = find(connection_id)
    pushed = _read(connection, headers, body)
    key = pushed.dedupe_key
    if not key or len(key) > _LONGEST_KEY or not _is_storable(key):
        key = hashlib.sha256(key.encode("utf-8", "replace") or body).hexdigest()
    reference = pushed.outside_reference
    if not is_reference(reference):
        reference = ""
    with transaction.atomic():
        _notice, is_new = OutsideNotice.objects.get_or_create(
            connection=connection,
            dedupe_key=key,
            defaults={
                "event": pushed.event[:_LONGEST_EVENT] if _is_storable(pushed.event) else "",
                "outside_reference": reference,
                "received_at": now,
            },
        )
        if is_new:
            for row in _named(connection, reference):
                enqueue_reading(row.pk, since=now)
    return is_new


def come_back(*, connection: Connection, reference: str) -> None:
    """Have the order that a browser was sent back for read as soon as its system allows it.

    The browser's word decides nothing; one that names no order of the connection has no effect.
    """
    for row in _named(connection, reference):
        reading_back.hasten(row)


def find(connection_id: uuid.UUID) -> Connection:
    """Return a connection with its venue; raises NotFound."""
    connections = Connection.objects.select_related("venue")
    found = connections.filter(pk=connection_id).first()
    if found is None:
        raise NotFound("There is no such connection.")
    return found


def is_reference(text: str) -> bool:
    """Tell whether a text could be what a system calls an order."""
    return 0 < len(text) <= LONGEST_REFERENCE and _is_storable(text)


def prune(*, now: datetime.datetime) -> None:
    """Forget notices that came a month ago; none is repeated after so long."""
    OutsideNotice.objects.filter(received_at__lt=now - _KEPT).delete()


def _read(connection: Connection, headers: Mapping[str, str], body: bytes) -> PushedNotice:
    connector = CONNECTORS.get(connection.system)
    try:
        if connector is None or not connector.capabilities.push:
            raise UnsupportedByPartner(connection, "push what changed")
        return connector.read_push(connection, headers, body)
    except UnsupportedByPartner as refusal:
        raise NotFound(str(refusal)) from refusal
    except (BadSignature, Unsealable) as refusal:
        # Without our secret nothing can be verified.
        raise Unauthenticated("The notice does not prove where it comes from.") from refusal
    except (ConnectorError, RecursionError) as error:
        fault = Fault("", "unreadable", "The notice could not be read.")
        raise InvalidRequest([fault]) from error


def _named(connection: Connection, reference: str) -> list[OutsideOrder]:
    """Return the orders of a connection that a reference of theirs stands for."""
    if not reference:
        return []
    rows = OutsideOrder.objects.filter(connection=connection).select_related("connection")
    by_ticket = Q(tickets__number=reference)
    found = list(rows.filter(Q(outside_reference=reference) | by_ticket).distinct()[:2])
    if found:
        return found
    in_doubt = rows.filter(status=OutsideOrderStatus.UNKNOWN)
    return [row for row in in_doubt[:_MOST_UNDER_WAY] if reference in row.progress.values()]


def _is_storable(text: str) -> bool:
    """Tell whether a database takes a text: no NUL, no half of a pair."""
    return text.isprintable()
