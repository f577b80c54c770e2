"""The distribution API: building an order and confirming it (contract section 3)."""

from __future__ import annotations

import datetime
from typing import Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from orders.dialects.onebox import baskets, requests, tokens
from orders.dialects.onebox.errors import InvalidToken
from orders.dialects.onebox.rendering import render_order
from orders.dialects.onebox.requests import Faults
from orders.dialects.views import DialectView
from orders.models import Checkout
from partners import limits
from partners.authentication import Unauthenticated, note_use
from partners.models import Scope, Storefront
from partners.permissions import MissingScope


class OneboxView(DialectView):
    """A view that a channel's access token opens."""

    scope = Scope.ORDERS_WRITE
    now: datetime.datetime

    def enter(self, request: Request, **path: Any) -> Storefront:
        """Return the channel of a bearer token.

        Raises InvalidToken, ChannelNotFound, RateLimited, MissingScope.
        """
        self.now = timezone.now()
        scheme, _, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Unauthenticated("A bearer token is required.")
        if not token.isascii():
            raise InvalidToken
        key, storefront = tokens.read_access_token(token.strip(), self.now)
        limits.charge(request._request, key)
        note_use(key, self.now)
        if self.scope not in key.scopes:
            raise MissingScope(f"The credentials lack the scope {self.scope}.")
        return storefront


class _OrderView(OneboxView):
    """A call that changes the order that `ob-order-id` names, and answers it."""

    sells = True

    def post(self, request: Request) -> Response:
        """Change the order; all that is wrong with the request is told at once."""
        if self.sells:
            self.require_active()
        body = requests.read_body(request)
        faults = Faults()
        order_id = requests.read_order_id(request, faults)
        return Response(render_order(self.change(order_id, body, faults)))

    def change(self, order_id: str, body: dict[str, Any], faults: Faults) -> Checkout:
        """Check the body, refuse what is wrong, and change the order."""
        raise NotImplementedError


class OrdersView(OneboxView):
    """`POST /orders`."""

    def post(self, request: Request) -> Response:
        """Begin an order; whatever object is sent is not looked at."""
        self.require_active()
        requests.read_body(request)
        return Response(render_order(baskets.open_basket(storefront=self.storefront, now=self.now)))


class SeatsView(_OrderView):
    """`POST /orders/seats`."""

    def change(self, order_id: str, body: dict[str, Any], faults: Faults) -> Checkout:
        """Add numbered seats."""
        seats = requests.read_seats(body, faults)
        faults.refuse()
        return baskets.add_seats(
            storefront=self.storefront, order_id=order_id, seats=seats, now=self.now
        )


class SeatsAutoView(_OrderView):
    """`POST /orders/seats-auto`."""

    def change(self, order_id: str, body: dict[str, Any], faults: Faults) -> Checkout:
        """Add places that we choose."""
        places = requests.read_places(body, faults)
        faults.refuse()
        return baskets.add_places(
            storefront=self.storefront, order_id=order_id, places=places, now=self.now
        )


class BuyerDataView(_OrderView):
    """`POST /orders/buyer-data`."""

    def change(self, order_id: str, body: dict[str, Any], faults: Faults) -> Checkout:
        """Write who buys."""
        buyer = requests.read_buyer(body, faults)
        faults.refuse()
        return baskets.set_buyer(
            storefront=self.storefront, order_id=order_id, buyer=buyer, now=self.now
        )


class PreConfirmView(_OrderView):
    """`POST /orders/pre-confirm`."""

    def change(self, order_id: str, body: dict[str, Any], faults: Faults) -> Checkout:
        """Fix what is bought."""
        faults.refuse()
        return baskets.pre_confirm(storefront=self.storefront, order_id=order_id, now=self.now)


class ConfirmView(_OrderView):
    """`POST /orders/confirm`."""

    # The guest has paid by now: that goes on, as a payment that is under way does anywhere.
    sells = False

    def change(self, order_id: str, body: dict[str, Any], faults: Faults) -> Checkout:
        """Make the order, whose price the channel has been paid."""
        faults.refuse()
        return baskets.confirm(storefront=self.storefront, order_id=order_id, now=self.now)
