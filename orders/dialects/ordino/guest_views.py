"""Ordino's endpoints for a guest's app: entitlements, and reservations in virtual queues."""

from __future__ import annotations

import functools
import io
import uuid
from collections.abc import Mapping, Sequence

import segno
from django.db.models import QuerySet
from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from channel_manager.lib.strict_fields import is_uuid, uuid_in_path
from orders import virtual_queues
from orders.dialects.ordino.authentication import GUEST, OrdinoView
from orders.dialects.ordino.errors import InvalidFields, MissingResources
from orders.dialects.ordino.paging import read_page
from orders.dialects.ordino.rendering import (
    USUAL_TYPE,
    page_of,
    render_entitlement,
    render_reservation,
    signer_of,
    token_of,
)
from orders.dialects.ordino.requests import ReserveRequest
from orders.dialects.ordino.views import queue_of
from orders.entitlements import Entitlement, as_entitlements, entitlements_of
from orders.models import Reservation, VirtualQueue
from orders.passes import Signer
from orders.virtual_queues import NotReservable, no_such_reservation

_QR_SCALE = 6


class GuestView(OrdinoView):
    """A view of what one guest has; an id of anybody else's does not exist here."""

    roles = (GUEST,)

    @property
    def reservations(self) -> QuerySet[Reservation]:
        """Return the guest's reservations, newest first."""
        mine = Reservation.objects.filter(
            storefront=self.storefront,
            members__wallet__order__guest_order__storefront=self.storefront,
            members__wallet__order__guest_order__guest=self.guest.identity,
        )
        return Reservation.objects.filter(pk__in=mine.order_by().values("pk"))

    @functools.cached_property
    def signer(self) -> Signer:
        """Return who signs the passes of the answer."""
        return signer_of(self.storefront, self.now)

    def catch_up(self) -> None:
        """Let nobody be told of a state that is over."""
        virtual_queues.catch_up(now=self.now, venue=self.storefront.partner.venue)


class EntitlementsView(GuestView):
    """`/ordino/api/entitlements`."""

    def get(self, request: Request) -> Response:
        """Answer a page of the guest's entitlements, for one queue if it is named."""
        page = read_page(request.query_params)
        self.catch_up()
        rows = entitlements_of(self.guest)
        queue = None
        if (asked := request.query_params.get("queue_id")) is not None:
            queue = queue_of(self, asked)
            for_queue = {"item__attraction": queue.attraction_id} if queue else {"pk": None}
            rows = rows.filter(**for_queue)
        listed = as_entitlements(page.cut(rows), now=self.now, asked=queue)
        items = [render_entitlement(one, self.guest, self.signer) for one in listed]
        return Response(page_of(items, total=rows.count(), page=page.number, page_size=page.size))


class ReserveView(GuestView):
    """`/ordino/api/sessions/actions/reserve`."""

    def post(self, request: Request) -> Response:
        """Let the guest's party join a queue."""
        asked = ReserveRequest(request.data)
        self.catch_up()
        queue = queue_of(self, asked.queue)
        if queue is None:
            raise MissingResources("queue", [asked.queue])
        chosen = _choose(self._of_keys(asked.keys, queue), asked)
        reservation = virtual_queues.join(
            storefront=self.storefront,
            queue=queue,
            entitlements=chosen,
            kind=asked.type,
            now=self.now,
        )
        rendered = render_reservation(reservation, self.guest, self.signer)
        return Response(
            {"success": True, "data": rendered}, status=201, headers={"Location": rendered["url"]}
        )

    def _of_keys(
        self, keys: Sequence[str], queue: VirtualQueue
    ) -> Mapping[str, Sequence[Entitlement]]:
        """Return what each key stands for: one entitlement, or those of a session."""
        known = {key: uuid.UUID(key) for key in keys if is_uuid(key)}
        rows = entitlements_of(self.guest)
        found = list(rows.filter(pk__in=known.values()) | rows.filter(wallet__in=known.values()))
        by_key: dict[str, list[Entitlement]] = {}
        for one in as_entitlements(found, now=self.now, asked=queue):
            for key, value in known.items():
                if value in (one.asset.pk, one.asset.wallet_id):
                    by_key.setdefault(key, []).append(one)
        missing = list(dict.fromkeys(key for key in keys if key not in by_key))
        if missing:
            raise MissingResources("session", missing)
        return by_key


class ReservationsView(GuestView):
    """`/ordino/api/reservations`."""

    def get(self, request: Request) -> Response:
        """Answer a page of the guest's reservations, of one queue if the filter says so."""
        page, code = read_page(request.query_params), _read_filter(request)
        self.catch_up()
        rows = self.reservations.select_related("queue__attraction").prefetch_related("members")
        wanted = rows if code is None else rows.filter(queue__attraction__code=code)
        items = [
            render_reservation(one, self.guest, self.signer)
            for one in page.cut(wanted.order_by("-reserved_at", "-id"))
        ]
        body = page_of(items, total=rows.count(), page=page.number, page_size=page.size)
        if code is not None:
            body["filtered_count"] = wanted.count()
        return Response(body)


class ReservationView(GuestView):
    """`/ordino/api/reservations/{reservation_id}`."""

    def get(self, request: Request, reservation_id: str) -> Response:
        """Answer one reservation."""
        return self._answer(find_reservation(self, reservation_id))

    def delete(self, request: Request, reservation_id: str) -> Response:
        """Give a reservation up; one that was given up before is answered as it is."""
        key = uuid_in_path(reservation_id, no_such_reservation)
        return self._answer(
            virtual_queues.cancel(
                reservations=self.reservations,
                reservation_id=key,
                actor=virtual_queues.GUEST,
                now=self.now,
            )
        )

    def _answer(self, reservation: Reservation) -> Response:
        rendered = render_reservation(reservation, self.guest, self.signer)
        return Response({"success": True, "data": rendered})


class TokenView(GuestView):
    """`/ordino/api/reservations/{reservation_id}/token`."""

    def get(self, request: Request, reservation_id: str) -> HttpResponse:
        """Answer the token of a reservation that lives as the image of a QR code."""
        reservation = find_reservation(self, reservation_id)
        if reservation not in Reservation.objects.living():
            raise no_such_reservation()
        image = io.BytesIO()
        token = token_of(reservation, self.guest, self.signer)
        segno.make_qr(token, error="l").save(image, kind="png", scale=_QR_SCALE)
        headers = {"Cache-Control": "no-store"}
        return HttpResponse(image.getvalue(), content_type="image/png", headers=headers)


def find_reservation(view: GuestView, text: str) -> Reservation:
    """Return a reservation of the view's guest as it is now; raises NotFound."""
    key = uuid_in_path(text, no_such_reservation)
    view.catch_up()
    rows = view.reservations.select_related("queue__attraction")
    found = rows.filter(pk=key).first()
    if found is None:
        raise no_such_reservation()
    return found


def _choose(
    by_key: Mapping[str, Sequence[Entitlement]], asked: ReserveRequest
) -> list[Entitlement]:
    """Return the entitlement that each key contributes; raises NotReservable."""
    chosen: dict[uuid.UUID, Entitlement] = {}
    sessions: dict[uuid.UUID, Entitlement] = {}
    for key, candidates in by_key.items():
        one = min(candidates, key=lambda each: (bool(each.exclusion), bool(each.hindrance)))
        reason = one.hindrance or one.exclusion
        if asked.type != USUAL_TYPE:
            reason = reason or "not_allowed_for_reservation_type"
        if reason is not None:
            detail = f"The entitlement {key} cannot be used for this: {reason}."
            raise NotReservable(detail, reason=reason)
        other = sessions.setdefault(one.asset.wallet_id, one)
        if other is not one and other.asset.pk != one.asset.pk:
            detail = "One entitlement of a session can be used at a time."
            raise NotReservable(detail, reason="one_entitlement_per_session")
        chosen[one.asset.pk] = one
    return list(chosen.values())


def _read_filter(request: Request) -> str | None:
    """Return the queue that a list is filtered by; raises InvalidFields."""
    text = request.query_params.get("filter")
    if text is None:
        return None
    name, _, value = text.partition(":")
    if name.strip() != "queue_id" or not value.strip() or not value.isprintable():
        raise InvalidFields({"Filter": ["It must be queue_id: followed by the id of a queue."]})
    return value.strip()
