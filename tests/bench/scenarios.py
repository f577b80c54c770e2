"""What is measured, one function each; figures come out as rows of the report."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.bench.client import Load
from tests.bench.measuring import Result, Spread, cpu, send, settled_at
from tests.stack import Stack, wait_for
from tests.traffic import day_tickets

Say = Callable[[str], None]
DRAIN_SECONDS = 180.0


@dataclass(frozen=True)
class Figure:
    """A row: what was done, how fast, and the CPU it took per operation (ms)."""

    name: str
    count: int
    rate: float | None
    p50: float
    p95: float
    p99: float
    cpu: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Bench:
    """A stack under measurement; `scale` makes every run shorter (1 is the published one)."""

    stack: Stack
    say: Say
    scale: float = 1.0

    def load(self, name: str, *, requests: int, clients: int = 1, **options: Any) -> Load:
        """Return a load of the first demo partner's."""
        seller = self.stack.seller()
        return Load(
            port=self.stack.port,
            key=seller.key,
            partner_id=seller.partner_id,
            clients=clients,
            requests=max(clients, round(requests * self.scale)),
            prefix=name,
            **options,
        )

    def drain(self) -> None:
        self.stack.wait_until_settled(seconds=DRAIN_SECONDS)


def create_orders(bench: Bench) -> list[Figure]:
    """POST createOrder, closed loop, the worker issuing meanwhile."""
    figures = []
    send(bench.stack, bench.load("WARM", requests=200, clients=4, quantity=4), expected=201)
    bench.drain()
    for clients, lines, quantity, requests in (
        (1, 1, 4, 500),
        (4, 1, 4, 800),
        (16, 1, 4, 1200),
        (1, 1, 1, 500),
        (16, 1, 1, 1200),
        (1, 100, 1, 60),
        (4, 100, 1, 120),
    ):
        name = f"{_lines(lines)}, {_wallets(lines * quantity)}, {_clients(clients)}"
        bench.say(f"  POST: {name}")
        load = bench.load(
            f"POST-{clients}-{lines}-{quantity}",
            requests=requests,
            clients=clients,
            lines=lines,
            quantity=quantity,
        )
        before = cpu(bench.stack)
        result = send(bench.stack, load, expected=201)
        bench.drain()  # the CPU of issuing belongs to the orders, too
        used = cpu(bench.stack).since(before)
        figures.append(figure(name, dataclasses.replace(result, cpu=used)))
    return figures


def read_orders(bench: Bench) -> list[Figure]:
    """GET of one order and of a list page, closed loop."""
    rows = bench.stack.sql("SELECT id::text FROM orders_order WHERE status = 'Issued' LIMIT 200")
    orders = tuple(f"/{order_id}" for (order_id,) in rows)
    partner = bench.stack.seller().partner_id
    figures = []
    for name, paths, clients, requests in (
        ("GET an issued order", orders, 1, 500),
        ("GET an issued order", orders, 16, 1200),
        ("List page of 100, the first", (f"/orders/{partner}?pageSize=100",), 1, 200),
        ("List page of 100, the first", (f"/orders/{partner}?pageSize=100",), 16, 400),
        ("Packages", ("/packages",), 1, 200),
    ):
        bench.say(f"  {name}, {_clients(clients)}")
        load = bench.load("", requests=requests, clients=clients, paths=paths)
        result = send(bench.stack, load, expected=200)
        figures.append(figure(f"{name}, {_clients(clients)}", result))
    return figures


def submit_to_issued(bench: Bench, *, rate: float = 20.0, seconds: float = 30.0) -> list[Figure]:
    """Orders of 4 wallets due at fixed moments; each counts until its Issued is committed."""
    bench.say(f"  {rate:.0f} orders/s of 4 wallets for {seconds * bench.scale:.0f} s")
    load = bench.load("OPEN", requests=round(rate * seconds), clients=16, quantity=4, rate=rate)
    result = send(bench.stack, load, expected=201)
    bench.drain()
    settled = settled_at(bench.stack, [sample.order_id for sample in result.samples])
    name = f"{rate:.0f} orders/s of 4 wallets"
    return [
        figure(f"{name}: POST answered", result),
        _spread(
            f"{name}: submit to Issued",
            [settled[sample.order_id] - sample.due for sample in result.samples],
        ),
    ]


def bulk(bench: Bench) -> list[Figure]:
    """Large orders one by one: from sending to Issued, and from start of issuing to Issued."""
    figures = []
    with bench.stack.seller() as seller:
        for wallets, requests in ((1, 50), (4, 50), (20, 50), (1000, 10)):
            bench.say(f"  issuing {_wallets(wallets)}")
            whole, issuing = [], []
            for number in range(max(3, round(requests * bench.scale))):
                order = seller.order(f"BULK-{wallets}-{number}", day_tickets(wallets))
                sent = seller.create(order)
                order_id = str(sent.body["orderId"])
                done = _when_issued(bench.stack, order_id)
                whole.append(done - sent.sent_at)
                issuing.append(done - _picked_up_at(bench.stack, order_id))
            figures.append(_spread(f"{_wallets(wallets)}: submit to Issued", whole))
            figures.append(_spread(f"{_wallets(wallets)}: picked up to Issued", issuing))
    return figures


def backlog(bench: Bench) -> tuple[int, float]:
    """Have orders wait, then one worker work them off; return how many, and orders/s."""
    requests = round(400 * bench.scale)
    bench.say(f"  a backlog of {requests} orders of 4 wallets, one worker")
    bench.stack.stop_workers()
    load = bench.load("BACKLOG", requests=400, clients=4, quantity=4)
    result = send(bench.stack, load, expected=201)
    bench.stack.start_worker()
    bench.drain()
    settled = settled_at(bench.stack, [sample.order_id for sample in result.samples])
    done = sorted(settled[sample.order_id] for sample in result.samples)
    return len(done), round((len(done) - 1) / (done[-1] - done[0]), 1)


def statements(bench: Bench) -> dict[str, int]:
    """Count client SQL statements in a process of ours."""
    bench.say("  counting statements")
    bench.stack.stop_workers()
    seller = bench.stack.seller()
    gate_key = bench.stack.demo["gate"]["deviceKey"]
    said = bench.stack.django(
        "tests.bench.statements", "all", seller.key, seller.partner_id, gate_key
    )
    return {str(name): int(count) for name, count in json.loads(said).items()}


def _when_issued(stack: Stack, order_id: str) -> float:
    wait_for("it is issued", lambda: settled_at(stack, [order_id]), seconds=60)
    return settled_at(stack, [order_id])[order_id]


def _picked_up_at(stack: Stack, order_id: str) -> float:
    query = (
        "SELECT extract(epoch FROM at)::float8 FROM history_event"
        " WHERE kind = 'order' AND subject_id = %s AND name = 'scheduled'"
    )
    return float(stack.sql(query, order_id)[0][0])


def figure(name: str, result: Result) -> Figure:
    """Return a load's row."""
    spread = result.spread
    cpu = result.cpu
    used = {
        "web": result.cpu_ms(cpu.web),
        "worker": result.cpu_ms(cpu.worker),
        "database": result.cpu_ms(cpu.database),
    }
    return Figure(name, spread.count, result.rate, spread.p50, spread.p95, spread.p99, used)


def _spread(name: str, seconds: list[float]) -> Figure:
    spread = Spread.of(seconds)
    return Figure(name, spread.count, None, spread.p50, spread.p95, spread.p99)


def _lines(count: int) -> str:
    return f"{count} line{'s' if count > 1 else ''}"


def _wallets(count: int) -> str:
    return f"{count} wallet{'s' if count > 1 else ''}"


def _clients(count: int) -> str:
    return f"{count} client{'s' if count > 1 else ''}"
