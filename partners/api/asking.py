"""Reading what the webhook and feed routes are asked for."""

from __future__ import annotations

import dataclasses
import datetime
import re
import uuid
from collections.abc import Mapping
from typing import Any

from django.http import QueryDict
from django.utils.dateparse import parse_datetime

from channel_manager.lib.canonical import fingerprint
from channel_manager.lib.errors import Fault, InvalidRequest
from channel_manager.lib.pagination import open_key, read_page_size, sign_key
from channel_manager.lib.query_parameters import read_parameters
from partners.models import DeliveryStatus
from partners.webhooks.feed import BEGINNING

_EVENT_ID = re.compile(r"evt_([0-9a-f]{32})")


@dataclasses.dataclass(frozen=True)
class FeedQuery:
    """Where to go on, and how many events at most."""

    after: str
    limit: int


@dataclasses.dataclass(frozen=True)
class DeliveryQuery:
    """Which deliveries of an endpoint, from which on, how many at most."""

    endpoint_id: uuid.UUID
    status: str | None
    before: int | None
    page_size: int

    def key_behind(self, last: int) -> str:
        """Return the key of the page behind a delivery."""
        return sign_key(_bound_to(self.endpoint_id, self.status), last)


def read_feed_query(sent: QueryDict) -> FeedQuery:
    """Read the query of the feed; raises InvalidRequest with every fault."""
    params, faults = read_parameters(sent, ("after", "limit"))
    limit = read_page_size(params, faults, "limit")
    if faults:
        raise InvalidRequest(faults)
    return FeedQuery(params.get("after", BEGINNING), limit)


def read_delivery_query(sent: QueryDict, endpoint_id: uuid.UUID) -> DeliveryQuery:
    """Read the query of a list of deliveries; raises InvalidRequest with every fault."""
    params, faults = read_parameters(sent, ("status", "pageSize", "pageKey"))
    status = params.get("status")
    if status is not None and status not in DeliveryStatus.values:
        known = ", ".join(DeliveryStatus.values)
        detail = f"Unknown status {status[:64]!r}; known are {known}."
        faults.append(Fault("?status", "unknown_status", detail))
    size = read_page_size(params, faults)
    last = None
    if "pageKey" in params:
        last = open_key(params["pageKey"], _bound_to(endpoint_id, status), faults)
    if faults:
        raise InvalidRequest(faults)
    return DeliveryQuery(endpoint_id, status, int(last[0]) if last else None, size)


@dataclasses.dataclass(frozen=True)
class ReplayWish:
    """One of: an event, a time from one moment to another, or (neither) all that failed."""

    event_id: uuid.UUID | None = None
    since: datetime.datetime | None = None
    until: datetime.datetime | None = None


def read_replay(body: Mapping[str, Any]) -> ReplayWish:
    """Read what to send again; raises InvalidRequest unless it is exactly one of the three."""
    given = set(body)
    if given == {"eventId"}:
        found = _EVENT_ID.fullmatch(body["eventId"])
        if found is None:
            detail = "Must be evt_ and 32 hexadecimal digits, as in webhook-id."
            raise InvalidRequest([Fault("/eventId", "invalid", detail)])
        return ReplayWish(event_id=uuid.UUID(found[1]))
    if given == {"since", "until"}:
        faults: list[Fault] = []
        since, until = (_moment(body, name, faults) for name in ("since", "until"))
        if since is not None and until is not None and until < since:
            faults.append(Fault("/until", "dates_reversed", "Must not be before `since`."))
        if faults:
            raise InvalidRequest(faults)
        return ReplayWish(since=since, until=until)
    if given == {"failed"} and body["failed"] is True:
        return ReplayWish()
    detail = 'Send one of {"eventId"}, {"since", "until"} and {"failed": true}.'
    raise InvalidRequest([Fault("", "replay_what", detail)])


def _moment(body: Mapping[str, Any], name: str, faults: list[Fault]) -> datetime.datetime | None:
    try:
        moment = parse_datetime(body[name])
        if moment is not None and moment.tzinfo is not None:
            return moment.astimezone(datetime.UTC)
    except (ValueError, OverflowError):
        pass
    detail = "Must be an ISO 8601 date and time with an offset."
    faults.append(Fault(f"/{name}", "invalid_moment", detail))
    return None


def _bound_to(endpoint_id: uuid.UUID, status: str | None) -> str:
    return fingerprint("deliveries", str(endpoint_id), status)
