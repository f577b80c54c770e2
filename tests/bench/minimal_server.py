"""The minimal DRF project beside the product: same database server, same granian."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.process import Process
from tests.stack import Stack
from tests.web_server import free_port, serving, wait_until_it_answers


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
    command = serving(
        "tests.bench.minimal.wsgi:application", port=port, workers=workers, threads=threads
    )
    process = Process("minimal", command, stack.environment, stack.directory / "minimal.log")
    process.start()
    try:
        wait_until_it_answers(process, port, "/orders")
        yield MinimalServer(port, process)
        process.require_running()
    finally:
        process.end()
        stack.sql("DROP TABLE bench_minimal_minimalorder")
