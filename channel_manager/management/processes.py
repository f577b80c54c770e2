"""How the product's processes are started.

`manage.py run` starts all of them; `manage.py web` and `manage.py worker` each become one.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings

from channel_manager.lib.queues import SENDER_QUEUE, WORKER_QUEUES

# The one entry, whoever starts the web server and for whatever.
APPLICATION = "channel_manager.wsgi:application"
# In production a long poll (25 s) and a job at hand are finished before a process ends. Whoever
# stops it has to have a little more patience: docs/deploy/systemd, compose.yaml.
WEB_STOP_SECONDS = 30
WORKER_STOP_SECONDS = 30
# By the directory that it really is in: where a link leads to the release that runs, processes of the
# one before must not find the packages of the next one when the link is moved.
_PYTHON = str(Path(sys.executable).parent.resolve() / Path(sys.executable).name)


def cores() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def web_command(*, host: str, port: int, workers: int, stop_seconds: int) -> list[str]:
    """Return the command of a web server with so many processes of WEB_THREADS threads each.

    stop_seconds: how long requests at hand may still take once it is asked to stop.
    """
    return granian_command(
        *("--respawn-failed-workers", "--log-level", "error", *_granian_logging()),
        application=APPLICATION,
        python=_PYTHON,
        host=host,
        port=port,
        workers=workers,
        threads=settings.WEB_THREADS,
        stop_seconds=stop_seconds,
    )


def granian_command(
    *options: str,
    application: str,
    python: str,
    host: str,
    port: int,
    workers: int,
    threads: int,
    stop_seconds: int,
    backpressure: int = 512,
) -> list[str]:
    """Return the command of a granian as all of ours are, wherever Django is not set up too.

    options: more of granian's. threads: of each worker. backpressure: connections that each takes.
    """
    return [
        *(python, "-m", "granian", "--interface", "wsgi"),
        *("--host", host, "--port", str(port), "--workers", str(workers)),
        *("--blocking-threads", str(threads)),
        # A thread ends with its connection to the database, and a new one is slow at first.
        *("--blocking-threads-idle-timeout", "600"),
        # It counts open connections, idle ones too: near the number of threads, a few browsers
        # that keep theirs open would shut everybody else out.
        *("--backpressure", str(backpressure), "--backlog", "1024"),
        *("--workers-kill-timeout", str(stop_seconds), "--no-ws", *options),
        application,
    ]


def worker_command(*, queues: Sequence[str], concurrency: int, stop_seconds: int) -> list[str]:
    """Return the command of a worker on these queues, with so many jobs at a time.

    stop_seconds: how long jobs at hand may still take once it is asked to stop.
    """
    return [
        *(_PYTHON, str(settings.BASE_DIR / "manage.py"), "procrastinate", "worker"),
        *("--queues", ",".join(queues), "--concurrency", str(concurrency)),
        *("--shutdown-graceful-timeout", str(stop_seconds)),
    ]


def orders_worker(*, stop_seconds: int) -> list[str]:
    """Return the command of a worker that issues orders and does all else but webhooks."""
    # Jobs run in asyncio's thread pool, which has this size.
    concurrency = settings.WORKER_CONCURRENCY or min(32, cores() + 4)
    return worker_command(queues=WORKER_QUEUES, concurrency=concurrency, stop_seconds=stop_seconds)


def webhooks_worker(*, stop_seconds: int) -> list[str]:
    """Return the command of a worker that sends webhooks."""
    concurrency = settings.WEBHOOK_SENDERS
    return worker_command(
        queues=(SENDER_QUEUE,), concurrency=concurrency, stop_seconds=stop_seconds
    )


def _granian_logging() -> tuple[str, ...]:
    """Return what has granian itself log as we do, where that is JSON."""
    if settings.LOG_FORMAT != "json":
        return ()
    return ("--log-config", str(settings.BASE_DIR / "channel_manager/granian_logging.json"))
