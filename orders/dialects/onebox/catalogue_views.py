"""The catalogue API: events, sessions, availability, by pages (contract section 8)."""

from __future__ import annotations

import dataclasses
import datetime
import operator
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from channel_manager.lib.errors import NotFound
from orders.dialects.onebox.catalogue import EVENT, OnSale, Shelf
from orders.dialects.onebox.catalogue_rendering import Renderer
from orders.dialects.onebox.requests import Faults, read_moment
from orders.dialects.onebox.views import OneboxView
from orders.stock import read_stock
from partners import outward

MAX_PAGE = 1000
_USUAL_PAGE = 100
_LARGEST = 2**31 - 1
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "gte": operator.ge,
    "gt": operator.gt,
    "lte": operator.le,
    "lt": operator.lt,
    "eq": operator.eq,
}


@dataclasses.dataclass(frozen=True)
class _Query:
    """What a list is asked for; parameters that are not known are ignored."""

    limit: int
    offset: int
    for_sale: bool
    event_key: str | None
    starts: Sequence[tuple[Callable[[Any, Any], bool], datetime.datetime]]

    def keeps(self, row: OnSale) -> bool:
        """Tell whether a session is asked for; what has no start fits any."""
        starts_at = row.starts_at
        return (
            self.for_sale
            and self.event_key in (None, row.event.key)
            and (starts_at is None or all(is_so(starts_at, at) for is_so, at in self.starts))
        )


class _CatalogueView(OneboxView):
    """A view of the channel's catalogue."""

    def shelf(self) -> Shelf:
        """Return the catalogue as of now."""
        return Shelf(self.storefront, self.now)

    def read_query(self, request: Request) -> _Query:
        """Return what is asked for; raises InvalidRequest with all that is wrong."""
        faults, sent = Faults(), request.query_params
        limit = _whole_number(sent.get("limit"), "limit", _USUAL_PAGE, 1, MAX_PAGE, faults)
        offset = _whole_number(sent.get("offset"), "offset", 0, 0, _LARGEST, faults)
        flags = [_flag(sent.get(name), name, faults) for name in ("for_sale", "on_catalog")]
        event_key = None
        if "event_id" in sent:
            event_id = _whole_number(sent["event_id"], "event_id", 0, 1, _LARGEST, faults)
            # An event that is not there has no sessions.
            event_key = outward.key_of(self.storefront, EVENT, str(event_id)) or "none"
        starts = [
            (_COMPARE[how], at)
            for text in sent.getlist("start")
            for how, at in [self._read_start(text, faults)]
            if at is not None
        ]
        faults.refuse()
        return _Query(limit, offset, all(flags), event_key, starts)

    def _read_start(self, text: str, faults: Faults) -> tuple[str, datetime.datetime | None]:
        how, colon, rest = text.partition(":")
        if not colon or how not in _COMPARE:
            how, rest = "eq", text
        at = read_moment(rest, self.account.venue.zone)
        if at is None:
            faults.misformed("start", text)
        return how, at


class SessionsView(_CatalogueView):
    """`GET /sessions`."""

    def get(self, request: Request) -> Response:
        """List sessions by their start."""
        query = self.read_query(request)
        rows = [row for row in self.shelf().sessions() if query.keeps(row)]
        page = rows[query.offset : query.offset + query.limit]
        renderer = Renderer(self.storefront, page)
        return _page(query, len(rows), [renderer.session(row) for row in page])


class SessionView(_CatalogueView):
    """`GET /sessions/{id}`."""

    def get(self, request: Request, session_id: str) -> Response:
        """Return one session."""
        row = _find(self.shelf(), session_id)
        return Response(Renderer(self.storefront, [row]).session(row))


class AvailabilityView(_CatalogueView):
    """`GET /sessions/{id}/availability`."""

    def get(self, request: Request, session_id: str) -> Response:
        """Return what is left of a session."""
        row = _find(self.shelf(), session_id)
        stock = read_stock(account=self.account, event=row.event, showing=row.showing, now=self.now)
        return Response(Renderer(self.storefront, [row]).availability(row, stock))


class EventsView(_CatalogueView):
    """`GET /events`."""

    def get(self, request: Request) -> Response:
        """List events that have a session, by name."""
        query = self.read_query(request)
        events = _by_event([row for row in self.shelf().sessions() if query.keeps(row)])
        page = events[query.offset : query.offset + query.limit]
        renderer = Renderer(self.storefront, [rows[0] for rows in page])
        return _page(query, len(events), [renderer.event(rows) for rows in page])


class EventView(_CatalogueView):
    """`GET /events/{id}`."""

    def get(self, request: Request, event_id: str) -> Response:
        """Return one event."""
        key = _key(self.shelf(), event_id)
        found = [row for row in self.shelf().sessions() if row.event.key == key]
        if not found:
            raise NotFound("There is no such event.")
        return Response(Renderer(self.storefront, found[:1]).event(found))


def _by_event(rows: Sequence[OnSale]) -> list[list[OnSale]]:
    def of_event(row: OnSale) -> tuple[str, str]:
        return row.event.name, row.event.key

    return [list(group) for _event, group in groupby(sorted(rows, key=of_event), key=of_event)]


def _key(shelf: Shelf, event_id: str) -> str | None:
    if not _is_number(event_id):
        return None
    return outward.key_of(shelf.storefront, EVENT, str(int(event_id)))


def _find(shelf: Shelf, session_id: str) -> OnSale:
    row = shelf.find(int(session_id)) if _is_number(session_id) else None
    if row is None or not row.prices:
        raise NotFound("There is no such session.")
    return row


def _page(query: _Query, total: int, data: list[dict[str, Any]]) -> Response:
    metadata = {"limit": query.limit, "total": total, "offset": query.offset}
    return Response({"metadata": metadata, "data": data})


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 18


def _whole_number(
    text: str | None, name: str, usual: int, least: int, most: int, faults: Faults
) -> int:
    if text is None:
        return usual
    if not _is_number(text):
        faults.misformed(name, text)
    elif not least <= int(text) <= most:
        faults.invalid(name, f"must be from {least} to {most}")
    else:
        return int(text)
    return usual


def _flag(text: str | None, name: str, faults: Faults) -> bool:
    """Tell whether what is for sale is asked for; all that we show is."""
    if text is None or text.lower() == "true":
        return True
    if text.lower() != "false":
        faults.misformed(name, text)
    return False
