"""Identical calls in parallel: exactly one order."""

from __future__ import annotations

from collections import Counter
from functools import partial

from tests.chaos.stage import Stage
from tests.stack import Stack
from tests.traffic import Answer, at_once, day_tickets


def create_at_once(
    stack: Stack, *, reference: str, calls: int, idempotency_key: str | None = None
) -> list[Answer]:
    """Send the same order over as many connections as calls, all at the same moment."""
    sellers = [stack.seller() for _ in range(calls)]
    body = sellers[0].order(reference, day_tickets(2))
    try:
        return at_once(
            [partial(seller.create, body, idempotency_key=idempotency_key) for seller in sellers]
        )
    finally:
        for seller in sellers:
            seller.close()


def create_one(stage: Stage, *, calls: int) -> list[str]:
    """Make that many calls of an order that nobody has made; return what was wrong."""
    reference = stage.reference()
    answers = create_at_once(stage.stack, reference=reference, calls=calls)
    stage.noted.update(str(answer.status) for answer in answers)
    return unlike_one_order(stage.stack, reference=reference, answers=answers)


def unlike_one_order(stack: Stack, *, reference: str, answers: list[Answer]) -> list[str]:
    """Return what is wrong unless one call was accepted and the others named its order."""
    created = [answer.body["orderId"] for answer in answers if answer.status == 201]
    refused = Counter(
        (answer.status, answer.body.get("code"), answer.body.get("orderId"))
        for answer in answers
        if answer.status != 201
    )
    found = []
    if len(created) != 1:
        found.append(f"{len(created)} calls of {len(answers)} were accepted")
    elif refused != {(400, "duplicate_order", created[0]): len(answers) - 1}:
        found.append(f"the others were answered {refused}")
    rows = stack.sql(
        "SELECT count(*) FROM orders_order WHERE sell_to_order_reference = %s", reference
    )
    if rows != [(1,)]:
        found.append(f"{rows[0][0]} orders are stored")
    return found
