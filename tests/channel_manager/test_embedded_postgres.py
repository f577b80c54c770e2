"""The embedded PostgreSQL: start, answer, survive, stop. Nothing here touches Django's database."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from channel_manager.lib import embedded_postgres
from channel_manager.lib.embedded_postgres import EmbeddedPostgres
from channel_manager.lib.embedded_postgres_place import place_of

# A killed server must not lose what it committed, hence not `synchronous_commit=off`.
QUICK = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "16MB"}
Start = Callable[[Path], EmbeddedPostgres]
# From Python 3.12 on: the fork that drops privileges, in a worker of pytest-xdist with its threads.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root drops to another user")


@pytest.fixture
def parent() -> Iterator[Path]:
    """A directory that the account PostgreSQL drops to may pass through, unlike pytest's own."""
    with passable_directory() as path:
        yield path


@pytest.fixture
def start() -> Iterator[Start]:
    """`embedded_postgres.start`; whatever it started is gone afterwards."""
    started: list[EmbeddedPostgres] = []

    def start(var_dir: Path) -> EmbeddedPostgres:
        server = embedded_postgres.start(var_dir, QUICK)
        started.append(server)
        return server

    yield start
    for server in reversed(started):
        server.destroy()


@pytest.fixture(scope="module")
def running() -> Iterator[EmbeddedPostgres]:
    """One server for the tests that leave it as it is."""
    with passable_directory() as path:
        server = embedded_postgres.start(path / "var", QUICK)
        yield server
        server.destroy()


def test_a_new_server_answers_under_the_url_known_beforehand(parent: Path, start: Start) -> None:
    url = embedded_postgres.database_url(parent / "var")
    server = start(parent / "var")
    assert server.url == url == embedded_postgres.database_url(parent / "var")
    assert query(url, "SELECT current_database(), 'É' ILIKE 'é'") == ("channel_manager", True)


def test_the_extensions_we_need_can_be_made(running: EmbeddedPostgres) -> None:
    with psycopg.connect(running.url) as connection:
        connection.execute("CREATE EXTENSION btree_gist")
        connection.execute("CREATE EXTENSION pg_trgm")
        connection.execute("CREATE EXTENSION unaccent")
        row = connection.execute(
            "SELECT similarity('ticket', 'tickets') > 0.5 AND unaccent('É') = 'E'"
        ).fetchone()
        connection.rollback()
    assert row == (True,)


def test_there_is_no_tcp_listener_and_the_socket_is_private(running: EmbeddedPostgres) -> None:
    assert query(running.url, "SHOW listen_addresses") == ("",)
    assert running.place.socket_dir.stat().st_mode & 0o777 == 0o700


def test_a_second_start_says_that_it_is_already_running(running: EmbeddedPostgres) -> None:
    with pytest.raises(embedded_postgres.AlreadyRunning, match=f"process {os.getpid()}"):
        embedded_postgres.start(running.place.var_dir)
    assert query(running.url, "SELECT 1") == (1,)


def test_data_survives_the_kill_of_the_postmaster(parent: Path, start: Start) -> None:
    server = start(parent / "var")
    with psycopg.connect(server.url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    wait_until(lambda: server.pid is None)
    assert (server.place.data / "postmaster.pid").exists()  # stale now
    server.ensure_running()
    assert query(server.url, "SELECT answer FROM kept") == (42,)


def test_a_stale_number_that_another_process_has_now_does_not_stop_the_start(
    parent: Path, start: Start
) -> None:
    server = start(parent / "var")
    server.stop()
    account = server.place.account
    with subprocess.Popen(
        ["cat"], stdin=subprocess.PIPE, user=account.uid if account else None
    ) as other:
        stale = server.place.data / "postmaster.pid"
        stale.write_text(f"{other.pid}\n{server.place.data}\n1\n5432\n\n\n\nready\n")
        if account:
            os.chown(stale, account.uid, account.gid)
        assert query(start(parent / "var").url, "SELECT 1") == (1,)


def test_the_server_goes_when_its_owner_is_killed_and_the_next_start_has_the_data(
    parent: Path, start: Start
) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(parent / "var")], stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout is not None
    assert owner.stdout.readline() == "started\n"
    owner.kill()
    owner.communicate()
    server = start(parent / "var")  # at once: the old one may still be on its way out
    assert query(server.url, "SELECT answer FROM kept") == (42,)


OWNER = """
import signal, sys
from pathlib import Path
import psycopg
from channel_manager.lib import embedded_postgres
server = embedded_postgres.start(Path(sys.argv[1]), {"fsync": "off"})
with psycopg.connect(server.url) as connection:
    connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
print("started", flush=True)
signal.pause()
"""


def test_stop_is_idempotent_and_leaves_no_process(parent: Path, start: Start) -> None:
    server = start(parent / "var")
    pid = server.pid
    assert pid is not None
    server.stop()
    server.stop()
    assert server.pid is None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.parametrize("name", ["with a space", "é,'" + "x" * 120])
def test_awkward_paths_work(parent: Path, start: Start, name: str) -> None:
    server = start(parent / name / "var")
    assert query(server.url, "SELECT 1") == (1,)


@as_root
def test_below_a_closed_directory_the_data_moves_out_and_is_found_again(
    parent: Path, start: Start
) -> None:
    parent.chmod(0o700)
    server = start(parent / "var")
    with psycopg.connect(server.url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    assert not server.place.home.is_relative_to(parent)
    assert server.place.home.stat().st_mode & 0o777 == 0o700
    note = json.loads((parent / "var" / "postgres.json").read_text())
    assert note["home"] == str(server.place.home)
    server.stop()
    assert query(start(parent / "var").url, "SELECT answer FROM kept") == (42,)


@as_root
def test_a_removed_var_directory_starts_afresh(parent: Path, start: Start) -> None:
    parent.chmod(0o700)
    server = start(parent / "var")
    with psycopg.connect(server.url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    server.stop()
    shutil.rmtree(parent / "var")
    with pytest.raises(psycopg.errors.UndefinedTable):
        query(start(parent / "var").url, "SELECT answer FROM kept")
    shutil.rmtree(server.place.home.with_name(server.place.home.name + ".previous"))


@as_root
def test_a_directory_somebody_else_put_there_is_refused(parent: Path, start: Start) -> None:
    parent.chmod(0o700)
    home = place_of(parent / "var").home
    home.mkdir()
    os.chown(home, 12345, 12345)
    try:
        with pytest.raises(embedded_postgres.EmbeddedPostgresError, match="uid 12345"):
            start(parent / "var")
    finally:
        home.rmdir()


@contextmanager
def passable_directory() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="channel_manager-tests-"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path, ignore_errors=True)


def query(url: str, statement: str) -> tuple[object, ...] | None:
    with psycopg.connect(url) as connection:
        return connection.execute(statement.encode()).fetchone()


def wait_until(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        os.sched_yield()
