"""Bare ORM: the rows of one order by `bulk_create`, one order a transaction, in this process.

`Stack.django("tests.bench.bare", template, first, count)` runs it; `template` is the id of an order
that was issued. It writes what accepting leaves of so many orders, then what issuing leaves of them,
and prints seconds and CPU seconds per order of both as JSON.
"""

from __future__ import annotations

import copy
import json
import sys
import time
import uuid
from collections.abc import Callable, Iterable
from typing import Any

from django.db import connection, models, transaction
from django.db.models import F
from django.utils import timezone

from catalog.models import Session
from channel_manager.history.models import Event
from orders.models import Allocation, LedgerEntry, Order, OrderLine, ReceivedRequest
from partners.models import WebhookEvent
from wallets.models import Asset, Wallet

_JOBS = 2_000_000_000_000


class Job(models.Model):
    """A job's row; the queue's own model refuses to be written."""

    id = models.BigIntegerField(primary_key=True)
    queue_name = models.TextField()
    task_name = models.TextField()
    args = models.JSONField()
    status = models.TextField()

    class Meta:
        managed = False
        app_label = "orders"
        db_table = "procrastinate_jobs"


class JobEvent(models.Model):
    """A row of the queue's journal."""

    job_id = models.BigIntegerField()
    type = models.TextField()

    class Meta:
        managed = False
        app_label = "orders"
        db_table = "procrastinate_events"


class Template:
    """The rows of an order that was issued, and copies of them under other keys."""

    def __init__(self, order_id: str) -> None:
        self.order = Order.objects.get(pk=order_id)
        self.lines = list(OrderLine.objects.filter(order=self.order))
        self.requests = list(ReceivedRequest.objects.filter(order=self.order))
        self.allocations = list(Allocation.objects.filter(line__order=self.order))
        self.wallets = list(Wallet.objects.filter(order=self.order).order_by("seq_no"))
        self.assets = list(Asset.objects.filter(wallet__order=self.order))
        self.events = list(Event.objects.filter(kind="order", subject_id=order_id).order_by("id"))
        self.sales = list(LedgerEntry.objects.filter(order=self.order))
        self.told = list(WebhookEvent.objects.filter(order_id=order_id))

    def accept(self, place: int) -> None:
        """Write what accepting leaves of the order of a place, in one transaction."""
        now, order_id = timezone.now(), _id(0, place)
        number = f"BARE-{place}"
        with transaction.atomic():
            Order.objects.bulk_create(
                [
                    _copy(
                        self.order,
                        id=order_id,
                        token=uuid.uuid4().hex,
                        sell_to_order_reference=number,
                        buy_from_order_reference=number,
                        received_at=now,
                        status_since=now,
                        updated_at=now,
                        job_id=_JOBS + place,
                    )
                ]
            )
            OrderLine.objects.bulk_create(
                _copy(line, id=_id(1, place), order_id=order_id) for line in self.lines
            )
            ReceivedRequest.objects.bulk_create(
                _copy(row, id=uuid.uuid4(), order_id=order_id, received_at=now)
                for row in self.requests
            )
            Allocation.objects.bulk_create(
                _copy(row, id=None, line_id=_id(1, place)) for row in self.allocations
            )
            for row in self.allocations:
                Session.objects.filter(pk=row.session_id).update(sold=F("sold") + row.quantity)
            Wallet.objects.bulk_create(
                _copy(
                    wallet,
                    id=_id(2, place * 100 + wallet.seq_no),
                    order_id=order_id,
                    line_id=_id(1, place),
                    token=uuid.uuid4().hex,
                    reference_number=f"W{uuid.uuid4().hex[:16].upper()}",
                    external_reference_number=None,
                    issued_at=None,
                )
                for wallet in self.wallets
            )
            Event.objects.bulk_create(_events(self.events[:1], order_id, now))
            # A job that is done: no worker may take it.
            args = {"order_id": str(order_id)}
            done = Job(_JOBS + place, "bench", "bench", args, "succeeded")
            Job.objects.bulk_create([done])
            JobEvent.objects.bulk_create([JobEvent(job_id=_JOBS + place, type="deferred")])

    def issue(self, place: int) -> None:
        """Write what issuing leaves of it, in one transaction."""
        now, order_id = timezone.now(), _id(0, place)
        wallets = {wallet.pk: _id(2, place * 100 + wallet.seq_no) for wallet in self.wallets}
        with transaction.atomic():
            Asset.objects.bulk_create(
                _copy(
                    asset,
                    id=uuid.uuid4(),
                    wallet_id=wallets[asset.wallet_id],
                    reference_number=f"T{uuid.uuid4().hex[:16].upper()}",
                )
                for asset in self.assets
            )
            Wallet.objects.filter(order_id=order_id).update(status="Active", issued_at=now)
            Order.objects.filter(pk=order_id).update(
                status="Issued", status_since=now, updated_at=now
            )
            Event.objects.bulk_create(_events(self.events[1:], order_id, now))
            LedgerEntry.objects.bulk_create(
                _copy(
                    row,
                    id=None,
                    order_id=order_id,
                    line_id=_id(1, place),
                    buy_from_order_reference=f"BARE-{place}",
                    posted_at=now,
                )
                for row in self.sales
            )
            WebhookEvent.objects.bulk_create(
                _copy(
                    row,
                    id=None,
                    event_id=uuid.uuid4(),
                    order_id=order_id,
                    position=2_000_000_000 + place,
                )
                for row in self.told
            )


def _events(rows: Iterable[Event], order_id: uuid.UUID, now: Any) -> list[Event]:
    return [_copy(row, id=None, subject_id=order_id, at=now) for row in rows]


def _copy(row: Any, **changed: Any) -> Any:
    made = copy.copy(row)
    made._state = models.base.ModelState()
    # Assigned as a row that is read gets them: a status is otherwise for transitions only.
    made.__dict__.update(changed)
    return made


def _id(kind: int, place: int) -> uuid.UUID:
    return uuid.UUID(int=(0x01C << 116) | (kind << 96) | (7 << 76) | (8 << 60) | place)


def main(template: str, first: str, count: str) -> None:
    """Write and print."""
    rows = Template(template)
    places = range(int(first), int(first) + int(count))
    found = {"accept": _timed(rows.accept, places), "issue": _timed(rows.issue, places)}
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs WHERE queue_name = 'bench'")
    print(json.dumps(found))


def _timed(work: Callable[[int], None], places: range) -> dict[str, Any]:
    taken = []
    began, cpu = time.time(), time.process_time()
    for place in places:
        started = time.perf_counter()
        work(place)
        taken.append(time.perf_counter() - started)
    return {"began": began, "seconds": taken, "cpu": time.process_time() - cpu}


if __name__ == "__main__":
    main(*sys.argv[1:])
