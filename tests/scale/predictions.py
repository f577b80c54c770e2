"""What the simulation says of machines that we have not: first of the one that we have."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from tests.scale.measuring import Measured
from tests.scale.simulation import Foretold, ServiceTimes, Setup, highest_rate, simulate

# What the simulation may be wrong by where it can be compared.
TOLERANCE = 0.25
# And by which factor in milliseconds: a short run of waits, which one slow flush to disk doubles.
WAITS_TOLERANCE = 4.0
FULL = 0.7
_DATABASE_CORES = (8, 32)
_WEBS = (1, 2, 4, 8, 16)
_CLIENTS_PER_WEB = 16
_CONNECTORS = (0.0, 0.1, 0.3, 1.0)
_SECONDS = 3.0
_WAITS_SECONDS = 60.0
# As ISSUED_TOGETHER is unless it is set.
_TOGETHER = 50


class Parts(NamedTuple):
    """What each part costs by itself: accepting, lists of the primary, issuing."""

    waiting: Measured
    lists: Measured
    one_by_one: Measured
    backlog: Measured


@dataclass(frozen=True)
class Times:
    """Service times where each order is issued by itself, where many wait, and at a replica.

    at_replica: of the web process and of both servers for a list that is read there.
    """

    one_by_one: ServiceTimes
    backlog: ServiceTimes
    at_replica: tuple[float, float]


@dataclass(frozen=True)
class Together:
    """What was measured with all parts at work; paced: orders that came at random, so many a second.

    idle: cores that are busy with nothing.
    """

    one: Measured
    many: Measured
    paced: Measured
    rate: float
    clients: int
    lists_every: int
    idle: float


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
class Waited:
    """A wait as measured and as foretold, in milliseconds."""

    name: str
    measured: float
    foretold: float

    @property
    def factor(self) -> float:
        """Return by which factor the simulation is off, below 1 where it is too low."""
        return self.foretold / self.measured


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
    """compared, waited: with this run. grid: closed loops by the database's cores and web processes.

    rate: orders/s that came at random where the waits were measured.
    """

    compared: Sequence[Compared]
    rate: float
    waited: Sequence[Waited]
    grid: Sequence[tuple[int, int, int, Foretold]]
    full: Sequence[Full]
    connectors: Sequence[tuple[float, Foretold]]


def service_times(parts: Parts, there: Measured, commit: float) -> Times:
    """Return what each part takes by itself, in milliseconds; there: lists, read at the replica."""

    def with_issuing(issuing: Measured) -> ServiceTimes:
        return ServiceTimes(
            web=parts.waiting.cpu["web"],
            accept_database=parts.waiting.cpu["primary"],
            worker=issuing.cpu["worker"],
            issue_database=issuing.cpu["primary"],
            list_web=parts.lists.cpu["web"],
            list_database=parts.lists.cpu["primary"],
            client=parts.waiting.cpu["clients"],
            commit=round(commit, 2),
        )

    return Times(
        one_by_one=with_issuing(parts.one_by_one),
        backlog=with_issuing(parts.backlog),
        at_replica=(there.cpu["web"], round(there.cpu["primary"] + there.cpu["replica"], 2)),
    )


def foretell(times: Times, together: Together) -> Predictions:
    """Simulate what was measured, then what was not."""
    single = times.one_by_one
    cores = len(os.sched_getaffinity(0))
    grid = [
        (cores, webs, workers, _loaded(single, cores, webs, workers))
        for cores in _DATABASE_CORES
        for webs in _WEBS
        for workers in [max(1, math.ceil(webs * single.worker / single.web))]
    ]
    return Predictions(
        compared=_saturated(times, together, cores),
        rate=together.rate,
        waited=_paced(times, together, cores),
        grid=grid,
        full=[_full(single, cores) for cores in (cores, *_DATABASE_CORES)],
        connectors=[(seconds, _elsewhere(single, seconds)) for seconds in _CONNECTORS],
    )


def _saturated(times: Times, together: Together, cores: int) -> list[Compared]:
    """Compare the rates of closed loops; those that wait there are issued together."""
    one, many = together.one, together.many
    here = Setup(
        webs=1,
        workers=1,
        cores=cores,
        clients=together.clients,
        lists_every=together.lists_every,
        seconds=one.seconds,
        idle=together.idle,
        together=_TOGETHER,
    )
    issued = _replayed(_as_they_wait(times), one)
    # The replica answers on the same cores here, the primary being asked how far it is.
    list_web, list_database = times.at_replica
    listed_there = replace(issued, list_web=list_web, list_database=list_database)
    return [
        *_compare(one, simulate(here, issued)),
        *_compare(many, simulate(replace(here, webs=2, workers=4), listed_there)),
    ]


def _paced(times: Times, together: Together, cores: int) -> list[Waited]:
    """Compare waits where nothing is full, and an order is mostly issued by itself."""
    paced = together.paced
    setup = Setup(1, 1, cores=cores, rate=together.rate, idle=together.idle, together=_TOGETHER)
    found = simulate(replace(setup, seconds=_WAITS_SECONDS), _replayed(_as_they_wait(times), paced))
    return [
        Waited("POST answered, p50", paced.order_p50, round(found.accept_p50, 1)),
        Waited("POST answered, p95", paced.order_p95, round(found.accept_p95, 1)),
        Waited("Submit to Issued, p50", paced.issued_p50, round(found.settle_p50, 1)),
        Waited("Submit to Issued, p95", paced.issued_p95, round(found.settle_p95, 1)),
    ]


def _as_they_wait(times: Times) -> ServiceTimes:
    """Return the times of a first order, with what each further one takes that is issued with it."""
    first, most = times.one_by_one, times.backlog

    def more(single: float, together: float) -> float:
        return max(0.0, (_TOGETHER * together - single) / (_TOGETHER - 1))

    return replace(
        first,
        worker_more=more(first.worker, most.worker),
        database_more=more(first.issue_database, most.issue_database),
    )


def _replayed(times: ServiceTimes, load: Measured) -> ServiceTimes:
    """Return the times where the replica replays on the same cores."""
    return replace(times, issue_database=times.issue_database + load.cpu["replica"])


def missed(predictions: Predictions) -> list[str]:
    """Return a sentence for each rate and each wait that the simulation is too far off."""
    rates = [
        f"the simulation is off by {one.error:+.0%}: {one.name}"
        for one in predictions.compared
        if abs(one.error) > TOLERANCE
    ]
    waits = [
        f"the simulation is off by a factor of {one.factor:.2f}: {one.name}"
        for one in predictions.waited
        if not 1 / WAITS_TOLERANCE <= one.factor <= WAITS_TOLERANCE
    ]
    return rates + waits


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
