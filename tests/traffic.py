"""What a partner sends over real HTTP: one connection each, seeded orders, many at once.

Imports nothing of the product, so that a load generator is a small process.
"""

from __future__ import annotations

import datetime
import http.client
import json
import random
import threading
import time
import zoneinfo
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, TypeVar

BASE = "/channelManager"
PROBLEM = "application/problem+json"
TIMEOUT_SECONDS = 60.0
_VENUE = zoneinfo.ZoneInfo("Europe/Amsterdam")
TOMORROW = (datetime.datetime.now(_VENUE).date() + datetime.timedelta(days=1)).isoformat()

_T = TypeVar("_T")


@dataclass(frozen=True)
class Answer:
    """What came back, and when: `sent_at` is wall-clock time, `seconds` how long it took."""

    status: int
    headers: dict[str, str]
    text: bytes
    sent_at: float
    seconds: float

    @property
    def body(self) -> Any:
        """Return the JSON body."""
        return json.loads(self.text)


def is_problem(answer: Answer) -> bool:
    """Tell whether an answer has the shape of our refusals."""
    return answer.headers.get("content-type", "").startswith(PROBLEM)


def may_be_repeated(answer: Answer) -> bool:
    """Tell whether an answer is a refusal that says in the documented way: come again."""
    if answer.status not in (409, 503) or not is_problem(answer):
        return False
    body = answer.body
    return (
        body["code"] in ("busy", "idempotency_in_progress")
        and body["retryable"] is True
        and body["status"] == answer.status
        and answer.headers.get("retry-after", "").isdigit()
    )


class Caller:
    """A kept-alive connection with a key, for one thread at a time."""

    def __init__(self, port: int, key: str) -> None:
        self.port = port
        self.key = key
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; another request opens it again."""
        self._connection.close()

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Send a request and read the whole answer."""
        headers["x-api-key"] = self.key
        if body is not None:
            headers["Content-Type"] = "application/json"
        data = None if body is None else json.dumps(body).encode()
        sent_at, started = time.time(), time.perf_counter()
        try:
            self._connection.request(method, path, data, headers)
            response = self._connection.getresponse()
            text = response.read()
        except (OSError, http.client.HTTPException):
            self.close()
            raise
        seconds = time.perf_counter() - started
        if data is not None and response.status >= 400:
            # It may have been refused before its body was read, and is hung up on then.
            self.close()
        found = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, found, text, sent_at, seconds)


class Gate(Caller):
    """A gate device."""

    def scan(self, number: str, request_id: str) -> Answer:
        body = {"referenceNumber": number, "requestId": request_id}
        return self.send("POST", "/gate/admissions", body)


class Seller(Caller):
    """A partner's connection."""

    def __init__(self, port: int, key: str, partner_id: str) -> None:
        super().__init__(port, key)
        self.partner_id = partner_id

    def twin(self) -> Seller:
        """Return another connection of the same partner."""
        return Seller(self.port, self.key, self.partner_id)

    def request(
        self, method: str, path: str, body: Any = None, *, idempotency_key: str | None = None
    ) -> Answer:
        """Send a request below the API's base path."""
        headers = {} if idempotency_key is None else {"Idempotency-Key": idempotency_key}
        return self.send(method, BASE + path, body, **headers)

    def create(self, body: Any, *, idempotency_key: str | None = None) -> Answer:
        return self.request("POST", "", body, idempotency_key=idempotency_key)

    def get(self, order_id: str) -> Answer:
        return self.request("GET", f"/{order_id}")

    def wait(self, order_id: str) -> Answer:
        return self.request("GET", f"/{order_id}?wait=25")

    def list(self, page_size: int = 100) -> Answer:
        return self.request("GET", f"/orders/{self.partner_id}?pageSize={page_size}")

    def confirm(self, order_id: str, reference: str = "PAY-2") -> Answer:
        return self.request("POST", f"/{order_id}/confirm", {"paymentReference": reference})

    def replace(self, order_id: str, body: Any) -> Answer:
        return self.request("PUT", f"/{order_id}", body)

    def delete(self, order_id: str) -> Answer:
        return self.request("DELETE", f"/{order_id}")

    def hold(self, *items: dict[str, Any]) -> Answer:
        return self.request("POST", "/holds", {"items": list(items)})

    def get_hold(self, hold_id: str) -> Answer:
        return self.request("GET", f"/holds/{hold_id}")

    def extend(self, hold_id: str) -> Answer:
        return self.request("POST", f"/holds/{hold_id}/extend")

    def release(self, hold_id: str) -> Answer:
        return self.request("DELETE", f"/holds/{hold_id}")

    def order(
        self, reference: str, *items: dict[str, Any], paid: bool = True, **members: Any
    ) -> dict[str, Any]:
        """Return the body of an order; without items, one day ticket for tomorrow."""
        return {
            "partnerId": self.partner_id,
            "sellToOrderReference": reference,
            "paymentReference": f"PAY-{reference}" if paid else None,
            "items": list(items) or [day_tickets(1)],
            **members,
        }


@dataclass(frozen=True)
class Expected:
    """What an accepted order must have become once it has settled."""

    status: str
    wallets: int
    assets: int


def day_tickets(quantity: int, **wallet: Any) -> dict[str, Any]:
    """Return a line of individual tickets: a wallet with one asset each."""
    line = {"itemNumber": "DAY", "quantity": quantity, "visitDate": TOMORROW}
    return {**line, "wallet": wallet} if wallet else line


def group_ticket(quantity: int) -> dict[str, Any]:
    """Return a line of one group: one wallet with one asset."""
    return {"itemNumber": "GROUP", "quantity": quantity, "visitDate": TOMORROW}


def bundles(quantity: int) -> dict[str, Any]:
    """Return a line of bundles: a wallet with three assets each, one of them at another time."""
    schedule = [{"itemNumber": "CINEMA-4D", "visitDate": TOMORROW, "visitTime": "14:00"}]
    wallet = {"componentSchedule": schedule}
    return {
        "itemNumber": "FAMILY-DAY",
        "quantity": quantity,
        "visitDate": TOMORROW,
        "wallet": wallet,
    }


def visits(item_number: str, day: str, at: str | None = None, **members: Any) -> dict[str, Any]:
    """Return a line of visits to sessions, such as `visits("SHOW", day, "10:00", quantity=2)`."""
    line = {"itemNumber": item_number, "visitDate": day, **members}
    return {**line, "visitTime": at} if at else line


def mixed_order(
    seller: Seller, reference: str, chance: random.Random
) -> tuple[dict[str, Any], Expected]:
    """Return an order as a park gets them, and what must become of it."""
    items: list[dict[str, Any]] = []
    wallets = assets = 0
    for index in range(chance.choice((1, 1, 1, 2, 3))):
        quantity = chance.randint(1, 6)
        match chance.choice(("individual", "numbered", "group", "bundle")):
            case "individual":
                items.append(day_tickets(quantity))
                wallets, assets = wallets + quantity, assets + quantity
            case "numbered":
                numbers = [f"{reference}/{index}/{n}" for n in range(quantity)]
                names = [f"Guest {n}" for n in range(quantity)]
                items.append(day_tickets(quantity, externalReferenceNumbers=numbers, names=names))
                wallets, assets = wallets + quantity, assets + quantity
            case "group":
                items.append(group_ticket(10 * quantity))
                wallets, assets = wallets + 1, assets + 1
            case _:
                items.append(bundles(quantity))
                wallets, assets = wallets + quantity, assets + 3 * quantity
    paid = chance.random() < 0.75
    body = seller.order(reference, *items, paid=paid)
    return body, Expected("Issued" if paid else "Draft", wallets, assets)


def at_once(calls: Sequence[Callable[[], _T]]) -> list[_T]:
    """Make every call in a thread of its own, all let loose together; return their results."""
    together = threading.Barrier(len(calls))

    def run(call: Callable[[], _T]) -> _T:
        together.wait(TIMEOUT_SECONDS)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))
