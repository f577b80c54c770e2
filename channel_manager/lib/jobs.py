"""Background jobs that commit and roll back with the work they belong to, and end in writing."""

import asyncio
import datetime
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
from procrastinate import App, manager, tasks, utils
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job

# In a worker the app's own connector has a connection of its own; this one always writes through
# Django's, inside whatever transaction is open.
_job_manager = manager.JobManager(connector=DjangoConnector(alias="default"))
# Between two attempts to write down how a job ended, while the database is away.
_PAUSE_SECONDS = 0.5
_NOW = "SELECT clock_timestamp() AS now"
_log = logging.getLogger(__name__)


def defer(task_name: str, *, queue: str = "orders", wait: int = 0, **arguments: str) -> int:
    """Enqueue a task by name in the open transaction and return the job's id.

    wait: seconds after which it is run.
    """
    deferrer = tasks.configure_task(
        name=task_name,
        job_manager=_job_manager,
        queue=queue,
        schedule_in={"seconds": wait} if wait else None,
    )
    return deferrer.defer(**arguments)


def is_live(job_id: int | None) -> bool:
    """Tell whether a job waits or runs."""
    return ProcrastinateJob.objects.filter(pk=job_id, status__in=("todo", "doing")).exists()


class PatientJobManager(manager.JobManager):
    """Writes down how a job ended however long the database is away, and by the database's clock.

    A job whose end is not written down stays its worker's, and as long as that lives nobody else
    may take it: its order would stand still. So it would if a worker whose clock is ahead put it
    off until a moment that for the database, which gives jobs out, is far.
    """

    async def finish_job(self, *args: Any, **kwargs: Any) -> None:
        """End a job."""
        await _until_written(lambda: super(PatientJobManager, self).finish_job(*args, **kwargs))

    async def retry_job(
        self,
        job: Job,
        retry_at: datetime.datetime | None = None,
        priority: int | None = None,
        queue: str | None = None,
        lock: str | None = None,
    ) -> None:
        """Have a job tried again, at once or as long from now as the moment is by our own clock."""
        wait = datetime.timedelta()
        if retry_at is not None:
            wait = max(retry_at - utils.utcnow(), wait)

        async def write() -> None:
            row = await self.connector.execute_query_one_async(_NOW)
            again = super(PatientJobManager, self).retry_job
            await again(job, row["now"] + wait, priority, queue, lock)

        await _until_written(write)


def be_patient(app: App) -> None:
    """Have the workers of an app write down how jobs ended as PatientJobManager does."""
    app.job_manager = PatientJobManager(connector=app.connector)


async def _until_written(write: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            return await write()
        except ConnectorException as fault:
            if not isinstance(fault.__cause__, psycopg.OperationalError | psycopg.InterfaceError):
                raise  # it is there, and refuses
            _log.warning("How a job ended could not be written down yet: %s", fault.__cause__)
        await asyncio.sleep(_PAUSE_SECONDS)
