"""The whole product on loopback, as processes of its own: database, web and workers.

For tests, chaos and bench that kill, freeze and measure it. Everything ends with `running_stack`,
and with this process when that is killed.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg

from channel_manager.lib.child_process import IN_THE_BACKGROUND
from channel_manager.lib.embedded_postgres import EmbeddedPostgres
from channel_manager.management.processes import APPLICATION
from tests import migrated
from tests.postgres import NOT_DURABLE, throw_away_server
from tests.process import ROOT, START_SECONDS, STOP_SECONDS, Process, StackError, wait_for
from tests.traffic import Seller
from tests.web_server import free_port, serving, wait_until_it_answers

# A killed worker's jobs are taken over within seconds, not minutes.
SHORT_STALLS = {
    "WORKER_SILENCE_SECONDS": "3",
    "SUBMITTED_GRACE_SECONDS": "2",
    "SCHEDULED_STALL_SECONDS": "20",
    "RECOVERY_CRON": "* * * * * */1",
}
# What is measured and fought for is not the limits of keys; who wants one gives its partner one.
NO_LIMITS = {"RATE_LIMIT_PER_SECOND": "10000", "RATE_LIMIT_BURST": "1000000"}
PLENTY = 1_000_000  # places that nobody runs out of
DJANGO = (
    "import runpy, sys, django; django.setup(); del sys.argv[0];"
    " runpy.run_module(sys.argv[0], run_name='__main__', alter_sys=True)"
)
_POLL_SECONDS = 0.02


class Stack:
    """A running stack: where it is, whom it knows, and its processes."""

    def __init__(
        self,
        database_url: str,
        directory: Path,
        port: int,
        environment: Mapping[str, str],
        *,
        server: EmbeddedPostgres | None = None,
        root: Path = ROOT,
    ) -> None:
        self.database_url = database_url
        self.server = server  # None: it is somebody else's
        self.root = root
        self.directory = directory
        self.port = port
        self.environment = environment
        self.web: Process | None = None
        self.workers: list[Process] = []
        self.demo: dict[str, Any] = {}
        self.concurrency = 6  # jobs at a time of each worker
        self.web_arguments: dict[str, int] = {}
        self._sql = psycopg.connect(database_url, autocommit=True)

    def sql(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run one statement of ours, with %s for values, and return its rows."""
        cursor = self._sql.execute(query, values)
        return cursor.fetchall() if cursor.description else []

    def never_sell_out(self) -> None:
        """Let every session there is have room for whatever is sold, but those of numbered seats."""
        self.sql("UPDATE catalog_session SET capacity = %s WHERE seat_plan_id IS NULL", PLENTY)

    def restart_database(self, signum: signal.Signals) -> float:
        """Stop the server (SIGINT: fast, SIGQUIT: immediate) and start it again, in the main thread.

        Returns the seconds that it was away.
        """
        if self.server is None or (pid := self.server.pid) is None:
            raise StackError("This stack has no server of its own.")
        started = time.monotonic()
        os.kill(pid, signum)
        wait_for("the server has ended", lambda: self.server.pid is None, seconds=STOP_SECONDS)
        self.server.ensure_running()
        self._sql.close()
        self._sql = psycopg.connect(self.database_url, autocommit=True)
        return time.monotonic() - started

    def deployment(self, root: Path, directory: Path, environment: Mapping[str, str]) -> Stack:
        """Return another deployment on this database: code, place and environment of its own."""
        port = free_port()
        own = {
            **self.environment,
            "VAR_DIR": str(directory),
            "PUBLIC_URL": f"http://127.0.0.1:{port}",
            **environment,
        }
        other = Stack(self.database_url, directory, port, own, root=root)
        other.demo = self.demo
        return other

    def seller(self, number: int = 0) -> Seller:
        """Return a connection of an active demo partner."""
        active = [
            entry
            for entry in self.demo["partners"]
            if entry["state"] == "Active" and not entry["testMode"]
        ]
        return Seller(self.port, active[number]["apiKey"], active[number]["partnerId"])

    def manage(self, *arguments: str) -> str:
        """Run a management command and return what it says; raises StackError when it fails."""
        return self.python("manage.py", *arguments)

    def python(self, *arguments: str, given: str = "", seconds: float = 300) -> str:
        """Run a Python process on this stack's database and return what it prints."""
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=dict(self.environment),
            input=given,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        if done.returncode:
            raise StackError(f"{' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")
        return done.stdout

    def django(self, module: str, *arguments: str, given: str = "", seconds: float = 300) -> str:
        """Run a module as a program that finds Django set up; return what it prints."""
        return self.python("-c", DJANGO, module, *arguments, given=given, seconds=seconds)

    @contextmanager
    def running_django(self, module: str, *arguments: str) -> Iterator[Process]:
        """Have a module run as such a program for as long as a block takes, once it says a word."""
        command = [sys.executable, "-c", DJANGO, module, *arguments]
        log = self.directory / f"{module}.log"
        process = Process(module, command, self.environment, log)
        process.start()
        try:

            def speaks() -> bool:
                process.require_running()
                return log.stat().st_size > 0

            wait_for(f"{module} is at work", speaks, seconds=START_SECONDS)
            yield process
            process.require_running()
        finally:
            process.end()
            log.unlink()

    def start_web(self, *, workers: int, threads: int, backpressure: int = 512) -> None:
        """Start granian as `manage.py run` does, and wait until it answers."""
        self.web_arguments = {"workers": workers, "threads": threads, "backpressure": backpressure}
        command = serving(APPLICATION, port=self.port, **self.web_arguments)
        environment = {**self.environment, "WEB_THREADS": str(threads)}
        self.web = Process("web", command, environment, self.directory / "web.log", self.root)
        self.web.start()
        wait_until_it_answers(self.web, self.port)

    def stop_web(self) -> None:
        """Stop granian and its workers."""
        if self.web is not None:
            self.web.end()
            self.web = None

    def start_worker(
        self,
        *,
        wait: bool = True,
        queues: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
    ) -> Process:
        """Start one more worker and return it, registered unless `wait` is False.

        queues: those it works off; all of them unless some are named. environment: on top of ours.
        """
        known = self.last_worker
        name = f"worker-{len(self.workers) + 1}"
        command = [
            *IN_THE_BACKGROUND,
            *(sys.executable, "manage.py", "procrastinate", "worker"),
            *("--concurrency", str(self.concurrency), "--shutdown-graceful-timeout", "15"),
            *(("--queues", ",".join(queues)) if queues else ()),
        ]
        worker = Process(
            name,
            command,
            {**self.environment, **(environment or {})},
            self.directory / f"{name}.log",
            self.root,
        )
        self.workers.append(worker)
        worker.start()

        def registered() -> bool:
            worker.require_running()
            return self.last_worker > known

        if wait:
            wait_for("the worker has registered", registered, seconds=START_SECONDS)
        return worker

    def revive(self) -> Counter[str]:
        """Start web and workers that have ended, as the supervisor does; return how many of each.

        In the main thread only: they end with the thread that started them.
        """
        ended: Counter[str] = Counter()
        for process in [*filter(None, [self.web]), *self.workers]:
            if process.exit_code is not None:
                ended[process.name.partition("-")[0]] += 1
                process.start()
        return ended

    def keep_alive_during(self, work: Callable[[], object]) -> Counter[str]:
        """Do work in a thread and revive whatever ends; return who did, raise what the work raises."""
        ended: Counter[str] = Counter()
        with ThreadPoolExecutor(1) as pool:
            working = pool.submit(work)
            while not working.done():
                ended += self.revive()
                time.sleep(_POLL_SECONDS)
        working.result()
        return ended

    def stop_workers(self) -> None:
        """Stop every worker, frozen ones too."""
        while self.workers:
            self.workers.pop().end()

    @contextmanager
    def limited(self, seller: Seller, *, per_second: int, burst: int) -> Iterator[None]:
        """Give the keys of a partner a limit of their own and full buckets for a block."""
        change = (
            "UPDATE partners_partner SET requests_per_second = %s, request_burst = %s WHERE id = %s"
        )
        self.sql(change, per_second, burst, seller.partner_id)
        self.sql("TRUNCATE partners_tokenbucket")
        try:
            yield
        finally:
            self.sql(change, None, None, seller.partner_id)
            self.sql("TRUNCATE partners_tokenbucket")
            wait_for("the limit is forgotten", lambda: self._is_unlimited(seller), seconds=10)

    def _is_unlimited(self, seller: Seller) -> bool:
        """Tell whether no web process goes by another limit any more, which it may for a second.

        Which of them answers a new connection is chance: so many leave none of them out.
        """
        for _ in range(24):
            with seller.twin() as twin:
                limit = twin.request("GET", "/packages").headers.get("ratelimit-limit")
            if limit != NO_LIMITS["RATE_LIMIT_BURST"]:
                return False
        return True

    @property
    def last_worker(self) -> int:
        """Return the highest worker id that was ever given out."""
        return int(
            self.sql(
                "SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence("
                "'procrastinate_workers', 'id')::regclass), 0)"
            )[0][0]
        )

    @property
    def in_flight(self) -> int:
        """Return how many orders have not settled."""
        return int(
            self.sql(
                "SELECT count(*) FROM orders_order"
                " WHERE status IN ('Submitted', 'Scheduled', 'Processing')"
            )[0][0]
        )

    @property
    def jobs_running(self) -> int:
        """Return how many issuing jobs workers hold, dead ones too."""
        return self._jobs("doing")

    @property
    def jobs_waiting(self) -> int:
        """Return how many issuing jobs nobody holds."""
        return self._jobs("todo")

    def jobs_held_by(self, worker_id: int) -> int:
        """Return how many jobs one worker holds, dead or alive."""
        query = "SELECT count(*) FROM procrastinate_jobs WHERE status = 'doing' AND worker_id = %s"
        return int(self.sql(query, worker_id)[0][0])

    def wait_until_settled(self, *, seconds: float, tended: bool = False) -> float:
        """Return the seconds until no order is in flight and no job is left of them.

        tended: revive meanwhile who ends, as the supervisor does.
        """

        def has_settled() -> bool:
            if tended:
                self.revive()
            return not (self.in_flight or self.jobs_running or self.jobs_waiting)

        return wait_for("every order has settled", has_settled, seconds=seconds)

    def faults_logged(self) -> list[str]:
        """Return the lines of the web's log that tell of a fault of ours."""
        log = self.directory / "web.log"
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        # A 503 that asks the partner to come again is logged as an error too.
        faults = (
            " ERROR channel_manager",
            '"level":"ERROR","logger":"channel_manager',
            "Internal Server Error",
            "Traceback",
        )
        return [line for line in lines if any(fault in line for fault in faults)]

    def close(self) -> None:
        """Stop everything but the database."""
        self.stop_workers()
        self.stop_web()
        self._sql.close()

    def _jobs(self, status: str) -> int:
        query = "SELECT count(*) FROM procrastinate_jobs WHERE queue_name = 'orders'"
        return int(self.sql(f"{query} AND status = %s", status)[0][0])


@contextmanager
def running_stack(
    *,
    workers: int = 1,
    web_workers: int = 2,
    threads: int = 16,
    backpressure: int = 512,
    concurrency: int = 6,
    postgres: Mapping[str, str] = NOT_DURABLE,
    environment: Mapping[str, str] = SHORT_STALLS,
) -> Iterator[Stack]:
    """Yield a stack with the demo loaded that answers; stop everything in the end.

    `postgres` are settings of the server: an empty mapping is a durable one.
    """
    with ExitStack() as exits:
        server = exits.enter_context(throw_away_server(postgres))
        directory = Path(exits.enter_context(tempfile.TemporaryDirectory(prefix="stack-")))
        port = free_port()
        stack = Stack(
            server.url,
            directory,
            port,
            {
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "channel_manager.settings",
                "DATABASE_URL": server.url,
                "VAR_DIR": str(directory),
                "SECRET_KEY": "only-for-tests",
                "PUBLIC_URL": f"http://127.0.0.1:{port}",
                "DEMO": "1",
                "DEBUG": "0",
                **NO_LIMITS,
                **environment,
            },
            server=server,
        )
        stack.concurrency = concurrency
        exits.callback(stack.close)
        if not migrated.restore(server.url):
            stack.manage("migrate", "--verbosity", "0")
        stack.manage("loaddemo")
        stack.demo = json.loads((directory / "demo.json").read_text())
        for _ in range(workers):
            stack.start_worker(wait=False)
        stack.start_web(workers=web_workers, threads=threads, backpressure=backpressure)
        wait_for("every worker has registered", lambda: stack.last_worker >= workers, seconds=60)
        yield stack
