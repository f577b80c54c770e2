"""What a load costs: answers per second, CPU of each part, log written, reads at the replica."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psycopg

from tests.bench.measuring import settled_at
from tests.process import ROOT, StackError, wait_for
from tests.scale.clients import Task
from tests.scale.site import ROLE, Lodger, Site
from tests.traffic import Expected

_LIMIT_SECONDS = 300.0
_IDLE_SECONDS = 5.0
_WAITING = "queue_name = 'orders' AND status = 'todo'"
_IS_ANY_AT_WORK = """
    SELECT EXISTS (SELECT 1 FROM procrastinate_jobs WHERE queue_name = 'orders'
        AND (status = 'doing' OR status = 'todo' AND scheduled_at IS NULL))
"""
_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Measured:
    """What one load came to; CPU in milliseconds for each order, or each list where there is none.

    seconds: until the last answer; settled_after: until nothing was left to be issued, 0 where
    nobody did. issued_p50 and _p95: from when an order was due to its commit as Issued, in ms.
    listed_there: lists that were read at the replica. connections: of the product to the primary
    in the end.
    """

    name: str
    orders: int
    lists: int
    seconds: float
    settled_after: float
    order_p50: float
    order_p95: float
    issued_p50: float
    issued_p95: float
    list_p50: float
    cpu: Mapping[str, float]
    log_bytes: int
    listed_there: int
    connections: int

    @property
    def accepted_per_second(self) -> float:
        return self.orders / self.seconds

    @property
    def settled_per_second(self) -> float:
        return self.orders / self.settled_after if self.settled_after else 0.0

    @property
    def lists_per_second(self) -> float:
        return self.lists / self.seconds


@dataclass
class Sent:
    """What clients did, with every accepted order by its id."""

    accepted: dict[str, Expected]
    orders: list[float]
    lists: list[float]
    due: dict[str, float]
    repeated: int
    wrong: list[str]
    seconds: float
    cpu: float


def begin(site: Site, **members: Any) -> subprocess.Popen[str]:
    """Have clients at work on the site; `end` tells what came of it."""
    seller = site.stack.seller()
    task = Task(ports=site.ports, key=seller.key, partner_id=seller.partner_id, **members)
    clients = subprocess.Popen(
        [sys.executable, "-m", "tests.scale.clients"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert clients.stdin is not None
    clients.stdin.write(json.dumps(asdict(task)) + "\n")
    clients.stdin.flush()
    return clients


def end(clients: subprocess.Popen[str]) -> Sent:
    """Return what came of it; raises StackError with the answer that ended them early."""
    said, complaint = clients.communicate(timeout=_LIMIT_SECONDS)
    if clients.returncode:
        raise StackError(f"The clients gave up. {complaint.strip()}")
    told = json.loads(said)
    accepted = {key: Expected(*members) for key, members in told.pop("accepted").items()}
    return Sent(accepted=accepted, **told)


def measure(site: Site, name: str, *, settle: bool = True, **members: Any) -> tuple[Measured, Sent]:
    """Let clients loose, wait until what they ordered has settled, return what it cost.

    settle: False where no worker runs. Raises StackError when nothing was accepted.
    """
    before, log, scans = cpu(site), _position(site), _scans(site)
    sent = end(begin(site, **members))
    each = len(sent.orders) or len(sent.lists)
    if members.get("orders", True) and not sent.orders:
        raise StackError(f"No order was accepted in {name!r}: {sent.wrong}")
    if not each:
        raise StackError(f"No list was answered in {name!r}: {sent.wrong}")
    left = site.stack.wait_until_settled(seconds=180) if settle else 0.0
    used = {part: value - before[part] for part, value in cpu(site).items()}
    settled = settled_at(site.stack, list(sent.due)) if settle else {}
    issued = [moment - sent.due[order_id] for order_id, moment in settled.items()]
    return (
        Measured(
            name=name,
            orders=len(sent.orders),
            lists=len(sent.lists),
            seconds=round(sent.seconds, 2),
            settled_after=round(sent.seconds + left, 2) if settle else 0.0,
            order_p50=_rank(sent.orders, 0.5),
            order_p95=_rank(sent.orders, 0.95),
            issued_p50=_rank(issued, 0.5),
            issued_p95=_rank(issued, 0.95),
            list_p50=_rank(sent.lists, 0.5),
            cpu={
                **{part: round(value * 1000 / each, 2) for part, value in used.items()},
                "clients": round(sent.cpu * 1000 / each, 2),
            },
            log_bytes=(_position(site) - log) // each,
            listed_there=_scans(site) - scans,
            connections=_connections(site),
        ),
        sent,
    )


def work_off(site: Site, name: str, most: int | None = None) -> Measured:
    """Let go of what is held back, the oldest first; return what issuing it cost.

    Raises StackError when nothing was held back.
    """
    before, log, started = cpu(site), _position(site), time.monotonic()
    orders = _let_go(site, most)
    if not orders:
        raise StackError(f"No order was held back for {name!r}.")
    wait_for(name, lambda: not site.stack.sql(_IS_ANY_AT_WORK)[0][0], seconds=_LIMIT_SECONDS)
    taken = time.monotonic() - started
    used = {part: value - before[part] for part, value in cpu(site).items()}
    return Measured(
        name=name,
        orders=orders,
        lists=0,
        seconds=round(taken, 2),
        settled_after=round(taken, 2),
        order_p50=0.0,
        order_p95=0.0,
        issued_p50=0.0,
        issued_p95=0.0,
        list_p50=0.0,
        cpu={part: round(value * 1000 / orders, 2) for part, value in used.items()},
        log_bytes=(_position(site) - log) // orders,
        listed_there=0,
        connections=_connections(site),
    )


def cpu(site: Site) -> dict[str, float]:
    """Return the CPU seconds used until now by each part, from /proc (ticks of 10 ms)."""
    table = {int(entry): _stat(int(entry)) for entry in os.listdir("/proc") if entry.isdigit()}

    def used(pids: Iterable[int], fields: tuple[int, ...]) -> float:
        return sum(int(table[pid][field]) for pid in pids for field in fields if table.get(pid))

    def of_sessions(lodgers: Iterable[Lodger]) -> float:
        leaders = {str(lodger.pid) for lodger in lodgers}
        return used([pid for pid, stat in table.items() if stat and stat[3] in leaders], (11, 12))

    def of_server(postmaster: int | None) -> float:
        backends = [pid for pid, stat in table.items() if stat and stat[1] == str(postmaster)]
        # 13 and 14 are those of children that have ended.
        return used([postmaster] if postmaster else [], (11, 12, 13, 14)) + used(backends, (11, 12))

    ((backend,),) = site.stack.sql("SELECT pg_backend_pid()")
    ticks = {
        "web": of_sessions(site.webs),
        "worker": of_sessions(site.workers),
        "primary": of_server(int(table[backend][1])),
        "replica": of_server(site.replica.pid),
    }
    return {part: value / _TICK for part, value in ticks.items()}


def reports_read_there(site: Site, asked: int) -> int:
    """Ask for the register so many times; return how many times the replica looked at the ledger."""
    seller = site.stack.seller()
    seller.port = site.ports[0]
    before = _scans(site, "orders_ledgerentry")
    with seller.twin() as reader:
        for _ in range(asked):
            answer = reader.request("GET", "/reports/register?pageSize=50")
            assert answer.status == 200, answer.text
    return _scans(site, "orders_ledgerentry") - before


def replica_sql(site: Site, query: str) -> list[tuple[Any, ...]]:
    """Run one statement at the replica."""
    with psycopg.connect(site.replica.url, autocommit=True) as connection:
        return connection.execute(query).fetchall()


def _scans(site: Site, table: str = "orders_order") -> int:
    """Return how often the replica was asked for rows of a table."""
    # What a session has not told the statistics of yet it tells at its end.
    replica_sql(
        site,
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
    )
    query = f"SELECT seq_scan + idx_scan FROM pg_stat_user_tables WHERE relname = '{table}'"
    found = replica_sql(site, query)
    return int(found[0][0]) if found else 0


def _connections(site: Site) -> int:
    query = "SELECT count(*) FROM pg_stat_activity WHERE usename = %s"
    return int(site.stack.sql(query, ROLE)[0][0])


def _position(site: Site) -> int:
    ((position,),) = site.stack.sql("SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint")
    return int(position)


def _rank(seconds: list[float], share: float) -> float:
    ordered = sorted(seconds)
    return round(ordered[int(len(ordered) * share)] * 1000, 1) if ordered else 0.0


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/<pid>/stat after the command's name; empty for no process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def idle(site: Site) -> dict[str, float]:
    """Return how many cores each part keeps busy while nobody wants anything."""
    before = cpu(site)
    time.sleep(_IDLE_SECONDS)
    return {
        part: round((value - before[part]) / _IDLE_SECONDS, 3) for part, value in cpu(site).items()
    }


def hold_back(site: Site) -> int:
    """Let nobody begin what waits to be issued; return how many orders that are."""
    later = "scheduled_at = now() + interval '1 hour'"
    held = site.stack.sql(f"UPDATE procrastinate_jobs SET {later} WHERE {_WAITING} RETURNING id")
    return len(held)


def _let_go(site: Site, most: int | None) -> int:
    """Let so many be issued, all unless told; return how many, the workers told as of new ones."""
    chosen = f"SELECT id FROM procrastinate_jobs WHERE {_WAITING} ORDER BY id LIMIT %s"
    now = f"UPDATE procrastinate_jobs SET scheduled_at = NULL WHERE id IN ({chosen}) RETURNING id"
    gone = site.stack.sql(now, most)
    if not gone:
        return 0
    told = json.dumps({"type": "job_inserted", "job_id": gone[0][0]})
    site.stack.sql("SELECT pg_notify('procrastinate_any_queue_v1', %s)", told)
    return len(gone)


def warm(site: Site) -> None:
    """Have every process do what it does once, so that nothing is measured that is done once."""
    end(begin(site, prefix=f"WARM-{time.time_ns()}", seconds=1.0, clients=8, lists_every=2))
    if site.workers:
        site.stack.wait_until_settled(seconds=60)
