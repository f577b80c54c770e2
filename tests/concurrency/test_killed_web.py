"""A web process that is killed while it answers; a fiftieth of what `make chaos` does."""

from __future__ import annotations

import random

from tests.chaos.stage import Stage
from tests.chaos.web_kills import kill_between_commit_and_answer
from tests.invariants import violations

SEED = 20261122


def test_clients_who_send_again_what_was_not_answered_have_one_order_each(stage: Stage) -> None:
    stage.accepted.clear()
    assert kill_between_commit_and_answer(stage, kills=1, chance=random.Random(SEED)) == []
    stage.stack.wait_until_settled(seconds=60)
    assert violations(stage.stack.sql, stage.accepted) == []
    assert len(stage.accepted) == 4
