"""VoordeMensen in this process: carts, orders, payment methods and the back office, by its contract."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tests.fakes.faults import FaultySystem

CLIENT = "molenpark"
KEY = "ppr_Zk3raw"
ON_ACCOUNT, CARD = 33, 34
CHILD, ADULT, FREE = "q9LmX2", "w7KpA4", "free00"
MATINEE, EVENING = 4107, 4108
_ROUTES = {
    "make_cart": ("POST", "cart/?"),
    "add_to_cart": ("POST", "cart/([^/]+)"),
    "read_cart": ("GET", "cart/([^/]+)"),
    "create_order": ("POST", "order/create"),
    "read_order": ("GET", "order/([^/]+)"),
    "payment_methods": ("GET", "paymentmethods"),
    "events": ("GET", "events(?:/upcoming)?"),
    "ticket_types": ("GET", "tickettypes/([^/]+)"),
    "back_office": ("GET", "peppered/order"),
    "payment_check": ("GET", "payment/([^/]+)"),
}


class VoordeMensenSystem(FaultySystem):
    """A client named CLIENT. What it sells, and how its orders are paid, tests may change.

    statuses: what the next questions about any order are told, then `paid`. one_item: seats of one
    adding are one item of the cart.
    """

    def __init__(self) -> None:
        super().__init__()
        self.prices = {CHILD: "12.50", ADULT: "0.10", FREE: "0.00"}
        self.types: dict[int, list[str]] = {MATINEE: [CHILD, ADULT, FREE], EVENING: [CHILD]}
        self.names = {MATINEE: "Molen", EVENING: "Molen by night"}
        self.dates = {MATINEE: ("2026-11-23", "14:00:00"), EVENING: ("0000-00-00", "00:00:00")}
        self.costs = {ON_ACCOUNT: "0.00", CARD: "1.50"}
        self.carts: dict[str, list[dict[str, Any]]] = {}
        self.orders: dict[str, dict[str, Any]] = {}
        self.statuses: list[str] = []
        self.one_item = False
        self.sold_out = False
        self.created: Any = None
        self.changed: list[dict[str, Any]] = []
        self.order_members: dict[str, Any] = {}
        self.seat_numbers = 1000

    def operation_of(self, method: str, path: str) -> str:
        for name, (verb, route) in _ROUTES.items():
            if method == verb and re.fullmatch(f"/v1/{CLIENT}/{route}", path):
                return name
        return "unknown"

    def not_success(self, operation: str) -> tuple[int, Any]:
        return 200, {"message": "Something went wrong"}

    def token_expired(self, operation: str) -> tuple[int, Any]:
        return 401, {"message": "Unauthorized"}

    def handle(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: bytes,
    ) -> tuple[int, Any]:
        last = path.rsplit("/", 1)[-1]
        match self.operation_of(method, path):
            case "make_cart":
                cart_id = f"Zk{len(self.carts):030}"
                self.carts[cart_id] = []
                return 201, {"cart_id": cart_id}
            case "add_to_cart":
                return self._add(last, json.loads(body))
            case "read_cart":
                return 200, self._told(last)
            case "create_order":
                return self._create(json.loads(body))
            case "read_order":
                return self._order(last)
            case "back_office":
                is_known = headers.get("authorization") == KEY
                return (200, self.changed) if is_known else (401, {"message": "Unauthorized"})
        return self._listed(self.operation_of(method, path), last)

    def _listed(self, operation: str, last: str) -> tuple[int, Any]:
        """Answer what is on sale, and how it may be paid."""
        match operation:
            case "payment_methods":
                return 200, [
                    {"payment_id": one, "payment_desc": f"Method {one}", "payment_cost": cost}
                    for one, cost in self.costs.items()
                ]
            case "events":
                return 200, [self._event()]
            case "ticket_types":
                return self._ticket_types(int(last))
        return 404, {"message": "Not found"}

    def lapse(self) -> None:
        """Let the time of all carts be over that are not orders."""
        self.carts = {}

    def tickets(self) -> int:
        """Count the tickets of all orders."""
        return sum(
            one["numberoftickets"] for order in self.orders.values() for one in order["items"]
        )

    def _add(self, cart_id: str, wish: dict[str, Any]) -> tuple[int, Any]:
        if cart_id not in self.carts:
            return 404, {"message": "Cart not found"}
        event, discount = wish["event_id"], wish["discount_id"]
        if event not in self.types:
            return 404, {"message": "sub_event not found"}
        if discount not in self.types[event]:
            return 404, {"message": "discount not found"}
        if self.sold_out:
            return 409, {"message": "There are not enough tickets left"}
        count = wish["numberoftickets"]
        each = count if self.one_item else 1
        for _ in range(count // each):
            self.seat_numbers += 1
            day = self.dates[event][0]
            self.carts[cart_id].append(
                {
                    "seat_id": f"hB{self.seat_numbers}",
                    "seat_row_nr": "0",
                    "seat_nr": "0",
                    "pmp_name": None,
                    "event_id": event,
                    "event_name": self.names[event],
                    "location_name": "Mill",
                    "event_date": "-".join(reversed(day.split("-"))),
                    "event_time": self.dates[event][1][:5],
                    "numberoftickets": each,
                    "seat_price": self.prices[discount],
                    "category_name": "standard",
                    "discount_id": discount,
                    "discount_name": f"Type {discount}",
                }
            )
        return 200, self._told(cart_id)

    def _told(self, cart_id: str) -> list[Any]:
        items = self.carts.get(cart_id, [])
        if not items or any(order["cart_id"] == cart_id for order in self.orders.values()):
            return [{"cart": 0}]
        return [*items, {"totalprice": str(_total(items))}]

    def _create(self, wish: dict[str, Any]) -> tuple[int, Any]:
        for key, order in self.orders.items():
            if order["cart_id"] == wish["cart_id"]:
                return 200, [{"url": "https://psp.example/pay/1", "order_key": key}]
        if not self.carts.get(wish["cart_id"]):
            return 404, {"message": "Cart not found"}
        if wish["payment_id"] not in self.costs:
            return 400, {"message": "payment_id: There is no payment method of this id."}
        key = f"Rr1aa-Bb2bb-Cc3cc-{len(self.orders):05}"
        items = self.carts[wish["cart_id"]]
        self.orders[key] = {
            "cart_id": wish["cart_id"],
            "items": items,
            "total": _total(items),
            "email": wish["email"],
        }
        made = [{"url": "https://psp.example/pay/1", "order_key": key}]
        return 200, made if self.created is None else self.created

    def _order(self, key: str) -> tuple[int, Any]:
        if key not in self.orders:
            return 404, {"message": "Order not found"}
        status = self.statuses.pop(0) if self.statuses else "paid"
        seats = [
            {"seat_id": 70_000 + number, "event_name": item["event_name"], "event_type": None}
            for number, item in enumerate(
                item for item in self.orders[key]["items"] for _ in range(item["numberoftickets"])
            )
        ]
        base = f"https://tickets.voordemensen.nl/{CLIENT}/{key}"
        if status != "paid":
            # Nothing public says that these are empty before: a client must not show them.
            return 200, {
                "order_payment_status": status,
                "order_tickets_nr": 0,
                "order_tickets_url": f"{base}/too-early",
                "order_receipt_url": None,
                "seats": [],
            }
        return 200, {
            "order_payment_status": "paid",
            "order_tickets_nr": len(seats),
            "order_tickets_url": f"{base}/tickets",
            "order_receipt_url": f"{base}/receipt",
            "seats": seats,
            **self.order_members,
        }

    def _event(self) -> dict[str, Any]:
        return {
            "event_id": 41,
            "event_name": "Molen",
            "sub_events": [
                {
                    "event_id": event,
                    "event_main_id": 41,
                    "event_name": self.names[event],
                    "event_date": self.dates[event][0],
                    "event_time": self.dates[event][1],
                    "event_end": "16:00:00",
                    "event_view_end": "0000-00-00 00:00:00",
                    "event_rep": "sub",
                    "event_free": 20,
                    "event_status": "pub",
                    "location_id": 7,
                    "location_name": "Mill",
                }
                for event in self.types
            ],
        }

    def _ticket_types(self, event: int) -> tuple[int, Any]:
        if event not in self.types:
            return 404, {"message": "sub_event not found"}
        return 200, [
            {
                "discount_id": discount,
                "discount_name": f"Type {discount}",
                "base_price": "24.50",
                "discount_type": "%",
                "discount_value": "25",
                "discounted_price": self.prices[discount],
            }
            for discount in self.types[event]
        ]


def _total(items: list[dict[str, Any]]) -> Decimal:
    total = sum(
        (Decimal(item["seat_price"]) * item["numberoftickets"] for item in items), Decimal(0)
    )
    return total.quantize(Decimal("0.01"))
