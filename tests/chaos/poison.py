"""An order that takes down each worker that issues it, and one that fails each time, among others."""

from __future__ import annotations

import random
from functools import partial

from tests.chaos.load import Book
from tests.chaos.stage import SETTLE_SECONDS, Stage
from tests.stack import Stack
from tests.traffic import mixed_order

# As in `tampering`, which knows Django.
POISON, SPOILT = "POISON-", "SPOILT-"
# A worker is started and dies, and is found dead, as often as a job is tried.
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
    stack.start_worker()
    ended = stack.keep_alive_during(partial(_settle, stack))
    stage.noted["workers taken down"] += ended["worker"]
    stage.accepted.update(book.accepted)
    return [*book.wrong, *bad.wrong, *_unlike_error(stack, bad)]


def _settle(stack: Stack) -> None:
    stack.wait_until_settled(seconds=_SECONDS + SETTLE_SECONDS)


def _unlike_error(stack: Stack, bad: Book) -> list[str]:
    found = stack.sql(
        "SELECT left(sell_to_order_reference, 7), status, failure_code FROM orders_order"
        " WHERE id = ANY(%s::uuid[]) ORDER BY 1",
        list(bad.accepted),
    )
    wanted = [(POISON, "Error", "stalled"), (SPOILT, "Error", "internal")]
    return [] if found == wanted else [f"The bad orders are {found}, not {wanted}"]
