"""Workers that kill themselves at a step, forked from a process that has loaded everything.

`Stack.django("tests.chaos.dying_workers")` is that process: it reads a JSON object a line, has a
worker run until it is dead or told to stop, and says how it ended.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import IO, Any, Self

from tests.stack import DJANGO, Stack


@dataclass(frozen=True)
class Death:
    """When a worker dies: before or after the so manyth thing of a kind; 0: it lives."""

    kind: str  # "commit", "finish" of a job, or "fetch" of one
    when: str = "after"
    number: int = 0

    def __str__(self) -> str:
        return f"{self.when} {self.kind} {self.number}"


@dataclass(frozen=True)
class Ended:
    """How a worker ended, and what it had done by then, dying or not."""

    killed: bool
    commits: int


def lives(worker: int) -> bool:
    """Tell whether a worker of the nursery has not ended."""
    try:
        os.kill(worker, 0)
    except ProcessLookupError:
        return False
    return True


class Nursery:
    """Starts workers, one at a time; those with a death wish end by themselves."""

    def __init__(self, stack: Stack) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", DJANGO, "tests.chaos.dying_workers"],
            cwd=stack.root,
            env=dict(stack.environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.wait()

    def start(self, death: Death, *, concurrency: int, queues: Sequence[str] = ("orders",)) -> int:
        """Start a worker and return its process id."""
        asked = {**vars(death), "concurrency": concurrency, "queues": list(queues)}
        print(json.dumps(asked), file=self._stream(self._process.stdin), flush=True)
        return int(json.loads(self._stream(self._process.stdout).readline()))

    def wait(self) -> Ended:
        """Return how the worker ended, once it has."""
        return Ended(**json.loads(self._stream(self._process.stdout).readline()))

    @staticmethod
    def _stream(pipe: IO[str] | None) -> IO[str]:
        assert pipe is not None
        return pipe


def _serve() -> None:
    from tests.chaos import tampering  # noqa: PLC0415  (Django is set up here only)

    for line in sys.stdin:
        asked: dict[str, Any] = json.loads(line)
        told, tell = os.pipe()
        worker = os.fork()
        if worker == 0:
            os.close(told)
            os._exit(_work(tampering, asked, tell))
        os.close(tell)
        print(worker, flush=True)
        _, status = os.waitpid(worker, 0)
        with os.fdopen(told) as pipe:
            commits = int(pipe.read() or 0)
        print(json.dumps({"killed": os.WIFSIGNALED(status), "commits": commits}), flush=True)


def _work(tampering: Any, asked: dict[str, Any], tell: int) -> int:
    from django.core.management import execute_from_command_line  # noqa: PLC0415

    counts = {
        "commit": tampering.COMMITS,
        "fetch": tampering.FETCHED,
        "finish": tampering.FINISHED,
    }
    os.setsid()
    counts[asked["kind"]].die(asked["when"], asked["number"])
    try:
        execute_from_command_line(
            [
                *("manage.py", "procrastinate", "worker"),
                *("--concurrency", str(asked["concurrency"])),
                *(("--queues", ",".join(asked["queues"])) if asked["queues"] else ()),
                *("--shutdown-graceful-timeout", "15"),
            ]
        )
    finally:
        os.write(tell, str(tampering.COMMITS.done).encode())
    return 0


if __name__ == "__main__":
    _serve()
