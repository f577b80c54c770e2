"""What recovery does with jobs that were lost, and with orders that cannot be recovered."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from orders import cancellation, issuance, queueing, recovery
from orders.models import Order
from tests.conftest import ApiClient

Issue = Callable[[str], Order]
SOON, LATER, MUCH_LATER = (datetime.timedelta(minutes=n) for n in (1, 6, 61))
LONG_AFTER = datetime.timedelta(days=8)


def recover(after: datetime.timedelta) -> None:
    """Run recovery as if so much time had passed."""
    recovery.recover_orders(now=timezone.now() + after)


def submitted(api: ApiClient, reference: str = "WEB-1") -> Order:
    return Order.objects.get(pk=api.create(sellToOrderReference=reference)["orderId"])


def move(order: Order, *names: str) -> Order:
    """Do some of the worker's steps, and then nothing more."""
    for name in names:
        getattr(order, name)(now=timezone.now())
    order.save()
    return order


def job_becomes(status: str | None, order: Order) -> None:
    """Set the state of an order's job, or remove it."""
    with connection.cursor() as cursor:
        if status is None:
            cursor.execute("DELETE FROM procrastinate_jobs WHERE id = %s", [order.job_id])
        else:
            cursor.execute(
                "UPDATE procrastinate_jobs SET status = %s WHERE id = %s", [status, order.job_id]
            )


@pytest.mark.parametrize("status", ["todo", "doing"])
def test_a_submitted_order_whose_job_lives_keeps_it(api: ApiClient, status: str) -> None:
    order = submitted(api)
    job_becomes(status, order)
    recover(SOON)
    assert Order.objects.get().job_id == order.job_id
    assert ProcrastinateJob.objects.filter(queue_name="orders").count() == 1


@pytest.mark.parametrize("status", ["failed", "cancelled", "aborted", "succeeded", None])
def test_a_submitted_order_whose_job_ended_without_it_gets_another(
    api: ApiClient, issue: Issue, status: str | None
) -> None:
    order = submitted(api)
    job_becomes(status, order)
    recover(SOON)
    found = Order.objects.get()
    job = ProcrastinateJob.objects.get(pk=found.job_id)
    assert (found.status, found.updated_at) == ("Submitted", order.updated_at)
    assert (job.status, job.task_name, job.args) == (
        "todo",
        "orders.issue_order",
        {"order_id": str(order.pk)},
    )
    assert issue(str(order.pk)).status == "Issued"


def test_an_order_that_has_just_been_submitted_is_left_alone(api: ApiClient) -> None:
    order = submitted(api)
    job_becomes(None, order)
    recover(datetime.timedelta(0))
    assert Order.objects.get().job_id == order.job_id


def test_a_scheduled_order_is_recovered_once_by_two_runs(api: ApiClient) -> None:
    move(submitted(api), "schedule")
    recover(LATER)
    recover(LATER)
    assert ProcrastinateJob.objects.filter(queue_name="orders", status="todo").count() == 2
    assert Order.objects.get().status == "Submitted"


@pytest.mark.parametrize("after", [SOON, LATER, MUCH_LATER, LONG_AFTER])
def test_what_has_settled_for_good_is_left_alone(
    api: ApiClient, issue: Issue, after: datetime.timedelta
) -> None:
    issued, cancelled = (submitted(api, reference) for reference in ("WEB-1", "WEB-2"))
    for order in (issued, cancelled):
        issue(str(order.pk))
    api.delete(str(cancelled.pk))
    before = list(Order.objects.order_by("pk").values())
    recover(after)
    assert list(Order.objects.order_by("pk").values()) == before


@pytest.mark.parametrize(
    ("steps", "work", "after", "ends"),
    [
        ((), (queueing, "enqueue_issuance"), SOON, ["Submitted", "Submitted"]),
        (("schedule",), (queueing, "enqueue_issuance"), LATER, ["Scheduled", "Submitted"]),
        (("schedule", "start"), (issuance, "fail_order"), MUCH_LATER, ["Error", "Processing"]),
        (("draft",), (cancellation, "remove_order"), LONG_AFTER, ["Draft"]),
    ],
)
def test_an_order_that_cannot_be_recovered_keeps_no_other_waiting(
    api: ApiClient,
    issue: Issue,
    monkeypatch: pytest.MonkeyPatch,
    steps: tuple[str, ...],
    work: tuple[Any, str],
    after: datetime.timedelta,
    ends: list[str],
) -> None:
    for reference in ("WEB-1", "WEB-2"):
        order = submitted(api, reference)
        job_becomes(None, order)
        if steps == ("draft",):
            Order.objects.filter(pk=order.pk).update(payment_reference=None)
            issue(str(order.pk))
        else:
            move(order, *steps)
    calls = fail_first(monkeypatch, *work)
    recover(after)
    assert len(calls) >= 2
    assert sorted(Order.objects.values_list("status", flat=True)) == ends


def fail_first(monkeypatch: pytest.MonkeyPatch, module: Any, name: str) -> list[uuid.UUID]:
    """Have the first call of a function fail as if its order were locked; return who came by."""
    calls: list[Any] = []
    work = getattr(module, name)

    def fail_once(*args: Any, **kwargs: Any) -> Any:
        calls.append(args or kwargs)
        if len(calls) == 1:
            raise DatabaseError("canceling statement due to lock timeout")
        return work(*args, **kwargs)

    monkeypatch.setattr(module, name, fail_once)
    if hasattr(recovery, name):
        monkeypatch.setattr(recovery, name, fail_once)
    return calls
