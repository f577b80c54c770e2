"""The feed of events: `GET /channelManager/events`."""

from __future__ import annotations

from typing import ClassVar

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from partners.api import documentation as docs
from partners.api.asking import read_feed_query
from partners.api.views import PartnerView
from partners.models import Scope
from partners.webhooks.feed import cursor_of, read_feed
from partners.webhooks.payload import render_event


class EventListView(PartnerView):
    """`/channelManager/events`."""

    scopes: ClassVar[dict[str, str]] = {"GET": Scope.WEBHOOKS}

    @docs.list_events
    def get(self, request: Request) -> Response:
        """Answer the events after a cursor, the oldest first."""
        query = read_feed_query(request.query_params)
        page = read_feed(
            account=self.account,
            after=query.after,
            limit=query.limit,
            now=timezone.now(),
        )
        data = [
            {**render_event(event), "cursor": cursor_of(event.position or 0, event.event_id)}
            for event in page.events
        ]
        return Response(
            {"data": data, "cursor": page.cursor, "moreEvents": page.more},
            headers={"Cache-Control": "no-store"},
        )
