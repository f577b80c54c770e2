"""What is measured of limits: a partner far over its own, and whether another one feels it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace

from tests.bench.client import Load
from tests.bench.measuring import Result, Spread, send
from tests.bench.scenarios import Bench, Figure
from tests.process import Process, wait_for
from tests.web_server import free_port, serving, wait_until_it_answers

PER_SECOND = 50
TIMES = 20  # how many times its limit the greedy partner sends
PACED = 10.0  # requests/s of its neighbour, of reads and of orders each
ROUNDS = 3
SECONDS = 8.0  # of each trial in each round
# The greedy partner begins earlier, and ends so much later.
_AROUND = 2.0
_LEAST_SECONDS = 3.0
_WARM_CLIENTS = 64


@dataclass(frozen=True)
class Neighbours:
    """How the quiet partner is answered, alone and beside the greedy one; what that one got."""

    quiet: list[Figure]
    greedy: list[Figure]


@dataclass(frozen=True)
class _Trial:
    """What the other partner does meanwhile: it sends so many times what it may.

    elsewhere: how many times that is sent to a server which does nothing, beside.
    """

    name: str
    times: int
    elsewhere: int = 0


# What so much traffic costs a machine of few cores, whoever answers it, is told by the control.
_TRIALS = (
    _Trial("alone", 0),
    _Trial("neighbour at its limit", 1),
    _Trial(
        f"control: that, and {TIMES - 1} times as much to a server that does nothing", 1, TIMES - 1
    ),
    _Trial(f"neighbour at {TIMES} times its limit", TIMES),
)


def keep_limits(bench: Bench) -> Neighbours:
    """Pace one partner's reads and orders: alone, beside one at its limit, and at 20 times that.

    By turns, several times: what else happens on the machine in the meantime happens to all.
    """
    seconds = max(_LEAST_SECONDS, SECONDS * bench.scale)
    _warm_up(bench)
    reads: dict[_Trial, list[Result]] = {trial: [] for trial in _TRIALS}
    orders: dict[_Trial, list[Result]] = {trial: [] for trial in _TRIALS}
    greedy: dict[_Trial, list[Result]] = {trial: [] for trial in _TRIALS}
    for number in range(ROUNDS):
        for trial in _TRIALS:
            bench.drain()
            bench.say(f"  {number + 1} of {ROUNDS}: {trial.name}, {seconds:.0f} s")
            around = seconds + 2 * _AROUND
            with (
                _idle_traffic(bench, PER_SECOND * trial.elsewhere, around),
                _storm(bench, PER_SECOND * trial.times, around) as storm,
            ):
                name = f"LIMITS-{number}-{trial.times}-{trial.elsewhere}"
                read, ordered = _send_quiet(bench, name, seconds)
            reads[trial].append(read)
            orders[trial].append(ordered)
            greedy[trial] += storm
    bench.drain()
    return Neighbours(
        [
            _row(f"{kind}, {trial.name}", status, results[trial])
            for trial in _TRIALS
            for kind, status, results in (("GET", 200, reads), ("POST", 201, orders))
        ],
        [
            figure
            for trial in _TRIALS
            if not trial.elsewhere
            for figure in _greedy_figures(greedy[trial], trial.times)
        ],
    )


def _warm_up(bench: Bench) -> None:
    """Send the first partner's orders and reads from more clients than the web has threads.

    Each thread has a connection of its own, whose first requests take longer; a few clients alone
    would leave most of the threads idle, and the storm would then stir them up.
    """
    with bench.stack.seller() as seller:
        order_id = seller.create(seller.order("LIMITS-WARM-READ")).body["orderId"]
    orders = Load(
        port=seller.port,
        key=seller.key,
        partner_id=seller.partner_id,
        clients=_WARM_CLIENTS,
        requests=_WARM_CLIENTS * 10,
        prefix="LIMITS-WARM",
    )
    send(bench.stack, orders, expected=201)
    send(bench.stack, replace(orders, paths=(f"/{order_id}",)), expected=200)


def _send_quiet(bench: Bench, name: str, seconds: float) -> tuple[Result, Result]:
    """Send reads and orders of the first partner at their pace, both at a time."""
    with bench.stack.seller() as seller:
        order_id = seller.create(seller.order(f"{name}-READ")).body["orderId"]
    load = Load(
        port=seller.port,
        key=seller.key,
        partner_id=seller.partner_id,
        clients=4,
        requests=round(PACED * seconds),
        rate=PACED,
        prefix=name,
    )
    reads = replace(load, paths=(f"/{order_id}",))
    with ThreadPoolExecutor(2) as pool:
        read = pool.submit(send, bench.stack, reads, expected=200)
        ordered = pool.submit(send, bench.stack, load, expected=201)
        return read.result(), ordered.result()


@contextmanager
def _storm(bench: Bench, rate: int, seconds: float) -> Iterator[list[Result]]:
    """Have the second partner send so many requests/s around a block; yield what it is answered."""
    answered: list[Result] = []
    if not rate:
        yield answered
        return
    with (
        bench.stack.seller(1) as seller,
        bench.stack.limited(seller, per_second=PER_SECOND, burst=PER_SECOND),
        ThreadPoolExecutor(1) as pool,
    ):
        load = Load(
            port=seller.port,
            key=seller.key,
            partner_id=seller.partner_id,
            clients=16,
            requests=round(rate * seconds),
            rate=rate,
            paths=(f"/orders/{seller.partner_id}?pageSize=1",),
            # What it takes to send so much is not the server's.
            nice=19,
            bare=True,
        )
        storm = pool.submit(send, bench.stack, load, expected=200, also=(429,))
        wait_for("the storm has begun", lambda: _tokens_taken(bench), seconds=30)
        yield answered
        answered.append(storm.result())


@contextmanager
def _idle_traffic(bench: Bench, rate: int, seconds: float) -> Iterator[None]:
    """Have so many requests/s sent to an empty server around a block."""
    if not rate:
        yield
        return
    port = free_port()
    command = serving("tests.bench.nothing:application", port=port, workers=2, threads=16)
    log = bench.stack.directory / "nothing.log"
    server = Process("nothing", command, bench.stack.environment, log)
    server.start()
    try:
        wait_until_it_answers(server, port, "/", status=429)
        with ThreadPoolExecutor(1) as pool:
            load = Load(
                port=port,
                key="none",
                partner_id="none",
                clients=16,
                requests=round(rate * seconds),
                rate=rate,
                paths=("/",),
                nice=19,
                bare=True,
            )
            storm = pool.submit(send, bench.stack, load, expected=429)
            yield
            storm.result()
    finally:
        server.end()


def _tokens_taken(bench: Bench) -> bool:
    query = "SELECT 1 FROM partners_tokenbucket JOIN partners_apikey ON id = key_id WHERE partner_id = %s"
    return bool(bench.stack.sql(query, bench.stack.seller(1).partner_id))


def _greedy_figures(results: Sequence[Result], times: int) -> list[Figure]:
    """Return how the greedy partner was answered, by status; what it got is what its limit is."""
    for result in results:
        allowed = PER_SECOND * (1 + result.seconds)
        granted = sum(sample.status == 200 for sample in result.samples)
        if granted > allowed:
            raise AssertionError(f"{granted} requests went through, {allowed:.0f} were allowed")
    return [
        _row(f"{times} times its limit, {name}", status, results)
        for status, name in ((200, "let through"), (429, "refused"))
        if any(sample.status == status for result in results for sample in result.samples)
    ]


def _row(name: str, status: int, results: Sequence[Result]) -> Figure:
    spread = Spread.of(
        sample.seconds for result in results for sample in result.samples if sample.status == status
    )
    rate = round(spread.count / sum(result.seconds for result in results), 1)
    return Figure(name, spread.count, rate, spread.p50, spread.p95, spread.p99)
