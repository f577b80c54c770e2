"""Children of `manage.py run`: started again, ended with everything they started, given up."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from channel_manager import supervisor
from channel_manager.supervisor import Child, GaveUp, StopRequested, StopSignals

# From Python 3.12 on: the fork of a child, in a worker of pytest-xdist with its threads.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")

SLEEPER = "import signal; print('up', flush=True); signal.pause()"
DEAF_WITH_A_CHILD = """
import signal, subprocess, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
grandchild = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
print(grandchild.pid, flush=True)
signal.pause()
"""

Make = Callable[..., Child]


@pytest.fixture
def child(tmp_path: Path) -> Iterator[Make]:
    """Make children that run a piece of Python; they are gone afterwards."""
    made: list[Child] = []

    def child(program: str, stop_seconds: float = 5) -> Child:
        one = Child("web", [sys.executable, "-c", program], tmp_path / "web.log", stop_seconds)
        made.append(one)
        return one

    yield child
    for one in made:
        one.stop()


def test_a_child_that_was_killed_is_started_again(child: Make) -> None:
    one = child(SLEEPER)
    one.start()
    first = pid_of(one)
    os.kill(first, signal.SIGKILL)
    signals, said = StopSignals(), []

    def say(text: str) -> None:
        said.append(text)
        signals.ignore_further()  # ends keep_alive after this round

    with pytest.raises(StopRequested):
        supervisor.keep_alive([one], None, signals, say)
    assert said == ["The web process ended unexpectedly (signal SIGKILL); starting it again."]
    assert pid_of(one) != first


def test_a_child_that_keeps_ending_is_given_up_with_its_last_words(child: Make) -> None:
    one = child("print('out of paper'); raise SystemExit(3)")
    one.start()
    with pytest.raises(GaveUp, match=r"(?s)5 times within a minute, last with exit code 3.*paper"):
        supervisor.keep_alive([one], None, StopSignals(), lambda _: None)


def test_a_child_that_does_not_come_up_is_told_with_its_output(child: Make) -> None:
    one = child("raise SystemExit('no such setting')")
    one.start()
    with pytest.raises(GaveUp, match=r"(?s)exit code 1.*no such setting"):
        supervisor.wait_until_ready(1, [one], StopSignals())


def test_an_installation_that_never_gets_ready_is_told_with_what_it_says(
    child: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "READY_SECONDS", 0.5)
    one = child(SLEEPER)
    one.start()
    with pytest.raises(GaveUp, match=r"(?s)Not ready.*Connection refused.*Output of web:\nup"):
        supervisor.wait_until_ready(1, [one], StopSignals())


def test_stopping_ends_a_deaf_child_and_what_it_started(child: Make) -> None:
    one = child(DEAF_WITH_A_CHILD, stop_seconds=0.1)
    one.start()
    wait_until(lambda: one.tail().isdigit())
    grandchild = int(one.tail())
    one.stop()
    one.stop()
    wait_until(lambda: not runs(grandchild))


def test_the_first_signal_stops_and_further_ones_are_ignored() -> None:
    assert threading.current_thread() is threading.main_thread()
    before = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        with StopSignals() as signals:
            with pytest.raises(StopRequested):
                signal.raise_signal(signal.SIGTERM)
            signal.raise_signal(signal.SIGINT)
            with pytest.raises(StopRequested):
                signals.check()
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)


def pid_of(child: Child) -> int:
    assert child._process is not None
    return child._process.pid


def runs(pid: int) -> bool:
    """Tell whether a process is there and not a zombie that nobody has reaped yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        os.sched_yield()
