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
from channel_manager.management.processes import (
    cores,
    orders_worker,
    web_command,
    webhooks_worker,
)
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
# A sandbox is stopped by somebody who waits for it; in production there is more patience.
DEMO_WEB_STOP_SECONDS = 7  # a long poll may last 25 s; its client asks again
DEMO_WORKER_STOP_SECONDS = 20


class Unusable(Exception):
    """The port or the database does not do; the text is for the person at the terminal."""


class Command(BaseCommand):
    help = (
        "Start the database if none is given, migrate, load the demo, run web and workers until "
        "Ctrl-C. PORT, VAR_DIR and the other settings come from the environment."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until Ctrl-C or SIGTERM; exit 1 with a plain message when something is missing."""
        try:
            port = _free_port(settings.PORT)
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


def _free_port(port: int) -> int:
    """Return the port if it can be bound; nothing was started yet."""
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


def _web_workers() -> int:
    """Return one per core, as far as the database has a connection for each of their threads."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('max_connections')::int")
        connections_allowed: int = cursor.fetchone()[0]
    connection.close()
    spare = connections_allowed - OTHER_CONNECTIONS
    return max(1, min(cores(), spare // int(settings.WEB_THREADS)))


def _children(port: int) -> tuple[Child, ...]:
    """Return the processes, what the others wait for first; a worker of its own sends webhooks."""
    logs = Path(settings.VAR_DIR)
    web = web_command(
        host="127.0.0.1",
        port=port,
        workers=settings.WEB_WORKERS or _web_workers(),
        stop_seconds=DEMO_WEB_STOP_SECONDS - 2,
    )
    worker = [*IN_THE_BACKGROUND, *orders_worker(stop_seconds=DEMO_WORKER_STOP_SECONDS - 5)]
    sender = [*IN_THE_BACKGROUND, *webhooks_worker(stop_seconds=DEMO_WORKER_STOP_SECONDS - 3)]
    return (
        Child("web", web, logs / "web.log", DEMO_WEB_STOP_SECONDS),
        Child("worker", worker, logs / "worker.log", DEMO_WORKER_STOP_SECONDS),
        Child("sender", sender, logs / "sender.log", DEMO_WORKER_STOP_SECONDS),
    )
