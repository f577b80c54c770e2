"""The paths whose growth is measured: how each is run once, in ours and in raw PostgreSQL."""

from __future__ import annotations

import datetime
import itertools
import json
import random
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial

from tests.bench import baselines, crowd, gate, shape
from tests.bench.client import Load, Sample
from tests.bench.desk import opened, signed_in
from tests.bench.exports import exported
from tests.bench.growth import Block, Path
from tests.bench.matching import have_matched
from tests.bench.measuring import Result, cpu, send, settled_at
from tests.bench.pgbench import PgBench
from tests.bench.scenarios import FIRST_PAGE, LAST_PAGE, ONE_ORDER, Bench, last_page, when_issued
from tests.bench.webhooks import deliver, receiving
from tests.traffic import BASE, day_tickets

_SELECTS = 1_500
_LONG_SELECTS = 30  # of a whole day
_DIFFERENT = 200
_FAMILY = shape.Family("GREW", "01d", baselines.WALLETS)
_PLACE = "(:place)::bigint"


class Paths:
    """Everything that is measured at each size, on one stack."""

    def __init__(self, bench: Bench, exits: ExitStack) -> None:
        self.bench = bench
        self.stack = bench.stack
        self.floor = PgBench(self.stack, baselines.issued_template(self.stack), _FAMILY)
        self.clerk = exits.enter_context(signed_in(bench))
        self.receiver = exits.enter_context(receiving(self.stack))
        self._names = itertools.count()
        # Tickets that nobody has scanned, from the far end of the smallest size.
        self._unscanned = bench.sizes[0] * crowd.WALLETS_PER_ORDER
        self._period = ""

    def at(self, bench: Bench) -> Sequence[Path]:
        """Return the paths at the size that the database has now."""
        partner = self.stack.seller().partner_id
        size = self._size()
        # Others in each block: what was read before lies in memory, as raw PostgreSQL's does not.
        orders = partial(_chosen, size, lambda place: f"/{crowd.order_id(place)}")
        wallets = partial(_chosen, size, lambda place: f"/w/{crowd.wallet_token(2 * place)}.pdf")
        order = crowd.FAMILY.id_of(0, _PLACE)
        today = datetime.datetime.now(datetime.UTC).date()
        days = f"from={today}&to={today + datetime.timedelta(days=30)}"
        last = last_page(self.stack)
        return [
            Path("Accept, 4 wallets", self._accept, self._accept_raw),
            Path("Issue a backlog, 4 wallets", self._issue, self._issue_raw),
            Path("Submit to Issued, 4 wallets", self._submit, self._submit_raw),
            Path(
                ONE_ORDER,
                partial(self._get, orders, 150),
                self._select(*baselines.one_order_sql(order), places=size),
            ),
            Path(
                FIRST_PAGE,
                partial(self._get, lambda: [f"/orders/{partner}?pageSize=50"], 120),
                self._select(*baselines.page_sql(partner, last=False)),
            ),
            Path(
                LAST_PAGE,
                partial(self._get, lambda: [last], 120),
                self._select(*baselines.page_sql(partner, last=True)),
            ),
            Path(
                "Availability of 30 days",
                partial(self._get, lambda: [f"/availability?itemNumber=DAY&{days}"], 80),
                self._select(_AVAILABILITY),
            ),
            Path("Gate scan", self._scan, self._scan_raw),
            Path("Orders in the admin", self._open_list, self._select(_NEWEST)),
            Path(
                "Report export, a day",
                self._export,
                self._select(_DAYS_SALES, transactions=_LONG_SELECTS),
            ),
            Path(
                "Match a statement of a day",
                self._match,
                self._select(_DAYS_SALES, transactions=_LONG_SELECTS),
            ),
            Path("Webhook delivery", self._deliver, self._deliver_raw),
            Path(
                "PDF ticket",
                partial(self._get, wallets, 30, base=""),
                self._select(*_wallet_sql(), places=size),
            ),
        ]

    def _size(self) -> int:
        query = "SELECT count(*) FROM orders_order WHERE buy_from_order_reference LIKE 'CROWD-%%'"
        return int(self.stack.sql(query)[0][0])

    def _get(self, paths: Callable[[], Sequence[str]], requests: int, *, base: str = BASE) -> Block:
        load = self.bench.load("", requests=requests, paths=tuple(paths()), base=base)
        return Block.of(send(self.stack, load, expected=200))

    def _select(
        self, *statements: str, places: int = 1, transactions: int = _SELECTS
    ) -> Callable[[], Block]:
        def read() -> Block:
            return Block.of(
                self.floor.select(*statements, places=places, transactions=transactions)
            )

        return read

    @contextmanager
    def _workers_standing_still(self) -> Iterator[None]:
        """Freeze the worker for a block: starting another one would be measured as well."""
        for worker in self.stack.workers:
            worker.signal(signal.SIGSTOP)
        try:
            yield
        finally:
            for worker in self.stack.workers:
                worker.signal(signal.SIGCONT)

    def _accept(self) -> Block:
        """Accept orders while the worker stands still; they wait for `_issue`."""
        with self._workers_standing_still():
            name = f"GROW-{next(self._names)}"
            load = self.bench.load(name, requests=80, quantity=baselines.WALLETS)
            result = send(self.stack, load, expected=201)
        self.bench.drain()
        return Block.of(result)

    def _accept_raw(self) -> Block:
        count = self.bench.times(400, 40)
        result, start = self.floor.accept(transactions=count)
        self.floor.issue(start, transactions=count)
        return Block.of(result)

    def _issue(self) -> Block:
        """Have orders wait while the worker stands still, then let it issue them."""
        with self._workers_standing_still():
            name = f"GROW-{next(self._names)}"
            load = self.bench.load(name, requests=150, clients=4, quantity=baselines.WALLETS)
            orders = [sample.order_id for sample in send(self.stack, load, expected=201).samples]
            before, resumed = cpu(self.stack), time.time()
        self.bench.drain()
        used = cpu(self.stack).since(before)
        moments = settled_at(self.stack, orders).values()
        seconds = max(moments) - resumed
        samples = [Sample(at, seconds / len(orders), 200, "") for at in moments]
        return Block.of(Result(samples, seconds, used))

    def _issue_raw(self) -> Block:
        count = self.bench.times(400, 40)
        _accepted, start = self.floor.accept(transactions=count)
        return Block.of(self.floor.issue(start, transactions=count))

    def _submit(self) -> Block:
        samples = []
        before = cpu(self.stack)
        with self.stack.seller() as seller:
            for _ in range(self.bench.times(8, 3)):
                lines = day_tickets(baselines.WALLETS)
                sent = seller.create(seller.order(f"GROW-{next(self._names)}", lines))
                assert sent.status == 201, sent.text
                order_id = str(sent.body["orderId"])
                seconds = when_issued(self.stack, order_id) - sent.sent_at
                samples.append(Sample(sent.sent_at, seconds, 201, order_id))
        return Block.of(Result(samples, 1.0, cpu(self.stack).since(before)))

    def _submit_raw(self) -> Block:
        count = self.bench.times(300, 40)
        accepted, start = self.floor.accept(transactions=count)
        return Block.of(accepted) + Block.of(self.floor.issue(start, transactions=count))

    def _scan(self) -> Block:
        count = self.bench.times(80, 10)
        self._unscanned -= count
        load = Load(
            port=self.stack.port,
            key=self.stack.demo["gate"]["deviceKey"],
            partner_id="",
            requests=count,
            prefix=f"GROW-{next(self._names)}",
            numbers=gate.numbers_of(self._unscanned, count),
        )
        return Block.of(send(self.stack, load, expected=200))

    def _scan_raw(self) -> Block:
        count = self.bench.times(160, 10)
        self._unscanned -= count
        asset = crowd.FAMILY.id_of(3, _PLACE)
        number = crowd.FAMILY.number("T", "asset", _PLACE)
        template = crowd.template(self.stack)
        ((venue,),) = self.stack.sql("SELECT venue_id FROM orders_order WHERE id = %s", template)
        statements = [
            "SELECT a.*, w.* FROM wallets_asset a JOIN wallets_wallet w ON w.id = a.wallet_id"
            f" WHERE a.venue_id = '{venue}' AND a.reference_number = {number} FOR UPDATE OF a;",
            f"UPDATE wallets_asset SET admitted = admissions, status = 'Used' WHERE id = {asset};",
            *shape.writing(self.stack, shape.ISSUED[1], crowd.FAMILY, template, _PLACE),
        ]
        return Block.of(self.floor.write(*statements, first=self._unscanned, transactions=count))

    def _open_list(self) -> Block:
        times = self.bench.times(10, 3)
        self.clerk.close()  # the server has, after a while: it is opened anew
        return Block.of(opened(self.bench, self.clerk, "/admin/orders/order/", times))

    def _export(self) -> Block:
        """Have yesterday's register written as a file."""
        day = (datetime.datetime.now(datetime.UTC).date() - datetime.timedelta(days=1)).isoformat()
        before = cpu(self.stack)
        with signed_in(self.bench) as clerk:
            one = exported(self.stack, clerk, "csv", {"firstDay": day, "lastDay": day})
        used = cpu(self.stack).since(before)
        return Block(one.seconds * 1000, (used.web + used.worker + used.database) * 1000)

    def _match(self) -> Block:
        """Match yesterday's statement anew."""
        yesterday = datetime.datetime.now(datetime.UTC).date() - datetime.timedelta(days=1)
        if not self._period:
            _statement, self._period = have_matched(self.stack, yesterday, yesterday, 2_000)
        said = json.loads(self.stack.django("tests.bench.rematch", self._period))
        return Block(said["seconds"] * 1000, said["cpu"] * 1000)

    def _deliver(self) -> Block:
        result = deliver(self.stack, self.receiver, self.bench.times(100, 20))
        return Block.of(result)

    def _deliver_raw(self) -> Block:
        """Write an event and its delivery, and note the attempt."""
        count = self.bench.times(300, 20)
        first = time.time_ns() // 1_000_000
        return Block.of(self.floor.write(*_DELIVERY, first=first, transactions=count))


def _chosen(size: int, path_of: Callable[[int], str]) -> Sequence[str]:
    """Return paths of some places below a size, by chance."""
    places = random.sample(range(size), min(size, _DIFFERENT))
    return [path_of(place) for place in places]


def _wallet_sql() -> Sequence[str]:
    token = crowd.FAMILY.digest("wallet", f"2 * {_PLACE}")
    wallet = f"(SELECT id FROM wallets_wallet WHERE token = {token})"
    return (
        "SELECT w.*, o.*, l.* FROM wallets_wallet w JOIN orders_order o ON o.id = w.order_id"
        f" JOIN orders_orderline l ON l.id = w.line_id WHERE w.token = {token};",
        f"SELECT * FROM wallets_asset WHERE wallet_id = {wallet};",
    )


_AVAILABILITY = (
    "SELECT s.* FROM catalog_session s WHERE s.attraction_id = (SELECT attraction_id"
    " FROM catalog_session WHERE seat_plan_id IS NULL ORDER BY id LIMIT 1)"
    " AND s.date BETWEEN current_date AND current_date + 30;"
)
_NEWEST = "SELECT * FROM orders_order ORDER BY received_at DESC, id DESC LIMIT 100;"
# Row by row, whatever the planner would rather do with a table of which a day is a third.
_DAYS_SALES = (
    "SELECT o.*, e.*, l.* FROM orders_order o"
    " CROSS JOIN LATERAL (SELECT * FROM orders_ledgerentry WHERE order_id = o.id OFFSET 0) e"
    " CROSS JOIN LATERAL (SELECT * FROM orders_orderline WHERE order_id = o.id OFFSET 0) l"
    " WHERE o.received_at >= current_date - 1 AND o.received_at < current_date;"
)
_DELIVERY = (
    "INSERT INTO partners_webhookevent (event_id, partner_id, test_mode, type, data, at,"
    " is_feed_only, position) SELECT gen_random_uuid(), partner_id, FALSE, 'ota_cm_order_processed',"
    " jsonb_build_object('number', :place::bigint), now(), FALSE, :place::bigint"
    " FROM partners_webhookendpoint LIMIT 1;",
    "INSERT INTO partners_webhookdelivery (event_id, endpoint_id, status, attempts, step, ended_at)"
    " SELECT e.id, (SELECT id FROM partners_webhookendpoint LIMIT 1), 'Delivered', 1, 1, now()"
    " FROM partners_webhookevent e WHERE e.position = :place::bigint LIMIT 1;",
    "INSERT INTO partners_webhookattempt (delivery_id, number, started_at, duration_ms,"
    " status_code, error, answer) SELECT currval(pg_get_serial_sequence("
    "'partners_webhookdelivery', 'id')), 1, now(), 1, 204, '', '';",
)
