"""A worker at issuing jobs, in this process."""

from __future__ import annotations

import uuid

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.jobs import Job

from orders import backlog
from orders.models import Order


class Worker:
    """Fetches issuing jobs and does them as a worker does, one after another."""

    def __init__(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT worker_id FROM procrastinate_register_worker_v1()")
            (self.number,) = cursor.fetchone()

    def fetch(self) -> Job | None:
        """Fetch the next job that is due, as procrastinate does."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT id, attempts, args ->> 'order_id'"
                " FROM procrastinate_fetch_job_v2(ARRAY['orders']::varchar[], %s)",
                [self.number],
            )
            key, attempts, order_id = cursor.fetchone()
        if key is None:
            return None
        return Job(
            id=key,
            queue="orders",
            lock=None,
            queueing_lock=None,
            task_name="orders.issue_order",
            task_kwargs={"order_id": order_id},
            attempts=attempts,
            worker_id=self.number,
        )

    def do(self, job: Job) -> None:
        """Do a job and end it, unless it raises."""
        order_id = uuid.UUID(job.task_kwargs["order_id"])
        backlog.issue(job=job, order_id=order_id, clock=timezone.now)
        with connection.cursor() as cursor:
            cursor.execute("SELECT procrastinate_finish_job_v1(%s, 'succeeded', true)", [job.id])

    def work(self) -> int:
        """Work until nothing waits; return how many jobs were fetched for it."""
        fetched = 0
        while job := self.fetch():
            self.do(job)
            fetched += 1
        return fetched

    def die(self) -> None:
        """Be given up, as a worker that has not been heard of: what it held waits again."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT procrastinate_unregister_worker_v1(%s)", [self.number])
            cursor.execute(
                "SELECT procrastinate_retry_job_v2(id, NULL, NULL, NULL, NULL)"
                " FROM procrastinate_jobs WHERE status = 'doing' AND worker_id IS NULL"
            )


def statuses() -> dict[str, int]:
    found: dict[str, int] = {}
    for status in Order.objects.values_list("status", flat=True):
        found[str(status)] = found.get(str(status), 0) + 1
    return found


def jobs() -> int:
    return ProcrastinateJob.objects.filter(queue_name="orders").count()


def job_of(order_id: str) -> QuerySet[ProcrastinateJob]:
    return ProcrastinateJob.objects.filter(args={"order_id": order_id})
