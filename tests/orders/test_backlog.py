"""Orders that wait are issued together, and each becomes what it would have become alone."""

from __future__ import annotations

import datetime
import logging
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from catalog.models import Package
from orders import backlog
from orders.models import LedgerEntry, Order, OrderEvent, OrderLine
from partners.models import Partner, WebhookEvent
from tests.conftest import ApiClient
from tests.orders.expected import line
from tests.orders.working import Worker, job_of, jobs, statuses
from tests.webhooks.conftest import make_endpoint
from wallets.models import Asset, Wallet

pytestmark = pytest.mark.usefixtures("clock")

Issue = Callable[[str], Order]
Statements = Callable[[], Any]

# However many they are; what concerns jobs is counted by itself.
TOGETHER = 15

UNLIKE = {
    *("id", "order", "wallet", "line", "subject_id", "event_id", "order_id", "token", "job_id"),
    *("reference_number", "sell_to_order_reference", "buy_from_order_reference", "data"),
}


def rows(order_id: str) -> dict[str, list[Any]]:
    """Return every row that issuing an order has written, but for what names it."""
    of_order = {
        "orders": Order.objects.filter(pk=order_id),
        "events": OrderEvent.objects.filter(subject_id=order_id).order_by("id"),
        "wallets": Wallet.objects.filter(order=order_id).order_by("line__line_no", "seq_no"),
        "assets": Asset.objects.filter(wallet__order=order_id).order_by(
            "wallet__line__line_no", "wallet__seq_no", "position", "unit"
        ),
        "ledger": LedgerEntry.objects.filter(order=order_id).order_by("line__line_no"),
        "told": WebhookEvent.objects.filter(order_id=order_id).order_by("id"),
    }
    return {
        name: [
            {
                column: value
                for column, value in row.items()
                if column.removesuffix("_id") not in UNLIKE and column not in UNLIKE
            }
            for row in found.values()
        ]
        for name, found in of_order.items()
    }


def numberless(api: ApiClient, order_id: str) -> Any:
    """Return what the API says of an order, but for what names it."""

    def without(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: without(each) for key, each in value.items() if key not in NAMES}
        return [without(each) for each in value] if isinstance(value, list) else value

    return without(api.get(f"/channelManager/{order_id}").json())


NAMES = {
    *("orderId", "sellToOrderReference", "buyFromOrderReference", "manifestUrl", "walletId"),
    *("walletReferenceNumber", "assetId", "referenceNumber", "externalReferenceNumber"),
}


def test_orders_issued_together_are_what_each_would_be_alone(
    api: ApiClient, bundle: Package, issue: Issue, worker: Worker
) -> None:
    kinds: list[tuple[list[Any], dict[str, Any]]] = [
        ([line("BUNDLE", quantity=2), line()], {}),
        ([line("GROUP", quantity=37)], {}),
        ([line(quantity=3, wallet={"names": ["Ann", "Bob", "Cas"]})], {"paymentReference": None}),
    ]
    alone, together = [], []
    for number, (items, members) in enumerate(kinds):
        made = api.create(*items, sellToOrderReference=f"ALONE-{number}", **members)
        alone.append(made["orderId"])
        issue(made["orderId"])
    ProcrastinateJob.objects.all().delete()
    for number, (items, members) in enumerate(kinds):
        made = api.create(*items, sellToOrderReference=f"BESIDE-{number}", **members)
        together.append(made["orderId"])
    assert worker.work() == 1
    for one, other in zip(alone, together, strict=True):
        assert rows(other) == rows(one)
        assert numberless(api, other) == numberless(api, one)
    assert statuses() == {"Issued": 4, "Draft": 2}
    numbers = list(Asset.objects.values_list("reference_number", flat=True))
    assert len(set(numbers)) == len(numbers)
    assert jobs() == 0


def test_an_order_is_issued_alone_where_none_waits(
    worker: Worker, waiting: Callable[[int], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting(1)
    monkeypatch.delattr(backlog, "issue_together")
    assert worker.work() == 1
    assert statuses() == {"Issued": 1}


def test_no_more_are_taken_over_than_are_issued_together(
    worker: Worker, waiting: Callable[[int], list[str]], settings: Any
) -> None:
    waiting(7)
    settings.ISSUED_TOGETHER = 3
    assert worker.work() == 3
    settings.ISSUED_TOGETHER = 1
    waiting(3)
    assert worker.work() == 3
    assert (statuses(), jobs()) == ({"Issued": 10}, 0)


def test_orders_of_many_wallets_are_issued_in_transactions_that_do_not_last(
    api: ApiClient, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backlog, "_MOST_WALLETS", 10)
    sizes = (1, 4, 4, 4, 11)
    for number, quantity in enumerate(sizes):
        api.create(line(quantity=quantity), sellToOrderReference=f"WEB-{number}")
    done = []
    while job := worker.fetch():
        before = set(Order.objects.filter(status="Issued"))
        worker.do(job)
        now = Order.objects.filter(status="Issued").order_by("id")
        done.append([order.wallets.count() for order in now if order not in before])
    assert done == [[1, 4, 4], [4], [11]]


@pytest.mark.parametrize(("level", "lines"), [(logging.INFO, 3), (logging.WARNING, 0)])
def test_each_order_that_is_issued_with_others_has_a_line_of_its_own(
    worker: Worker,
    waiting: Callable[[int], list[str]],
    caplog: pytest.LogCaptureFixture,
    django_capture_on_commit_callbacks: Callable[..., Any],
    level: int,
    lines: int,
) -> None:
    keys = waiting(3)
    caplog.set_level(level)
    with django_capture_on_commit_callbacks(execute=True):
        worker.work()
    told = [
        (record.getMessage(), record.__dict__["members"])
        for record in caplog.records
        if record.name == "orders.issuance"
    ]
    assert len(told) == lines
    for key in keys[:lines]:
        reference = Order.objects.get(pk=key).buy_from_order_reference
        members = {"orderId": uuid.UUID(key), "buyFromOrderReference": reference}
        assert ("Order settled: Issued", members) in told


@pytest.mark.parametrize(
    "spoil",
    [
        lambda rows: rows.update(unresolved_cause="unmapped_item", package=None),
        lambda rows: rows.update(plan=[{**rows[0].plan[0], "isOutside": True}]),
        lambda rows: rows.update(plan=[{**rows[0].plan[0], "units": 21}]),
    ],
    ids=["not mapped", "issued elsewhere", "very large"],
)
def test_what_is_unlike_most_orders_is_left_to_its_own_job(
    worker: Worker, waiting: Callable[[int], list[str]], spoil: Callable[[Any], None]
) -> None:
    _first, other, _last = waiting(3)
    spoil(OrderLine.objects.filter(order=other))
    job = worker.fetch()
    assert job is not None
    worker.do(job)
    assert Order.objects.get(pk=other).status == "Submitted"
    assert statuses() == {"Issued": 2, "Submitted": 1}


def test_a_test_order_that_plays_a_fault_is_left_to_its_own_job(
    tester: ApiClient, worker: Worker
) -> None:
    for number, item_number in enumerate(("DAY", "TEST-FAILS-TWICE", "DAY", "TEST-ERROR")):
        tester.create(line(item_number), sellToOrderReference=f"WEB-{number}")
    job = worker.fetch()
    assert job is not None
    worker.do(job)
    assert statuses() == {"Issued": 2, "Submitted": 2}


def test_what_was_tried_before_or_is_not_due_is_not_taken_over(
    worker: Worker, waiting: Callable[[int], list[str]]
) -> None:
    first, tried, later, last = waiting(4)
    soon = timezone.now() + datetime.timedelta(days=400)
    job_of(tried).update(attempts=1)
    job_of(later).update(scheduled_at=soon)
    job = worker.fetch()
    assert job is not None
    worker.do(job)
    found = Order.objects.filter(status="Issued").values_list("pk", flat=True)
    assert {str(key) for key in found} == {first, last}
    assert list(job_of(later).values_list("status", "scheduled_at")) == [("todo", soon)]
    assert worker.work() == 1  # that which was tried
    assert statuses() == {"Issued": 3, "Submitted": 1}


@pytest.mark.parametrize("endpoint", [False, True])
def test_issuing_together_takes_as_many_statements_for_20_orders_as_for_two(
    partner: Partner,
    worker: Worker,
    waiting: Callable[[int], list[str]],
    statements: Statements,
    endpoint: bool,
) -> None:
    if endpoint:
        make_endpoint(partner, "https://partner.example/hooks")
    taken = []
    for count in (2, 20):
        waiting(count)
        job = worker.fetch()
        assert job is not None
        with statements() as counted, CaptureQueriesContext(connection) as all_of_them:
            worker.do(job)
        of_jobs = [row for row in all_of_them if "procrastinate" in str(row["sql"])]
        taken.append((len(counted), len(of_jobs)))
        assert jobs() == 0
    # It looks, takes over, deletes; then its own job is finished, and one made to tell partners.
    assert taken == [(TOGETHER, 4 + endpoint)] * 2
    told = ProcrastinateJob.objects.filter(task_name="partners.publish_events").count()
    assert told == (2 if endpoint else 0)
