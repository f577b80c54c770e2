"""A made-up outside system over real HTTP, and the connector that speaks to it as a test wants."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import Any

from catalog.models import Connection
from tests.fakes.faults import FaultySystem
from wallets.connectors.base import (
    Capabilities,
    Catalogue,
    OutsideTicketData,
    PlacesThere,
    PushedNotice,
    Standing,
    TicketState,
    UnsupportedByPartner,
    Wish,
)
from wallets.connectors.desk import Desk, Operation, WhenUnsure
from wallets.connectors.exchange import Reply, Request, ask, join, json_body
from wallets.models import OutsideOrder

HOLD = Operation(name="hold", when_unsure=WhenUnsure.RESTART)
CANCEL = Operation(name="cancel", when_unsure=WhenUnsure.REPEAT)
EVERYTHING = Capabilities(
    hold=True,
    availability=True,
    cancel=True,
    refund=True,
    read_back=True,
    push=True,
    catalogue=True,
)
NOTHING = Capabilities(
    hold=False,
    availability=False,
    cancel=False,
    refund=False,
    read_back=False,
    push=False,
    catalogue=False,
)


class Playhouse(FaultySystem):
    """Holds, orders, reads and cancels; `orders` has the tickets it made, by our reference."""

    def __init__(self, name: str = "HALL") -> None:
        super().__init__()
        self.name = name
        self.orders: dict[str, list[dict[str, Any]]] = {}
        self.made = 0
        self.tells_numbers = True
        self.makes_too_many = False
        self.tells_first_only = False

    def operation_of(self, method: str, path: str) -> str:
        return path.strip("/").split("/")[0]

    def handle(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: bytes,
    ) -> tuple[int, Any]:
        sent = json.loads(body or b"{}")
        operation = self.operation_of(method, path)
        if operation == "hold":
            return 200, {"held": True}
        if operation == "order":
            return 200, self._order(sent)
        if operation == "read":
            found = self.orders.get(path.rsplit("/", 1)[1])
            return 200, {"exists": found is not None, "tickets": self._told(found or [])}
        for ticket in self.orders.get(sent["reference"], []):
            if ticket["id"] in sent["ids"]:
                ticket["state"] = "cancelled"
        return 200, {"cancelled": True}

    def _order(self, sent: Mapping[str, Any]) -> dict[str, Any]:
        tickets = []
        for item in sent["items"] * (2 if self.makes_too_many else 1):
            self.made += 1
            tickets.append(
                {
                    "item": item,
                    "id": f"id-{self.made}",
                    "number": f"{self.name}-{self.made:04}",
                    "state": "valid",
                }
            )
        self.orders.setdefault(sent["reference"], []).extend(tickets)
        return {"reference": f"X-{sent['reference']}", "tickets": self._told(tickets)}

    def _told(self, tickets: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        told = [dict(ticket) for ticket in tickets]
        for ticket in told[1 if self.tells_first_only else len(told) * self.tells_numbers :]:
            ticket["number"] = ""
        return told

    def living(self) -> list[str]:
        """Return the numbers of the tickets that were not cancelled."""
        rows = [ticket for tickets in self.orders.values() for ticket in tickets]
        return [ticket["number"] for ticket in rows if ticket["state"] != "cancelled"]


@dataclasses.dataclass
class PlayhouseConnector:
    """Speaks to the playhouse; its capabilities and its retries are what a test says."""

    capabilities: Capabilities = EVERYTHING
    when_unsure: WhenUnsure = WhenUnsure.STOP
    credentials: Sequence[str] = ()
    optional_credentials: Sequence[str] = ()
    faults: Mapping[str, str] = dataclasses.field(default_factory=dict)
    tells_tickets: bool = True

    def faults_of(self, connection: Connection) -> Mapping[str, str]:
        return self.faults

    def check(self, connection: Connection) -> str:
        return "It is there."

    def prepare(self, desk: Desk, wish: Wish) -> None:
        if self.capabilities.hold:
            request = self._request(desk, "hold", {"reference": wish.reference})
            desk.call(HOLD, request, accept=lambda _: {"held": True})

    def commit(self, desk: Desk, wish: Wish) -> Standing:
        operation = Operation(name="order", when_unsure=self.when_unsure, commits=True)
        items = [unit.outside_item for unit in wish.units for _ in range(unit.count)]
        body = {"reference": wish.reference, "items": items, "guest": wish.buyer.email}
        desk.call(operation, self._request(desk, "order", body), accept=self._accept)
        return self._standing(desk.progress["reference"], desk.progress["tickets"])

    def read_back(self, desk: Desk) -> Standing:
        url = join(desk.connection.base_url, f"read/{desk.outside_order.reference}")
        told = ask(desk.connection, Request(method="GET", url=url)).document
        if not told["exists"]:
            return Standing(exists=False)
        return self._standing(f"X-{desk.outside_order.reference}", told["tickets"])

    def can_change(self, outside_order: OutsideOrder) -> bool:
        return self.capabilities.read_back

    def cancel(self, desk: Desk, tickets: Sequence[OutsideTicketData]) -> None:
        ids = [ticket.outside_id for ticket in tickets]
        body = {"reference": desk.outside_order.reference, "ids": ids}
        key = ",".join(ids)[:60]
        desk.call(CANCEL, self._request(desk, "cancel", body), accept=lambda _: {}, key=key)

    def list_catalogue(self, connection: Connection) -> Catalogue:
        raise UnsupportedByPartner(connection, "list what it sells")

    def ask_places(self, connection: Connection, outside_session: str) -> Sequence[PlacesThere]:
        raise UnsupportedByPartner(connection, "count places")

    def read_push(
        self, connection: Connection, headers: Mapping[str, str], body: bytes
    ) -> PushedNotice:
        raise UnsupportedByPartner(connection, "push")

    def _request(self, desk: Desk, path: str, body: Mapping[str, Any]) -> Request:
        return Request(
            method="POST", url=join(desk.connection.base_url, path), body=json_body(body)
        )

    def _accept(self, reply: Reply) -> Mapping[str, Any]:
        return {
            "reference": reply.document["reference"],
            "tickets": [dict(ticket) for ticket in reply.document["tickets"]],
        }

    def _standing(self, reference: str, tickets: Sequence[Mapping[str, Any]]) -> Standing:
        told = [
            OutsideTicketData(
                outside_item=ticket["item"],
                outside_id=ticket["id"],
                number=ticket["number"],
                state=TicketState(ticket["state"]) if ticket["state"] else None,
            )
            for ticket in tickets
        ]
        return Standing(
            exists=True, outside_reference=reference, tickets=told if self.tells_tickets else ()
        )
