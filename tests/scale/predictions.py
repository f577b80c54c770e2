"""What the simulation says of machines that we have not: first of the one that we have."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tests.scale.measuring import Measured
from tests.scale.simulation import Foretold, ServiceTimes, Setup, highest_rate, simulate

# What the simulation may be wrong by where it can be compared.
TOLERANCE = 0.25
FULL = 0.7
_DATABASE_CORES = (8, 32)
_WEBS = (1, 2, 4, 8, 16)
_CLIENTS_PER_WEB = 16
_CONNECTORS = (0.0, 0.1, 0.3, 1.0)
_SECONDS = 3.0


@dataclass(frozen=True)
class Compared:
    """A rate as measured and as foretold, in orders/s."""

    name: str
    measured: float
    foretold: float

    @property
    def error(self) -> float:
        """Return by which share the simulation is off."""
        return self.foretold / self.measured - 1


@dataclass(frozen=True)
class Full:
    """A database at FULL of its cores: the orders/s it takes, and how many processes that needs."""

    cores: int
    rate: float
    webs: int
    workers: int
    held: Foretold


@dataclass(frozen=True)
class Predictions:
    """compared: with this run. grid: closed loops by the database's cores and web processes."""

    compared: Sequence[Compared]
    grid: Sequence[tuple[int, int, int, Foretold]]
    full: Sequence[Full]
    connectors: Sequence[tuple[float, Foretold]]


def service_times(
    waiting: Measured, lists: Measured, issuing: Measured, commit: float
) -> ServiceTimes:
    """Return what each part takes by itself, in milliseconds."""
    return ServiceTimes(
        web=waiting.cpu["web"],
        accept_database=waiting.cpu["primary"],
        worker=issuing.cpu["worker"],
        issue_database=issuing.cpu["primary"],
        list_web=lists.cpu["web"],
        list_database=lists.cpu["primary"],
        client=waiting.cpu["clients"],
        commit=round(commit, 2),
    )


def foretell(
    times: ServiceTimes,
    one: Measured,
    many: Measured,
    *,
    clients: int,
    lists_every: int,
    idle: float,
) -> Predictions:
    """Simulate what was measured, then what was not; idle: cores that are busy with nothing."""
    here = Setup(
        webs=1,
        workers=1,
        cores=len(os.sched_getaffinity(0)),
        clients=clients,
        lists_every=lists_every,
        seconds=one.seconds,
        idle=idle,
    )
    # The replica replays on the same cores here.
    with_replica = replace(times, issue_database=times.issue_database + one.cpu["replica"])
    compared = [
        *_compare(one, simulate(here, with_replica)),
        *_compare(many, simulate(replace(here, webs=2, workers=4), with_replica)),
    ]
    grid = [
        (cores, webs, workers, _loaded(times, cores, webs, workers))
        for cores in _DATABASE_CORES
        for webs in _WEBS
        for workers in [max(1, math.ceil(webs * times.worker / times.web))]
    ]
    return Predictions(
        compared=compared,
        grid=grid,
        full=[_full(times, cores) for cores in (here.cores, *_DATABASE_CORES)],
        connectors=[(seconds, _elsewhere(times, seconds)) for seconds in _CONNECTORS],
    )


def missed(predictions: Predictions) -> list[str]:
    """Return a sentence for each rate that the simulation is too far off."""
    return [
        f"the simulation is off by {one.error:+.0%}: {one.name}"
        for one in predictions.compared
        if abs(one.error) > TOLERANCE
    ]


def _compare(measured: Measured, foretold: Foretold) -> list[Compared]:
    return [
        Compared(
            f"{measured.name}: accepted", measured.accepted_per_second, foretold.accepted_per_second
        ),
        Compared(
            f"{measured.name}: settled", measured.settled_per_second, foretold.settled_per_second
        ),
    ]


def _loaded(times: ServiceTimes, cores: int, webs: int, workers: int) -> Foretold:
    clients = webs * _CLIENTS_PER_WEB
    return simulate(
        Setup(webs, workers, database_cores=cores, clients=clients, seconds=_SECONDS), times
    )


def _full(times: ServiceTimes, cores: int) -> Full:
    each = (times.accept_database + times.issue_database) / 1000
    rate = FULL * cores / each
    # No process is to be busier than the database.
    webs = math.ceil(rate * times.web / 1000 / FULL)
    workers = math.ceil(rate * times.worker / 1000 / FULL)
    setup = Setup(webs, workers, database_cores=cores, seconds=_SECONDS)
    rate, held = highest_rate(setup, times, FULL)
    return Full(cores, rate, webs, workers, held)


def _elsewhere(times: ServiceTimes, seconds: float) -> Foretold:
    """Have one worker process issue what another system is asked for, more than it can."""
    setup = Setup(webs=2, workers=1, database_cores=8, clients=64, connector=seconds)
    return simulate(replace(setup, seconds=_SECONDS), times)
