"""What workers log of the jobs that they run, and what other lines of a job carry."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

from procrastinate import JobContext
from procrastinate.worker import Worker

from channel_manager.lib import logs

_log = logging.getLogger("channel_manager.jobs")


async def log_job(
    call_next: Callable[[], Awaitable[Any]], context: JobContext, worker: Worker
) -> Any:
    """Run a job between a line that it began and one how it ended: at INFO, if it is no routine.

    Periodic jobs, of which there are several a second, are told at DEBUG. One that fails is told
    at WARNING whatever it is; when it is not tried again procrastinate tells why, at ERROR.
    """
    job = context.job
    ids = {
        _in_camels(name): value for name, value in job.task_kwargs.items() if name.endswith("_id")
    }
    about = {
        "jobId": job.id,
        "task": job.task_name,
        "queue": job.queue,
        "attempt": job.attempts + 1,
        "worker": worker.worker_id,
        **ids,
    }
    level = logging.DEBUG if "timestamp" in job.task_kwargs else logging.INFO
    token = logs.begin(about)
    started = time.perf_counter()
    try:
        _log.log(level, "Job started")
        result = await call_next()
    except BaseException as error:
        logs.note(durationMs=_milliseconds_since(started))
        _log.warning("Job failed: %s", type(error).__name__)
        raise
    else:
        logs.note(durationMs=_milliseconds_since(started))
        _log.log(level, "Job done")
        return result
    finally:
        logs.end(token)


def _milliseconds_since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 1)


def _in_camels(name: str) -> str:
    """Return a name as the API writes it: orderId for order_id."""
    first, *others = name.split("_")
    return first + "".join(word.title() for word in others)
