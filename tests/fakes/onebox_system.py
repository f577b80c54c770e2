"""Onebox as its contract tells it: OAuth, baskets that become orders, the catalogue, refunds."""

from __future__ import annotations

import datetime
import itertools
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from tests.fakes.faults import FaultySystem

CHANNEL_ID = "77"
CLIENT_SECRET = "onebox-client-secret"
SESSION, SECOND_SESSION = 90210, 90211
ADULT, CHILD = 311, 312
_DISTRIBUTION = "/distribution-api/v1/orders"
_MANAGEMENT = "/orders-mgmt-api/v1/orders/"
_SESSIONS = "/catalog-api/v1/sessions"
_STARTS = datetime.datetime(2026, 11, 23, 10, tzinfo=datetime.UTC)


@dataclass
class Show:
    """A session: what it costs and how many places it has, by price type; None: not counted."""

    id: int
    name: str = "Dinosaurs"
    event_id: int = 5
    starts_at: datetime.datetime = _STARTS
    places: dict[int, int | None] = field(default_factory=lambda: {ADULT: 50, CHILD: None})
    prices: dict[int, Any] = field(default_factory=lambda: {ADULT: 34.5, CHILD: 20})


@dataclass
class Basket:
    """An order there, whatever its status."""

    id: str
    ends_at: datetime.datetime
    status: str = "BASKET"
    code: str | None = None
    items: list[dict[str, Any]] = field(default_factory=list)
    buyer: dict[str, Any] = field(default_factory=dict)


class Refusal(Exception):
    """A status with a code and a message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.answer = status, {"code": code, "message": message}


class OneboxSystem(FaultySystem):
    """One channel. `altered`: changes the documents of an operation before they are answered."""

    def __init__(self, clock: Callable[[], datetime.datetime]) -> None:
        super().__init__()
        self.clock = clock
        self.shows = {one.id: one for one in (Show(SESSION), Show(SECOND_SESSION))}
        self.orders: dict[str, Basket] = {}
        self.tokens: set[str] = set()
        self.altered: dict[str, Callable[[dict[str, Any]], Any]] = {}
        self.expires_in: Any = 43199
        self.largest_page = 100
        self._item_ids = itertools.count(7001)

    @property
    def confirmed(self) -> list[Basket]:
        """Return what was made."""
        return [order for order in self.orders.values() if order.status == "CONFIRM"]

    def lapse(self) -> None:
        """Let what is not confirmed be gone."""
        self.orders = {order.id: order for order in self.confirmed}

    def operation_of(self, method: str, path: str) -> str:
        if path == "/oauth/token":
            return "token"
        if path == _DISTRIBUTION:
            return "orders"
        if path.startswith(_MANAGEMENT):
            return "refund" if path.endswith("/refund") else "details"
        if path.startswith(_SESSIONS):
            return "availability" if path.endswith("/availability") else "sessions"
        return path.removeprefix(f"{_DISTRIBUTION}/")

    def not_success(self, operation: str) -> tuple[int, Any]:
        if operation == "token":
            return 200, {"error": "server_error", "error_description": "Generic error"}
        return 200, {"code": "DIST0000", "message": "Generic error"}

    def token_expired(self, operation: str) -> tuple[int, Any]:
        return 401, {"code": "AUTH001", "message": "Invalid JWT signature"}

    def handle(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: bytes,
    ) -> tuple[int, Any]:
        operation = self.operation_of(method, path)
        try:
            if operation == "token":
                document = self._give_token(parse_qs(body.decode()))
            else:
                self._let_in(headers)
                document = self._answer(operation, path, query, headers, body)
        except Refusal as refusal:
            return refusal.answer
        alter = self.altered.get(operation, lambda one: one)
        return 200, alter(document)

    def _give_token(self, form: Mapping[str, list[str]]) -> dict[str, Any]:
        sent = {name: values[0] for name, values in form.items()}
        if sent != {
            "grant_type": "client_credentials",
            "channel_id": CHANNEL_ID,
            "client_id": "seller-channel-client",
            "client_secret": CLIENT_SECRET,
        }:
            refusal = Refusal(400, "", "")
            refusal.answer = (
                400,
                {
                    "error": "invalid_grant",
                    "error_description": "User not validated",
                },
            )
            raise refusal
        token = secrets.token_hex(8)
        self.tokens.add(token)
        return {"access_token": token, "token_type": "bearer", "expires_in": self.expires_in}

    def _let_in(self, headers: Mapping[str, str]) -> None:
        if headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
            raise Refusal(401, "AUTH001", "Invalid JWT signature")

    def _answer(
        self,
        operation: str,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: bytes,
    ) -> dict[str, Any]:
        from_json: dict[str, Any] = self.received[-1].json if body else {}
        if operation == "sessions":
            return self._sessions(int(query["limit"]), int(query["offset"]))
        if operation == "availability":
            return self._availability(int(path.split("/")[-2]))
        if operation == "details":
            return self._details(self._by_code(path.removeprefix(_MANAGEMENT)))
        if operation == "refund":
            code = path.removeprefix(_MANAGEMENT).removesuffix("/refund")
            return self._refund(self._by_code(code), [one["id"] for one in from_json["items"]])
        if operation == "orders":
            order = Basket(secrets.token_hex(16), self._in_ten_minutes())
            self.orders[order.id] = order
            return self._order(order)
        return self._order(self._change(operation, self._by_id(headers), from_json))

    def _change(self, operation: str, order: Basket, body: Mapping[str, Any]) -> Basket:
        status = {"confirm": "PRE_CONFIRM"}.get(operation, "BASKET")
        is_repeated = (operation, order.status) in (
            ("pre-confirm", "PRE_CONFIRM"),
            ("confirm", "CONFIRM"),
        )
        if is_repeated:
            return order
        if order.status != status:
            raise Refusal(409, "WRONG_STATUS", f"The order is {order.status}.")
        if operation == "seats-auto":
            self._add(order, **body)
        elif operation == "buyer-data":
            order.buyer.update(body)
        elif operation == "pre-confirm":
            order.status, order.code = "PRE_CONFIRM", secrets.token_hex(6).upper()
        else:
            order.status = "CONFIRM"
        order.ends_at = self._in_ten_minutes()
        return order

    def _add(self, order: Basket, *, session_id: int, price_type_id: int, quantity: int) -> None:
        show = self.shows.get(session_id)
        if show is None or price_type_id not in show.places:
            raise Refusal(404, "SESSION_NOT_FOUND", "There is no such session.")
        left = self._left(show, price_type_id)
        if left is not None and left < quantity:
            raise Refusal(409, "WHATEVER0042", "Not enough places.")
        order.items += [
            {
                "id": next(self._item_ids),
                "session_id": session_id,
                "price_type_id": price_type_id,
                "seat_id": None,
                "price": {"final": show.prices[price_type_id]},
                "state": "RESERVED",
            }
            for _ in range(quantity)
        ]

    def _left(self, show: Show, price_type_id: int) -> int | None:
        places = show.places[price_type_id]
        taken = [
            item
            for order in self.orders.values()
            for item in order.items
            if (item["session_id"], item["price_type_id"]) == (show.id, price_type_id)
            and item["state"] != "REFUNDED"
        ]
        return None if places is None else places - len(taken)

    def _refund(self, order: Basket, ids: list[int]) -> dict[str, Any]:
        chosen = [item for item in order.items if item["id"] in ids]
        if len(chosen) != len(ids):
            raise Refusal(400, "DIST0005", "Invalid parameter(s): items.")
        if any(item["state"] == "REFUNDED" for item in chosen):
            raise Refusal(409, "PRODUCT_STATE_INVALID", "Refunded already.")
        for item in chosen:
            item["state"] = "REFUNDED"
        return self._details(order)

    def _by_id(self, headers: Mapping[str, str]) -> Basket:
        order = self.orders.get(headers.get("ob-order-id", ""))
        if order is None:
            raise Refusal(404, "ORDER_GONE", "There is no such order.")
        return order

    def _by_code(self, code: str) -> Basket:
        for order in self.confirmed:
            if order.code == code:
                return order
        raise Refusal(404, "ORDER_GONE", "There is no such order.")

    def _in_ten_minutes(self) -> datetime.datetime:
        return self.clock() + datetime.timedelta(minutes=10)

    def _order(self, order: Basket) -> dict[str, Any]:
        return {
            "id": order.id,
            "code": order.code,
            "status": order.status,
            "items": order.items,
            "buyer_data": order.buyer,
            "expires_at": order.ends_at.isoformat(),
            "nobody_has_heard_of_this": {"x": [1]},
        }

    def _details(self, order: Basket) -> dict[str, Any]:
        items = [
            {"barcode": f"OB-{item['id']}", "url": f"https://t.example/{item['id']}", **item}
            for item in order.items
        ]
        return {"code": order.code, "status": order.status, "items": items, "currency": "EUR"}

    def _sessions(self, limit: int, offset: int) -> dict[str, Any]:
        rows = list(self.shows.values())
        page = rows[offset : offset + min(limit, self.largest_page)]
        metadata = {"limit": limit, "total": len(rows), "offset": offset}
        return {"metadata": metadata, "data": [self._session(show) for show in page]}

    def _session(self, show: Show) -> dict[str, Any]:
        ends = show.starts_at + datetime.timedelta(hours=1)
        return {
            "id": show.id,
            "name": f"{show.name} {show.starts_at:%H:%M}",
            "type": "SESSION",
            "event": {"id": show.event_id, "name": show.name},
            "venue": {"id": 1, "name": "Dune Park"},
            "date": {"start": show.starts_at.isoformat(), "end": ends.isoformat()},
            "price": {"currency": "EUR"},
        }

    def _availability(self, session_id: int) -> dict[str, Any]:
        show = self.shows.get(session_id)
        if show is None:
            raise Refusal(404, "SESSION_NOT_FOUND", "There is no such session.")
        names = {ADULT: "Adult", CHILD: "Child"}
        return {
            "availability": {"type": "BOUNDED", "total": 80, "available": 40},
            "price_types": [
                {
                    "id": one,
                    "name": names.get(one, str(one)),
                    "price": {"final": show.prices[one]},
                    "availability": {"type": "NOT_BOUNDED"}
                    if (left := self._left(show, one)) is None
                    else {"type": "BOUNDED", "total": show.places[one], "available": left},
                }
                for one in show.places
            ],
            "sectors": [],
        }
