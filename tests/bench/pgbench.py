"""The floor: the same rows by `pgbench`, the load generator that comes with PostgreSQL.

Nothing but the database works here; what the product takes beyond it is ours.
"""

from __future__ import annotations

import itertools
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from channel_manager.lib.embedded_postgres_place import program
from tests.bench import shape
from tests.bench.client import Sample
from tests.bench.measuring import Result, cpu
from tests.stack import Stack

# Whatever connects may write so many orders at a time; each script has places of its own.
_CLIENTS = 64
_PLACE = "(:place)::bigint"
_SECONDS = 300.0


# Places of one run, whoever writes there: positions of events and numbers of jobs are unique.
_STARTS = itertools.count(1)


@dataclass
class PgBench:
    """pgbench on a stack's database; it has written the orders of `family` up to a place."""

    stack: Stack
    template: str  # the id of an order that was issued, with as many wallets as the family has
    family: shape.Family

    def accept(self, *, clients: int = 1, transactions: int) -> tuple[Result, int]:
        """Write what accepting leaves, an order a transaction; return where `issue` begins."""
        start = next(_STARTS) * 100_000
        job = "1000000000000 + " + _PLACE
        statements = [
            statement
            for rows in shape.ACCEPTED
            for statement in shape.writing(self.stack, rows, self.family, self.template, _PLACE)
        ]
        # A job that is done: no worker may take it. Nobody is notified of it, either.
        statements += [
            "INSERT INTO procrastinate_jobs (id, queue_name, task_name, args, status)"
            f" OVERRIDING SYSTEM VALUE VALUES ({job}, 'bench', 'bench',"
            f" jsonb_build_object('order_id', {self.family.id_of(0, _PLACE)}::text), 'succeeded');",
            f"INSERT INTO procrastinate_events (job_id, type) VALUES ({job}, 'deferred');",
            "UPDATE catalog_session SET sold = sold + 1 WHERE id = (SELECT session_id"
            " FROM orders_allocation a JOIN orders_orderline l ON l.id = a.line_id"
            f" WHERE l.order_id = '{self.template}' LIMIT 1);",
        ]
        return self._write(statements, start, clients, transactions), start

    def issue(self, start: int, *, clients: int = 1, transactions: int) -> Result:
        """Write what issuing leaves of the orders that `accept` wrote, an order a transaction."""
        order = self.family.id_of(0, _PLACE)
        statements = [
            statement
            for rows in (*shape.ISSUED, shape.TOLD)
            for statement in shape.writing(self.stack, rows, self.family, self.template, _PLACE)
        ]
        statements += [
            "UPDATE orders_order SET status = 'Issued', status_since = now(), updated_at = now()"
            f" WHERE id = {order};",
            f"UPDATE wallets_wallet SET status = 'Active', issued_at = now() WHERE order_id = {order};",
            f"DELETE FROM procrastinate_jobs WHERE id = 1000000000000 + {_PLACE};",
        ]
        return self._write(statements, start, clients, transactions)

    def select(
        self,
        *statements: str,
        places: int,
        clients: int = 1,
        transactions: int,
    ) -> Result:
        """Read by scripts of ours, each time for a random `:place` below `places`."""
        lines = [f"\\set place random(0, {places - 1})", *statements]
        return self._run("\n".join(lines), clients, transactions // clients)

    def write(self, *statements: str, first: int, transactions: int) -> Result:
        """Write by scripts of ours, for `:place` counted on from `first`."""
        lines = ["\\set at :at + 1", "\\set place :at", "BEGIN;", *statements, "END;"]
        return self._run("\n".join(lines), 1, transactions, at=first - 1)

    def _write(
        self, statements: Sequence[str], start: int, clients: int, transactions: int
    ) -> Result:
        if clients > _CLIENTS:
            raise ValueError(clients)
        lines = [
            "\\set at :at + 1",
            f"\\set place :at * {_CLIENTS} + :client_id",
            *("BEGIN;", *statements, "END;"),
        ]
        return self._run("\n".join(lines), clients, transactions // clients, at=start)

    def _run(self, script: str, clients: int, transactions: int, at: int = 0) -> Result:
        url = urlsplit(self.stack.database_url)
        query = parse_qs(url.query)
        with tempfile.TemporaryDirectory(prefix="pgbench-") as name:
            directory = Path(name)
            file = directory / "script.sql"
            file.write_text(script + "\n", encoding="utf-8")
            command = [
                str(program("pgbench")),
                *("--no-vacuum", "--protocol", "prepared", "--file", str(file)),
                *("--client", str(clients), "--jobs", str(min(clients, 4))),
                *("--transactions", str(max(1, transactions))),
                *("--log", "--log-prefix", str(directory / "log"), "--define", f"at={at}"),
                *("--host", query["host"][0], "--port", query["port"][0]),
                *("--username", url.username or "", url.path.removeprefix("/")),
            ]
            before = cpu(self.stack)
            done = subprocess.run(
                command, capture_output=True, text=True, check=False, timeout=_SECONDS
            )
            used = cpu(self.stack).since(before)
            if done.returncode:
                raise AssertionError(f"pgbench failed:\n{done.stderr[-2000:]}")
            samples = [
                _sample(line)
                for log in directory.glob("log*")
                for line in log.read_text().splitlines()
            ]
        first = min(sample.due for sample in samples)
        last = max(sample.due + sample.seconds for sample in samples)
        return Result(samples, last - first, used)


def _sample(line: str) -> Sample:
    """Read a line of its log: client, number, microseconds, script, when it ended."""
    fields = line.split()
    ended, seconds = float(fields[4]) + float(fields[5]) / 1e6, float(fields[2]) / 1e6
    return Sample(ended - seconds, seconds, 200, "")
