"""What `make chaos` does to places, holds and gates, in which figures, and the check after each."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.chaos import endings, events, gates, holds, places
from tests.chaos.stage import Stage
from tests.chaos.storm import Storm
from tests.chaos.worker_kills import Say
from tests.invariants import violations
from tests.stack import Stack

Play = Callable[[Stage, random.Random], list[str]]


@dataclass(frozen=True)
class Trial:
    """Something that is done `runs` times; `each` says what one run is."""

    name: str
    each: str
    runs: int
    play: Play


@dataclass
class Result:
    """What became of a trial; nothing wrong is what is hoped for."""

    trial: Trial
    seconds: float = 0.0
    deadlocks: int = 0
    noted: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


TRIALS: Sequence[Trial] = (
    Trial(
        "Sold out",
        "200 clients, 50 places: 50 sold, 150 told so",
        20,
        lambda stage, _: places.sell_out(stage, clients=200, places=50),
    ),
    Trial(
        "Three sessions in any order",
        "100 packages at once, 60 fit",
        5,
        lambda stage, _: places.tours_in_any_order(stage, calls=100, places=60),
    ),
    Trial(
        "Orders exchange days",
        "100 replaced at once",
        6,
        lambda stage, chance: places.exchange_days(
            stage, pairs=50, spare=chance.choice((0, 5, 50))
        ),
    ),
    Trial(
        "Orders change size",
        "50 replaced at once, session full",
        4,
        lambda stage, _: endings.orders_changing_size(stage, orders=50),
    ),
    Trial(
        "Seats given out",
        "60 clients, 20 seats: 20 different ones",
        10,
        lambda stage, _: places.fill_seats(stage, clients=60),
    ),
    Trial(
        "Seats named",
        "40 clients name 3 of 20 seats",
        20,
        lambda stage, chance: places.name_seats(stage, clients=40, chance=chance),
    ),
    Trial(
        "Hold expires while converted",
        "25 holds: an order each, or none",
        20,
        lambda stage, chance: holds.expiry_against_conversion(stage, holds=25, chance=chance),
    ),
    Trial(
        "Hold converted twice",
        "50 holds: one order each",
        2,
        lambda stage, _: holds.converted_twice(stage, holds=50),
    ),
    Trial(
        "Hold ends in every way",
        "20 holds released twice, converted, expired",
        5,
        lambda stage, _: endings.holds_ending_in_every_way(stage, holds=20),
    ),
    Trial(
        "Draft ends in every way",
        "25 drafts replaced, confirmed, deleted twice, expired",
        4,
        lambda stage, _: endings.drafts_ending_in_every_way(stage, drafts=25),
    ),
    Trial(
        "Capacity changed while sold",
        "200 changes, 8 clients",
        3,
        lambda stage, chance: endings.capacity_changed_while_selling(
            stage, clients=8, changes=200, chance=chance
        ),
    ),
    Trial(
        "Day closed while sold",
        "8 clients; its orders cancelled, or moved",
        4,
        lambda stage, chance: endings.day_closed_while_selling(
            stage, clients=8, chance=chance, moving=chance.random() < 0.5
        ),
    ),
    Trial(
        "Two gates, one ticket",
        "100 tickets: admitted once each",
        1,
        lambda stage, _: gates.scan_at_two_gates(stage, tickets=100),
    ),
    Trial(
        "Feed under writers",
        "10,000 events by 8 processes, some late, some rolled back: all read once, in order",
        1,
        lambda stage, chance: events.feed_under_writers(
            stage, writers=8, events=10_000, chance=chance
        ),
    ),
    Trial(
        "Storm",
        "16 clients, 40 moves each, on two small days; staff, expiry",
        5,
        lambda stage, chance: Storm(
            stage, chance.randrange(10**6), clients=16, moves=40, staffed=True
        ).run(),
    ),
)


def run_trials(
    stack: Stack, *, seed: int, say: Say, trials: Sequence[Trial] = TRIALS
) -> list[Result]:
    """Run each trial as often as it says; settle and check every invariant after every run."""
    if not stack.workers:
        stack.start_worker()
    stage = Stage.of(stack)
    results = []
    for trial in trials:
        say(f"{trial.name}: {trial.runs} x {trial.each} ...")
        result = Result(trial)
        stage.noted = result.noted
        started, deadlocks = time.monotonic(), stage.deadlocks
        for run in range(trial.runs):
            wrong = trial.play(stage, random.Random(f"{seed}/{trial.name}/{run}"))
            stack.wait_until_settled(seconds=places.SETTLE_SECONDS)
            wrong += violations(stack.sql)
            result.wrong += [f"{trial.name}, run {run + 1}: {sentence}" for sentence in wrong]
        result.seconds = time.monotonic() - started
        result.deadlocks = stage.deadlocks - deadlocks
        say(f"  {result.seconds:.0f} s, {len(result.wrong)} wrong, {result.deadlocks} deadlocks")
        results.append(result)
    return results


def table(results: Sequence[Result]) -> list[tuple[str, str]]:
    """Return a row for each trial."""
    return [
        (
            result.trial.name,
            f"{result.trial.runs} x {result.trial.each}: "
            f"{len(result.wrong)} wrong, {result.deadlocks} deadlocks ({_counted(result.noted)})",
        )
        for result in results
    ]


def _counted(noted: Counter[str]) -> str:
    """Tell how the answers were spread, the commonest first."""
    return ", ".join(f"{count:,} {name}" for name, count in noted.most_common(4))
