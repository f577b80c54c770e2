"""SIGKILL of the web process around the COMMIT of an order, while its client waits for the answer.

The client sends the order again: with its Idempotency-Key it gets the answer that was stored,
without one it is told that the order is there. There is one order either way.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

from tests.chaos.load import Book
from tests.chaos.stage import Stage
from tests.process import StackError, wait_for
from tests.stack import Stack
from tests.traffic import Answer, Expected, at_once, mixed_order
from tests.web_server import wait_until_it_answers

DIE = "Chaos-Die"
# Most die between the commit and the answer; what dies before has left nothing.
MOMENTS = ("after commit", "before answer", "after commit", "before answer", "before commit")
CLIENTS = 4


def kill_between_commit_and_answer(stage: Stage, *, kills: int, chance: random.Random) -> list[str]:
    """Kill the web process under the eyes of several clients; one of them sees to the moment.

    kills: so many between the commit and the answer; a quarter as many before the commit come on top.
    """
    book = Book()
    mark = f"WEB-{chance.getrandbits(32):08x}"
    for number in range(kills + kills // 4):
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
        ended = stage.stack.keep_alive_during(partial(_until_noticed, stage.stack, calls))
        if ended["web"] != 1:
            book.wrong.append(f"{mark}-{number}: the web process ended {ended['web']} times")
        stage.noted[f"kills {moment}"] += 1
    stage.noted.update(book.answers)
    stage.accepted.update(book.accepted)
    return book.wrong


def _until_noticed(stack: Stack, calls: Sequence[Callable[[], None]]) -> None:
    """Make the calls and wait until the server of the process that died answers again.

    Its other process may have answered all of them before that one was missed.
    """
    assert stack.web is not None
    before = stack.web.pid
    at_once(calls)
    with suppress(StackError):  # nobody died: the caller counts
        wait_for("the web server is started anew", lambda: stack.web.pid != before, seconds=20)
        wait_until_it_answers(stack.web, stack.port)


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
