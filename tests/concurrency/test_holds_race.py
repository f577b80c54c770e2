"""A seeded tenth of what `make chaos` does to holds: each ends once, its places with it."""

from __future__ import annotations

import random

from tests.chaos import endings, holds
from tests.chaos.stage import Stage
from tests.traffic import visits

SEED = 20261121
# The worker looks every three seconds.
SECONDS_UNTIL_FREE = 6.0


def test_a_hold_that_expires_while_it_is_converted_does_one_or_the_other(stage: Stage) -> None:
    chance = random.Random(SEED)
    stage.noted.clear()
    for _ in range(2):
        assert holds.expiry_against_conversion(stage, holds=25, chance=chance) == []
    assert stage.noted.keys() == {"Submitted", "hold_ended"}, "it was no race"


def test_a_hold_is_converted_once(stage: Stage) -> None:
    assert holds.converted_twice(stage, holds=20) == []


def test_a_hold_that_ends_in_every_way_at_once_gives_its_places_back_once(stage: Stage) -> None:
    assert endings.holds_ending_in_every_way(stage, holds=15) == []


def test_the_places_of_an_expired_hold_are_for_sale_within_seconds(stage: Stage) -> None:
    day = stage.new_day(capacity=1)
    line = visits("SHOW", day, "10:00")
    with stage.seller() as seller:
        (hold,) = holds.make_holds(stage, [seller], line, seconds=0.0)
        stage.wait_until_nothing_is_held(day, seconds=SECONDS_UNTIL_FREE)
        assert seller.get_hold(hold).body["status"] == "Expired"
        assert seller.create(seller.order(stage.reference(), line)).status == 201
