"""An order that takes down each worker that issues it, and one that fails each time, among others."""

from __future__ import annotations

import os
import random
import signal
import time

from tests.chaos.dying_workers import Death, Nursery, lives
from tests.chaos.load import Book
from tests.chaos.stage import SETTLE_SECONDS, Stage
from tests.process import wait_for
from tests.stack import Stack
from tests.traffic import mixed_order

# As in `tampering`, which knows Django.
POISON, SPOILT = "POISON-", "SPOILT-"
# A worker begins and dies, and is found dead, as often as a job is tried.
_SECONDS = 400.0


def poison_among_others(stage: Stage, *, orders: int, chance: random.Random) -> list[str]:
    """Put both in the middle of so many orders: the others are issued, these end in Error."""
    stack = stage.stack
    stack.stop_workers()
    book, bad, mark = Book(), Book(), f"{chance.getrandbits(32):08x}"
    positions = dict(zip(chance.sample(range(orders), 2), (POISON, SPOILT), strict=True))
    with stack.seller() as seller:
        for number in range(orders):
            prefix = positions.get(number, "BESIDE-")
            body, expected = mixed_order(seller, f"{prefix}{mark}-{number}", chance)
            of = book if prefix == "BESIDE-" else bad
            of.order(seller, body, expected, key=None)
    stage.noted["workers taken down"] += _work_off(stack)
    stage.accepted.update(book.accepted)
    return [*book.wrong, *bad.wrong, *_unlike_error(stack, bad)]


def _work_off(stack: Stack) -> int:
    """Have workers follow one another until everything has settled; return how many died."""
    died = 0
    ends_at = time.monotonic() + _SECONDS
    with Nursery(stack) as nursery:
        while time.monotonic() < ends_at:
            worker = nursery.start(Death("commit"), concurrency=6, queues=())
            wait_for(
                "a worker dies, or has done everything",
                lambda worker=worker: not lives(worker) or has_settled(stack),
                seconds=SETTLE_SECONDS,
            )
            if not lives(worker):
                died += nursery.wait().killed
                continue
            os.kill(worker, signal.SIGTERM)
            nursery.wait()
            return died
    raise AssertionError(f"Not settled after {died} workers have died")


def has_settled(stack: Stack) -> bool:
    """Tell whether no order is in flight and no job is left of them."""
    return not (stack.in_flight or stack.jobs_running or stack.jobs_waiting)


def _unlike_error(stack: Stack, bad: Book) -> list[str]:
    found = stack.sql(
        "SELECT left(sell_to_order_reference, 7), status, failure_code FROM orders_order"
        " WHERE id = ANY(%s::uuid[]) ORDER BY 1",
        list(bad.accepted),
    )
    wanted = [(POISON, "Error", "stalled"), (SPOILT, "Error", "internal")]
    return [] if found == wanted else [f"The bad orders are {found}, not {wanted}"]
