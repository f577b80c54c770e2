"""What is measured of limits: a partner far over its own, and whether another one feels it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace

from tests.bench.client import Load
from tests.bench.measuring import Result, Spread, send
from tests.bench.scenarios import Bench, Figure, figure
from tests.stack import wait_for

PER_SECOND = 50
TIMES = 20  # how many times its limit the greedy partner sends
PACED = 10.0  # requests/s of its neighbour, of reads and of orders each
SECONDS = 30.0
# The greedy partner begins earlier, and ends so much later.
_AROUND = 2.0
_LEAST_SECONDS = 3.0


@dataclass(frozen=True)
class Neighbours:
    """How the quiet partner is answered, alone and beside the greedy one; what that one got."""

    quiet: list[Figure]
    greedy: list[Figure]


def keep_limits(bench: Bench) -> Neighbours:
    """Pace one partner's reads and orders: alone, beside one at its limit, and at 20 times that."""
    seconds = max(_LEAST_SECONDS, SECONDS * bench.scale)
    _send_quiet(bench, "LIMITS-WARM", _LEAST_SECONDS)
    quiet, greedy = [], []
    for where, times in (
        ("alone", 0),
        ("neighbour at its limit", 1),
        (f"neighbour at {TIMES} times its limit", TIMES),
    ):
        bench.drain()
        bench.say(f"  {where}, {seconds:.0f} s")
        with _storm(bench, PER_SECOND * times, seconds + 2 * _AROUND) as storm:
            results = _send_quiet(bench, f"LIMITS-{times}", seconds)
        quiet += [
            replace(figure(f"{kind}, {where}", result), cpu={})
            for kind, result in zip(("GET", "POST"), results, strict=True)
        ]
        greedy += [figure for answered in storm for figure in _greedy_figures(answered, times)]
    bench.drain()
    return Neighbours(quiet, greedy)


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
            nice=19,  # what it takes to send so much is not the server's
        )
        storm = pool.submit(send, bench.stack, load, expected=200, also=(429,))
        wait_for("the storm has begun", lambda: _tokens_taken(bench), seconds=30)
        yield answered
        answered.append(storm.result())


def _tokens_taken(bench: Bench) -> bool:
    query = "SELECT 1 FROM partners_tokenbucket JOIN partners_apikey ON id = key_id WHERE partner_id = %s"
    return bool(bench.stack.sql(query, bench.stack.seller(1).partner_id))


def _greedy_figures(result: Result, times: int) -> list[Figure]:
    """Return how the greedy partner was answered, by status; what it got is what its limit is."""
    allowed = PER_SECOND * (1 + result.seconds)
    counts = Counter(sample.status for sample in result.samples)
    if counts[200] > allowed:
        raise AssertionError(f"{counts[200]} requests went through, {allowed:.0f} were allowed")
    return [
        _row(f"{times} times its limit, {name}", status, result)
        for status, name in ((200, "let through"), (429, "refused"))
        if counts[status]
    ]


def _row(name: str, status: int, result: Result) -> Figure:
    spread = Spread.of(sample.seconds for sample in result.samples if sample.status == status)
    rate = round(spread.count / result.seconds, 1)
    return Figure(name, spread.count, rate, spread.p50, spread.p95, spread.p99)
