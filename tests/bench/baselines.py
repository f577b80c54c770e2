"""What is measured against: a minimal DRF project, bare ORM and pgbench, by turns with ours."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tests.bench import shape
from tests.bench.client import Load, Sample
from tests.bench.measuring import Cpu, Result, cpu, send, settled_at
from tests.bench.minimal_server import MinimalServer, running_minimal
from tests.bench.pgbench import PgBench
from tests.bench.scenarios import FIRST_PAGE, ONE_ORDER, Bench, clients_of, issued_orders
from tests.process import wait_for
from tests.stack import Stack
from tests.traffic import day_tickets

CLIENTS = (1, 4, 16)
WALLETS = 4
BLOCKS = 3  # of each, by turns
OURS, MINIMAL, BARE, RAW = "ours", "minimal DRF", "bare ORM", "pgbench"
ACCEPT, ISSUE = "Accept an order of 4 wallets", "Issue a backlog of orders of 4 wallets"
_FAMILY = shape.Family("RAW", "01b", WALLETS)
_PATIENCE = 180.0


@dataclass
class Compared:
    """The results of the same thing done in several ways, in blocks by turns."""

    name: str
    clients: int
    ways: dict[str, list[Result]] = field(default_factory=dict)

    def add(self, way: str, result: Result) -> None:
        self.ways.setdefault(way, []).append(result)

    def whole(self, way: str) -> Result:
        """Return all blocks of one way as one result."""
        results = self.ways[way]
        used = [result.cpu for result in results]
        return Result(
            [sample for result in results for sample in result.samples],
            sum(result.seconds for result in results),
            Cpu(
                sum(each.web for each in used),
                sum(each.worker for each in used),
                sum(each.database for each in used),
            ),
        )

    def ratio(self, of: Callable[[Result], float], way: str) -> float:
        """Return how many times as much ours is as that of another way."""
        other = of(self.whole(way))
        return of(self.whole(OURS)) / other if other else float("inf")


def web_ms(result: Result) -> float:
    """Return the web's CPU per request in milliseconds."""
    return result.cpu.web * 1000 / len(result.samples)


def database_ms(result: Result) -> float:
    """Return the database's CPU per request in milliseconds."""
    return result.cpu.database * 1000 / len(result.samples)


def per_second(result: Result) -> float:
    """Return operations a second, not rounded."""
    return len(result.samples) / result.seconds


def issued_template(stack: Stack) -> str:
    """Return the id of an order of four wallets that was issued, whose rows are written again."""
    if not stack.workers:
        stack.start_worker()
    with stack.seller() as seller:
        reference = f"TEMPLATE-{time.time_ns()}"
        order = seller.create(seller.order(reference, day_tickets(WALLETS))).body
        seller.wait(order["orderId"])
    return str(order["orderId"])


def compare(bench: Bench, *, web_workers: int, threads: int) -> list[Compared]:
    """Accept, issue and read in every way; the same machine, server and minute for all."""
    stack = bench.stack
    template = issued_template(stack)
    bench.drain()
    floor = PgBench(stack, template, _FAMILY)
    compared = []
    with running_minimal(stack, workers=web_workers, threads=threads) as minimal:
        # What is accepted waits: accepting is all that is measured.
        stack.stop_workers()
        for clients in CLIENTS:
            bench.say(f"  accepting, {clients_of(clients)}")
            compared.append(_accept(bench, minimal, floor, template, clients))
        stack.start_worker()
        compared.append(_issue(bench, floor, template))
        for clients in CLIENTS:
            bench.say(f"  reading, {clients_of(clients)}")
            compared += _read(bench, minimal, floor, clients)
    return compared


_blocks = itertools.count()


def _accept(
    bench: Bench, minimal: MinimalServer, floor: PgBench, template: str, clients: int
) -> Compared:
    found = Compared(ACCEPT, clients)
    requests = {1: 150, 4: 200, 16: 250}[clients]
    warm = True
    for _ in range(BLOCKS + 1):
        name = f"ACCEPT-{next(_blocks)}"
        load = bench.load(name, requests=requests, clients=clients, quantity=WALLETS)
        ours = send(bench.stack, load, expected=201)
        theirs = _send_minimal(bench, minimal, load, 201)
        raw, _start = floor.accept(clients=clients, transactions=2 * load.requests)
        bare = _bare(bench, template, bench.times(100, 10))[0] if clients == 1 else None
        if warm:  # the first block starts threads and connections, and does not count
            warm = False
            continue
        found.add(OURS, ours)
        found.add(MINIMAL, theirs)
        found.add(RAW, raw)
        if bare is not None:
            found.add(BARE, bare)
    return found


def _issue(bench: Bench, floor: PgBench, template: str) -> Compared:
    """Have one worker work off what was accepted; between its parts the others do as much."""
    found = Compared(ISSUE, 1)
    stack = bench.stack
    for block in range(BLOCKS):
        count = bench.times(400, 40)
        bench.say(f"  issuing a backlog of {count} orders, {block + 1} of {BLOCKS}")
        bench.drain()
        stack.stop_workers()
        load = bench.load(f"ISSUE-{next(_blocks)}", requests=400, clients=4, quantity=WALLETS)
        orders = [sample.order_id for sample in send(stack, load, expected=201).samples]
        found.add(OURS, work_off(stack, orders))
        found.add(BARE, _bare(bench, template, bench.times(200, 10))[1])
        _accepted, start = floor.accept(transactions=bench.times(600, 10))
        found.add(RAW, floor.issue(start, transactions=bench.times(600, 10)))
    return found


def work_off(stack: Stack, orders: Sequence[str]) -> Result:
    """Start a worker and return how it issues orders that wait.

    From the moment it had the first of them to the commit that made the last one Issued; its CPU
    counts from then, too: starting is not issuing. A sample is an order, and takes as long as the
    rate says.
    """
    stack.start_worker(wait=False)
    wait_for("the first is picked up", lambda: _picked_up(stack, orders), seconds=_PATIENCE)
    before, started = cpu(stack), _picked_up(stack, orders)
    wait_for(
        "all are issued", lambda: not (stack.in_flight or stack.jobs_waiting), seconds=_PATIENCE
    )
    used = cpu(stack).since(before)
    moments = settled_at(stack, orders).values()
    assert len(moments) == len(orders), f"{len(moments)} of {len(orders)} were issued"
    seconds = max(moments) - started
    each = seconds / len(orders)
    return Result([Sample(at, each, 201, "") for at in moments], seconds, used)


def _picked_up(stack: Stack, orders: Sequence[str]) -> float:
    """Return when a worker had the first of some orders, as wall-clock time; 0 for not yet."""
    ((moment,),) = stack.sql(
        "SELECT extract(epoch FROM min(at))::float8 FROM history_event"
        " WHERE kind = 'order' AND subject_id = ANY(%s::uuid[]) AND name = 'scheduled'",
        list(orders),
    )
    return float(moment or 0.0)


def _bare(bench: Bench, template: str, count: int) -> tuple[Result, Result]:
    """Return how a process of nothing but the ORM accepts and issues so many orders."""
    first = next(_blocks) * 100_000
    before = cpu(bench.stack)
    said = bench.stack.django("tests.bench.bare", template, str(first), str(count))
    database = cpu(bench.stack).since(before).database
    found = json.loads(said)
    whole = sum(sum(phase["seconds"]) for phase in found.values())

    def result(phase: Mapping[str, object]) -> Result:
        taken = phase["seconds"]
        assert isinstance(taken, list)
        spent = sum(taken)
        samples = [Sample(0.0, each, 200, "") for each in taken]
        # The database's CPU is split as the time was: both phases are of the same kind of work.
        return Result(samples, spent, Cpu(float(str(phase["cpu"])), 0.0, database * spent / whole))

    return result(found["accept"]), result(found["issue"])


def _read(bench: Bench, minimal: MinimalServer, floor: PgBench, clients: int) -> Sequence[Compared]:
    stack = bench.stack
    partner = stack.seller().partner_id
    known = stack.sql("SELECT id::text FROM bench_minimal_minimalorder LIMIT 200")
    found = []
    for name, paths, theirs, statements in (
        (
            ONE_ORDER,
            issued_orders(bench),
            [f"/orders/{order_id}" for (order_id,) in known],
            one_order_sql(f"'{floor.template}'::uuid"),
        ),
        (
            FIRST_PAGE,
            [f"/orders/{partner}?pageSize=50"],
            ["/orders"],
            page_sql(partner, last=False),
        ),
    ):
        one = Compared(name, clients)
        for block in range(BLOCKS + 1):
            requests = {1: 120, 4: 160, 16: 240}[clients]
            load = bench.load("", requests=requests, clients=clients, paths=tuple(paths))
            ours = send(stack, load, expected=200)
            reads = replace(load, paths=tuple(theirs))
            plain = _send_minimal(bench, minimal, reads, 200)
            raw = floor.select(
                *statements, places=1, clients=clients, transactions=2 * load.requests
            )
            if block:
                one.add(OURS, ours)
                one.add(MINIMAL, plain)
                one.add(RAW, raw)
        found.append(one)
    return found


def _send_minimal(bench: Bench, minimal: MinimalServer, load: Load, expected: int) -> Result:
    there = replace(load, port=minimal.port, minimal=True, base="")
    return send(bench.stack, there, expected=expected, web=minimal.process)


def one_order_sql(order: str) -> Sequence[str]:
    """Return what reads an order with all that an answer shows of it."""
    return (
        f"SELECT * FROM orders_order WHERE id = {order};",
        f"SELECT * FROM orders_orderline WHERE order_id = {order} ORDER BY line_no;",
        f"SELECT * FROM wallets_wallet WHERE order_id = {order} ORDER BY seq_no;",
        "SELECT a.* FROM wallets_asset a JOIN wallets_wallet w ON w.id = a.wallet_id"
        f" WHERE w.order_id = {order};",
    )


def page_sql(partner: str, *, last: bool) -> Sequence[str]:
    """Return what reads fifty orders of a partner, the oldest or the newest."""
    way = "DESC" if last else "ASC"
    return (
        f"SELECT * FROM orders_order WHERE partner_id = '{partner}' AND NOT test_mode"
        f" ORDER BY received_at {way}, id {way} LIMIT 50;",
    )
