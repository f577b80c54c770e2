"""The feed: a partner's events in order, from where it stopped reading (issue's point 2)."""

from __future__ import annotations

import dataclasses
import datetime
import re
import uuid
from collections.abc import Sequence

from channel_manager.lib.errors import Fault, InvalidRequest
from partners.account import Account
from partners.models import WebhookEvent
from partners.webhooks import sequencing

BEGINNING = "0"
# A position and part of the event's id: positions alone would lie after a restore from a backup,
# when later events are given the positions that were read before.
_CURSOR = re.compile(r"([0-9]{1,18})-([0-9a-f]{12})")


@dataclasses.dataclass(frozen=True, kw_only=True)
class FeedPage:
    """Some events in order, the cursor behind the last, and whether there are more already."""

    events: Sequence[WebhookEvent]
    cursor: str
    more: bool


def read_feed(*, account: Account, after: str, limit: int, now: datetime.datetime) -> FeedPage:
    """Return the events after a cursor, numbering first what was committed and has no position.

    after: a cursor given out earlier, or BEGINNING. Raises InvalidRequest for any other.
    """
    sequencing.sequence_events(now=now)
    mine = WebhookEvent.objects.filter(
        partner=account.partner, test_mode=account.test_mode, endpoint=None
    )
    position = _position(after)
    if position:
        read = mine.filter(position=position).values_list("event_id", flat=True).first()
        if read is None or cursor_of(position, read) != after:
            raise _unknown_cursor()
    found = list(mine.filter(position__gt=position).order_by("position")[: limit + 1])
    events = found[:limit]
    cursor = cursor_of(events[-1].position or 0, events[-1].event_id) if events else after
    return FeedPage(events=events, cursor=cursor, more=len(found) > limit)


def cursor_of(position: int, event_id: uuid.UUID) -> str:
    """Return the cursor behind an event."""
    return f"{position}-{event_id.hex[-12:]}"


def _position(cursor: str) -> int:
    if cursor == BEGINNING:
        return 0
    found = _CURSOR.fullmatch(cursor)
    if found is None or not int(found[1]):
        raise _unknown_cursor()
    return int(found[1])


def _unknown_cursor() -> InvalidRequest:
    detail = (
        "This cursor was not given out for your events, or its event is no longer kept, or they "
        "were restored from an older backup. Go on from another cursor of yours, or without one "
        "from the oldest event."
    )
    return InvalidRequest([Fault("?after", "unknown_cursor", detail)])
