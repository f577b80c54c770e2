"""Partners that order and list at once, a program of its own: `python -m tests.scale.clients`.

Reads one line of JSON that says what to do and prints one of what came of it. A request that is not
answered, or with 5xx, or with a refusal that asks to come again, is sent again to another web
process, under the same idempotency key. Any other refusal ends the program, with exit code 1.
"""

from __future__ import annotations

import http.client
import itertools
import json
import random
import select
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass, field
from typing import Any

from tests.traffic import (
    Answer,
    Expected,
    Seller,
    day_tickets,
    may_be_repeated,
    mixed_order,
)

# Longer than any process takes to be started again.
_GIVES_UP_SECONDS = 60.0
_POLL_SECONDS = 0.1


class RefusedError(Exception):
    """A request was answered with something that was not to come, and not to be repeated."""


@dataclass(frozen=True)
class Task:
    """What to send for so many seconds, 0: until standard input ends.

    lists_every: after how many orders a list is asked for, 0: never.
    is_mixed: orders as a park gets them, else of four day tickets. orders: False for lists only.
    rate: orders/s that are due at random moments, whatever is answered; 0: each client sends its
    next one when it has the answer.
    """

    ports: Sequence[int]
    key: str
    partner_id: str
    prefix: str
    clients: int = 8
    seconds: float = 10.0
    lists_every: int = 0
    is_mixed: bool = False
    orders: bool = True
    rate: float = 0.0


@dataclass
class Outcome:
    """What came of it: seconds of each answered request, accepted orders by id, what failed.

    due: when each accepted order was to be sent, by id, as wall-clock time.
    """

    accepted: dict[str, list[Any]] = field(default_factory=dict)
    orders: list[float] = field(default_factory=list)
    lists: list[float] = field(default_factory=list)
    due: dict[str, float] = field(default_factory=dict)
    repeated: int = 0
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0.0
    cpu: float = 0.0


class Client:
    """One partner's program: a connection to each web process, one in use."""

    def __init__(self, task: Task, number: int, outcome: Outcome, lock: threading.Lock) -> None:
        self.task = task
        self.outcome = outcome
        self.lock = lock
        self.chance = random.Random(f"{task.prefix} {number}")
        self.sellers = itertools.cycle(
            [
                Seller(port, task.key, task.partner_id)
                for port in (*task.ports[number % len(task.ports) :], *task.ports)
            ]
        )
        self.seller = next(self.sellers)
        self.references = (f"{task.prefix}-{number}-{count}" for count in itertools.count())

    def work(self, is_over: threading.Event) -> None:
        """Order and list until it is over."""
        for count in itertools.count(1):
            if is_over.is_set():
                return
            if self.task.orders:
                self.order()
            if not self.task.orders or (
                self.task.lists_every and count % self.task.lists_every == 0
            ):
                self.list()

    def work_at(self, moments: Iterator[float], is_over: threading.Event) -> None:
        """Send an order at each of the moments, which all clients share, until it is over."""
        while True:
            with self.lock:
                due = next(moments, None)
            if due is None:
                return
            if is_over.wait(max(0.0, due - time.monotonic())):
                return
            self.order(due)

    def order(self, due: float | None = None) -> None:
        """Send one order until it is answered; due: when it was to be sent, now unless given."""
        reference = next(self.references)
        if self.task.is_mixed:
            body, expected = mixed_order(self.seller, reference, self.chance)
        else:
            body, expected = self.seller.order(reference, day_tickets(4)), Expected("Issued", 4, 4)
        started = time.monotonic() if due is None else due
        started_at = time.time() - (time.monotonic() - started)
        answer = self.send("POST", "", body, reference, expected=201)
        with self.lock:
            if answer is None:
                self.outcome.wrong.append(f"{reference} was never answered")
                return
            self.outcome.orders.append(time.monotonic() - started)
            order_id = answer.body["orderId"]
            self.outcome.accepted[order_id] = [*asdict(expected).values()]
            self.outcome.due[order_id] = started_at

    def list(self) -> None:
        """Read the first page of the partner's list."""
        started = time.monotonic()
        path = f"/orders/{self.task.partner_id}?pageSize=50"
        answer = self.send("GET", path, None, None, expected=200)
        with self.lock:
            if answer is None:
                self.outcome.wrong.append("A list was never answered")
                return
            self.outcome.lists.append(time.monotonic() - started)

    def send(
        self, method: str, path: str, body: Any, key: str | None, *, expected: int
    ) -> Answer | None:
        """Return the answer of whichever web process gives one; None when none does for long.

        Raises RefusedError when it is not the expected one and repeating it would not help.
        """
        until = time.monotonic() + _GIVES_UP_SECONDS
        while time.monotonic() < until:
            try:
                answer = self.seller.request(method, path, body, idempotency_key=key)
            except (OSError, http.client.HTTPException):
                pass
            else:
                if answer.status == expected:
                    return answer
                # To come again: the first of two is at work, maybe in a process that was killed.
                if answer.status < 500 and not may_be_repeated(answer):
                    told = answer.text.decode(errors="replace")
                    raise RefusedError(
                        f"{method} of {key or path} was answered {answer.status}: {told}"
                    )
            with self.lock:
                self.outcome.repeated += 1
            self.seller = next(self.sellers)
            time.sleep(0.05)
        return None


def _moments(task: Task) -> Iterator[float]:
    """Yield when orders are due, as they come to a park: at random, so many a second."""
    chance = random.Random(task.prefix)
    due = time.monotonic() + 0.1
    end = due + task.seconds
    while (due := due + chance.expovariate(task.rate)) < end:
        yield due


def _until_input_ends(working: Sequence[Future[None]]) -> None:
    """Return when standard input has ended, or a client has."""
    while not any(client.done() for client in working):
        if select.select([sys.stdin], [], [], _POLL_SECONDS)[0]:
            return


def main() -> None:
    """Do the task on standard input."""
    task = Task(**json.loads(sys.stdin.readline()))
    outcome, lock = Outcome(), threading.Lock()
    started, cpu = time.monotonic(), time.process_time()
    is_over = threading.Event()
    with ThreadPoolExecutor(task.clients) as pool:
        clients = [Client(task, number, outcome, lock) for number in range(task.clients)]
        if task.rate:
            moments = _moments(task)
            working = [pool.submit(client.work_at, moments, is_over) for client in clients]
            wait(working, return_when=FIRST_EXCEPTION)
        else:
            working = [pool.submit(client.work, is_over) for client in clients]
            if task.seconds:
                wait(working, task.seconds, FIRST_EXCEPTION)
            else:
                _until_input_ends(working)
        is_over.set()
        for done in working:
            done.result()
    outcome.seconds = time.monotonic() - started
    outcome.cpu = time.process_time() - cpu
    print(json.dumps(asdict(outcome)))


if __name__ == "__main__":
    try:
        main()
    except RefusedError as refused:
        sys.exit(str(refused))
