"""Ordino's endpoints for sellers, rides and whoever checks tokens: parse, one domain call, render."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from channel_manager.lib.errors import NotFound
from channel_manager.lib.strict_fields import is_uuid
from orders import virtual_queues
from orders.api.waiting import wait_until_settled
from orders.boarding import Boarding, board, refuse_unknown
from orders.dialects.ordino.authentication import ADMIN, GUEST, OrdinoView
from orders.dialects.ordino.rendering import (
    envelope,
    page_of,
    park_of,
    render_boarding,
    render_queue,
)
from orders.dialects.ordino.requests import CompleteRequest, read_order
from orders.guest_orders import submit_guest_order
from orders.models import RequestKind, VirtualQueue
from orders.passes import NotAPass, public_keys, read_pass
from orders.receipt import Received


class OrdersView(OrdinoView):
    """`/ordino/api/orders`."""

    def post(self, request: Request) -> Response:
        """Take in a paid order; answered once its entitlements are there, or soon."""
        self.require_active()
        made = submit_guest_order(
            storefront=self.storefront,
            request=read_order(request.data),
            now=self.now,
            received=Received(
                kind=RequestKind.CREATE,
                body=request.data,
                api_key=self.key,
                request_id=getattr(request, "request_id", ""),
            ),
        )
        if made.order_id is not None:
            wait_until_settled(made.order_id, settings.DIALECT_WAIT_SECONDS)
        return Response(envelope(request._request))


class CompleteView(OrdinoView):
    """`/ordino/api/reservations/complete`."""

    def post(self, request: Request) -> Response:
        """Say whether a party may enter its ride; always 200, also while the partner is paused."""
        asked = CompleteRequest(request.data)
        return Response({"success": True, "data": render_boarding(self._board(asked))})

    def _board(self, asked: CompleteRequest) -> Boarding:
        reservation_id = self._reservation(asked)
        if isinstance(reservation_id, Boarding):
            return reservation_id
        return board(
            storefront=self.storefront,
            reservation_id=reservation_id,
            queue_code=asked.queue,
            actor=self.storefront.partner.actor,
            now=self.now,
        )

    def _reservation(self, asked: CompleteRequest) -> uuid.UUID | Boarding:
        """Return the reservation that was shown, or what is said to whoever shows none."""
        if asked.token is not None:
            try:
                return read_pass(park=park_of(self.storefront), text=asked.token, now=self.now)
            except NotAPass:
                return Boarding(result="invalid_token", reason="This is no valid token.")
        sent = asked.reservation_id or ""
        return uuid.UUID(sent) if is_uuid(sent) else refuse_unknown()


class QueuesView(OrdinoView):
    """`/ordino/api/queues`."""

    roles = (ADMIN, GUEST)

    def get(self, request: Request) -> Response:
        """Answer the queues of the park."""
        virtual_queues.catch_up(now=self.now, venue=self.storefront.partner.venue)
        queues = list(virtual_queues.queues_of(self.storefront.partner.venue))
        waits = virtual_queues.waits_in(queues, self.now)
        items = [render_queue(queue, waits[queue.pk]) for queue in queues]
        size = max(1, len(items))
        return Response(page_of(items, total=len(items), page=1, page_size=size))


class QueueView(OrdinoView):
    """`/ordino/api/queues/{queue_id}`."""

    roles = (ADMIN, GUEST)

    def get(self, request: Request, queue_id: str) -> Response:
        """Answer one queue."""
        virtual_queues.catch_up(now=self.now, venue=self.storefront.partner.venue)
        queue = queue_of(self, queue_id)
        if queue is None:
            raise NotFound("There is no queue with this id.")
        wait = virtual_queues.wait_in(queue, self.now)
        return Response({"success": True, "data": render_queue(queue, wait)})


class JwksView(APIView):
    """`/ordino/.well-known/jwks.json`."""

    authentication_classes = ()
    permission_classes = ()
    schema = None

    def get(self, request: Request) -> Response:
        """Answer the keys that reservations' tokens are checked with."""
        headers = {"Cache-Control": "public, max-age=300"}
        return Response({"keys": public_keys()}, headers=headers)


def queue_of(view: OrdinoView, code: str) -> VirtualQueue | None:
    """Return a queue of the view's park; None where there is none of this id."""
    if "\0" in code:
        return None
    queues: Any = virtual_queues.queues_of(view.storefront.partner.venue)
    return queues.filter(attraction__code=code).first()  # type: ignore[no-any-return]
