"""Holds as they are answered: of the show at 14:00, made at NOON."""

from __future__ import annotations

import datetime
from typing import Any

from channel_manager.history.models import Event
from orders.models import Hold
from tests.conftest import ApiClient
from tests.orders.expected import NOON, UUID, VISIT, assert_problem, moment, stored
from tests.orders.sessions import counters

HOLDS = "/channelManager/holds"


def held(*items: Any, **members: Any) -> dict[str, Any]:
    """Return a whole hold as it is answered: of our partner's, made at NOON."""
    return {
        "holdId": UUID,
        "status": "Held",
        "partnerId": UUID,
        "createdAt": moment(NOON),
        "expiresAt": moment(NOON + datetime.timedelta(minutes=8)),
        "endedAt": None,
        "items": list(items),
        **members,
    }


def held_line(*places: Any, **members: Any) -> dict[str, Any]:
    """Return a line of a hold."""
    return {
        "itemNumber": "SHOW",
        "quantity": 1,
        "visitDate": VISIT,
        "visitTime": "14:00:00",
        "places": list(places),
        **members,
    }


def held_places(**members: Any) -> dict[str, Any]:
    """Return the places of one session."""
    return {
        "itemNumber": "SHOW-ENTRY",
        "visitDate": VISIT,
        "visitTime": "14:00:00",
        "startsAt": f"{VISIT}T14:00:00+01:00",
        "endsAt": f"{VISIT}T15:00:00+01:00",
        "quantity": 1,
        "seats": [],
        **members,
    }


def path_of(made: Any, *more: str) -> str:
    """Return the address of a hold, or of what is below it."""
    return "/".join((HOLDS, made["holdId"], *more))


def events_of(made: Any) -> list[tuple[str, str, str, str]]:
    """Return the name, states and actor of each event of a hold."""
    rows = Event.objects.filter(kind="hold", subject_id=made["holdId"]).order_by("id")
    return [(row.name, row.from_state, row.to_state, row.actor) for row in rows]


def status(made: Any) -> str:
    """Return the stored status of a hold."""
    return str(Hold.objects.get(pk=made["holdId"]).status)


def of(made: Any) -> dict[str, Any]:
    """Return the member of a line that names a hold."""
    return {"holdId": made["holdId"]}


def refused(
    api: ApiClient, *items: Any, code: str, faults: list[Any] | None = None, **members: Any
) -> Any:
    """Expect that an order is refused; nothing is stored, and every hold keeps its places."""
    before = stored(), counters(), list(Hold.objects.order_by("pk").values())
    response = api.post(api.order_body(*items, sellToOrderReference="REFUSED"))
    expected = 409 if code in ("hold_ended", "sold_out", "seat_taken") else 400
    body = assert_problem(response, expected, code, *(faults or []), **members)
    assert (stored(), counters(), list(Hold.objects.order_by("pk").values())) == before
    return body
