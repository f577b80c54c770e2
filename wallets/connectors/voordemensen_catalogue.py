"""What VoordeMensen sells: sub-events and their ticket types, and which of them are on sale."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from wallets.connectors.base import (
    Catalogue,
    CatalogueEntry,
    Cause,
    ConnectorError,
    PlacesThere,
)
from wallets.connectors.exchange import Refused, seconds_left, text_of
from wallets.connectors.voordemensen_reading import amount_of, id_of, list_of, moment_of

# Each is a call of its own; the next ones come first.
MOST_SUB_EVENTS = 400
# So much of the time for all is kept for whoever waits.
_SPARE_SECONDS = 1.0
_LONGEST_LABEL = 200

# Asks for what is below a client's address; returns its JSON.
_Ask = Callable[[str], Any]


def list_entries(ask: _Ask) -> Catalogue:
    """Return the ticket types of the next sub-events, as many as there is time for.

    Those that are gone meanwhile are left out.
    """
    coming = _sub_events(ask("events/upcoming"))
    entries = Catalogue(is_cut=len(coming) > MOST_SUB_EVENTS)
    for sub_event in coming[:MOST_SUB_EVENTS]:
        if entries and seconds_left() <= _SPARE_SECONDS:
            entries.is_cut = True
            break
        event_id = id_of(sub_event, "event_id")
        name = text_of(sub_event, "event_name", longest=_LONGEST_LABEL)
        starts_at = moment_of(sub_event.get("event_date"), sub_event.get("event_time"))
        try:
            ticket_types = _ticket_types(ask, event_id)
        except ConnectorError as error:
            if not entries or error.cause != Cause.TIMED_OUT or seconds_left() > _SPARE_SECONDS:
                raise
            entries.is_cut = True
            break
        for ticket_type in ticket_types:
            kind = text_of(ticket_type, "discount_name", longest=_LONGEST_LABEL)
            entries.append(
                CatalogueEntry(
                    outside_session=event_id,
                    outside_item=id_of(ticket_type, "discount_id"),
                    label=" – ".join(filter(None, (name, kind)))[:_LONGEST_LABEL],
                    starts_at=starts_at,
                    price=amount_of(ticket_type.get("discounted_price")),
                )
            )
    return entries


def list_places(ask: _Ask, *, outside_session: str, known: Sequence[str]) -> list[PlacesThere]:
    """Return what is on sale of a sub-event: places are not counted; what vanished has none (C8)."""
    listed = [id_of(one, "discount_id") for one in _ticket_types(ask, outside_session)]
    places = [(item, None) for item in listed]
    gone = [(item, 0) for item in known if item not in listed]
    return [
        PlacesThere(outside_session=outside_session, outside_item=item, left=left)
        for item, left in [*places, *gone]
    ]


def _sub_events(document: Any) -> list[Mapping[str, Any]]:
    """Return the sub-events that are published, the next first; those without a date come last."""
    found = []
    for main in list_of(document, "programme"):
        subs = main.get("sub_events")
        found += [one for one in subs if isinstance(one, dict)] if isinstance(subs, list) else []
    published = [
        one for one in found if id_of(one, "event_id") and one.get("event_status", "pub") == "pub"
    ]
    return sorted(published, key=_when)


def _when(sub_event: Mapping[str, Any]) -> str:
    moment = moment_of(sub_event.get("event_date"), sub_event.get("event_time"))
    return moment.isoformat() if moment else "~"


def _ticket_types(ask: _Ask, event_id: str) -> list[Mapping[str, Any]]:
    """Return the ticket types of a sub-event; none of one that is gone."""
    if not event_id.isdigit():
        return []
    try:
        document = ask(f"tickettypes/{event_id}")
    except Refused as refused:
        if refused.status_code == 404:
            return []
        raise
    return [one for one in list_of(document, "list of ticket types") if id_of(one, "discount_id")]
