"""Clients who order without rest, whatever happens, and repeat what was not answered.

Every order carries an Idempotency-Key or, by chance, none; what was not answered, or answered with
a refusal that may be repeated, is sent again with the same one.
"""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from tests.traffic import Answer, Expected, Seller, is_problem, may_be_repeated, mixed_order

# For how long an order is repeated before it is given up.
PATIENCE = 90.0
_PAUSE = 0.1
_SHOWN = 300  # of an answer that was not to come

Sellers = Callable[[], Seller]


@dataclass
class Book:
    """What was accepted, by id, and how it was answered; shared by all clients of a trial."""

    accepted: dict[str, Expected] = field(default_factory=dict)
    answers: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def order(
        self,
        seller: Seller,
        body: Mapping[str, Any],
        expected: Expected,
        *,
        key: str | None,
        headers: Mapping[str, str] | None = None,
        breaks: bool = False,
    ) -> Answer | None:
        """Order until it is accepted, and write it down; None when that came to nothing.

        headers: sent until a connection broke for the first time, that is also with what is asked
        to come again; breaks: whether connections may break.
        """
        reference = body["sellToOrderReference"]
        own = {} if key is None else {"Idempotency-Key": key}
        ends_at, more = time.monotonic() + PATIENCE, dict(headers or {})
        while time.monotonic() < ends_at:
            try:
                answer = seller.send("POST", "/channelManager", body, **own, **more)
            except (OSError, http.client.HTTPException) as fault:
                self.answers["broken off"] += 1
                if not breaks:
                    self.wrong.append(f"{reference}: the connection broke: {fault!r}")
                    return None
                more = {}
            else:
                if self._take(answer, reference, expected, key):
                    return answer
                if not may_be_repeated(answer):
                    self.wrong.append(
                        f"{reference} was answered {answer.status}: {answer.text[:_SHOWN]!r}"
                    )
                    return None
            time.sleep(_PAUSE)  # as a client does before it comes again
        self.wrong.append(f"{reference} was not accepted within {PATIENCE:.0f} s")
        return None

    def _take(self, answer: Answer, reference: str, expected: Expected, key: str | None) -> bool:
        """Write down what was answered; tell whether the order is there."""
        if answer.status == 201:
            name = "201, replayed" if "idempotent-replayed" in answer.headers else "201"
        elif answer.status == 400 and key is None and answer.body.get("code") == "duplicate_order":
            name = "400, there already"
        else:
            code = json.loads(answer.text).get("code") if is_problem(answer) else "no problem body"
            self.answers[f"{answer.status} {code}"] += 1
            return False
        with self.lock:
            self.answers[name] += 1
            if not answer.body.get("orderId"):
                self.wrong.append(f"{reference}: {name} names no order: {answer.text!r}")
            else:
                self.accepted[answer.body["orderId"]] = expected
        return True


class Load:
    """Clients that order mixed things until the block is left."""

    def __init__(
        self,
        sellers: Sellers,
        seed: str,
        *,
        clients: int = 4,
        pause: float = 0.05,
        breaks: bool = False,
        book: Book | None = None,
    ) -> None:
        self.book = book or Book()
        self._sellers, self._seed, self._pause, self._breaks = sellers, seed, pause, breaks
        self._done = threading.Event()
        self._threads = [
            threading.Thread(target=self._order_on, args=(number,)) for number in range(clients)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join()

    def _order_on(self, client: int) -> None:
        chance = random.Random(f"{self._seed}/{client}")
        try:
            with self._sellers() as seller:
                number = 0
                while not self._done.is_set():
                    number += 1
                    reference = f"{self._seed}-{client}-{number}"
                    body, expected = mixed_order(seller, reference, chance)
                    key = reference if chance.random() < 0.7 else None
                    self.book.order(seller, body, expected, key=key, breaks=self._breaks)
                    self._done.wait(self._pause)
        except Exception as fault:
            self.book.wrong.append(f"client {client} stopped: {fault!r}")
