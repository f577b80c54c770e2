"""What `make chaos` does, in which figures and in which order."""

from __future__ import annotations

import dataclasses
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from tests.chaos import (
    bad_receivers,
    clocks,
    database_restarts,
    endings,
    events,
    frozen_workers,
    gates,
    holds,
    identical_orders,
    places,
    poison,
    step_kills,
    two_deployments,
    web_kills,
    worker_kills,
)
from tests.chaos.stage import Stage
from tests.chaos.storm import Storm
from tests.chaos.system_names import SYSTEMS
from tests.chaos.trials import Trial
from tests.chaos.worker_kills import Say

_HOUR_SECONDS = 3600


@dataclass(frozen=True)
class Figures:
    """How much is done; `tenth` is what `--quick` does."""

    orders: int = 1000
    kills: int = 100
    rounds: int = 20  # of kills at each step
    web_kills: int = 50
    restarts: int = 10
    freezes: int = 10
    beside_poison: int = 100
    told: int = 60  # orders that receivers hear of
    ahead: int = 10  # kills beside a worker whose clock is ahead
    faults: int = 1000  # of each outside system, at most: every call in every way
    old: str = two_deployments.OLD

    def tenth(self) -> Figures:
        """Return a tenth of it."""
        numbers = {name: max(1, value // 10) for name, value in vars(self).items() if name != "old"}
        return dataclasses.replace(self, **{**numbers, "beside_poison": self.beside_poison})


def programme(figures: Figures, *, is_quick: bool, say: Say) -> Sequence[Trial]:
    """Return every trial: who dies, then who is away, then who fights for the same places."""
    few = [
        dataclasses.replace(trial, runs=max(1, trial.runs // 10)) if is_quick else trial
        for trial in PLACES
    ]
    return [*_processes(figures, say), *_others(figures), *_connectors(figures), *few]


def _processes(figures: Figures, say: Say) -> Sequence[Trial]:
    return [
        Trial(
            "Identical calls",
            "100 identical createOrder calls in parallel: 1 order",
            1,
            lambda stage, _: identical_orders.create_one(stage, calls=100),
        ),
        Trial(
            "Worker killed",
            f"SIGKILL {figures.kills} times in {figures.orders:,} mixed orders",
            1,
            partial(_kill_workers, figures=figures, say=say),
        ),
        Trial(
            "Worker killed at every step",
            "SIGKILL before and after each COMMIT of issuing, when a job is fetched, and before and"
            f" after it is finished, {figures.rounds} times each; and in a backlog",
            1,
            lambda stage, chance: step_kills.kill_at_every_step(
                stage, rounds=figures.rounds, chance=chance
            ),
        ),
        Trial(
            "Web process killed",
            f"SIGKILL between COMMIT and answer {figures.web_kills} times, and before the COMMIT"
            f" {figures.web_kills // 4} times, 4 clients who send again",
            1,
            lambda stage, chance: web_kills.kill_between_commit_and_answer(
                stage, kills=figures.web_kills, chance=chance
            ),
        ),
        Trial(
            "Sender killed",
            f"SIGKILL {_tenth(figures.kills)} times, one receiver hangs",
            1,
            lambda stage, _: events.kill_senders(
                stage, orders=18 * (_tenth(figures.kills) + 1), kills=_tenth(figures.kills)
            ),
        ),
        Trial(
            "Worker frozen",
            f"SIGSTOP past its lease, then SIGCONT, {figures.freezes} times under load",
            1,
            lambda stage, chance: frozen_workers.freeze_past_the_lease(
                stage, freezes=figures.freezes, chance=chance
            ),
        ),
        Trial(
            "Poison",
            "an order that takes each worker down, and one that fails each time, among "
            f"{figures.beside_poison}",
            1,
            lambda stage, chance: poison.poison_among_others(
                stage, orders=figures.beside_poison, chance=chance
            ),
        ),
    ]


def _others(figures: Figures) -> Sequence[Trial]:
    return [
        Trial(
            "PostgreSQL restarted",
            f"immediate and fast by turns, {figures.restarts} times under load",
            1,
            lambda stage, chance: database_restarts.restart_under_load(
                stage, restarts=figures.restarts, chance=chance
            ),
        ),
        Trial(
            "Clock set forward",
            "by an hour while the worker works, then by more than a draft lives",
            1,
            lambda stage, chance: clocks.set_forward(stage, chance=chance),
        ),
        Trial(
            "One process ahead",
            f"a worker is an hour ahead, the other one is killed {figures.ahead} times",
            1,
            lambda stage, chance: clocks.one_ahead(stage, kills=figures.ahead, chance=chance),
        ),
        Trial(
            "Two deployments",
            f"old code ({figures.old}) and new code, web and worker of each; the old ones stop",
            1,
            lambda stage, chance: two_deployments.old_and_new(
                stage, old=figures.old, chance=chance
            ),
        ),
        Trial(
            "Bad receivers",
            f"hang, reset, nonsense, no end, drip, redirect: {figures.told} orders told of",
            1,
            lambda stage, chance: bad_receivers.bad_receivers(
                stage, orders=figures.told, chance=chance
            ),
        ),
    ]


def _connectors(figures: Figures) -> Sequence[Trial]:
    """Kill whoever issues at each other system at every step there; have each call go wrong."""
    return [
        *(
            Trial(
                f"Connectors: {system} goes wrong",
                "each call hangs, resets, answers nonsense, errors or too much",
                1,
                partial(_connector, "tests.chaos.connector_faults", system, figures.faults),
            )
            for system in SYSTEMS
        ),
        *(
            Trial(
                f"Connectors: {hands} killed at {system}",
                f"SIGKILL at every step of issuing there, {runs} x",
                1,
                partial(_connector, "tests.chaos.connector_kills", system, runs, hands=hands),
            )
            for hands, runs in (("forked", figures.rounds), ("workers", 1))
            for system in SYSTEMS
        ),
    ]


def _connector(
    module: str, system: str, number: int, stage: Stage, chance: random.Random, *, hands: str = ""
) -> list[str]:
    """Run one of the programs that issue at an outside system of their own."""
    stage.stack.stop_workers()
    last = hands or str(chance.getrandbits(32))
    told = stage.stack.django(module, system, str(number), last, seconds=_HOUR_SECONDS)
    outcome = json.loads(told)
    stage.noted["kills" if hands else "faults"] += outcome["kills"]
    stage.noted.update(outcome["ended"])
    return list(outcome["wrong"])


def _kill_workers(stage: Stage, chance: random.Random, *, figures: Figures, say: Say) -> list[str]:
    outcome = worker_kills.kill_worker_during_orders(
        stage.stack,
        seed=chance.getrandbits(32),
        orders=figures.orders,
        kills=figures.kills,
        say=say,
    )
    stage.noted.update({"kills": outcome.kills, "jobs cut": outcome.cut, "issued": outcome.issued})
    stage.noted["ms from the last kill to the last order"] = round(outcome.settled_in * 1000)
    return outcome.violations


def _tenth(number: int) -> int:
    return max(1, number // 10)


PLACES: Sequence[Trial] = (
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
