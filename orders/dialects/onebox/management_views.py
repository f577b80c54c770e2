"""The orders management API: confirmed orders by their code (contract section 9)."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from orders.dialects.onebox import refunds, requests
from orders.dialects.onebox.details import render_details
from orders.dialects.onebox.requests import Faults
from orders.dialects.onebox.views import OneboxView


class OrderView(OneboxView):
    """`GET /orders/{code}`."""

    def get(self, request: Request, code: str) -> Response:
        """Return a confirmed order with its tickets."""
        checkout = refunds.find_confirmed(storefront=self.storefront, code=code)
        return Response(render_details(checkout))


class RefundView(OneboxView):
    """`POST /orders/{code}/refund`."""

    def post(self, request: Request, code: str) -> Response:
        """Take items back, and return the order as it is then."""
        body: dict[str, Any] = requests.read_body(request)
        faults = Faults()
        numbers = requests.read_refund(body, faults)
        faults.refuse()
        checkout = refunds.refund_items(
            storefront=self.storefront, code=code, numbers=numbers, now=self.now
        )
        return Response(render_details(checkout))
