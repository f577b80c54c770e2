"""Jobs of workers that have died are handed on: at once the first time, then one by one."""

from __future__ import annotations

import datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest
from procrastinate import JobContext, utils
from procrastinate.jobs import Job, Status

from orders import tasks
from tests import awaiting


class Manager:
    """Has jobs whose worker is gone, and notes when they are to be tried again."""

    def __init__(self, attempts: list[int]) -> None:
        self.stalled = [
            Job(
                id=number,
                queue="orders",
                lock=None,
                queueing_lock=None,
                task_name="orders.issue_order",
                status=Status.DOING.value,
                attempts=attempt,
            )
            for number, attempt in enumerate(attempts)
        ]
        self.waits: list[datetime.timedelta] = []

    async def get_stalled_jobs(self, **options: Any) -> list[Job]:
        return self.stalled

    async def retry_job(self, job: Job, retry_at: datetime.datetime) -> None:
        self.waits.append(retry_at - utils.utcnow())


def waits_of(*attempts: int) -> list[float]:
    manager = Manager(list(attempts))
    context = cast("JobContext", SimpleNamespace(app=SimpleNamespace(job_manager=manager)))
    awaiting.run(tasks.rescue_jobs(context, 0))
    return [wait.total_seconds() for wait in manager.waits]


def test_a_job_whose_worker_died_once_is_begun_at_once() -> None:
    assert all(wait <= 0 for wait in waits_of(0, 1))


def test_jobs_that_died_together_again_are_begun_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen: list[tuple[float, float]] = []

    def choose(least: float, most: float) -> float:
        chosen.append((least, most))
        return most

    monkeypatch.setattr(tasks.random, "uniform", choose)
    waits = waits_of(2, 5, 19)
    assert chosen == [(0, 2), (0, 5), (0, 10)]
    assert [round(wait) for wait in waits] == [2, 5, 10]
