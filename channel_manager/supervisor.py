"""Keep the web and worker processes of `manage.py run` alive, and end them with it."""

import http.client
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self
from urllib.parse import urlsplit

from django.conf import settings

from channel_manager.lib.child_process import die_with_parent
from channel_manager.lib.embedded_postgres import EmbeddedPostgres

READY_SECONDS = 60.0
TICK_SECONDS = 0.2
# A child that ends this often within a minute will not come right by another start.
DEATHS_PER_MINUTE = 5
_TAIL_LINES = 40

Say = Callable[[str], None]


class GaveUp(Exception):
    """A child does not come up or does not stay up; the text is for the person at the terminal."""


class StopRequested(BaseException):
    """SIGINT, SIGTERM or SIGHUP came. Not an Exception: nothing on the way may swallow it."""


class StopSignals:
    """Turn the first signal into StopRequested, and ignore further ones while things stop."""

    def __init__(self) -> None:
        self.requested = threading.Event()

    def __enter__(self) -> Self:
        for signum in (signal.SIGINT, signal.SIGTERM):
            signal.signal(signum, self._receive)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup
            signal.signal(signal.SIGHUP, self._receive)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.ignore_further()

    def ignore_further(self) -> None:
        """Let nothing interrupt the stopping, by whatever it was caused."""
        self.requested.set()

    def check(self) -> None:
        """Raise if a signal came whose exception was lost, as in a destructor."""
        if self.requested.is_set():
            raise StopRequested

    def _receive(self, signum: int, frame: FrameType | None) -> None:
        if not self.requested.is_set():
            self.requested.set()
            raise StopRequested


@dataclass
class Child:
    """One process of ours, in a session of its own so that Ctrl-C reaches it only through us."""

    name: str
    command: Sequence[str]
    log: Path
    stop_seconds: float  # what it may take to finish the work at hand
    deaths: list[float] = field(default_factory=list)
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; the log of the previous start of all is kept beside the new one."""
        if not self.deaths and self.log.exists():
            self.log.replace(self.log.with_suffix(".previous.log"))
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                # Not TERM: the database goes when we are killed, so there is nothing to finish, and
                # the next run wants the port at once. Half-done jobs are taken up again.
                preexec_fn=die_with_parent(signal.SIGKILL),
            )

    def ended(self) -> str | None:
        """Return how it ended, None while it runs or before it was started."""
        if self._process is None or not self._exited(self._process.pid):
            return None
        self._reap(self._process)
        code = self._process.returncode
        self._process = None
        return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"

    def stop(self) -> None:
        """Ask it to finish, wait, then insist; again does nothing."""
        process = self._process
        if process is None:
            return
        process.terminate()
        deadline = time.monotonic() + self.stop_seconds
        while not self._exited(process.pid) and time.monotonic() < deadline:
            time.sleep(0.02)
        self._reap(process)
        self._process = None

    def tail(self) -> str:
        """Return the last lines of its output."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return "\n".join(lines[-_TAIL_LINES:]) or "(no output)"

    @staticmethod
    def _exited(pid: int) -> bool:
        # Without reaping: until then its number, which is its group's, belongs to nobody else.
        flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, pid, flags) is not None

    @staticmethod
    def _reap(process: subprocess.Popen[bytes]) -> None:
        """Kill what is left of its group, and reap."""
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):  # macOS refuses for a zombie
            process.kill()
        process.wait()


def wait_until_ready(port: int, children: Sequence[Child], signals: StopSignals) -> None:
    """Return once `GET /health/ready` answers 200; raise GaveUp with the children's output."""
    deadline = time.monotonic() + READY_SECONDS
    answer = "no answer"
    while time.monotonic() < deadline:
        signals.check()
        for child in children:
            if (ending := child.ended()) is not None:
                raise GaveUp(f"The {child.name} process ended ({ending}):\n\n{child.tail()}")
        status, answer = _get_ready(port)
        if status == 200:
            return
        time.sleep(TICK_SECONDS)
    output = "\n\n".join(f"Output of {child.name}:\n{child.tail()}" for child in children)
    raise GaveUp(f"Not ready after {READY_SECONDS:.0f} s. /health/ready says: {answer}\n\n{output}")


def keep_alive(
    children: Sequence[Child], server: EmbeddedPostgres | None, signals: StopSignals, say: Say
) -> None:
    """Start again whatever ends, until StopRequested comes or GaveUp says that it is hopeless."""
    while True:
        signals.check()
        if server is not None and server.pid is None:
            say("PostgreSQL ended unexpectedly; starting it again.")
            server.ensure_running()
        for child in children:
            ending = child.ended()
            if ending is None:
                continue
            now = time.monotonic()
            child.deaths.append(now)
            if sum(now - death < 60 for death in child.deaths) >= DEATHS_PER_MINUTE:
                raise GaveUp(
                    f"The {child.name} process ended {DEATHS_PER_MINUTE} times within a minute, "
                    f"last with {ending}:\n\n{child.tail()}"
                )
            say(f"The {child.name} process ended unexpectedly ({ending}); starting it again.")
            child.start()
        time.sleep(TICK_SECONDS)


def _get_ready(port: int) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        # By the name that partners use: another one may not be among the hosts that are answered.
        host = urlsplit(settings.PUBLIC_URL).netloc
        connection.request("GET", "/health/ready", headers={"Connection": "close", "Host": host})
        response = connection.getresponse()
        return response.status, f"{response.status} {response.read(2000).decode(errors='replace')}"
    except (OSError, http.client.HTTPException) as error:
        return 0, str(error)
    finally:
        connection.close()
