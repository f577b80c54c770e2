"""The whole product on loopback, as processes of its own: database, web and workers.

For tests, chaos and bench that kill, freeze and measure it. Everything ends with `running_stack`,
and with this process when that is killed.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from channel_manager.lib.child_process import IN_THE_BACKGROUND, die_with_parent
from channel_manager.lib.embedded_postgres import EmbeddedPostgres
from tests import migrated
from tests.postgres import NOT_DURABLE, throw_away_server
from tests.traffic import Seller

ROOT = Path(__file__).resolve().parent.parent
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
START_SECONDS = 60.0
STOP_SECONDS = 30.0
DJANGO = (
    "import runpy, sys, django; django.setup(); del sys.argv[0];"
    " runpy.run_module(sys.argv[0], run_name='__main__', alter_sys=True)"
)
_POLL_SECONDS = 0.02
_TAIL_LINES = 40


class StackError(Exception):
    """The stack does not do what its user waits for."""


def wait_for(what: str, holds: Callable[[], object], *, seconds: float) -> float:
    """Return the seconds it took until `holds` is true; raises StackError past the deadline."""
    started = time.monotonic()
    while not holds():
        if time.monotonic() - started > seconds:
            raise StackError(f"Not within {seconds:.0f} s: {what}.")
        time.sleep(_POLL_SECONDS)
    return time.monotonic() - started


@dataclass
class Process:
    """One process of the stack in a group of its own; start it from the main thread."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    root: Path = ROOT  # of the code that it runs
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        """Start it; what it says is added to its log."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command,
                cwd=self.root,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                # Not KILL: granian's workers would outlive it.
                preexec_fn=die_with_parent(signal.SIGTERM),
            )

    @property
    def pid(self) -> int:
        """Return its process id, which is its group's and its session's too."""
        if self._process is None:
            raise StackError(f"{self.name} was never started.")
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """Return how it ended, negative for a signal; None while it runs."""
        return None if self._process is None else self._process.poll()

    def require_running(self) -> None:
        """Raise StackError with its last words when it has ended."""
        if self.exit_code is not None:
            raise StackError(f"{self.name} ended ({self.exit_code}):\n{self.tail()}")

    def signal(self, signum: signal.Signals) -> None:
        """Send a signal to its whole group."""
        if self._process is not None and self._process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signum)

    def kill(self) -> None:
        """End it without a word, as an out-of-memory killer would."""
        self.signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()

    def terminate(self, seconds: float = STOP_SECONDS) -> int:
        """Ask it to finish and return its exit code; raises StackError when it does not."""
        if self._process is None:
            raise StackError(f"{self.name} was never started.")
        self._process.terminate()
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise StackError(f"{self.name} did not stop:\n{self.tail()}") from None

    def end(self) -> None:
        """Stop it whatever state it is in, and everything it started."""
        if self._process is None:
            return
        self.signal(signal.SIGCONT)
        with suppress(StackError):
            self.terminate(STOP_SECONDS)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def tail(self) -> str:
        """Return the last lines of its log."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return "\n".join(lines[-_TAIL_LINES:]) or "(no output)"


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
        command = [
            *(sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1"),
            *("--port", str(self.port), "--workers", str(workers)),
            *("--blocking-threads", str(threads), "--backpressure", str(backpressure)),
            *("--blocking-threads-idle-timeout", "600"),
            *("--backlog", "1024", "--workers-kill-timeout", "8"),
            *("--no-ws", "--log-level", "warning", "channel_manager.management.web:application"),
        ]
        environment = {**self.environment, "WEB_THREADS": str(threads)}
        web = Process("web", command, environment, self.directory / "web.log", self.root)
        self.web = web
        web.start()

        def answers() -> bool:
            web.require_running()
            return self._get("/health/live") == 200

        wait_for("the web process answers", answers, seconds=START_SECONDS)

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

    def _get(self, path: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            connection.close()


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


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
