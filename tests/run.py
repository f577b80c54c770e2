"""Run the suite on a PostgreSQL of its own: `python -m tests.run [pytest arguments]`.

Uses TEST_DATABASE_URL instead when that is set.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from types import FrameType

from channel_manager.lib.child_process import die_with_parent
from channel_manager.lib.embedded_postgres import EmbeddedPostgresError
from tests import migrated
from tests.postgres import throw_away_postgres

# No more than the server has connections and memory for.
WORKERS = min(os.cpu_count() or 1, 8)


class Stopped(BaseException):
    """The run was asked to stop before pytest was there to be told."""


def main(arguments: list[str]) -> int:
    """Return pytest's exit code."""
    if {"-h", "--help"} & set(arguments):
        print(f"{__doc__}\nWhat pytest takes: {sys.executable} -m pytest --help")
        return 0
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, _stop)
    given = os.environ.get("TEST_DATABASE_URL")
    try:
        if given:
            return _pytest(given, arguments, {})
        with throw_away_postgres() as url, migrated.being_made(url) as told:
            return _pytest(url, arguments, told)
    except EmbeddedPostgresError as error:
        print(error, file=sys.stderr)
        return 1
    except Stopped:
        return 130


def _pytest(url: str, arguments: list[str], told: Mapping[str, str]) -> int:
    environment = {"SECRET_KEY": "only-for-tests", **os.environ, "DATABASE_URL": url, **told}
    # Some thirty processes of a run import the same modules: without what the first one compiled,
    # each takes several seconds more.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    pytest = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-n", str(WORKERS), *arguments],
        env=environment,
        preexec_fn=die_with_parent(signal.SIGTERM),
    )

    def pass_on(signum: int, frame: FrameType | None) -> None:
        # Ctrl-C in a terminal has reached pytest already, and a second one would cut its cleaning.
        if signum == signal.SIGTERM or not sys.stdin.isatty():
            pytest.send_signal(signal.SIGINT)

    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, pass_on)
    try:
        return pytest.wait()
    finally:
        for signum in (signal.SIGINT, signal.SIGTERM):  # the server's turn: nothing cuts this
            signal.signal(signum, signal.SIG_IGN)


def _stop(signum: int, frame: FrameType | None) -> None:
    raise Stopped


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
