"""The cart over HTTP."""

from __future__ import annotations

from django.conf import settings
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from orders.dialects.voordemensen import carts
from orders.dialects.voordemensen.rendering import render_cart
from orders.dialects.voordemensen.requests import AddToCart
from orders.dialects.voordemensen.views import ClientView


class CartsView(ClientView):
    """`cart/`."""

    def post(self, request: Request, client_name: str) -> Response:
        """Begin a cart. Nothing has to be sent, and whatever is sent is left unread."""
        self.require_active()
        cart = carts.open_cart(storefront=self.storefront, now=timezone.now())
        location = f"{settings.PUBLIC_URL}/voordemensen/v1/{client_name}/cart/{cart.public_id}"
        return Response({"cart_id": cart.public_id}, status=201, headers={"Location": location})


class CartView(ClientView):
    """`cart/:cart_id`."""

    def get(self, request: Request, client_name: str, cart_id: str) -> Response:
        """Answer what is in a cart."""
        lines = carts.read_cart(storefront=self.storefront, cart_id=cart_id, now=timezone.now())
        return Response(render_cart(lines, self.currency))

    def post(self, request: Request, client_name: str, cart_id: str) -> Response:
        """Put seats into a cart, and answer all that is in it."""
        self.require_active()
        body = AddToCart(data=request.data)
        body.is_valid(raise_exception=True)
        lines = carts.add_to_cart(
            storefront=self.storefront,
            cart_id=cart_id,
            sub_event_id=body.validated_data["event_id"],
            discount_id=body.validated_data["discount_id"],
            quantity=body.validated_data["numberoftickets"],
            now=timezone.now(),
        )
        return Response(render_cart(lines, self.currency))


class SeatView(ClientView):
    """`cart/:cart_id/:seat_id`."""

    def delete(self, request: Request, client_name: str, cart_id: str, seat_id: str) -> Response:
        """Give a seat back, and answer what is left in the cart."""
        lines = carts.remove_from_cart(
            storefront=self.storefront, cart_id=cart_id, seat_id=seat_id, now=timezone.now()
        )
        return Response(render_cart(lines, self.currency))
