"""Workers frozen by SIGSTOP past their lease, and resumed when others have done their work."""

from __future__ import annotations

import random
import signal
import time

from tests.chaos.load import Load
from tests.chaos.stage import Stage
from tests.process import Process, wait_for
from tests.stack import Stack

_SECONDS = 60.0


def freeze_past_the_lease(stage: Stage, *, freezes: int, chance: random.Random) -> list[str]:
    """Freeze the worker that has jobs, let another take them over, and let it go on."""
    stack = stage.stack
    stack.stop_workers()
    load = Load(stack.seller, f"ICE-{chance.getrandbits(32):08x}", clients=2)
    with load:
        for _ in range(freezes):
            frozen, number = _freeze_at_work(stack, chance)
            held = _jobs_of(stack, number)
            other = stack.start_worker()
            wait_for(
                "the other worker has taken over",
                lambda number=number: not stack.jobs_held_by(number),
                seconds=_SECONDS,
            )
            wait_for(
                "it has done the work",
                lambda held=held: not _left_of(stack, held),
                seconds=_SECONDS,
            )
            frozen.signal(signal.SIGCONT)
            stage.noted["jobs taken over"] += len(held)
            time.sleep(chance.uniform(0, 1))  # for as long both are at work
            stack.workers.remove(other)
            other.end()
            stack.workers.remove(frozen)
            frozen.end()
    stage.noted["freezes"] += freezes
    stage.noted.update(load.book.answers)
    stage.accepted.update(load.book.accepted)
    return load.book.wrong


def _freeze_at_work(stack: Stack, chance: random.Random) -> tuple[Process, int]:
    """Start a worker and freeze it while it holds jobs; return it with its number."""
    frozen = stack.start_worker()
    number = stack.last_worker
    ends_at = time.monotonic() + _SECONDS
    while time.monotonic() < ends_at:
        wait_for("it is at work", lambda: stack.jobs_held_by(number), seconds=_SECONDS)
        time.sleep(chance.uniform(0, 0.02))  # the moment of the fault
        frozen.signal(signal.SIGSTOP)
        if stack.jobs_held_by(number):
            return frozen, number
        frozen.signal(signal.SIGCONT)
    raise AssertionError("A worker could not be frozen at work")


def _jobs_of(stack: Stack, number: int) -> list[int]:
    query = "SELECT id FROM procrastinate_jobs WHERE status = 'doing' AND worker_id = %s"
    return [job for (job,) in stack.sql(f"{query} AND queue_name = 'orders'", number)]


def _left_of(stack: Stack, jobs: list[int]) -> int:
    query = "SELECT count(*) FROM procrastinate_jobs WHERE id = ANY(%s)"
    [(left,)] = stack.sql(f"{query} AND status IN ('todo', 'doing')", jobs)
    return int(left)
