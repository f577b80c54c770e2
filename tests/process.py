"""A process that a harness starts, freezes and kills, and waiting for what it is to do."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from channel_manager.lib.child_process import die_with_parent

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 60.0
STOP_SECONDS = 30.0
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
    """One process in a group of its own; start it from the main thread.

    user: whose it is, and whose group; ours unless given.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    working_directory: Path = ROOT
    user: int | None = None
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        """Start it; what it says is added to its log."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command,
                cwd=self.working_directory,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                # Not KILL: granian's workers would outlive it.
                preexec_fn=die_with_parent(signal.SIGTERM),
                user=self.user,
                group=self.user,
                extra_groups=None if self.user is None else [],
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
