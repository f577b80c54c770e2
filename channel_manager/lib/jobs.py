"""Background jobs that commit and roll back with the work they belong to."""

from procrastinate import manager, tasks
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.contrib.django.models import ProcrastinateJob

# In a worker the app's own connector has a connection of its own; this one always writes through
# Django's, inside whatever transaction is open.
_job_manager = manager.JobManager(connector=DjangoConnector(alias="default"))


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
