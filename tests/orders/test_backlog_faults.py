"""What keeps an order from being issued with others, or kills their worker, costs the others nothing."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.jobs import Job

from channel_manager.history import runner
from orders import backlog, filling, issuance, ledger
from orders.models import LedgerEntry, Order, OrderEvent, OrderLine
from tests.orders.working import Worker, jobs, statuses
from wallets.models import Asset

pytestmark = pytest.mark.usefixtures("clock")


def kill_at(patch: pytest.MonkeyPatch, module: Any, name: str, time: int) -> None:
    """Have a function do its work and then be the last that the process did, the nth time."""
    work, left = getattr(module, name), [None] * time

    def deadly(*args: Any, **kwargs: Any) -> Any:
        result = work(*args, **kwargs)
        left.pop()
        if not left:
            raise Killed
        return result

    patch.setattr(module, name, deadly)


def test_an_order_with_a_fault_ends_in_error_and_the_others_are_issued(
    worker: Worker, waiting: Callable[[int], list[str]], caplog: pytest.LogCaptureFixture
) -> None:
    poison = waiting(30)[17]
    OrderLine.objects.filter(order=poison).update(plan=[{"units": "one"}])
    with caplog.at_level(logging.CRITICAL):
        assert worker.work() == 30
    assert statuses() == {"Issued": 29, "Error": 1}
    assert Order.objects.get(status="Error").failure_fingerprint == "internal:KeyError"
    assert str(Order.objects.get(status="Error").pk) == poison
    assert jobs() == 0


class Killed(BaseException):
    """The process is gone: nothing catches it."""


STEPS = {
    "taken over": (backlog, "_take_over", 1),
    "Scheduled saved": (runner, "save", 1),
    "Scheduled committed": (issuance, "_step", 1),
    "Processing saved": (runner, "save", 2),
    "Processing committed": (issuance, "_step", 2),
    "assets made": (filling, "make_assets", 3),
    "wallets saved": (runner, "save", 3),
    "sales made": (ledger, "sale_of", 4),
    "Issued saved": (runner, "save", 4),
    "told": (issuance, "announce_together", 1),
    "jobs deleted": (backlog, "_execute", 1),
    "Issued committed": (backlog, "issue_together", 1),
}


@pytest.mark.parametrize("step", STEPS)
def test_orders_whose_worker_is_killed_at_any_step_are_finished_by_another(
    worker: Worker,
    waiting: Callable[[int], list[str]],
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    waiting(4)
    with monkeypatch.context() as patch:
        kill_at(patch, *STEPS[step])
        job = worker.fetch()
        assert job is not None
        with pytest.raises(Killed):
            worker.do(job)
    left = 1 if step == "Issued committed" else 4
    assert ProcrastinateJob.objects.filter(status="doing").count() == left
    worker.die()
    assert Worker().work() == left
    assert (statuses(), jobs()) == ({"Issued": 4}, 0)
    assert Asset.objects.count() == LedgerEntry.objects.count() == 4
    assert OrderEvent.objects.count() == 4 * 4


def test_two_workers_at_one_backlog_issue_each_order_once(
    worker: Worker,
    waiting: Callable[[int], list[str]],
    monkeypatch: pytest.MonkeyPatch,
    settings: Any,
) -> None:
    settings.ISSUED_TOGETHER = 4
    waiting(10)
    other = Worker()
    settle = issuance._settle
    fetched: list[int] = []

    def while_the_other_works(*args: Any, **kwargs: Any) -> bool:
        monkeypatch.setattr(issuance, "_settle", settle)
        fetched.append(other.work())
        return settle(*args, **kwargs)

    monkeypatch.setattr(issuance, "_settle", while_the_other_works)
    assert (worker.work(), fetched) == (1, [2])
    assert (statuses(), jobs()) == ({"Issued": 10}, 0)
    assert Asset.objects.count() == 10


def test_a_worker_that_was_given_up_leaves_the_jobs_of_others_alone(
    worker: Worker, waiting: Callable[[int], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Frozen, say: it finds its orders settled, or settles them, but ends nobody else's job."""
    waiting(3)
    other = Worker()
    settle = issuance._settle
    taken: list[Job | None] = []

    def frozen(*args: Any, **kwargs: Any) -> bool:
        worker.die()
        taken.extend(other.fetch() for _ in range(3))
        return settle(*args, **kwargs)

    monkeypatch.setattr(issuance, "_settle", frozen)
    job = worker.fetch()
    assert job is not None
    backlog.issue(job=job, order_id=uuid.UUID(job.task_kwargs["order_id"]), clock=timezone.now)
    monkeypatch.undo()
    assert statuses() == {"Issued": 3}
    assert jobs() == 3
    for each in taken:
        assert each is not None
        other.do(each)
    assert (jobs(), Asset.objects.count()) == (0, 3)


def test_jobs_go_back_while_the_database_comes_and_goes(
    worker: Worker,
    waiting: Callable[[int], list[str]],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    waiting(3)
    slept: list[float] = []
    monkeypatch.setattr(backlog.time, "sleep", slept.append)
    monkeypatch.setattr(backlog, "close_old_connections", lambda: None)
    outages = iter([True] * 40 + [False])
    execute = backlog._execute

    def away_at_first(*args: Any) -> None:
        if next(outages):
            raise OperationalError("the connection is lost")
        execute(*args)

    def away(*_: Any, **__: Any) -> None:
        raise OperationalError("the connection is lost")

    with monkeypatch.context() as patch, caplog.at_level(logging.CRITICAL):
        patch.setattr(backlog, "_execute", away_at_first)
        patch.setattr(issuance, "fill", away)
        job = worker.fetch()
        assert job is not None
        with pytest.raises(OperationalError):
            worker.do(job)
    assert slept == [0.5] * 40
    waits = ProcrastinateJob.objects.filter(status="todo", attempts=1)
    assert (waits.count(), jobs()) == (2, 3)
    assert worker.work() == 2
