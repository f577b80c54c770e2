"""The calls of OpenTicket's two hosts: parse, one domain call, answer."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.gzip import gzip_page
from rest_framework.request import Request
from rest_framework.response import Response

from channel_manager.lib.addresses import address_of
from channel_manager.lib.errors import NotFound
from orders.dialects.openticket import methods, rendering, reservations, sold
from orders.dialects.openticket.ordering import place_order
from orders.dialects.openticket.requests import read_order
from orders.dialects.views import DialectView
from partners import limits
from partners.authentication import Unauthenticated, note_use
from partners.models import Dialect, Storefront
from partners.storefronts import find_secret, find_storefront, storefront_of

_NO_STORE = {"Cache-Control": "no-store"}


def no_such_shop() -> NotFound:
    """Return the refusal for a GUID that is no shop's, or another one's."""
    return NotFound("There is no shop with this GUID.")


class ShopView(DialectView):
    """A view of the shop's host, which asks for no key: each address has a limit of its own."""

    def enter(self, request: Request, **path: Any) -> Storefront:
        """Return the shop in the path; raises NotFound, RateLimited."""
        storefront = find_storefront(Dialect.OPENTICKET, str(path["shop"]).lower())
        if storefront is None:
            raise no_such_shop()
        limits.charge_visitor(request._request, storefront, address_of(request._request))
        return storefront


class ApiView(DialectView):
    """A view of the API's host: the access token says whose shop it is."""

    def enter(self, request: Request, **path: Any) -> Storefront:
        """Return the token's shop; raises Unauthenticated, RateLimited, NotFound."""
        scheme, _, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Unauthenticated("Send your access token as Authorization: Bearer.")
        now = timezone.now()
        key = find_secret(Dialect.OPENTICKET, token.strip(), now)
        limits.charge(request._request, key)
        note_use(key, now)
        storefront = storefront_of(key)
        if path.get("shop", storefront.public_id).lower() != storefront.public_id:
            raise no_such_shop()
        return storefront


@method_decorator(gzip_page, name="dispatch")
class DataView(ShopView):
    """`/openticket/{shop}/data`: everybody's, and large, so that it is compressed for who takes it."""

    def get(self, request: Request, shop: str) -> Response:
        """Answer what the shop sells."""
        body = rendering.render_shop(self.storefront, now=timezone.now())
        return Response(body, headers=_NO_STORE)


class ReserveView(ShopView):
    """`/openticket/{shop}/reserve/ticket/{ticket}`: a GET that takes stock."""

    def get(self, request: Request, shop: str, ticket: str) -> Response:
        """Reserve one ticket."""
        self.require_active()
        item = reservations.reserve_ticket(
            storefront=self.storefront, guid=ticket, now=timezone.now()
        )
        body = rendering.render_reservation(self.storefront, item)
        return Response(body, headers=_NO_STORE)

    def head(self, request: Request, shop: str, ticket: str) -> Response:
        """Say that the ticket is there, and take nothing."""
        reservations.require_ticket(storefront=self.storefront, guid=ticket)
        return Response(headers=_NO_STORE)


class OrderView(ShopView):
    """`/openticket/{shop}/order`."""

    def post(self, request: Request, shop: str) -> Response:
        """Order what was reserved."""
        self.require_active()
        checkout = place_order(
            storefront=self.storefront, sent=read_order(request.data), now=timezone.now()
        )
        return Response(rendering.render_order(checkout), headers=_NO_STORE)


class PaymentMethodsView(ApiView):
    """`/openticket/shop/{shop}/payment_methods`."""

    def get(self, request: Request, shop: str) -> Response:
        """Answer how the shop's guests may pay."""
        found = methods.list_methods(self.storefront)
        return Response(rendering.render_methods(self.storefront, found))


class SoldOrderView(ApiView):
    """`/openticket/ticketswap/order/{order}`, with or without the shop before it."""

    def get(self, request: Request, order: str, shop: str = "") -> Response:
        """Answer an order with its tickets."""
        return Response(
            sold.render_sold(sold.find_sold(storefront=self.storefront, guid=order)),
            headers=_NO_STORE,
        )

    # The vendor's page says POST, its sample GET (contract section 2).
    post = get
