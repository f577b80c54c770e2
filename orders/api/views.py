"""The native partner API of orders: parse, one domain call, answer (contract section 2)."""

from __future__ import annotations

import contextlib
from typing import Any, ClassVar

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response

from channel_manager.lib.errors import NotFound, Refusal
from channel_manager.lib.pagination import read_page
from channel_manager.lib.strict_fields import uuid_in_path
from orders import cancellation, intake, lifecycle, reading
from orders.api import documentation as docs
from orders.api.listing import read_list_query
from orders.api.rendering import render_order, render_summary
from orders.api.serializers import ConfirmRequestSerializer, OrderRequestSerializer
from orders.api.waiting import read_wait, wait_until_settled
from orders.models import Order, OrderStatus, RequestKind
from orders.receipt import Received
from orders.requests import OrderRequest
from partners.api.views import PartnerView
from partners.authentication import caller_of
from partners.idempotency import NamelessResponse, idempotent
from partners.models import Scope
from partners.permissions import require_active


class OrderingView(PartnerView):
    """A view of one partner's orders."""

    @property
    def orders(self) -> QuerySet[Order]:
        """Return the account's orders: an id of another partner or mode does not exist here."""
        return Order.objects.of(self.account)

    def existing(self, order_id: str) -> Order:
        """Return the order in the path as it is now; raises NotFound unless it is the partner's."""
        order = self.orders.filter(pk=uuid_in_path(order_id, reading.no_such_order)).first()
        if order is None:
            raise reading.no_such_order()
        return order

    def order_request(self, replaced: Order | None = None) -> OrderRequest:
        """Return the order in the body; raises ValidationError with all its faults."""
        context = {"partner": self.partner, "replaced": replaced}
        body = OrderRequestSerializer(data=self.request.data, context=context)
        body.is_valid(raise_exception=True)
        return body.to_request()

    def received(self, kind: RequestKind, body: Any = None) -> Received:
        """Return the request as it came in, to be kept beside what becomes of it."""
        return Received(
            kind=kind,
            body=body,
            api_key=caller_of(self.request).key,
            idempotency_key=self.request.headers.get("Idempotency-Key", ""),
            request_id=getattr(self.request, "request_id", ""),
        )


class OrderCollectionView(OrderingView):
    """`/channelManager`."""

    scopes: ClassVar[dict[str, str]] = {"POST": Scope.ORDERS_WRITE}

    @docs.create_order
    @idempotent
    def post(self, request: Request) -> Response:
        """Create an order."""
        require_active(self.account)
        order = intake.submit_order(
            account=self.account,
            request=self.order_request(),
            now=timezone.now(),
            received=self.received(RequestKind.CREATE, request.data),
        )
        location = f"{settings.PUBLIC_URL}/channelManager/{order.pk}"
        return Response(render_order(order), status=201, headers={"Location": location})


class OrderView(OrderingView):
    """`/channelManager/{orderId}`."""

    scopes: ClassVar[dict[str, str]] = {
        "GET": Scope.ORDERS_READ,
        "PUT": Scope.ORDERS_WRITE,
        "DELETE": Scope.ORDERS_WRITE,
    }

    @docs.get_order
    def get(self, request: Request, order_id: str) -> Response:
        """Answer an order, at once or when it has settled."""
        key = uuid_in_path(order_id, reading.no_such_order)
        if "wait" in request.query_params:
            self.existing(order_id)
            wait_until_settled(key, read_wait(request.query_params["wait"]))
        return Response(render_order(reading.find_order_of(self.account, key)))

    @docs.replace_order
    @idempotent
    def put(self, request: Request, order_id: str) -> Response:
        """Replace the contents of a Draft or Error order."""
        require_active(self.account)
        replaced = self.existing(order_id)
        order = intake.replace_order(
            orders=self.orders,
            order_id=replaced.pk,
            request=self.order_request(replaced),
            now=timezone.now(),
            actor=self.partner.actor,
            received=self.received(RequestKind.REPLACE, request.data),
        )
        return Response(render_order(order))

    @docs.delete_order
    @idempotent
    def delete(self, request: Request, order_id: str) -> Response:
        """Cancel or delete an order."""
        order = cancellation.cancel_for_partner(
            orders=self.orders,
            order_id=uuid_in_path(order_id, reading.no_such_order),
            actor=self.partner.actor,
            now=timezone.now(),
            received=self.received(RequestKind.DELETE),
        )
        answer = NamelessResponse if order.is_removed else Response
        return answer(render_order(order))


class ConfirmOrderView(OrderingView):
    """`/channelManager/{orderId}/confirm`."""

    scopes: ClassVar[dict[str, str]] = {"POST": Scope.ORDERS_WRITE}

    @docs.confirm_order
    @idempotent
    def post(self, request: Request, order_id: str) -> Response:
        """Confirm a Draft order."""
        require_active(self.account)
        found = self.existing(order_id)
        # Whatever the body, an order that is Issued already is returned unchanged.
        overlooked = (Refusal, APIException) if found.status == OrderStatus.ISSUED else ()
        payment_reference = ""
        with contextlib.suppress(*overlooked):
            payment_reference = self.payment_reference()
        order = lifecycle.confirm_order(
            orders=self.orders,
            order_id=found.pk,
            payment_reference=payment_reference,
            actor=self.partner.actor,
            now=timezone.now(),
            # The body has this member only, or nothing comes of it.
            received=self.received(RequestKind.CONFIRM, {"paymentReference": payment_reference}),
        )
        return Response(render_order(order))

    def payment_reference(self) -> str:
        """Return the payment in the body; raises ValidationError with all its faults."""
        body = ConfirmRequestSerializer(data=self.request.data)
        body.is_valid(raise_exception=True)
        return str(body.validated_data["paymentReference"])


class OrderListView(OrderingView):
    """`/channelManager/orders/{partnerId}`."""

    scopes: ClassVar[dict[str, str]] = {"GET": Scope.ORDERS_READ}

    @docs.list_orders
    def get(self, request: Request, partner_id: str) -> Response:
        """Answer a page of the partner's orders, oldest first."""
        if partner_id.lower() != str(self.partner.pk):
            raise NotFound("This is not the partner that the API key belongs to.")
        query = read_list_query(request.query_params, self.partner.venue.zone)
        page = read_page(
            query.apply(self.orders),
            moment_field="received_at",
            filters={
                "partnerId": str(self.partner.pk),
                **({"testMode": "true"} if self.account.test_mode else {}),
                **query.filters,
            },
            page_size=query.page_size,
            page_key=query.page_key,
        )
        base = f"{settings.PUBLIC_URL}/channelManager/orders/{self.partner.pk}"
        body: dict[str, Any] = {
            "data": [render_summary(order) for order in page.rows],
            "morePages": page.next_key is not None,
            "nextPageKey": page.next_key,
            "nextPageURL": query.next_url(base, page.next_key),
        }
        return Response(body)
