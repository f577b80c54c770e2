"""Web and worker processes that share nothing but the database: what several machines would have.

Each has a working directory of its own and, where root starts them, a user of its own, who cannot
look into another's. They speak to PostgreSQL by TCP, as an unprivileged role that owns the database.
"""

from __future__ import annotations

import json
import os
import random
import secrets
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from channel_manager.lib.child_process import IN_THE_BACKGROUND
from channel_manager.lib.embedded_postgres import EmbeddedPostgres
from channel_manager.management.processes import APPLICATION
from tests.postgres import throw_away_postgres
from tests.process import ROOT, START_SECONDS, Process, wait_for
from tests.replicas import streaming_replica
from tests.scale.interpreter import Interpreter, find_interpreter
from tests.stack import NO_LIMITS, Stack
from tests.web_server import free_port, serving, wait_until_it_answers

THREADS, CONCURRENCY = 16, 6
_FIRST_USER = 64_001
ROLE = "site"


@dataclass
class Lodger(Process):
    """A process of the product with a home of its own and, where we are root, a user of its own."""

    port: int = 0  # of a web process


@dataclass
class Site:
    """The processes there are: those of `stack` that ask and migrate, and the lodgers.

    urls: of the primary and the replica, for the product.
    """

    stack: Stack
    replica: EmbeddedPostgres
    urls: Mapping[str, str]
    homes: Path
    python: Interpreter
    webs: list[Lodger] = field(default_factory=list)
    workers: list[Lodger] = field(default_factory=list)
    given: Mapping[str, str] = field(default_factory=dict)  # to what was started last

    @property
    def lodgers(self) -> list[Lodger]:
        """Return all processes of the product."""
        return [*self.webs, *self.workers]

    @property
    def ports(self) -> list[int]:
        """Return where clients may ask."""
        return [web.port for web in self.webs]

    @property
    def users(self) -> int:
        """Return how many different users the processes have."""
        return len({lodger.user for lodger in self.lodgers})

    def start(
        self,
        *,
        webs: int,
        workers: int,
        with_replica: bool,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start so many of each, those of before ended, and wait until all are at work."""
        self.stop()
        self.given = {
            **self.python.environment,
            "DATABASE_URL": self.urls["primary"],
            **({"REPLICA_DATABASE_URL": self.urls["replica"]} if with_replica else {}),
            **(environment or {}),
        }
        known = self.stack.last_worker
        for _ in range(webs):
            port = free_port()
            command = serving(
                APPLICATION, port=port, workers=1, threads=THREADS, python=self.python.program
            )
            self._lodge("web", command, port=port)
        for _ in range(workers):
            command = [
                *(*IN_THE_BACKGROUND, self.python.program, str(ROOT / "manage.py")),
                *("procrastinate", "worker", "--concurrency", str(CONCURRENCY)),
            ]
            self._lodge("worker", command)
        for web in self.webs:
            wait_until_it_answers(web, web.port)
        wait_for(
            "every worker has registered",
            lambda: self.stack.last_worker >= known + workers,
            seconds=START_SECONDS,
        )

    def stop(self) -> None:
        """End all processes of the product."""
        for lodger in self.lodgers:
            lodger.end()
        self.webs.clear()
        self.workers.clear()

    def _lodge(self, kind: str, command: Sequence[str], *, port: int = 0) -> None:
        number = len(self.lodgers) + 1
        home = Path(tempfile.mkdtemp(prefix=f"{kind}-{number}-", dir=self.homes))
        user = _FIRST_USER + number if self.python.is_for_all else None
        if user is not None:
            os.chown(home, user, user)
        environment = {
            **self.stack.environment,
            **self.given,
            "DEMO": "0",  # only a demo needs a file that another process has written
            "VAR_DIR": str(home),
            "HOME": str(home),
            "TMPDIR": str(home),
            "WEB_THREADS": str(THREADS),
        }
        name = f"{kind}-{number}"
        log = self.homes / f"{home.name}.log"
        lodger = Lodger(name, command, environment, log, home, user, port=port)
        (self.webs if kind == "web" else self.workers).append(lodger)
        lodger.start()


@contextmanager
def running_site() -> Iterator[Site]:
    """Yield a durable database with a replica and the demo park in it; no process runs yet."""
    chance = random.SystemRandom()
    primary, replica = (
        f"127.{chance.randrange(64, 128)}.{chance.randrange(256)}.{last}" for last in (1, 2)
    )
    with ExitStack() as exits:
        listening = {"listen_addresses": primary, "track_commit_timestamp": "on"}
        socket_url = exits.enter_context(throw_away_postgres(listening))
        password = secrets.token_hex(16)
        _let_in(socket_url, password)
        homes = Path(exits.enter_context(tempfile.TemporaryDirectory(prefix="site-")))
        homes.chmod(0o711)
        urls = {
            name: f"postgres://{ROLE}:{password}@{address}:5432/channel_manager"
            for name, address in (("primary", primary), ("replica", replica))
        }
        stack = Stack(socket_url, homes, free_port(), _environment(homes, urls["primary"]))
        exits.callback(stack.close)
        stack.manage("migrate", "--verbosity", "0")
        stack.manage("loaddemo")
        stack.demo = json.loads((homes / "demo.json").read_text())
        (homes / "demo.json").unlink()
        stack.never_sell_out()
        standby = exits.enter_context(
            streaming_replica(socket_url, {"listen_addresses": replica, "fsync": "off"})
        )
        site = Site(stack, standby, urls, homes, find_interpreter(homes))
        exits.callback(site.stop)
        yield site


def _environment(homes: Path, url: str) -> dict[str, str]:
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "channel_manager.settings",
        "DATABASE_URL": url,
        "VAR_DIR": str(homes),
        "SECRET_KEY": secrets.token_hex(32),
        "PUBLIC_URL": "http://127.0.0.1:8000",
        "DEMO": "1",
        "DEBUG": "0",
        **NO_LIMITS,
    }


def _let_in(socket_url: str, password: str) -> None:
    """Make the role that the product has: by password, and no superuser."""
    with psycopg.connect(socket_url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {ROLE} LOGIN PASSWORD '{password}'")
        connection.execute(f"ALTER DATABASE channel_manager OWNER TO {ROLE}")
        ((rules,),) = connection.execute("SHOW hba_file").fetchall()
        # Whoever can open the socket is trusted, nobody else on this machine.
        Path(rules).write_text(
            "local all all trust\nlocal replication all trust\n"
            f"host channel_manager {ROLE} 127.0.0.0/8 scram-sha-256\n"
        )
        connection.execute("SELECT pg_reload_conf()")
