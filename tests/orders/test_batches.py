"""Batches: what staff do with many orders at once, each order once and only as it was seen."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from catalog.models import Attraction, Package, Session
from channel_manager.history.models import Event
from channel_manager.lib.identity import time_ordered_uuid
from orders import batches, choosing, working_off
from orders.admin.progress import read_progress
from orders.batches import NothingToDo, Wish
from orders.choosing import Seen, TooManyOrders
from orders.models import Batch, BatchAction, LedgerEntry, Order, OrderEvent
from orders.moving import VisitNotPossible
from tests.conftest import ApiClient
from tests.factories import CalendarDayFactory, PackageMappingFactory
from tests.orders.expected import VISIT, Clock, line, settle
from tests.orders.sessions import counters, session, show
from wallets.models import Asset

pytestmark = pytest.mark.usefixtures("clock", "show")

Issue = Callable[[str], Order]
Sell = Callable[..., Order]
NEXT = "2026-11-24"
DESK = "staff:7"
_MOST_RUNS = 20


@pytest.fixture
def sell(api: ApiClient, issue: Issue) -> Sell:
    """Sell something under a reference of its own and issue it, unless it is to wait for that."""
    count = iter(range(1, 100))

    def sell_now(*items: Any, is_settled: bool = True, **members: Any) -> Order:
        members = {"sellToOrderReference": f"WEB-{next(count)}", **members}
        items = items or (line(),)
        sent = (
            (settle(api, issue, *items, **members)) if is_settled else api.create(*items, **members)
        )
        return Order.objects.get(pk=sent["orderId"])

    return sell_now


@pytest.fixture
def kinds(sell: Sell) -> dict[str, Order]:
    """An order in each status."""
    orders = {
        "issued": sell(line(quantity=2)),
        "draft": sell(paymentReference=None),
        "failed": sell(line("SKU-9")),
        "in flight": sell(is_settled=False),
        "used": sell(),
    }
    Asset.objects.filter(wallet__order=orders["used"]).update(status="Used", admitted=1)
    return orders


def see(orders: Sequence[Order]) -> list[Seen]:
    """Return orders as a page shows them now."""
    rows = Order.objects.filter(pk__in=[order.pk for order in orders]).order_by("received_at", "id")
    return [Seen(order.pk, order.updated_at) for order in rows]


def start(
    action: BatchAction,
    seen: Sequence[Seen],
    *,
    batch_id: uuid.UUID | None = None,
    reason: str = "A storm",
    **asked: Any,
) -> Batch:
    if action == BatchAction.MOVE:
        asked = {"from_date": VISIT, "to_date": NEXT, **asked}
    if action == BatchAction.CONFIRM:
        asked = {"payment_reference": "INVOICE-11", **asked}
    days = {
        name: datetime.date.fromisoformat(asked.pop(name))
        for name in ("from_date", "to_date")
        if name in asked
    }
    return batches.start_batch(
        batch_id=batch_id or time_ordered_uuid(),
        wish=Wish(action=action, reason=reason, **days, **asked),
        seen=seen,
        actor=DESK,
        now=timezone.now(),
    )


def run_once(batch: Batch) -> Batch:
    """Do what the worker does for the job that the batch has now; return it as it is then."""
    job = ProcrastinateJob.objects.get(pk=Batch.objects.get(pk=batch.pk).job_id)
    assert (job.task_name, job.queue_name) == ("orders.work_off_batch", "closing")
    assert job.args["batch_id"] == str(batch.pk)
    batches.work_off_batch(batch_id=batch.pk, clock=timezone.now, after=int(job.args["after"]))
    return Batch.objects.get(pk=batch.pk)


def work_off(batch: Batch) -> Batch:
    """Run its jobs until it has ended; return it."""
    for _ in range(_MOST_RUNS):
        batch = run_once(batch)
        if not batch.is_running:
            return batch
    raise AssertionError(f"{batch} does not come to an end: {outcomes(batch)}")


def outcomes(batch: Batch) -> dict[str, tuple[str, str]]:
    """Return what became of each order, and why, by its document number."""
    return {
        str(row.buy_from_order_reference): (row.outcome, row.message) for row in batch.rows.all()
    }


def story(batch: Batch) -> list[tuple[str, str, dict[str, Any]]]:
    """Return what happened to a batch: name, actor and data."""
    rows = Event.objects.filter(kind="batch", subject_id=batch.pk).order_by("id")
    return [(row.name, row.actor, row.data) for row in rows]


def test_a_replay_from_before_there_were_batches_keeps_its_story(db: None) -> None:
    batch = Batch.objects.create(
        action=BatchAction.REPLAY, started_by="staff:8", started_at=timezone.now()
    )
    told = {"kind": "replay", "subject_id": batch.pk, "at": batch.started_at}
    Event.objects.create(name="replay_started", actor=DESK, **told)
    Event.objects.create(name="replay_finished", actor="worker", **told)
    assert working_off.actor_of(batch) == DESK
    happenings = read_progress(batch, "", in_full=False).happenings
    assert [row.look.title for row in happenings] == ["All orders worked off", "Started"]


def test_orders_are_cancelled_or_removed_and_the_others_left_out(kinds: dict[str, Order]) -> None:
    batch = work_off(start(BatchAction.CANCEL, see(list(kinds.values()))))
    assert str(batch) == "Cancel 3 orders"
    assert (batch.status, batch.reason) == ("Done", "A storm")
    assert outcomes(batch) == {
        str(kinds["issued"]): ("cancelled", ""),
        str(kinds["draft"]): ("removed", ""),
        str(kinds["failed"]): ("removed", ""),
    }
    assert {order.status for order in Order.objects.all()} == {"Cancelled", "Issued", "Submitted"}
    assert Order.objects.get(pk=kinds["used"].pk).status == "Issued"
    ended = OrderEvent.objects.filter(name__in=("cancelled", "deleted"))
    assert {(event.actor, event.reason) for event in ended} == {(DESK, "A storm")}
    assert LedgerEntry.objects.filter(kind="reversal", reason="A storm").count() == 1
    assert story(batch) == [
        ("started", DESK, {"action": "cancel", "leftOut": 2, "orders": 3}),
        ("finished", "worker", {}),
    ]


def test_orders_are_moved_where_there_is_room(
    sell: Sell, cinema: Attraction, kinds: dict[str, Order]
) -> None:
    session(cinema, "14:00", VISIT, capacity=20)
    session(cinema, "14:00", NEXT, capacity=3)
    fits, full = (sell(show(quantity=2)) for _ in range(2))
    elsewhere = sell(line(visit_date=NEXT))
    batch = work_off(start(BatchAction.MOVE, see([*kinds.values(), fits, full, elsewhere])))
    assert str(batch) == "Move 5 orders to Tue 24 Nov 2026"
    told = "Cinema on Tue 24 Nov 2026 at 14:00 has 1 place left, and 2 are needed."
    assert outcomes(batch) == {
        **{str(kinds[name]): ("moved", "") for name in ("issued", "draft", "failed")},
        str(fits): ("moved", ""),
        str(full): ("failed", told),
    }
    assert counters() == {"cinema 14:00": "0+2", f"cinema {NEXT} 14:00": "0+2"}
    Session.objects.filter(date=NEXT).update(capacity=20)
    assert working_off.retry_failed(worklist=batch, actor="staff:8", now=timezone.now()) == 1
    assert outcomes(work_off(batch))[str(full)] == ("moved", "")
    movers = OrderEvent.objects.filter(name="moved").order_by("id").values_list("actor", flat=True)
    assert list(movers) == [DESK] * 4 + ["staff:8"]


def test_drafts_are_confirmed_with_one_payment(sell: Sell, kinds: dict[str, Order]) -> None:
    other = sell(paymentReference=None)
    batch = work_off(start(BatchAction.CONFIRM, see([*kinds.values(), other]), reason=""))
    assert str(batch) == "Confirm 2 drafts"
    assert outcomes(batch) == {str(one): ("confirmed", "") for one in (kinds["draft"], other)}
    paid = Order.objects.filter(payment_reference="INVOICE-11")
    assert [order.status for order in paid] == ["Issued", "Issued"]


def test_failed_orders_are_replayed_whatever_their_cause(
    sell: Sell, api: ApiClient, day: Package, kinds: dict[str, Order]
) -> None:
    other = sell(line("SKU-8"))
    PackageMappingFactory.create(partner=api.partner, item_number="SKU-8", package=day)
    batch = work_off(start(BatchAction.REPLAY, see([*kinds.values(), other])))
    assert outcomes(batch) == {
        str(other): ("replayed", ""),
        str(kinds["failed"]): (
            "failed",
            "Line 100000: SKU-9 still cannot be issued (item number not mapped on 20 Nov 2026, its "
            "day of receipt).",
        ),
    }


def test_an_order_is_left_alone_that_changed_since_somebody_saw_it(
    api: ApiClient, kinds: dict[str, Order], sell: Sell, clock: Clock
) -> None:
    before = sell(paymentReference=None)
    seen = see([*kinds.values(), before])
    clock.forward(minutes=1)
    api.confirm(str(before.pk))
    batch = start(BatchAction.CANCEL, seen)
    assert str(batch) == "Cancel 4 orders"
    api.confirm(str(kinds["draft"].pk))
    api.delete(str(kinds["failed"].pk))
    assert outcomes(work_off(batch)) == {
        str(kinds["issued"]): ("cancelled", ""),
        str(kinds["draft"]): ("skipped", "It was changed meanwhile."),
        str(kinds["failed"]): ("skipped", "It was removed meanwhile."),
        str(before): ("skipped", "It was changed meanwhile."),
    }


def test_the_same_press_twice_is_one_batch(kinds: dict[str, Order]) -> None:
    seen = see(list(kinds.values()))
    first = start(BatchAction.CANCEL, seen)
    assert start(BatchAction.CANCEL, seen, batch_id=first.pk) == first
    work_off(first)
    assert start(BatchAction.CANCEL, seen, batch_id=first.pk) == first
    assert Batch.objects.count() == 1
    with pytest.raises(NothingToDo):
        start(BatchAction.CANCEL, see([kinds["issued"], kinds["used"]]))
    assert Batch.objects.count() == 1


def test_a_batch_is_stopped_and_gone_on_with(
    kinds: dict[str, Order], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working_off, "AT_A_TIME", 1)
    batch = run_once(start(BatchAction.CANCEL, see(list(kinds.values()))))
    working_off.stop(worklist=batch, actor="staff:8", now=timezone.now())
    assert run_once(batch).status == "Stopped"
    assert [outcome for outcome, _ in outcomes(batch).values()] == ["cancelled"] + ["waiting"] * 2
    working_off.resume(worklist=batch, actor="staff:8", now=timezone.now())
    assert work_off(batch).status == "Done"
    assert [name for name, _, _ in story(batch)] == ["started", "stopped", "resumed", "finished"]


def test_too_many_orders_and_days_that_cannot_be_are_refused(
    kinds: dict[str, Order], venue: Any
) -> None:
    seen = see(list(kinds.values()))
    CalendarDayFactory.create(venue=venue, date="2026-12-25")
    for to_date, told in (
        ("2026-11-19", "Thu 19 Nov 2026 has passed."),
        (VISIT, "The visit is on Mon 23 Nov 2026 already."),
        ("2026-12-25", "Dune Park is closed on Fri 25 Dec 2026."),
    ):
        with pytest.raises(VisitNotPossible, match=told):
            start(BatchAction.MOVE, seen, to_date=to_date)
    many = [Seen(uuid.uuid4(), timezone.now()) for _ in range(choosing.MOST_ORDERS + 1)]
    with pytest.raises(TooManyOrders, match="1,001 orders are too many"):
        start(BatchAction.CANCEL, many)
    assert Batch.objects.count() == 0


def test_the_database_keeps_batches_whole(sell: Sell) -> None:
    start(BatchAction.CANCEL, see([sell()]))
    broken: list[tuple[str, dict[str, Any]]] = [
        ("batch_action_known", {"action": "burn"}),
        ("batch_moves_to_another_day", {"action": "move"}),
        ("batch_moves_to_another_day", {"to_date": NEXT}),
        ("batch_is_confirmed_with_a_payment", {"action": "confirm"}),
        ("cancelling_or_moving_batch_says_why", {"reason": ""}),
        ("batch_of_a_cause_is_replayed", {"fingerprint": "stalled"}),
        ("batch_status_known", {"status": "Lost"}),
        ("ended_batch_says_when", {"status": "Done"}),
    ]
    for constraint, columns in broken:
        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            Batch.objects.update(**columns)
