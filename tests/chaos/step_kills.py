"""SIGKILL of the worker at every step of issuing: before and after each of its COMMITs and jobs."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.chaos.dying_workers import Death, Nursery, lives
from tests.chaos.load import Book
from tests.chaos.stage import SETTLE_SECONDS, Stage
from tests.process import wait_for
from tests.stack import Stack
from tests.traffic import Seller, mixed_order

# Orders that wait together for a worker: it may issue them in one go, or one after the other.
BACKLOG = 6
BACKLOG_KILLS = 3
_SECONDS = 60.0
# A worker that is to die after its last step has nothing left to do for a moment.
_IDLE_SECONDS = 1.0


def kill_at_every_step(stage: Stage, *, rounds: int, chance: random.Random) -> list[str]:
    """Kill a worker at each step of one order, and at some of a backlog, so many rounds.

    After each round a worker that is not killed finishes what was left.
    """
    stage.stack.stop_workers()
    with Nursery(stage.stack) as nursery, stage.stack.seller() as seller:
        trial = _Trial(stage, nursery, seller, chance, f"STEP-{chance.getrandbits(32):08x}")
        alone, together = trial.steps_of(1), trial.steps_of(BACKLOG)
        for _ in range(rounds):
            for death in alone:
                trial.kill(1, death)
            for death in chance.sample(together, min(BACKLOG_KILLS, len(together))):
                trial.kill(BACKLOG, death)
            trial.finish()
    stage.noted[f"steps of one order, {len(together)} of {BACKLOG} that wait"] = len(alone)
    stage.accepted.update(trial.book.accepted)
    return trial.book.wrong


@dataclass
class _Trial:
    stage: Stage
    nursery: Nursery
    seller: Seller
    chance: random.Random
    mark: str

    def __post_init__(self) -> None:
        self.book = Book()
        self._number = 0

    @property
    def stack(self) -> Stack:
        return self.stage.stack

    def steps_of(self, orders: int) -> Sequence[Death]:
        """Have a worker issue so many orders and return at what steps it could have died."""
        self._order(orders)
        worker = self.nursery.start(Death("commit"), concurrency=1)
        self.stack.wait_until_settled(seconds=_SECONDS)
        os.kill(worker, signal.SIGTERM)
        ended = self.nursery.wait()
        if ended.killed or not ended.commits:
            raise AssertionError(f"The worker whose steps are counted: {ended}")
        finished = (1,) if orders == 1 else (1, 2)
        return [
            Death("fetch", "after", 1),
            *_around("commit", range(1, ended.commits + 1)),
            *_around("finish", finished),
        ]

    def kill(self, orders: int, death: Death) -> None:
        """Have a worker die while it issues so many orders."""
        self._order(orders)
        worker = self.nursery.start(death, concurrency=1)
        idle_since: float | None = None

        def has_ended() -> bool:
            nonlocal idle_since
            if not lives(worker):
                return True
            if self.stack.jobs_waiting or self.stack.jobs_held_by(self.stack.last_worker):
                idle_since = None
                return False
            idle_since = idle_since or time.monotonic()
            return time.monotonic() - idle_since > _IDLE_SECONDS

        wait_for(f"a worker dies {death}", has_ended, seconds=_SECONDS)
        if lives(worker):
            os.kill(worker, signal.SIGTERM)
        self.stage.noted["kills" if self.nursery.wait().killed else "had no such step"] += 1

    def finish(self) -> None:
        """Have a worker finish what the dead ones left."""
        worker = self.nursery.start(Death("commit"), concurrency=6, queues=())
        self.stack.wait_until_settled(seconds=SETTLE_SECONDS)
        os.kill(worker, signal.SIGTERM)
        self.nursery.wait()

    def _order(self, count: int) -> None:
        for _ in range(count):
            self._number += 1
            reference = f"{self.mark}-{self._number}"
            body, expected = mixed_order(self.seller, reference, self.chance)
            self.book.order(self.seller, body, expected, key=None)


def _around(kind: str, numbers: Iterable[int]) -> list[Death]:
    return [Death(kind, when, number) for number in numbers for when in ("before", "after")]
