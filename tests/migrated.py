"""One migrated database for a whole run: pytest's workers copy it, and stacks restore its dump.

`tests.run` has it made while pytest collects: migrating takes some twenty seconds of CPU time.
Where nobody has made one, everybody migrates.
"""

from __future__ import annotations

import fcntl
import gc
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import django
from django.core.management import call_command
from django.db import connections

from channel_manager.lib.child_process import die_with_parent
from channel_manager.lib.embedded_postgres_place import program

VARIABLE = "MIGRATED_DATABASE"


@contextmanager
def being_made(url: str) -> Iterator[dict[str, str]]:
    """Have an empty database migrated and dumped in the background; yield what tells of it."""
    with tempfile.TemporaryDirectory(prefix="migrated-") as directory:
        # The process keeps the lock until its end, whatever that is: nobody waits for a dead one.
        with (Path(directory) / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.migrated", directory],
                env={"SECRET_KEY": "only-for-tests", **os.environ, "DATABASE_URL": url},
                pass_fds=[lock.fileno()],
                preexec_fn=die_with_parent(signal.SIGKILL),
            )
        try:
            yield {VARIABLE: directory}
        finally:
            process.kill()
            process.wait()


def wait_for_template() -> str | None:
    """Return the name of the migrated database to copy once nobody is at it; None: there is none."""
    if (directory := _directory()) is None:
        return None
    with (directory / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
    name = directory / "name"
    return name.read_text() if name.exists() else None


def restore(url: str) -> bool:
    """Fill an empty database from the dump; False: there is none."""
    if wait_for_template() is None:
        return False
    given = [
        "--exit-on-error",
        "--no-owner",
        "--dbname",
        url,
        str(Path(os.environ[VARIABLE]) / "dump"),
    ]
    subprocess.run([program("pg_restore"), *given], check=True)
    return True


def _directory() -> Path | None:
    return Path(os.environ[VARIABLE]) if VARIABLE in os.environ else None


def _make(directory: Path) -> None:
    # What is made anew for each of a hundred migrations is garbage that need not be looked for.
    gc.set_threshold(100_000, 50, 1000)
    django.setup()
    call_command("migrate", verbosity=0, interactive=False)
    name = str(connections["default"].settings_dict["NAME"])
    connections.close_all()
    dump = ["--format", "custom", "--compress", "0", "--file", str(directory / "dump")]
    subprocess.run([program("pg_dump"), *dump, os.environ["DATABASE_URL"]], check=True)
    (directory / "name").write_text(name)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "channel_manager.settings")
    _make(Path(sys.argv[1]))
