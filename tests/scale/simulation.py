"""Orders through web processes, workers and a database, as events in simulated time.

Each process of Python computes one thing at a time (its lock), on one of its machine's cores; the
database computes on cores of its own machine, or on the same ones. All service times are measured.
What is not simulated: locks on rows that all want (one session, one key), vacuum, checkpoints.
"""

from __future__ import annotations

import dataclasses
import heapq
import itertools
import random
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

# A request computes and asks the database by turns, so often; an order being issued as well.
_TURNS = 4
# Linux gives a process of nice 5 a third of the time that others get (weights 335 and 1024).
_NORMAL, _NICE = 1024, 335


@dataclass(frozen=True)
class ServiceTimes:
    """CPU in milliseconds that each part takes for one order or one list, and a commit on disk.

    worker_more, database_more: for each further order that is issued together with a first one.
    """

    web: float
    accept_database: float
    worker: float
    issue_database: float
    list_web: float
    list_database: float
    client: float
    commit: float
    worker_more: float = 0.0
    database_more: float = 0.0


@dataclass(frozen=True)
class Setup:
    """What is simulated: processes, cores, and who asks.

    database_cores: 0 where everything, the clients too, shares `cores`. cores: of the machines that
    web and workers run on, 0 for enough. rate: orders/s that come whatever is answered (an open
    loop); else `clients` that each wait for their answer. lists_every: as of the clients. idle: of
    `cores`, how many are busy without any order. connector: seconds that each order waits for
    another system. together: how many waiting orders a free slot issues at once, at most.
    """

    webs: int
    workers: int
    database_cores: int = 0
    cores: int = 0
    threads: int = 16
    slots: int = 6
    together: int = 1
    clients: int = 8
    rate: float = 0.0
    lists_every: int = 0
    idle: float = 0.0
    connector: float = 0.0
    seconds: float = 10.0


@dataclass(frozen=True)
class Foretold:
    """What came of it; utilisation of the database's cores while orders came, from 0 to 1.

    accept_ and settle_: milliseconds from sending an order to its answer, and to its being issued.
    """

    accepted_per_second: float
    settled_per_second: float
    accept_p50: float
    accept_p95: float
    settle_p50: float
    settle_p95: float
    utilisation: float


class _Resource:
    """Some equal places, taken by turns; who is of less weight is picked less often."""

    def __init__(self, places: int, chance: random.Random) -> None:
        self.places = self.free = places
        self.busy = 0.0
        self._chance = chance
        self._waiting: dict[int, deque[Callable[[], None]]] = {}

    def take(self, then: Callable[[], None], weight: int = _NORMAL) -> None:
        if self.free:
            self.free -= 1
            then()
        else:
            self._waiting.setdefault(weight, deque()).append(then)

    def give(self) -> None:
        there = [weight for weight, queue in self._waiting.items() if queue]
        if there:
            (weight,) = self._chance.choices(there, there)
            self._waiting[weight].popleft()()
        else:
            self.free += 1


# Something to do: a lock that is held meanwhile (None: none), cores (None: only time), seconds.
_Step = tuple[_Resource | None, _Resource | None, float, int]


class _World:
    """Simulated time, and what happens in it."""

    def __init__(self, setup: Setup, times: ServiceTimes, seed: int) -> None:
        self.setup, self.times = setup, times
        self.chance = random.Random(seed)
        self.now = 0.0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._count = itertools.count()
        many = 10_000
        cores = setup.cores or many
        self.slowness = cores / (cores - setup.idle)
        self.cores = self._places(cores)
        self.database = self._places(setup.database_cores) if setup.database_cores else self.cores
        # The lock of each process; a web process has threads besides, a worker slots.
        self.webs = [(self._places(1), self._places(setup.threads)) for _ in range(setup.webs)]
        workers = [self._places(1) for _ in range(setup.workers)]
        self.free_slots = [one for one in workers for _ in range(setup.slots)]
        self.chance.shuffle(self.free_slots)
        self.backlog: deque[float] = deque()
        self.accepted: list[float] = []
        self.settled: list[float] = []
        self.last_answer = self.last_settled = 0.0

    def _places(self, count: int) -> _Resource:
        return _Resource(count, self.chance)

    def at(self, moment: float, what: Callable[[], None]) -> None:
        heapq.heappush(self._events, (moment, next(self._count), what))

    def run(self) -> None:
        while self._events:
            self.now, _number, what = heapq.heappop(self._events)
            what()

    def follow(self, steps: Iterator[_Step], then: Callable[[], None]) -> None:
        """Take one step after the other, each when what it needs is free."""
        step = next(steps, None)
        if step is None:
            then()
            return
        lock, cores, seconds, weight = step

        def begin() -> None:
            if cores is not None:
                cores.busy += seconds
            self.at(self.now + seconds, done)

        def done() -> None:
            if cores is not None:
                cores.give()
            if lock is not None:
                lock.give()
            self.follow(steps, then)

        def compute() -> None:
            if cores is None:
                begin()
            else:
                cores.take(begin, weight)

        if lock is None:
            compute()
        else:
            lock.take(compute)

    def by_turns(
        self, lock: _Resource, own: float, database: float, weight: int, *, writes: bool = True
    ) -> Iterator[_Step]:
        for _ in range(_TURNS):
            yield lock, self.cores, self._around(own / _TURNS), weight
            yield None, self.database, self._around(database / _TURNS), _NORMAL
        if writes:
            yield None, None, self.times.commit / 1000, _NORMAL

    def _around(self, milliseconds: float) -> float:
        """Return seconds, spread as service times are: a gamma of which a half is the deviation."""
        if not milliseconds:
            return 0.0
        return self.chance.gammavariate(4.0, milliseconds / 4.0) / 1000 * self.slowness

    def ask(self, own: float, database: float, *, writes: bool, then: Callable[[], None]) -> None:
        """Have a web process answer a request."""
        lock, threads = self.chance.choice(self.webs)

        def serve() -> None:
            self.follow(self.by_turns(lock, own, database, _NORMAL, writes=writes), answered)

        def answered() -> None:
            threads.give()
            then()

        threads.take(serve)

    def send(self, then: Callable[[], None]) -> None:
        """Have a client make and send an order; on a machine of its own that costs nothing here."""
        came = self.now
        computes = self.times.client if self.database is self.cores else 0.0
        step = (None, self.cores, self._around(computes), _NORMAL)
        self.follow(iter([step] if computes else []), lambda: self.order(came, then))

    def order(self, came: float, then: Callable[[], None]) -> None:
        """Take an order that was begun to be sent then; it is issued when a worker has a free slot."""

        def accepted() -> None:
            self.accepted.append(self.now - came)
            self.last_answer = self.now
            self.backlog.append(came)
            self.issue()
            then()

        self.ask(self.times.web, self.times.accept_database, writes=True, then=accepted)

    def issue(self) -> None:
        if not self.backlog or not self.free_slots:
            return
        lock, count = self.free_slots.pop(), min(self.setup.together, len(self.backlog))
        came = [self.backlog.popleft() for _ in range(count)]
        worker = self.times.worker + (count - 1) * self.times.worker_more
        database = self.times.issue_database + (count - 1) * self.times.database_more

        def steps() -> Iterator[_Step]:
            if self.setup.connector:
                yield None, None, self.setup.connector, _NORMAL
            yield from self.by_turns(lock, worker, database, _NICE)

        def settled() -> None:
            self.settled += [self.now - moment for moment in came]
            self.last_settled = self.now
            self.free_slots.append(lock)
            self.issue()

        self.follow(steps(), settled)

    def client(self, number: int) -> None:
        """Order, and list now and then, until the time is over."""
        counts = itertools.count(1)
        every = self.setup.lists_every

        def again() -> None:
            if self.now < self.setup.seconds:
                self.send(answered)

        def answered() -> None:
            if every and next(counts) % every == 0:
                times = self.times
                self.ask(times.list_web, times.list_database, writes=False, then=again)
            else:
                again()

        self.at(number * 0.001, again)


def simulate(setup: Setup, times: ServiceTimes, *, seed: int = 1) -> Foretold:
    """Return what the setup comes to; the same seed brings the same."""
    world = _World(setup, times, seed)
    if setup.rate:
        moment = 0.0
        while (moment := moment + world.chance.expovariate(setup.rate)) < setup.seconds:
            world.at(moment, lambda: world.send(lambda: None))
    else:
        for number in range(setup.clients):
            world.client(number)
    world.run()
    database = world.database
    lasted = max(world.last_settled, setup.seconds)
    return Foretold(
        accepted_per_second=len(world.accepted) / world.last_answer,
        settled_per_second=len(world.settled) / lasted,
        accept_p50=_rank(world.accepted, 0.5),
        accept_p95=_rank(world.accepted, 0.95),
        settle_p50=_rank(world.settled, 0.5),
        settle_p95=_rank(world.settled, 0.95),
        utilisation=database.busy / database.places / lasted,
    )


def highest_rate(setup: Setup, times: ServiceTimes, utilisation: float) -> tuple[float, Foretold]:
    """Return the orders/s at which the database's cores are busy for such a share, and what holds
    there."""
    each = (times.accept_database + times.issue_database) / 1000
    rate = utilisation * setup.database_cores / each
    return rate, simulate(dataclasses.replace(setup, rate=rate), times)


def _rank(seconds: Sequence[float], share: float) -> float:
    return sorted(seconds)[int(len(seconds) * share)] * 1000
