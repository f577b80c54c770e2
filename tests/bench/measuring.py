"""Letting loads loose on a stack, and what is read off the clock, the database and /proc."""

from __future__ import annotations

import json
import math
import os
import statistics
import subprocess
import sys
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO

from tests.bench.client import Load, Sample
from tests.process import ROOT, Process
from tests.stack import Stack

# More clients than this share a process; each has its own thread and connection.
_PROCESSES = 4
_LIMIT_SECONDS = 300.0


@dataclass(frozen=True)
class Cpu:
    """CPU seconds that each part of the stack has used so far."""

    web: float
    worker: float
    database: float

    def since(self, before: Cpu) -> Cpu:
        """Return what was used in between."""
        return Cpu(
            self.web - before.web, self.worker - before.worker, self.database - before.database
        )

    def in_background(self) -> dict[str, float]:
        """Return the seconds of what no web process does."""
        return {"worker": round(self.worker, 2), "database": round(self.database, 2)}


@dataclass(frozen=True)
class Spread:
    """Percentiles of some durations, in milliseconds."""

    count: int
    p50: float
    p95: float
    p99: float

    @classmethod
    def of(cls, seconds: Iterable[float]) -> Spread:
        """Return the spread of durations in seconds."""
        ordered = sorted(second * 1000 for second in seconds)
        if not ordered:
            raise ValueError("nothing was measured")
        rank = [ordered[math.ceil(len(ordered) * share) - 1] for share in (0.50, 0.95, 0.99)]
        return cls(len(ordered), *(round(value, 2) for value in rank))


@dataclass(frozen=True)
class Result:
    """What a load gave: its samples, how long it took, and the CPU the stack used meanwhile."""

    samples: Sequence[Sample]
    seconds: float
    cpu: Cpu

    @property
    def spread(self) -> Spread:
        return Spread.of(sample.seconds for sample in self.samples)

    @property
    def rate(self) -> float:
        """Return answers per second."""
        return round(len(self.samples) / self.seconds, 1)

    @property
    def median_ms(self) -> float:
        """Return the median duration in milliseconds, not rounded."""
        return statistics.median(sample.seconds for sample in self.samples) * 1000

    @property
    def all_cpu_ms(self) -> float:
        """Return CPU milliseconds per request of web, worker and database together."""
        used = self.cpu.web + self.cpu.worker + self.cpu.database
        return used * 1000 / len(self.samples)

    def cpu_ms(self, used: float) -> float:
        """Return CPU milliseconds per request."""
        return round(used * 1000 / len(self.samples), 2)


def send(
    stack: Stack,
    load: Load,
    *,
    expected: int,
    also: Collection[int] = (),
    web: Process | None = None,
) -> Result:
    """Send a load from processes of its own; raises AssertionError for any other answer.

    also: further statuses that may be answered; web: whose CPU counts, if not the stack's server's.
    """
    count = min(_PROCESSES, load.clients)
    loads = [
        replace(
            load,
            clients=load.clients // count,
            requests=load.requests // count,
            rate=load.rate / count,
            phase=number / count,
            prefix=f"{load.prefix}-{number}",
            numbers=load.numbers[number::count],
        )
        for number in range(count)
    ]
    before = cpu(stack, web)
    processes = [_start(each) for each in loads]
    try:
        for process in processes:
            _pipe(process.stdout).readline()
        for process in processes:
            _pipe(process.stdin).write("go\n")
            _pipe(process.stdin).flush()
        samples = [
            Sample(**sample)
            for process in processes
            for sample in json.loads(process.communicate(timeout=_LIMIT_SECONDS)[0])
        ]
    finally:
        for process in processes:
            process.kill()
            process.wait()
    other = [sample.status for sample in samples if sample.status not in (expected, *also)]
    if other:
        raise AssertionError(f"{len(other)} of {len(samples)} answers were {set(other)}")
    first = min(sample.due for sample in samples)
    last = max(sample.due + sample.seconds for sample in samples)
    return Result(samples, last - first, cpu(stack, web).since(before))


def settled_at(stack: Stack, orders: Sequence[str]) -> dict[str, float]:
    """Return when each of the orders was committed as Issued, as wall-clock time by id.

    An order's row is not written again after that; the server tracks commit timestamps.
    """
    rows = stack.sql(
        "SELECT id::text, extract(epoch FROM pg_xact_commit_timestamp(xmin))::float8"
        " FROM orders_order WHERE status = 'Issued' AND id = ANY(%s::uuid[])",
        list(orders),
    )
    return {str(order_id): float(moment) for order_id, moment in rows}


def cpu(stack: Stack, web: Process | None = None) -> Cpu:
    """Return the CPU seconds used until now, from /proc (10 ms ticks).

    web: the server that is meant, the stack's unless another one is named.
    """
    server = web or stack.web
    backend = int(stack.sql("SELECT pg_backend_pid()")[0][0])
    table = {int(entry): _stat(int(entry)) for entry in os.listdir("/proc") if entry.isdigit()}
    postmaster = _field(table, backend, 1)

    def used(pids: Iterable[int], *, children: bool) -> float:
        # 11 and 12 are its own user and system time, 13 and 14 those of children it has reaped.
        fields = (11, 12, 13, 14) if children else (11, 12)
        ticks = sum(_field(table, pid, field) for pid in pids for field in fields)
        return ticks / os.sysconf("SC_CLK_TCK")

    def sessions(processes: Iterable[Process]) -> list[int]:
        leaders = {process.pid for process in processes}
        return [pid for pid in table if _field(table, pid, 3) in leaders]

    backends = [pid for pid in table if _field(table, pid, 1) == postmaster]
    return Cpu(
        web=used(sessions([server] if server else []), children=False),
        worker=used(sessions(stack.workers), children=False),
        database=used([postmaster], children=True) + used(backends, children=False),
    )


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/<pid>/stat after the command's name; empty for no process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _field(table: dict[int, list[str]], pid: int, index: int) -> int:
    fields = table.get(pid) or []
    return int(fields[index]) if fields else 0


def _start(load: Load) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        ["nice", "-n", str(load.nice), sys.executable, "-m", "tests.bench.client"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    _pipe(process.stdin).write(json.dumps(asdict(load)) + "\n")
    _pipe(process.stdin).flush()
    return process


def _pipe(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe
