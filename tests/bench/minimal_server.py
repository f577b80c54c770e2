"""The minimal DRF project beside the product: same database server, same granian."""

from __future__ import annotations

import http.client
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.stack import START_SECONDS, Process, Stack, free_port, wait_for


@dataclass(frozen=True)
class MinimalServer:
    """Where it listens, and its process."""

    port: int
    process: Process


@contextmanager
def running_minimal(stack: Stack, *, workers: int, threads: int) -> Iterator[MinimalServer]:
    """Make its table and serve it as `Stack.start_web` serves the product, for a block."""
    stack.python("-m", "tests.bench.minimal.tables")
    port = free_port()
    command = [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1"),
        *("--port", str(port), "--workers", str(workers)),
        *("--blocking-threads", str(threads), "--backpressure", "512"),
        *("--blocking-threads-idle-timeout", "600"),
        *("--backlog", "1024", "--workers-kill-timeout", "8"),
        *("--no-ws", "--log-level", "warning", "tests.bench.minimal.wsgi:application"),
    ]
    process = Process("minimal", command, stack.environment, stack.directory / "minimal.log")
    process.start()
    try:

        def answers() -> bool:
            process.require_running()
            return _answers(port)

        wait_for("the minimal server answers", answers, seconds=START_SECONDS)
        yield MinimalServer(port, process)
        process.require_running()
    finally:
        process.end()
        stack.sql("DROP TABLE bench_minimal_minimalorder")


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/orders")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
