"""Orders over HTTP: made of a cart, asked about, and their documents."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from orders.dialects.voordemensen import documents, purchases
from orders.dialects.voordemensen.documents import Document
from orders.dialects.voordemensen.rendering import render_purchase, render_standing
from orders.dialects.voordemensen.requests import CreateOrder, language_of
from orders.dialects.voordemensen.views import ClientView
from orders.manifest_views import PDF, PRIVATE_HEADERS


class CreateOrderView(ClientView):
    """`order/create`."""

    def post(self, request: Request, client_name: str) -> Response:
        """Make an order of a cart; 200 with an array of one."""
        self.require_active()
        body = CreateOrder(
            data=request.data,
            context={"storefront": self.storefront, "is_known": self.is_known(request)},
        )
        body.is_valid(raise_exception=True)
        wish = body.to_wish(language_of(request.headers.get("Accept-Language", "")))
        purchase = purchases.create_order(storefront=self.storefront, wish=wish, now=timezone.now())
        return Response([render_purchase(purchase)])


class OrderView(ClientView):
    """`order/:order_key`."""

    def get(self, request: Request, client_name: str, order_key: str) -> Response:
        """Answer how an order stands."""
        standing = purchases.find_standing(
            storefront=self.storefront, order_key=order_key, now=timezone.now()
        )
        return Response(render_standing(standing, client_name))


class _DocumentView(ClientView):
    """A document of a paid order: whoever has its address may read it."""

    def respond(self, document: Document) -> HttpResponse:
        """Answer a document for a browser to show or to keep; nobody else may keep it."""
        response = HttpResponse(document.content, content_type=PDF)
        response["Content-Disposition"] = f'inline; filename="{document.file_name}"'
        for name, value in PRIVATE_HEADERS.items():
            response[name] = value
        return response


class TicketView(_DocumentView):
    """`order/:order_key/ticket`."""

    def get(self, request: Request, client_name: str, order_key: str) -> HttpResponse:
        """Answer all tickets of an order."""
        return self.respond(
            documents.find_tickets(
                storefront=self.storefront, order_key=order_key, now=timezone.now()
            )
        )


class ReceiptView(_DocumentView):
    """`order/:order_key/receipt`."""

    def get(self, request: Request, client_name: str, order_key: str) -> HttpResponse:
        """Answer the receipt of an order."""
        return self.respond(documents.find_receipt(storefront=self.storefront, order_key=order_key))
