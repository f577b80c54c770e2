"""PostgreSQL restarted under load: what was accepted is there, and the rest is told to come again."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from collections.abc import Sequence
from functools import partial

from tests.chaos.load import Load
from tests.chaos.stage import Stage
from tests.process import wait_for

# Immediate: every session is cut and the log is replayed. Fast: sessions are ended.
MODES: Sequence[signal.Signals] = (signal.SIGQUIT, signal.SIGINT)
_SECONDS = 60.0


def restart_under_load(stage: Stage, *, restarts: int, chance: random.Random) -> list[str]:
    """Restart the server so often while clients order, a worker issues, and both are kept alive."""
    stack = stage.stack
    if not stack.workers:
        stack.start_worker()
    load = Load(stack.seller, f"PG-{chance.getrandbits(32):08x}", clients=4)
    away: list[float] = []
    ended: Counter[str] = Counter()

    def accepted(count: int) -> bool:
        ended.update(stack.revive())
        return len(load.book.accepted) >= count

    with load:
        for number in range(restarts):
            wanted = len(load.book.accepted) + chance.randint(5, 20)
            wait_for("orders are accepted", partial(accepted, wanted), seconds=_SECONDS)
            time.sleep(chance.uniform(0, 0.3))  # the moment of the fault
            away.append(stack.restart_database(MODES[number % len(MODES)]))
        wanted = len(load.book.accepted) + 5
        wait_for("orders are accepted", partial(accepted, wanted), seconds=_SECONDS)
    stage.noted.update(load.book.answers)
    stage.noted["restarts"] += restarts
    stage.noted["workers started again"] += ended["worker"]
    stage.noted["ms away at most"] = round(max(away) * 1000)
    stage.accepted.update(load.book.accepted)
    wrong = load.book.wrong
    if ended["web"]:
        wrong.append(f"the web process ended {ended['web']} times")
    return wrong
