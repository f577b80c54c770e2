"""`manage.py run`: the whole product in one terminal; what `make run` calls."""

import os
import signal
import socket
import sys
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import DatabaseError, NotSupportedError, connection, connections

from channel_manager.lib import embedded_postgres
from channel_manager.lib.child_process import IN_THE_BACKGROUND, stop_when_parent_dies
from channel_manager.lib.embedded_postgres import EmbeddedPostgres, EmbeddedPostgresError
from channel_manager.management.banner import banner
from channel_manager.supervisor import (
    Child,
    GaveUp,
    StopRequested,
    StopSignals,
    keep_alive,
    wait_until_ready,
)

OLDEST_POSTGRES = 15
EXTENSIONS = ("btree_gist", "pg_trgm", "unaccent")
OTHER_CONNECTIONS = 46  # the workers', a shell's, and those reserved for superusers
WEB_STOP_SECONDS = 7  # a long poll may last 25 s; its client asks again
WORKER_STOP_SECONDS = 20
# Receivers of webhooks may be slow: what sends to them holds up nothing else.
WORKER_QUEUES = ("orders", "closing", "recovery", "events")
SENDER_QUEUE = "webhooks"


class Unusable(Exception):
    """The port or the database does not do; the text is for the person at the terminal."""


class Command(BaseCommand):
    help = "Start the database if none is given, migrate, load the demo, run web and worker."

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until Ctrl-C or SIGTERM; exit 1 with a plain message when something is missing."""
        try:
            port = _free_port(os.environ.get("PORT", "8000"))
            with StopSignals() as signals:
                if "MAKELEVEL" in os.environ:  # a killed `make run` must not leave us behind
                    stop_when_parent_dies(signal.SIGTERM, os.getppid())
                self._run(port, signals)
        except (Unusable, EmbeddedPostgresError, GaveUp) as error:
            self.stderr.write(self.style.ERROR(str(error)))
            sys.exit(1)
        except StopRequested:
            self._say("Stopped.")

    def _run(self, port: int, signals: StopSignals) -> None:
        with ExitStack() as stack:  # left in reverse: web, worker, then the database
            stack.callback(connections.close_all)
            server = self._database(stack)
            stack.callback(connections.close_all)
            self._prepare()
            children = _children(port)
            for child in reversed(children):
                stack.callback(self._stop, child)
                child.start()
            stack.callback(signals.ignore_further)
            wait_until_ready(port, children, signals)
            demo_file = settings.VAR_DIR / "demo.json" if settings.DEMO else None
            logs = [child.log for child in children]
            self._say(banner(f"http://127.0.0.1:{port}", demo_file, logs))
            keep_alive(children, server, signals, self._say)

    def _database(self, stack: ExitStack) -> EmbeddedPostgres | None:
        """Start the embedded PostgreSQL unless a database is given; check that it will do."""
        server = None
        if "DATABASE_URL" not in os.environ:
            self._say("Starting PostgreSQL ...")
            server = stack.enter_context(embedded_postgres.start(settings.VAR_DIR))
            os.environ["DATABASE_URL"] = server.url  # the children's; the settings have the same
        _check_database()
        return server

    def _prepare(self) -> None:
        """Bring tables, static files and demo data up to date."""
        self._say("Migrating the database ...")
        call_command("migrate", interactive=False, verbosity=0)
        if settings.STATIC_ROOT:
            self._say("Collecting static files ...")
            call_command("collectstatic", interactive=False, verbosity=0)
        if settings.DEMO:
            self._say("Loading the demo ...")
            call_command("loaddemo")
        connections.close_all()

    def _stop(self, child: Child) -> None:
        self._say(f"Stopping {child.name} ...")
        child.stop()

    def _say(self, text: str) -> None:
        with suppress(OSError):  # nobody reads any more; that must not keep us from stopping
            self.stdout.write(text)
            self.stdout.flush()


def _free_port(given: str) -> int:
    """Return the port as a number if it can be bound; nothing was started yet."""
    if not given.isdecimal() or not 0 < int(given) < 65536:
        raise Unusable(f"PORT is {given!r}; it must be a number from 1 to 65535.")
    port = int(given)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError:
            raise Unusable(f"Port {port} needs root; choose one from 1024 on with PORT=.") from None
        except OSError as error:
            raise Unusable(
                f"Port {port} on 127.0.0.1 is taken ({error.strerror}). Stop what uses it, or "
                f"choose another: make run PORT={port + 1 if port < 65535 else 8000}"
            ) from None
    return port


def _check_database() -> None:
    """Raise Unusable unless the database answers, is new enough and has our extensions."""
    try:
        connection.ensure_connection()
        version = connection.connection.info.server_version // 10000
    except (DatabaseError, NotSupportedError) as error:
        raise Unusable(f"The database cannot be used: {error}") from error
    if version < OLDEST_POSTGRES:
        raise Unusable(
            f"The database is PostgreSQL {version}; {OLDEST_POSTGRES} or newer is needed. Unset "
            "DATABASE_URL to use the one that is included."
        )
    for name in EXTENSIONS:
        try:
            with connection.cursor() as cursor:
                cursor.execute(f'CREATE EXTENSION IF NOT EXISTS "{name}"')
        except DatabaseError as error:
            raise Unusable(
                f"The extension {name} cannot be created in the database: {str(error).strip()}\n"
                f"Install PostgreSQL's contrib package, and as a superuser: CREATE EXTENSION {name}"
            ) from error


def _web_workers(cores: int) -> int:
    """Return one per core, as far as the database has a connection for each of their threads."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('max_connections')::int")
        connections_allowed: int = cursor.fetchone()[0]
    connection.close()
    spare = connections_allowed - OTHER_CONNECTIONS
    return max(1, min(cores, spare // int(settings.WEB_THREADS)))


def _granian_logging() -> tuple[str, ...]:
    """Return what has granian itself log as we do, where that is JSON."""
    if settings.LOG_FORMAT != "json":
        return ()
    return ("--log-config", str(settings.BASE_DIR / "channel_manager/granian_logging.json"))


def _children(port: int) -> tuple[Child, ...]:
    """Return the processes, what the others wait for first; a worker of its own sends webhooks."""
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    logs = Path(settings.VAR_DIR)
    web = [
        *(sys.executable, "-m", "granian", "--interface", "wsgi"),
        *("--host", "127.0.0.1", "--port", str(port)),
        *("--workers", os.environ.get("WEB_WORKERS") or str(_web_workers(cores))),
        *("--blocking-threads", str(settings.WEB_THREADS)),
        # A thread ends with its connection to the database, and a new one is slow at first.
        *("--blocking-threads-idle-timeout", "600"),
        # It counts open connections, idle ones too: near the number of threads, a few browsers
        # that keep theirs open would shut everybody else out.
        *("--backpressure", "512", "--backlog", "1024"),
        *("--respawn-failed-workers", "--workers-kill-timeout", str(WEB_STOP_SECONDS - 2)),
        *("--no-ws", "--log-level", "error", *_granian_logging()),
        "channel_manager.management.web:application",
    ]
    worker = [
        *IN_THE_BACKGROUND,
        *(sys.executable, str(settings.BASE_DIR / "manage.py"), "procrastinate", "worker"),
        *("--queues", ",".join(WORKER_QUEUES)),
        # Jobs run in asyncio's thread pool, which has this size.
        *("--concurrency", os.environ.get("WORKER_CONCURRENCY") or str(min(32, cores + 4))),
        *("--shutdown-graceful-timeout", str(WORKER_STOP_SECONDS - 5)),
    ]
    sender = [
        *IN_THE_BACKGROUND,
        *(sys.executable, str(settings.BASE_DIR / "manage.py"), "procrastinate", "worker"),
        *("--queues", SENDER_QUEUE),
        *("--concurrency", str(settings.WEBHOOK_SENDERS)),
        *("--shutdown-graceful-timeout", str(WORKER_STOP_SECONDS - 3)),
    ]
    return (
        Child("web", web, logs / "web.log", WEB_STOP_SECONDS),
        Child("worker", worker, logs / "worker.log", WORKER_STOP_SECONDS),
        Child("sender", sender, logs / "sender.log", WORKER_STOP_SECONDS),
    )
