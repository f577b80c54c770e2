"""The same order many times at once, and orders that want the same guest numbers."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from partners import idempotency
from tests.chaos.identical_orders import create_at_once, unlike_one_order
from tests.conftest import ApiClient
from tests.stack import Stack
from tests.traffic import at_once, day_tickets

CALLS = 100


def test_a_hundred_identical_calls_make_one_order(
    stack: Stack, reference: Callable[[], str]
) -> None:
    wanted = reference()
    answers = create_at_once(stack, reference=wanted, calls=CALLS)
    assert unlike_one_order(stack, reference=wanted, answers=answers) == []


def test_a_hundred_calls_with_one_idempotency_key_make_one_order(
    stack: Stack, reference: Callable[[], str]
) -> None:
    wanted = reference()
    answers = create_at_once(stack, reference=wanted, calls=CALLS, idempotency_key=f"key-{wanted}")
    accepted = [answer for answer in answers if answer.status == 201]
    others = [answer for answer in answers if answer.status != 201]
    assert all(answer.body == accepted[0].body for answer in accepted)
    assert sum("idempotent-replayed" not in answer.headers for answer in accepted) == 1
    assert {(answer.status, answer.body["code"]) for answer in others} <= {
        (409, "idempotency_in_progress")
    }
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in others)
    again = create_at_once(stack, reference=wanted, calls=1, idempotency_key=f"key-{wanted}")[0]
    assert (again.status, again.body) == (201, accepted[0].body)


def test_orders_that_share_guest_numbers_in_opposite_order_never_block_each_other(
    stack: Stack, reference: Callable[[], str]
) -> None:
    chance = random.Random(50)
    with stack.seller() as one, stack.seller(1) as other:
        for _ in range(50):
            wanted = reference()
            numbers = [f"{wanted}/{n}" for n in range(20)]
            shuffled = chance.sample(numbers, len(numbers))
            bodies = [
                seller.order(reference(), day_tickets(20, externalReferenceNumbers=given))
                for seller, given in ((one, numbers), (other, shuffled))
            ]
            answers = at_once(
                [lambda: one.create(bodies[0]), lambda: other.create(bodies[1])]  # noqa: B023
            )
            loser = next(answer for answer in answers if answer.status != 201)
            assert [answer.status for answer in answers].count(201) == 1
            assert (loser.status, loser.body["code"]) == (400, "external_reference_taken")
            assert len(loser.body["errors"]) == 20


def test_a_call_whose_twin_commits_while_it_looks_for_the_answer_gets_that_answer(
    api: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The look-up's snapshot may be older than the lock it takes: then it sees no answer."""
    body = api.order_body()
    first = api.post(body, idempotency_key="one")
    look_up = idempotency._lock_and_look_up
    stale: list[Any] = [None]

    def look_up_too_early(*args: Any) -> Any:
        return stale.pop() if stale else look_up(*args)

    monkeypatch.setattr(idempotency, "_lock_and_look_up", look_up_too_early)
    second = api.post(body, idempotency_key="one")
    assert (second.status_code, second.json()) == (201, first.json())
    assert second.headers["Idempotent-Replayed"] == "true"
