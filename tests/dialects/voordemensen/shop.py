"""A web shop that speaks VoordeMensen, and what it expects to be told."""

from __future__ import annotations

import json
from typing import Any

from django.test import Client

from orders import checkouts, paying
from orders.models import Checkout, Order
from tests.orders.expected import Clock, Like

CART_ID = Like("[A-Za-z0-9]{32}")
ORDER_KEY = Like("[A-Za-z0-9]{5}(-[A-Za-z0-9]{5}){3}")
SEAT_ID = Like("[A-Za-z0-9]{10}")
DISCOUNT_ID = Like("[A-Za-z0-9]{10}")
MESSAGE = Like(r"(?s)\S.*")


class Number:
    """Equals every positive whole number of at most 31 bits."""

    def __eq__(self, other: object) -> bool:
        return type(other) is int and 0 < other < 2**31

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return "Number()"


class Shop:
    """A client's shop: its base address, and JSON in and out."""

    def __init__(self, client_name: str) -> None:
        self.base = f"/voordemensen/v1/{client_name}"
        self.pages = f"/voordemensen/{client_name}"
        self._client = Client(raise_request_exception=False)

    def send(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """Send a request; `path` is below the base unless it begins with a slash."""
        content = options.pop("raw", None)
        if content is None:
            content = b"" if body is None else json.dumps(body).encode()
        address = path if path.startswith("/") else f"{self.base}/{path}"
        kind = options.pop("content_type", "application/json")
        return self._client.generic(method, address, content, content_type=kind, **options)

    def get(self, path: str, **options: Any) -> Any:
        return self.send("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> Any:
        return self.send("POST", path, body, **options)

    def delete(self, path: str) -> Any:
        return self.send("DELETE", path)

    def ok(self, response: Any, status: int = 200) -> Any:
        """Return the JSON of an answer, which must be as wished."""
        assert response.status_code == status, response.content
        assert response["Content-Type"] == "application/json"
        return response.json()

    def refused(self, response: Any, status: int, *parts: str) -> str:
        """Assert that an answer is `{"message"}` and nothing else; return the message."""
        body = self.ok(response, status)
        assert body == {"message": MESSAGE}
        for part in parts:
            assert part in body["message"], body
        return str(body["message"])

    def sub_event(self, time: str = "14:00:00") -> int:
        """Return the id of the sub-event that begins then."""
        found = [
            sub["event_id"]
            for main in self.ok(self.get("events"))
            for sub in main["sub_events"]
            if sub["event_time"] == time
        ]
        assert len(found) == 1
        return int(found[0])

    def discount(self, sub_event: int, name: str = "Name of SHOW") -> str:
        """Return the id of a ticket type."""
        types = self.ok(self.get(f"tickettypes/{sub_event}"))
        return str(next(one["discount_id"] for one in types if one["discount_name"] == name))

    def wish(self, quantity: int = 1, time: str = "14:00:00", name: str = "Name of SHOW") -> Any:
        """Return the body that puts seats into a cart."""
        sub_event = self.sub_event(time)
        return {
            "event_id": sub_event,
            "numberoftickets": quantity,
            "discount_id": self.discount(sub_event, name),
        }

    def cart(self, *bodies: Any) -> str:
        """Begin a cart, put seats into it, and return its id."""
        cart_id = str(self.ok(self.post("cart/"), 201)["cart_id"])
        for body in bodies:
            self.ok(self.post(f"cart/{cart_id}", body))
        return cart_id

    def method(self, name: str = "iDEAL") -> int:
        """Return the id of a payment method."""
        methods = self.ok(self.get("paymentmethods"))
        return int(next(one["payment_id"] for one in methods if one["payment_desc"] == name))

    def purchase(self, cart_id: str, **members: Any) -> dict[str, Any]:
        """Return the body of `order/create` with the ten fields of the seed."""
        return {
            "cart_id": cart_id,
            **({} if "payment_id" in members else {"payment_id": self.method()}),
            "redirectURL": "https://shop.example/thanks?lang=nl",
            "email": "jo@example.org",
            "firstname": "Jo",
            "lastname": "Smit",
            "phone": "+31 20 555 0101",
            "address": "Molenweg 1",
            "city": "Molendorp",
            "zip": "1234 AB",
            "avg_optin": True,
            "avg_mailinglist": False,
            **members,
        }

    def order(self, cart_id: str, **members: Any) -> dict[str, str]:
        """Make an order of a cart and return its address and key."""
        (made,) = self.ok(self.post("order/create", self.purchase(cart_id, **members)))
        return dict(made)

    def bought(self, clock: Clock, *bodies: Any, **members: Any) -> str:
        """Buy, one thing a second, and pay; return the order's key."""
        cart = self.cart()
        for body in bodies:
            self.ok(self.post(f"cart/{cart}", body))
            clock.forward(seconds=1)
        key = self.order(cart, **members)["order_key"]
        pay(key, clock)
        return key

    def status(self, key: str) -> Any:
        """Return how an order stands."""
        return self.ok(self.get(f"order/{key}"))


def checkout_of(key: str) -> Checkout:
    """Return the checkout behind an order's key."""
    return Checkout.objects.get(code=key)


def pay(key: str, clock: Clock) -> None:
    """Let all that is due be paid."""
    checkout = checkout_of(key)
    checkouts.complete(
        checkout_id=checkout.pk,
        payment_reference="PSP-1",
        paid=checkout.amount_due,
        now=clock.now,
    )
    assert paying.payment_status(checkout_of(key)) == "paid"


def order_of(key: str) -> Order:
    """Return the order that was made when it was paid."""
    order = checkout_of(key).order
    assert order is not None
    return order
