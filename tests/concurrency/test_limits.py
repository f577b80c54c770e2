"""A key's limit holds across the web processes, however many requests come at once."""

from __future__ import annotations

import time
from collections import Counter
from functools import partial

from tests.stack import Stack
from tests.traffic import Answer, Seller, at_once

# Little enough that a busy machine uses it up.
PER_SECOND, BURST, CLIENTS = 10, 10, 8


def press(seller: Seller, until: float) -> list[Answer]:
    """Send one request after the other until a moment; return the answers."""
    answers = []
    while time.time() < until:
        answers.append(seller.request("GET", "/packages"))
    seller.close()
    return answers


def test_clients_on_two_web_processes_together_get_the_burst_and_the_rate_and_no_more(
    stack: Stack,
) -> None:
    with stack.seller(1) as seller, stack.limited(seller, per_second=PER_SECOND, burst=BURST):
        until = time.time() + 1.2
        answers = [
            answer
            for found in at_once([partial(press, seller.twin(), until) for _ in range(CLIENTS)])
            for answer in found
        ]
    counted = Counter(answer.status for answer in answers)
    assert set(counted) == {200, 429}
    first = min(answer.sent_at for answer in answers)
    first_answered = min(answer.sent_at + answer.seconds for answer in answers)
    last_sent = max(answer.sent_at for answer in answers)
    last = max(answer.sent_at + answer.seconds for answer in answers)
    assert counted[200] <= BURST + PER_SECOND * (last - first)
    # What nobody had taken yet when they stopped is a token or two.
    assert counted[200] >= BURST + PER_SECOND * (last_sent - first_answered) - 5
    waits = [answer.body["retryAfterMs"] for answer in answers if answer.status == 429]
    assert 0 < max(waits) <= 1000 / PER_SECOND


def test_a_client_that_waits_exactly_as_long_as_it_is_told_is_let_through(stack: Stack) -> None:
    with stack.seller(0) as seller, stack.limited(seller, per_second=4, burst=1):
        for _ in range(3):
            while (refused := seller.request("GET", "/packages")).status == 200:
                pass
            # Not for a condition: how long a client waits is what is tried here.
            time.sleep(refused.body["retryAfterMs"] / 1000)
            assert seller.request("GET", "/packages").status == 200
