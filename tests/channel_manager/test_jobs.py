"""How a job ended is written down, however long the database is away."""

from __future__ import annotations

import datetime
from typing import Any

import psycopg
import pytest
from procrastinate import utils
from procrastinate.contrib.django import app
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job, Status

from channel_manager.lib import jobs
from tests import awaiting

# What the database's clock says; ours is years ahead.
NOW = datetime.datetime(2020, 1, 2, 12, 0, tzinfo=datetime.UTC)
JOB = Job(
    id=7,
    queue="orders",
    lock=None,
    queueing_lock=None,
    task_name="orders.issue_order",
    status=Status.DOING.value,
)


class Connector:
    """Fails as often as it is told to, then does what it is asked."""

    def __init__(self, *causes: Exception) -> None:
        self.causes = list(causes)
        self.done: list[dict[str, Any]] = []

    async def execute_query_async(self, query: str, **arguments: Any) -> None:
        if self.causes:
            raise ConnectorException from self.causes.pop(0)
        self.done.append(arguments)

    async def execute_query_one_async(self, query: str, **arguments: Any) -> dict[str, Any]:
        return {"now": NOW}


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "_PAUSE_SECONDS", 0)


def manager_of(connector: Connector) -> jobs.PatientJobManager:
    return jobs.PatientJobManager(connector=connector)  # type: ignore[arg-type]


def test_the_end_of_a_job_is_written_down_when_the_database_is_back() -> None:
    away = Connector(psycopg.OperationalError("gone"), psycopg.InterfaceError("closed"))
    awaiting.run(manager_of(away).finish_job(JOB, Status.SUCCEEDED, delete_job=True))
    assert away.done == [{"job_id": 7, "status": "succeeded", "delete_job": True}]


def test_a_job_is_tried_again_when_the_database_is_back() -> None:
    away = Connector(psycopg.errors.AdminShutdown("terminating connection"))
    awaiting.run(manager_of(away).retry_job(JOB))
    assert [arguments["job_id"] for arguments in away.done] == [7]


def test_a_job_is_tried_again_by_the_clock_of_the_database() -> None:
    there = Connector()
    awaiting.run(manager_of(there).retry_job(JOB))
    later = utils.utcnow() + datetime.timedelta(minutes=5)
    awaiting.run(manager_of(there).retry_job(JOB, later))
    at_once, after_a_while = [arguments["retry_at"] - NOW for arguments in there.done]
    assert at_once == datetime.timedelta()
    assert datetime.timedelta(minutes=4) < after_a_while <= datetime.timedelta(minutes=5)


def test_what_the_database_refuses_is_not_asked_again() -> None:
    refusing = Connector(psycopg.errors.RaiseException("Job was not found"))
    with pytest.raises(ConnectorException):
        awaiting.run(manager_of(refusing).retry_job(JOB))
    assert refusing.done == []


def test_the_workers_of_the_product_are_so_patient() -> None:
    assert isinstance(app.job_manager, jobs.PatientJobManager)
