"""What a shop knows our things by: a GUID each, its own, and two more for every reservation."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping

from channel_manager.lib.strict_fields import is_uuid
from partners import outward, storefronts
from partners.models import Storefront

EVENT = "event"
EVENT_DATE = "event_date"
TICKET = "ticket"
PAYMENT_METHOD = storefronts.PAYMENT_METHOD
RETURN_PAGE = "return_page"


def event_date_key(package_id: uuid.UUID, session_id: uuid.UUID | None) -> str:
    """Return what the GUID of an event date is kept under: each open-dated package has its own."""
    return str(session_id or package_id)


def ticket_key(package_id: uuid.UUID, session_id: uuid.UUID | None) -> str:
    """Return what the GUID of a ticket is kept under: a package, for one session or for any day."""
    return f"{package_id}/{session_id or ''}"


def ticket_of(key: str) -> tuple[uuid.UUID, uuid.UUID | None]:
    """Return the package and the session that a ticket's key stands for."""
    package_id, _, session_id = key.partition("/")
    return uuid.UUID(package_id), uuid.UUID(session_id) if session_id else None


def children_of(reservation: uuid.UUID) -> tuple[str, str]:
    """Return the GUIDs of a reservation's two children: the ticket's and the event date's."""
    return str(uuid.uuid5(reservation, TICKET)), str(uuid.uuid5(reservation, EVENT_DATE))


def guids_of(storefront: Storefront, kind: str, keys: Collection[str]) -> Mapping[str, str]:
    """Return the GUID of each key, made where there is none yet."""
    return outward.values_of(storefront, kind, keys, shape=outward.guid)


def key_of(storefront: Storefront, kind: str, guid: str) -> str | None:
    """Return what a GUID, in any case, means to this shop; None where it means nothing."""
    return outward.key_of(storefront, kind, guid.lower()) if is_uuid(guid) else None
