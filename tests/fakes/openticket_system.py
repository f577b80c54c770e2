"""OpenTicket's three hosts as the contract has them: real HTTP on loopback, and a stock that goes."""

from __future__ import annotations

import datetime
import json
import uuid
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

from tests.fakes.faults import FaultySystem

SHOP = "5d0c0000-0000-4000-8000-000000000001"
ADULT = "aa110000-0000-4000-8000-000000000010"
CHILD = "aa110000-0000-4000-8000-000000000011"
FREE = "aa110000-0000-4000-8000-000000000012"
EVENT = "ee110000-0000-4000-8000-000000000030"
EVENT_DATE = "dd440000-0000-4000-8000-000000000040"
ON_ACCOUNT = "0a110000-0000-4000-8000-000000000050"
IDEAL = "0a110000-0000-4000-8000-000000000051"
FIRST_TOKEN = "access-0"
FIRST_REFRESH_TOKEN = "refresh-0"
CLIENT_SECRET = "the-client-secret"
PRICES = {ADULT: 2450, CHILD: 1200, FREE: 0}
HELD = datetime.timedelta(minutes=8)
_NAMES = {ADULT: "Adult", CHILD: "Child", FREE: "Toddler"}


class OpenTicketSystem(FaultySystem):
    """One shop. Its hosts are `shop_url`, `api_url` and, for tokens, below `api_url`.

    stock: how many of each ticket are left. pays: whether an order on account is paid at once.
    An order sent again is the same one, unless `makes_anew`. tickets_as: how `/data` writes them.
    """

    def __init__(self, clock: Callable[[], datetime.datetime]) -> None:
        super().__init__()
        self.clock = clock
        self.stock = {ADULT: 10, CHILD: 10, FREE: 10}
        self.reservations: dict[str, dict[str, Any]] = {}
        self.orders: dict[str, dict[str, Any]] = {}
        self.pays = True
        self.makes_anew = False
        self.currency = "EUR"
        self.tickets_as: Callable[[dict[str, Any]], Any] = lambda tickets: tickets
        self.limits: dict[str, int] = {}
        self.tells_ticket_types = True
        self.redirect_url: str | None = None
        self.order_extra: dict[str, Any] = {}
        self.reservation_extra: dict[str, Any] = {}
        self.good_tokens = {FIRST_TOKEN}
        self.refresh_tokens = [FIRST_REFRESH_TOKEN]

    @property
    def shop_url(self) -> str:
        """Return the shop's host."""
        return f"{self.url}/shop-host"

    @property
    def api_url(self) -> str:
        """Return the API's host."""
        return f"{self.url}/api-host"

    def operation_of(self, method: str, path: str) -> str:
        parts = path.strip("/").split("/")
        match [method, *parts]:
            case ["POST", "api-host", "tokens"]:
                return "tokens"
            case ["GET", "api-host", "shop", _, "payment_methods"]:
                return "payment_methods"
            case ["GET", "api-host", "ticketswap", "order", _]:
                return "sold"
            case ["GET", "shop-host", _, "data"]:
                return "data"
            case ["GET", "shop-host", _, "reserve", "ticket", _]:
                return "reserve"
            case ["POST", "shop-host", _, "order"]:
                return "order"
        return "unknown"

    def handle(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: bytes,
    ) -> tuple[int, Any]:
        parts = path.strip("/").split("/")
        operation = self.operation_of(method, path)
        if operation in ("payment_methods", "sold"):
            token = headers.get("authorization", "").removeprefix("Bearer ")
            if token not in self.good_tokens:
                return self.token_expired(operation)
        if operation not in ("tokens", "sold", "unknown") and SHOP not in parts:
            return 404, envelope(errors=["There is no such shop."])
        match operation:
            case "tokens":
                return self._tokens(headers, body)
            case "payment_methods":
                return 200, self._methods()
            case "sold":
                order = self.orders.get(parts[-1])
                return (200, self._sold(order)) if order else (404, {"message": "Not found."})
            case "data":
                return 200, self._data()
            case "reserve":
                return self._reserve(parts[-1])
            case "order":
                return self._order(headers, body)
        return 404, {"message": "Not found."}

    def not_success(self, operation: str) -> tuple[int, Any]:
        return 200, envelope(errors=[{"message": "It was not done for jane@example.com."}])

    def token_expired(self, operation: str) -> tuple[int, Any]:
        return 401, {"error": "access_denied", "message": "The access token is not valid."}

    def pay(self) -> None:
        """Have every order be paid."""
        for order in self.orders.values():
            order["status"] = "paid"

    def _tokens(self, headers: Mapping[str, str], body: bytes) -> tuple[int, Any]:
        if headers.get("content-type") != "application/x-www-form-urlencoded":
            return 415, {"error": "invalid_request"}
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        asked = (form.get("grant_type"), form.get("client_id"), form.get("client_secret"))
        if asked != ("refresh_token", "our-client", CLIENT_SECRET):
            return 401, {"error": "invalid_client"}
        # Single use: only the one that was given last, and only once.
        if form.get("refresh_token") != self.refresh_tokens[-1]:
            return 400, {"error": "invalid_grant"}
        number = len(self.refresh_tokens)
        self.refresh_tokens.append(f"refresh-{number}")
        self.good_tokens = {f"access-{number}"}
        return 200, {
            "token_type": "Bearer",
            "expires_in": 259_200,
            "access_token": f"access-{number}",
            "refresh_token": f"refresh-{number}",
        }

    def _methods(self) -> list[dict[str, Any]]:
        names = {IDEAL: "iDEAL", ON_ACCOUNT: "On account"}
        return [
            {
                "guid": guid,
                "name": name,
                "pivot": {"shop_id": SHOP, "payment_method_id": guid},
            }
            for guid, name in names.items()
        ]

    def _data(self) -> dict[str, Any]:
        tickets = {
            guid: {
                "guid": guid,
                "name": name,
                "status": "available" if self.stock[guid] else "sold_out",
                "min_price": PRICES[guid],
                "event_id": EVENT,
                "event_date_id": EVENT_DATE,
                **self.limits,
            }
            for guid, name in _NAMES.items()
        }
        date = {"guid": EVENT_DATE, "start": "2026-11-23T13:00:00+00:00"}
        return {
            "guid": SHOP,
            "name": "Dune Shop",
            "currency": self.currency,
            "reservation_time": 0,
            "events": [{"guid": EVENT, "name": "Cinema", "dates": [date]}],
            "tickets": self.tickets_as(tickets),
        }

    def _reserve(self, ticket: str) -> tuple[int, Any]:
        if ticket not in self.stock:
            return 404, envelope(errors=["There is no such ticket."])
        if not self.stock[ticket]:
            return 409, envelope(errors=[{"message": "This ticket is sold out."}])
        self.stock[ticket] -= 1
        reservation = str(uuid.uuid4())
        line = {
            "guid": ticket,
            "reservation": reservation,
            "products": [
                {"guid": ticket, "reservation": str(uuid.uuid4())},
                {"guid": EVENT_DATE, "reservation": str(uuid.uuid4())},
            ],
        }
        self.reservations[reservation] = {
            "line": line,
            "ends_at": self.clock() + HELD,
            "order": None,
        }
        return 200, {**line, "name": _NAMES[ticket], **self.reservation_extra}

    def _order(self, headers: Mapping[str, str], body: bytes) -> tuple[int, Any]:
        if headers.get("content-type") != "application/json":
            return 422, envelope(errors=["It is no JSON."])
        sent = json.loads(body)
        faults = self._faults_of(sent)
        held = [self.reservations.get(line["reservation"]) for line in sent["tickets"]]
        used = {one["order"] for one in held if one and one["order"]}
        if faults or None in held:
            return 422, envelope(errors=faults or ["There is no such reservation."])
        if used and not self.makes_anew:
            before = self.orders.get(next(iter(used)))
            if len(used) > 1 or before is None or before["sent"] != body:
                return 422, envelope(errors=["A reservation is used already."])
            return 200, self._made(before)
        if any(one["ends_at"] <= self.clock() for one in held if one):
            return 422, envelope(errors=["A reservation has ended."])
        order_id = str(uuid.uuid4())
        amount = sum(PRICES[line["guid"]] for line in sent["tickets"])
        is_paid = not amount or (self.pays and sent["paymentProvider"] == ON_ACCOUNT)
        for one in filter(None, held):
            one["order"] = order_id
        self.orders[order_id] = {
            "id": order_id,
            "sent": body,
            "document": sent,
            "amount": amount,
            "status": "paid" if is_paid else "pending",
            "tickets": [
                {"ticket_number": f"T{number}-{order_id[:8]}", "ticket_guid": line["guid"]}
                for number, line in enumerate(sent["tickets"], start=1)
            ],
        }
        return 200, self._made(self.orders[order_id])

    def _faults_of(self, sent: Any) -> list[str]:
        """Say what is wrong with an order's shape; the lines must be as they were reserved."""
        faults = []
        if set(sent) != {"receiver", "paymentProvider", "currency", "tickets"}:
            faults.append("Members are missing, or nobody knows them.")
        if set(sent.get("receiver", ())) != {"locale", "email", "firstname", "lastname"}:
            faults.append("The receiver is not complete.")
        if sent.get("paymentProvider") not in (IDEAL, ON_ACCOUNT):
            faults.append("There is no such payment method.")
        if sent.get("currency") != self.currency:
            faults.append(f"This shop sells in {self.currency}.")
        for line in sent.get("tickets", ()):
            held = self.reservations.get(line.get("reservation"))
            if held and held["line"] != line:
                faults.append("A line is not as it was reserved.")
        return faults

    def _made(self, order: dict[str, Any]) -> dict[str, Any]:
        redirect = self.redirect_url or f"{self.api_url}/3.0.0/return/{uuid.uuid4()}"
        return {
            **envelope(),
            "notices": ["Thank you."],
            "redirectUrl": redirect,
            "amount": order["amount"],
            "order_id": order["id"],
            **self.order_extra,
        }

    def _sold(self, order: dict[str, Any]) -> dict[str, Any]:
        receiver = order["document"]["receiver"]
        tickets = order["tickets"] if order["status"] == "paid" else []
        if not self.tells_ticket_types:
            tickets = [{"ticket_number": one["ticket_number"]} for one in tickets]
        return {
            "status": order["status"],
            "email": receiver["email"],
            "firstName": receiver["firstname"],
            "lastName": receiver["lastname"],
            "locale": receiver["locale"],
            "purchase_channel": "shop",
            "tickets": tickets,
        }


def envelope(**members: Any) -> dict[str, Any]:
    """Return what an order is answered with where nothing was ordered."""
    return {
        "fatals": [],
        "errors": [],
        "notices": [],
        "redirectUrl": None,
        "amount": None,
        "order_id": None,
        **members,
    }
