"""Workers that are killed, frozen or asked to stop in the middle of their work."""

from __future__ import annotations

import math
import signal
from collections.abc import Callable

from channel_manager.lib.queues import SENDER_QUEUE, WORKER_QUEUES
from channel_manager.workers import REGULAR_WORK, SIGNS
from tests.chaos.worker_kills import kill_worker_during_orders
from tests.process import Process, wait_for
from tests.stack import Stack

SEED = 20261120


Submitted = Callable[[int], list[str]]


def test_a_killed_worker_loses_no_order_and_mints_nothing_twice(stack: Stack) -> None:
    """A tenth of `make chaos`."""
    outcome = kill_worker_during_orders(stack, seed=SEED, orders=20, kills=2, say=lambda _: None)
    assert outcome.violations == []
    assert outcome.cut > 0
    assert sum(outcome.settled.values()) == 20
    assert outcome.issued == 20


def test_what_a_frozen_worker_held_is_taken_over_and_nothing_is_doubled_when_it_comes_back(
    idle_stack: Stack, submitted: Submitted
) -> None:
    orders = submitted(20)
    frozen, _ = freeze_a_worker_at_work(idle_stack)
    other = idle_stack.start_worker()
    wait_for("the other worker has done it all", lambda: not idle_stack.in_flight, seconds=40)
    assert issued(idle_stack, orders) == len(orders)
    frozen.signal(signal.SIGCONT)
    orders += submitted(5)
    idle_stack.wait_until_settled(seconds=40)
    assert issued(idle_stack, orders) == len(orders)
    assert other.exit_code is None


def test_a_worker_that_was_given_up_ends_when_it_comes_back(
    idle_stack: Stack, submitted: Submitted
) -> None:
    """A worker forgets those that were silent for too long when it starts."""
    orders = submitted(20)
    frozen, held = freeze_a_worker_at_work(idle_stack)
    silent = "SELECT 1 FROM procrastinate_workers WHERE last_heartbeat < now() - interval '3 s'"
    wait_for("it has been silent", lambda: idle_stack.sql(silent), seconds=10)
    idle_stack.start_worker()
    assert idle_stack.sql("SELECT 1 FROM procrastinate_workers WHERE id = %s", held) == []
    frozen.signal(signal.SIGCONT)
    orders += submitted(5)
    wait_for("it ends, to be started again", lambda: frozen.exit_code, seconds=20)
    idle_stack.wait_until_settled(seconds=60)
    assert issued(idle_stack, orders) == len(orders)


def test_a_worker_asked_to_stop_finishes_what_it_has_begun(
    idle_stack: Stack, submitted: Submitted
) -> None:
    """Two at a time, for not all of them to be begun at once."""
    orders = submitted(60)
    stopped = idle_stack.start_worker(environment={"ISSUED_TOGETHER": "2"})
    wait_for("it is at work", lambda: issued(idle_stack, orders), seconds=10)
    assert stopped.terminate() == 0
    assert idle_stack.jobs_running == 0
    left = idle_stack.sql(
        "SELECT DISTINCT status FROM orders_order WHERE id = ANY(%s::uuid[])", orders
    )
    assert sorted(left) == [("Issued",), ("Submitted",)]
    idle_stack.start_worker()
    idle_stack.wait_until_settled(seconds=30)
    assert issued(idle_stack, orders) == len(orders)


def test_a_sender_that_is_left_alone_is_told_from_a_worker_that_issues(idle_stack: Stack) -> None:
    """What every admin page says of workers rests on this (channel_manager/workers.py)."""
    sender = idle_stack.start_worker(queues=[SENDER_QUEUE])
    worker = idle_stack.start_worker(queues=WORKER_QUEUES)
    wait_for("regular work is begun", lambda: silences(idle_stack)[1] < 3, seconds=20)
    worker.kill()
    wait_for("nobody begins it", lambda: silences(idle_stack)[1] > 6, seconds=15)
    assert silences(idle_stack)[0] < 3
    assert sender.exit_code is None
    idle_stack.start_worker(queues=WORKER_QUEUES)
    wait_for("it is begun again", lambda: silences(idle_stack)[1] < 3, seconds=20)


def silences(stack: Stack) -> tuple[float, float]:
    """Return for how long no heartbeat was heard and no regular work begun; for ever, if never."""
    heartbeat, regular_work = stack.sql(SIGNS, list(REGULAR_WORK))[0]
    return _age(heartbeat), _age(regular_work)


def _age(seconds: float | None) -> float:
    return math.inf if seconds is None else seconds


def freeze_a_worker_at_work(stack: Stack) -> tuple[Process, int]:
    """Start a worker and freeze it while it holds jobs; return it with its number."""
    frozen = stack.start_worker()
    held = stack.last_worker
    wait_for("it is at work", lambda: stack.jobs_held_by(held), seconds=10)
    frozen.signal(signal.SIGSTOP)
    return frozen, held


def issued(stack: Stack, orders: list[str]) -> int:
    """Return how many of the orders are Issued."""
    query = "SELECT count(*) FROM orders_order WHERE status = 'Issued' AND id = ANY(%s::uuid[])"
    return int(stack.sql(query, orders)[0][0])
