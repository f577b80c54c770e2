"""A web shop that was written against OpenTicket: its requests, changed only in host and ids."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from django.test import Client

from orders import checkouts, holds
from orders.models import Checkout, CheckoutItem, Order
from partners.models import Storefront
from tests.orders.expected import Clock, Like

GUID = Like(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
MESSAGE = Like(r"(?s)\S.*[.!?]")


@dataclasses.dataclass
class Shop:
    """The shop's server; `token` is its access token."""

    storefront: Storefront
    token: str

    def __post_init__(self) -> None:
        self.guid = self.storefront.public_id
        self.client = Client(raise_request_exception=False)

    def get(self, path: str, **headers: str) -> Any:
        return self.client.get(f"/openticket/{path}", headers=headers)

    def data(self) -> Any:
        response = self.get(f"{self.guid}/data")
        assert response.status_code == 200, response.content
        return response.json()

    def ticket(self, name: str, number: int = 0) -> str:
        """Return the GUID of the ticket of this name, the first in its list unless told."""
        found = [one for one in self.data()["tickets"].values() if one["name"] == name]
        return str(found[number]["guid"])

    def reserve_answer(self, ticket: str) -> Any:
        return self.get(f"{self.guid}/reserve/ticket/{ticket}")

    def reserve(self, ticket: str) -> Any:
        response = self.reserve_answer(ticket)
        assert response.status_code == 200, response.content
        return response.json()

    def methods_answer(self, token: str | None = None, shop: str = "") -> Any:
        """Send the seed's request for the payment methods."""
        return self.get(
            f"shop/{shop or self.guid}/payment_methods",
            authorization=f"Bearer {self.token if token is None else token}",
        )

    def method(self, name: str = "iDEAL") -> str:
        methods = self.methods_answer().json()
        return str(next(one["guid"] for one in methods if one["name"] == name))

    def body(self, *reservations: Any, **members: Any) -> dict[str, Any]:
        """Return the seed's order of reservations, each as it was answered."""
        return {
            "receiver": {
                "locale": "nl_NL",
                "email": "jane.appleseed@example.com",
                "firstname": "Jane",
                "lastname": "Appleseed",
            },
            **({} if "paymentProvider" in members else {"paymentProvider": self.method()}),
            "currency": "EUR",
            "tickets": [
                {
                    "guid": one["guid"],
                    "reservation": one["reservation"],
                    "products": [
                        {
                            "guid": product["guid"],
                            "reservation": product["reservation"],
                        }
                        for product in one["products"]
                    ],
                }
                for one in reservations
            ],
            **members,
        }

    def order_answer(self, body: Any, *, content_type: str = "application/json") -> Any:
        data = body if isinstance(body, str | bytes) else json.dumps(body)
        return self.client.post(f"/openticket/{self.guid}/order", data, content_type=content_type)

    def order(self, body: Any) -> Any:
        response = self.order_answer(body)
        assert response.status_code == 200, response.content
        return response.json()

    def sold(self, order_id: str, method: str = "GET") -> Any:
        return self.client.generic(
            method,
            f"/openticket/shop/{self.guid}/ticketswap/order/{order_id}",
            headers={"authorization": f"Bearer {self.token}"},
        )


def checkout_of(answer: Any) -> Checkout:
    """Return the checkout behind an order's answer."""
    return Checkout.objects.get(code=answer["order_id"])


def told(*, fatals: list[Any] | None = None, errors: list[Any] | None = None) -> dict[str, Any]:
    """Return the envelope of an answer that says no."""
    return {
        "fatals": fatals or [],
        "errors": errors or [],
        "notices": [],
        "redirectUrl": None,
        "amount": None,
        "order_id": None,
    }


def entry(code: str, field: str = "") -> dict[str, Any]:
    """Return one entry of an envelope, whatever its words."""
    return {"message": MESSAGE, "code": code, "field": field}


def expire(clock: Clock) -> None:
    """Do what the worker does every three seconds."""
    checkouts.expire_checkouts(now=clock.now)
    holds.expire_holds(now=clock.now)


def stored() -> tuple[int, int, int]:
    """Count what a request may leave behind: checkouts, reservations, orders."""
    return Checkout.objects.count(), CheckoutItem.objects.count(), Order.objects.count()
