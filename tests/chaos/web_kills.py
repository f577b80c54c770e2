"""SIGKILL of the web process around the COMMIT of an order, while its client waits for the answer.

The client sends the order again: with its Idempotency-Key it gets the answer that was stored,
without one it is told that the order is there. There is one order either way.
"""

from __future__ import annotations

import json
import random
from functools import partial

from tests.chaos.load import Book
from tests.chaos.stage import Stage
from tests.traffic import Answer, Expected, at_once, mixed_order

DIE = "Chaos-Die"
# Most die between the commit and the answer; what dies before has left nothing.
MOMENTS = ("after commit", "before answer", "after commit", "before answer", "before commit")
CLIENTS = 4


def kill_between_commit_and_answer(stage: Stage, *, kills: int, chance: random.Random) -> list[str]:
    """Kill the web process under the eyes of several clients; one of them sees to the moment."""
    book = Book()
    mark = f"WEB-{chance.getrandbits(32):08x}"
    for number in range(kills):
        moment = MOMENTS[number % len(MOMENTS)]
        with_key = number % 2 == 0
        calls = [
            partial(
                _order_until_answered,
                stage,
                book,
                f"{mark}-{number}-{client}",
                random.Random(chance.random()),
                moment=moment if client == 0 else "",
                with_key=with_key if client == 0 else chance.random() < 0.5,
            )
            for client in range(CLIENTS)
        ]
        ended = stage.stack.keep_alive_during(partial(at_once, calls))
        if ended["web"] != 1:
            book.wrong.append(f"{mark}-{number}: the web process ended {ended['web']} times")
        stage.noted[f"kills {moment}"] += 1
    stage.noted.update(book.answers)
    stage.accepted.update(book.accepted)
    return book.wrong


def _order_until_answered(
    stage: Stage,
    book: Book,
    reference: str,
    chance: random.Random,
    *,
    moment: str,
    with_key: bool,
) -> None:
    """Order until there is an answer, then once more: nothing else may come, and there is one order."""
    with stage.stack.seller() as seller:
        body, expected = mixed_order(seller, reference, chance)
        key = reference if with_key else None
        headers = {DIE: moment} if moment else {}
        answer = book.order(seller, body, expected, key=key, headers=headers, breaks=True)
        if answer is None:
            return
        again = book.order(seller, body, expected, key=key, breaks=True)
        if again is None:
            return
        if with_key:
            _compare(stage, book, reference, expected, answer, again)
        elif again.status != 400 or again.body["orderId"] != _id(answer):
            book.wrong.append(f"{reference} was there, and answered {again.status}: {again.text!r}")


def _compare(
    stage: Stage, book: Book, key: str, expected: Expected, answer: Answer, again: Answer
) -> None:
    with book.lock:  # one connection of the stack for all clients
        stored = stage.stack.sql("SELECT body FROM partners_idempotencyrecord WHERE key = %s", key)
    if [json.loads(body) for (body,) in stored] != [answer.body]:
        book.wrong.append(f"{key}: stored is {stored}, answered was {answer.text!r}")
    if again.body != answer.body or "idempotent-replayed" not in again.headers:
        book.wrong.append(f"{key} was answered {answer.text!r}, then {again.text!r}")


def _id(answer: Answer) -> str:
    return str(answer.body["orderId"])
