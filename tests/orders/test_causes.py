"""Failures by cause: what they have in common, and replaying all of them together."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from catalog.models import Package
from channel_manager.history.models import Event
from channel_manager.lib.identity import time_ordered_uuid
from orders import batches, issuance, replaying, working_off
from orders.causes import CauseGroup, Parts, parts_of, read_groups
from orders.models import Batch, BatchOrder, Order
from orders.replaying import NothingToReplay
from orders.working_off import WorklistConflict
from tests.conftest import ApiClient
from tests.factories import PackageFactory, PackageMappingFactory
from tests.orders.expected import Clock, line

Issue = Callable[[str], Order]
DESK = "staff:7"


def fail(
    api: ApiClient, issue: Issue, number: str, day: str = "2026-12-05", **members: Any
) -> Order:
    """Send an order that cannot be issued and have the worker find out."""
    order_id = api.create(
        line(number, visit_date=day), sellToOrderReference=uuid.uuid4().hex, **members
    )["orderId"]
    order = issue(order_id)
    assert order.status == "Error"
    return order


def received_on(order: Order) -> str:
    """Return the day of receipt at the venue as messages tell it."""
    return f"{order.received_at.astimezone(order.venue.zone):%-d %b %Y}"


def start(fingerprint: str, replay_id: uuid.UUID | None = None) -> Batch:
    return replaying.start_replay(
        replay_id=replay_id or time_ordered_uuid(),
        fingerprint=fingerprint,
        title="SKU-9 is not mapped",
        reason="Mapped it",
        actor=DESK,
        now=timezone.now(),
    )


def run_once(replay: Batch) -> Batch:
    """Do what the worker does for the job that the replay has now; return it as it is then."""
    job = ProcrastinateJob.objects.get(pk=Batch.objects.get(pk=replay.pk).job_id)
    assert (job.task_name, job.queue_name) == ("orders.work_off_batch", "closing")
    assert job.args["batch_id"] == str(replay.pk)
    batches.work_off_batch(batch_id=replay.pk, clock=timezone.now, after=int(job.args["after"]))
    return Batch.objects.get(pk=replay.pk)


def outcomes(replay: Batch) -> dict[str, tuple[str, str]]:
    rows = BatchOrder.objects.filter(batch=replay)
    return {row.buy_from_order_reference: (row.outcome, row.message) for row in rows}


def test_a_fingerprint_names_what_has_to_be_mended(
    api: ApiClient, rival: ApiClient, issue: Issue, venue: Any
) -> None:
    empty = PackageFactory.create(venue=venue, code="EMPTY", status="OnSale")
    made = {
        "ours": fail(api, issue, "SKU:9").failure_fingerprint,
        "again": fail(api, issue, "SKU:9").failure_fingerprint,
        "theirs": fail(rival, issue, "SKU:9").failure_fingerprint,
        "empty": fail(api, issue, "EMPTY").failure_fingerprint,
        "empty too": fail(rival, issue, "EMPTY").failure_fingerprint,
    }
    assert made == {
        "ours": f"unmapped_item:{api.partner.pk}:SKU:9",
        "again": f"unmapped_item:{api.partner.pk}:SKU:9",
        "theirs": f"unmapped_item:{rival.partner.pk}:SKU:9",
        "empty": f"no_active_component:{empty.pk}",
        "empty too": f"no_active_component:{empty.pk}",
    }
    assert parts_of(made["ours"]) == Parts(partner_id=api.partner.pk, item_number="SKU:9")
    assert parts_of(made["empty"]) == Parts(package_id=empty.pk)
    for other in ("stalled", "internal:KeyError", "unmapped_item", "unmapped_item:x:y", ""):
        assert parts_of(other) == Parts()


def test_a_fault_of_ours_is_told_by_its_kind(
    api: ApiClient, issue: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*_: Any, **__: Any) -> Any:
        raise KeyError("plan")

    order_id = api.create(line())["orderId"]
    with monkeypatch.context() as patch:
        patch.setattr(issuance, "fill", break_down)
        assert issue(order_id).failure_fingerprint == "internal:KeyError"


def test_an_order_that_goes_on_has_no_cause_any_more(
    api: ApiClient, issue: Issue, day: Package
) -> None:
    order = fail(api, issue, "SKU-9")
    PackageMappingFactory.create(partner=api.partner, item_number="SKU-9", package=day)
    run_once(start(order.failure_fingerprint))
    order = Order.objects.get(pk=order.pk)
    assert (order.status, order.failure_code, order.failure_fingerprint) == ("Submitted", "", "")


def test_groups_count_orders_and_visits_at_risk_and_the_earliest_visit_comes_first(
    api: ApiClient,
    tester: ApiClient,
    issue: Issue,
    clock: Clock,
    venue: Any,
    django_assert_num_queries: Any,
) -> None:
    PackageFactory.create(venue=venue, code="EMPTY", status="OnSale")
    first = fail(api, issue, "EMPTY", "2026-12-24")
    clock.forward(hours=1)
    nine = [fail(api, issue, "SKU-9", day) for day in ("2026-12-07", "2026-12-05")]
    fail(tester, issue, "SKU-9")
    today = timezone.now().date()
    with django_assert_num_queries(1):
        groups = read_groups(today=today)
    assert groups == [
        CauseGroup(
            failure_code="unmapped_item",
            fingerprint=nine[0].failure_fingerprint,
            orders=2,
            first_at=nine[0].status_since,
            last_at=nine[1].status_since,
            at_risk=2,
            next_visit=nine[1].visit_date,
        ),
        CauseGroup(
            failure_code="no_active_component",
            fingerprint=first.failure_fingerprint,
            orders=1,
            first_at=first.status_since,
            last_at=first.status_since,
            at_risk=1,
            next_visit=first.visit_date,
        ),
    ]
    past = read_groups(today=nine[0].visit_date)  # the earlier visit is over by then
    assert [(group.at_risk, group.next_visit) for group in past] == [
        (1, nine[0].visit_date),
        (1, first.visit_date),
    ]


def test_a_replay_submits_every_order_of_the_cause_once(
    api: ApiClient, tester: ApiClient, issue: Issue, day: Package
) -> None:
    orders = [fail(api, issue, "SKU-9") for _ in range(3)]
    other = fail(api, issue, "SKU-8")
    test = fail(tester, issue, "SKU-9")
    PackageMappingFactory.create(partner=api.partner, item_number="SKU-9", package=day)
    replay = start(orders[0].failure_fingerprint)
    assert replay.status == "Running"
    assert run_once(replay).status == "Done"
    assert outcomes(replay) == {
        order.buy_from_order_reference: ("replayed", "") for order in orders
    }
    assert [issue(str(order.pk)).status for order in orders] == ["Issued"] * 3
    assert {Order.objects.get(pk=one.pk).status for one in (other, test)} == {"Error"}
    told = Event.objects.filter(name="replayed", subject_id__in=[order.pk for order in orders])
    assert set(told.values_list("actor", "reason")) == {(DESK, "Mapped it")}
    assert told.count() == 3
    story = Event.objects.filter(kind="batch", subject_id=replay.pk).order_by("id")
    assert list(story.values_list("name", "from_state", "to_state", "actor", "data")) == [
        (
            "started",
            "",
            "Running",
            DESK,
            {"fingerprint": orders[0].failure_fingerprint, "orders": 3},
        ),
        ("finished", "Running", "Done", "worker", {}),
    ]


def test_a_second_replay_finds_nothing(api: ApiClient, issue: Issue, day: Package) -> None:
    cause = fail(api, issue, "SKU-9").failure_fingerprint
    PackageMappingFactory.create(partner=api.partner, item_number="SKU-9", package=day)
    first = start(cause)
    assert start(cause, first.pk).pk == first.pk  # the same press again
    with pytest.raises(NothingToReplay, match="being replayed already"):
        start(cause)
    run_once(first)
    run_once(first)  # a job that was run twice
    with pytest.raises(NothingToReplay, match="any more"):
        start(cause)
    assert start(cause, first.pk) == first
    assert Batch.objects.count() == 1
    assert Event.objects.filter(name="replayed").count() == 1


def test_an_order_that_changed_meanwhile_is_left_alone(
    api: ApiClient, issue: Issue, day: Package, clock: Clock
) -> None:
    replayed, failed_again, removed = (fail(api, issue, "SKU-9") for _ in range(3))
    replay = start(replayed.failure_fingerprint)
    clock.forward(minutes=1)
    api.delete(str(removed.pk))
    reference = failed_again.sell_to_order_reference
    api.put(str(failed_again.pk), api.order_body(line("SKU-9"), sellToOrderReference=reference))
    issue(str(failed_again.pk))
    PackageMappingFactory.create(partner=api.partner, item_number="SKU-9", package=day)
    run_once(replay)
    assert outcomes(replay) == {
        replayed.buy_from_order_reference: ("replayed", ""),
        failed_again.buy_from_order_reference: ("skipped", "It failed again meanwhile."),
        removed.buy_from_order_reference: ("skipped", "It was removed meanwhile."),
    }


def test_what_is_not_mended_stays_and_says_why(api: ApiClient, issue: Issue) -> None:
    order = fail(api, issue, "SKU-9")
    replay = start(order.failure_fingerprint)
    assert run_once(replay).status == "Done"
    (outcome,) = outcomes(replay).values()
    assert outcome == (
        "failed",
        f"Line 100000: SKU-9 still cannot be issued (item number not mapped on "
        f"{received_on(order)}, its day of receipt).",
    )
    assert Order.objects.get(pk=order.pk).status_since == order.status_since


def test_many_orders_are_worked_off_batch_by_batch(
    api: ApiClient, issue: Issue, day: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working_off, "AT_A_TIME", 2)
    cause = {fail(api, issue, "SKU-9").failure_fingerprint for _ in range(5)}.pop()
    PackageMappingFactory.create(partner=api.partner, item_number="SKU-9", package=day)
    replay = start(cause)
    assert [run_once(replay).status for _ in range(3)] == ["Running", "Running", "Done"]
    assert [outcome for outcome, _ in outcomes(replay).values()] == ["replayed"] * 5


def test_a_replay_that_lost_its_job_gets_another(api: ApiClient, issue: Issue) -> None:
    replay = start(fail(api, issue, "SKU-9").failure_fingerprint)
    working_off.recover_worklists()
    assert Batch.objects.get().job_id == replay.job_id  # the job is there
    ProcrastinateJob.objects.filter(pk=replay.job_id).update(status="failed")
    working_off.recover_worklists()
    assert Batch.objects.get().job_id != replay.job_id
    assert run_once(replay).status == "Done"
    working_off.recover_worklists()
    assert ProcrastinateJob.objects.filter(task_name="orders.work_off_batch").count() == 2


def test_a_replay_that_was_stopped_waits_for_the_one_that_runs(
    api: ApiClient, issue: Issue
) -> None:
    cause = fail(api, issue, "SKU-9").failure_fingerprint
    first = start(cause)
    working_off.stop(worklist=first, actor=DESK, now=timezone.now())
    second = start(cause)
    with pytest.raises(WorklistConflict, match="at these orders already"):
        working_off.resume(worklist=first, actor=DESK, now=timezone.now())
    run_once(second)
    working_off.resume(worklist=first, actor=DESK, now=timezone.now())
    assert run_once(first).status == "Done"


def test_code_that_does_not_know_the_fingerprint_may_still_fail_and_mend_orders(
    api: ApiClient, issue: Issue
) -> None:
    """As it does while two versions run side by side."""
    order = fail(api, issue, "SKU-9")
    with connection.cursor() as cursor:
        move = "UPDATE orders_order SET status = %s, failure_code = %s WHERE id = %s"
        cursor.execute(move, ["Submitted", "", order.pk])
        assert Order.objects.get().failure_fingerprint == ""
        cursor.execute(move, ["Error", "stalled", order.pk])
    assert Order.objects.get().failure_fingerprint == "stalled"


@pytest.mark.parametrize(
    ("constraint", "columns"),
    [
        ("settled_batch_order_says_when", {"outcome": "replayed"}),
        ("batch_outcome_known", {"outcome": "lost"}),
        ("failed_batch_order_says_why", {"outcome": "failed", "settled_at": timezone.now()}),
    ],
)
def test_the_database_keeps_outcomes_whole(
    api: ApiClient, issue: Issue, constraint: str, columns: dict[str, Any]
) -> None:
    start(fail(api, issue, "SKU-9").failure_fingerprint)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        BatchOrder.objects.update(**columns)
