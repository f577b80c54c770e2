"""A load generator in a process of its own: `python -m tests.bench.client`.

Reads one line of JSON that says what to send, answers `ready`, starts at the next line, and prints
what came back as one line of JSON.
"""

from __future__ import annotations

import itertools
import json
import re
import socket
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

from tests.traffic import BASE, TIMEOUT_SECONDS, TOMORROW, Answer, Caller, Gate, Seller, day_tickets


@dataclass(frozen=True)
class Load:
    """What one process sends.

    Closed loop: each client sends the next request when it has its answer, up to `requests` in
    all and `seconds` at most. With `rate` (requests/s) the loop is open: requests are due at fixed
    moments, whether or not earlier ones were answered, and latency counts from the moment due.
    """

    port: int
    key: str
    partner_id: str
    clients: int = 1
    requests: int = 1
    seconds: float = 30.0
    rate: float = 0.0
    phase: float = 0.0  # of the gap between two moments due, by which this process starts later
    prefix: str = ""  # of the references of new orders
    lines: int = 1
    quantity: int = 1
    items: tuple[dict[str, Any], ...] = ()  # lines, one for each order in turn, instead of tickets
    holds: bool = False  # whether each is held first; both requests count
    paths: tuple[str, ...] = ()  # to GET, in turn, instead of sending orders
    base: str = BASE  # below which the paths are
    minimal: bool = False  # whether orders go to the minimal server, in its own terms
    # As if it ran on another machine: how far its process stands back, and GETs by bare sockets.
    nice: int = 0
    bare: bool = False
    numbers: tuple[str, ...] = ()  # to scan at a gate, each once, instead of sending orders


@dataclass(frozen=True)
class Sample:
    """One request: when it was due, when and how it was answered; `order_id` of a new order."""

    due: float
    seconds: float
    status: int
    order_id: str


class BareReader(Caller):
    """Sends GETs and reads of the answers what it must: a tenth of the CPU of an HTTP client."""

    def __init__(self, port: int, key: str) -> None:
        super().__init__(port, key)
        self._socket = socket.create_connection(("127.0.0.1", port), TIMEOUT_SECONDS)

    def close(self) -> None:
        self._socket.close()

    def read(self, path: str) -> Answer:
        """Return the status of a GET."""
        sent_at, started = time.time(), time.perf_counter()
        self._socket.sendall(
            f"GET {BASE}{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nx-api-key: {self.key}\r\n\r\n".encode()
        )
        answer = b""
        while (end := answer.find(b"\r\n\r\n")) < 0:
            answer += self._more()
        length = re.search(rb"content-length: (\d+)", answer[:end].lower())
        assert length is not None, answer[:end]
        while len(answer) < end + 4 + int(length[1]):
            answer += self._more()
        seconds = time.perf_counter() - started
        return Answer(int(answer[9:12]), {}, b"", sent_at, seconds)

    def _more(self) -> bytes:
        received = self._socket.recv(65_536)
        if not received:
            raise ConnectionResetError("The server closed the connection.")
        return received


def run(load: Load, started_at: float) -> list[Sample]:
    """Send the load and return its samples."""
    numbers = itertools.count()
    take = threading.Lock()

    def next_number() -> int | None:
        with take:
            number = next(numbers)
        late = not load.rate and time.time() > started_at + load.seconds
        return None if number >= load.requests or late else number

    def work(_: int) -> list[Sample]:
        samples = []
        with _connection(load) as caller:
            send = _sender(load, caller)
            while (number := next_number()) is not None:
                due = started_at + (number + load.phase) / load.rate if load.rate else time.time()
                time.sleep(max(0.0, due - time.time()))
                answer = send(number)
                answered = answer.sent_at + answer.seconds
                new = answer.status == 201
                order_id = answer.body.get("orderId", "") if new else ""
                samples.append(Sample(due, answered - due, answer.status, order_id))
        return samples

    with ThreadPoolExecutor(load.clients) as pool:
        return list(itertools.chain.from_iterable(pool.map(work, range(load.clients))))


def _connection(load: Load) -> Caller:
    if load.numbers:
        return Gate(load.port, load.key)
    if load.bare:
        return BareReader(load.port, load.key)
    return Seller(load.port, load.key, load.partner_id)


def _sender(load: Load, caller: Caller) -> Callable[[int], Answer]:
    if isinstance(caller, Gate):
        return lambda number: caller.scan(load.numbers[number], f"{load.prefix}-{number}")
    if isinstance(caller, BareReader):
        return lambda number: caller.read(load.paths[number % len(load.paths)])
    assert isinstance(caller, Seller)
    if load.minimal and not load.paths:
        return lambda number: caller.send("POST", "/orders", _minimal_order(load, number))
    return _reads(load, caller) if load.paths else _orders(load, caller)


def _orders(load: Load, seller: Seller) -> Callable[[int], Answer]:
    def send(number: int) -> Answer:
        lines = [day_tickets(load.quantity) for _ in range(load.lines)]
        if load.items:
            lines = [load.items[number % len(load.items)]]
        if load.holds:
            held = seller.hold(*lines)
            if held.status != 201:
                return held
            lines = [{**line, "holdId": held.body["holdId"]} for line in lines]
        return seller.create(seller.order(f"{load.prefix}-{number}", *lines))

    return send


def _reads(load: Load, seller: Seller) -> Callable[[int], Answer]:
    return lambda number: seller.send("GET", load.base + load.paths[number % len(load.paths)])


def _minimal_order(load: Load, number: int) -> dict[str, Any]:
    return {
        "partner_id": load.partner_id,
        "reference": f"{load.prefix}-{number}",
        "payment_reference": f"PAY-{load.prefix}-{number}",
        "item_number": "DAY",
        "quantity": load.quantity,
        "visit_date": TOMORROW,
    }


def main() -> None:
    given: dict[str, Any] = json.loads(sys.stdin.readline())
    load = Load(**{**given, **{name: tuple(given[name]) for name in ("items", "paths", "numbers")}})
    print("ready", flush=True)
    sys.stdin.readline()
    print(json.dumps([asdict(sample) for sample in run(load, time.time())]), flush=True)


if __name__ == "__main__":
    main()
