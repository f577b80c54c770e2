"""What is measured, one function each; figures come out as rows of the report."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from tests.bench import crowd
from tests.bench.client import Load
from tests.bench.measuring import Result, Spread, cpu, send, settled_at
from tests.process import wait_for
from tests.stack import Stack
from tests.traffic import day_tickets

Say = Callable[[str], None]
DRAIN_SECONDS = 180.0
ONE_ORDER, FIRST_PAGE, LAST_PAGE = "GET an order", "List of 50, first page", "List of 50, last page"


@dataclass(frozen=True)
class Figure:
    """A row: what was done, how fast, and the CPU it took per operation (ms).

    operation: its name among the counted ones (`statements.py`), where it is one of them.
    """

    name: str
    count: int
    rate: float | None
    p50: float
    p95: float
    p99: float
    cpu: dict[str, float] = field(default_factory=dict)
    operation: str = ""


@dataclass(frozen=True)
class Bench:
    """A stack under measurement; `scale` makes every run shorter (1 is the published one).

    sizes: orders of the crowd, growing; parts that want a full database take the last one.
    """

    stack: Stack
    say: Say
    scale: float = 1.0
    sizes: Sequence[int] = (10_000, 100_000, 1_000_000)

    @property
    def orders(self) -> int:
        """Return how many orders of the crowd a full database has."""
        return self.sizes[-1]

    def fill_up(self, orders: int = 0) -> None:
        """Have the crowd as large as that, or as a full database; a worker runs then."""
        if not self.stack.workers:
            self.stack.start_worker()
        self.say(f"  {orders or self.orders:,} orders in the database")
        crowd.fill_up(self.stack, orders=orders or self.orders)

    def times(self, count: int, least: int = 1) -> int:
        """Return a number of repetitions, fewer when everything is to be shorter."""
        return max(least, round(count * self.scale))

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


def warm_up(bench: Bench) -> None:
    """Send orders that do not count: threads and connections are new."""
    bench.say("  warming up")
    send(bench.stack, bench.load("WARM", requests=300, clients=16, quantity=4), expected=201)
    bench.drain()


def create_orders(bench: Bench) -> list[Figure]:
    """POST createOrder, closed loop, the worker issuing meanwhile."""
    figures = []
    for clients, lines, quantity, requests in (
        (1, 1, 4, 400),
        (4, 1, 4, 600),
        (16, 1, 4, 900),
        (1, 1, 1, 300),
        (16, 1, 1, 600),
        (1, 100, 1, 40),
        (4, 100, 1, 80),
    ):
        name = f"{_lines(lines)}, {_wallets(lines * quantity)}, {clients_of(clients)}"
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
        counted = f"POST, {_lines(1)}"
        figures.append(figure(name, dataclasses.replace(result, cpu=used), counted))
    return figures


def issued_orders(bench: Bench) -> tuple[str, ...]:
    """Return the paths of some orders that the first demo partner has, issued."""
    rows = bench.stack.sql(
        "SELECT id::text FROM orders_order"
        " WHERE status = 'Issued' AND partner_id = %s AND NOT test_mode LIMIT 200",
        bench.stack.seller().partner_id,
    )
    return tuple(f"/{order_id}" for (order_id,) in rows)


def read_orders(bench: Bench) -> list[Figure]:
    """GET of one order and of a list page, closed loop."""
    orders = issued_orders(bench)
    partner = bench.stack.seller().partner_id
    figures = []
    first = (f"/orders/{partner}?pageSize=50",)
    last = (last_page(bench.stack),)
    for name, paths, clients, requests, counted in (
        (ONE_ORDER, orders, 1, 500, "GET, 1000 wallets"),
        (ONE_ORDER, orders, 16, 1200, "GET, 1000 wallets"),
        (FIRST_PAGE, first, 1, 300, "List page, 50 rows"),
        (FIRST_PAGE, first, 16, 600, "List page, 50 rows"),
        (LAST_PAGE, last, 1, 300, "List page, 50 rows"),
        (LAST_PAGE, last, 16, 600, "List page, 50 rows"),
        ("Packages", ("/packages",), 1, 200, ""),
    ):
        bench.say(f"  {name}, {clients_of(clients)}")
        load = bench.load("", requests=requests, clients=clients, paths=paths)
        result = send(bench.stack, load, expected=200)
        figures.append(figure(f"{name}, {clients_of(clients)}", result, counted))
    return figures


def last_page(stack: Stack, *, size: int = 50) -> str:
    """Return the path of the first partner's last page, of the newest orders."""
    partner = stack.seller().partner_id
    ((moment, order_id),) = stack.sql(
        "SELECT received_at, id::text FROM orders_order WHERE partner_id = %s AND NOT test_mode"
        " ORDER BY received_at DESC, id DESC OFFSET %s LIMIT 1",
        partner,
        size,
    )
    key = stack.django("tests.bench.page_key", partner, moment.isoformat(), order_id).strip()
    return f"/orders/{partner}?{urlencode({'pageSize': size, 'pageKey': key})}"


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
        for wallets, requests in ((1, 40), (4, 40), (20, 40), (1000, 6)):
            bench.say(f"  issuing {_wallets(wallets)}")
            whole, issuing = [], []
            for number in range(max(3, round(requests * bench.scale))):
                order = seller.order(f"BULK-{wallets}-{number}", day_tickets(wallets))
                sent = seller.create(order)
                order_id = str(sent.body["orderId"])
                done = when_issued(bench.stack, order_id)
                whole.append(done - sent.sent_at)
                issuing.append(done - _picked_up_at(bench.stack, order_id))
            counted = f"Issuing, {_wallets(wallets)}"
            figures.append(_spread(f"{_wallets(wallets)}: submit to Issued", whole, counted))
            figures.append(_spread(f"{_wallets(wallets)}: picked up to Issued", issuing, counted))
    return figures


def statements(bench: Bench) -> dict[str, int]:
    """Count client SQL statements in a process of ours; leaves the stack without a worker."""
    bench.say("  counting statements")
    bench.drain()
    bench.stack.stop_workers()
    seller = bench.stack.seller()
    gate_key = bench.stack.demo["gate"]["deviceKey"]
    said = bench.stack.django(
        "tests.bench.statements", "all", seller.key, seller.partner_id, gate_key
    )
    counted = json.loads(said)
    counted |= json.loads(
        bench.stack.django(
            "tests.bench.more_statements", seller.key, bench.stack.seller(1).partner_id
        )
    )
    return {str(name): int(count) for name, count in counted.items()}


def when_issued(stack: Stack, order_id: str) -> float:
    wait_for("it is issued", lambda: settled_at(stack, [order_id]), seconds=60)
    return settled_at(stack, [order_id])[order_id]


def _picked_up_at(stack: Stack, order_id: str) -> float:
    query = (
        "SELECT extract(epoch FROM at)::float8 FROM history_event"
        " WHERE kind = 'order' AND subject_id = %s AND name = 'scheduled'"
    )
    return float(stack.sql(query, order_id)[0][0])


def figure(name: str, result: Result, operation: str = "") -> Figure:
    """Return a load's row."""
    spread = result.spread
    cpu = result.cpu
    used = {
        "web": result.cpu_ms(cpu.web),
        "worker": result.cpu_ms(cpu.worker),
        "database": result.cpu_ms(cpu.database),
    }
    return Figure(
        name, spread.count, result.rate, spread.p50, spread.p95, spread.p99, used, operation
    )


def _spread(name: str, seconds: list[float], operation: str = "") -> Figure:
    spread = Spread.of(seconds)
    return Figure(name, spread.count, None, spread.p50, spread.p95, spread.p99, operation=operation)


def _lines(count: int) -> str:
    return f"{count} line{'s' if count > 1 else ''}"


def _wallets(count: int) -> str:
    return f"{count} wallet{'s' if count > 1 else ''}"


def clients_of(count: int) -> str:
    return f"{count} client{'s' if count > 1 else ''}"
