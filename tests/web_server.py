"""A web server that a harness starts on loopback: its port, its command, and whether it answers."""

from __future__ import annotations

import http.client
import socket
import sys

from channel_manager.management.processes import granian_command
from tests.process import START_SECONDS, Process, wait_for


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def serving(
    application: str,
    *,
    port: int,
    workers: int,
    threads: int,
    backpressure: int = 512,
    python: str = sys.executable,
) -> list[str]:
    """Return the command that serves an application as the product is served."""
    return granian_command(
        *("--log-level", "warning"),
        application=application,
        python=python,
        host="127.0.0.1",
        port=port,
        workers=workers,
        threads=threads,
        stop_seconds=8,
        backpressure=backpressure,
    )


def wait_until_it_answers(
    process: Process, port: int, path: str = "/health/live", *, status: int = 200
) -> None:
    """Return once the server answers so; raises StackError when it ends instead."""

    def answers() -> bool:
        process.require_running()
        return _status(port, path) == status

    wait_for(f"{process.name} answers", answers, seconds=START_SECONDS)


def _status(port: int, path: str) -> int:
    """Return the status that is answered, 0 where nobody does."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()
