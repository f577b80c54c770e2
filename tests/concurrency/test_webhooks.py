"""Partners are told whatever dies, and one that hangs keeps no other waiting."""

from __future__ import annotations

import random

from tests.chaos.events import feed_under_writers, receivers_and_dying_senders
from tests.chaos.stage import Stage
from tests.stack import Stack


def test_a_receiver_that_hangs_and_a_sender_that_is_killed_keep_nothing_from_a_good_one(
    idle_stack: Stack,
) -> None:
    assert receivers_and_dying_senders(idle_stack, orders=30, kills=1) == []


def test_a_feed_that_eight_write_to_has_no_gap_and_nothing_twice(only_stage: Stage) -> None:
    chance = random.Random(4)
    assert feed_under_writers(only_stage, writers=8, events=1000, chance=chance) == []
