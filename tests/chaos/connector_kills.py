"""SIGKILL of the process that issues an order elsewhere, at each step there and before and after it.

`Stack.django("tests.chaos.connector_kills", SYSTEM, RUNS, HANDS)` prints a JSON object: how many
kills, how the orders ended, and what was wrong. HANDS are `forked` processes, which do what a
worker's job does and come from one that has loaded everything, so that hundreds of them take
seconds; or `workers` as they run in production. SYSTEM is one of `system_names.SYSTEMS`.
"""

from __future__ import annotations

import datetime
import json
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TextIO

from django.db import connections

from catalog.models import ComponentSource, Connection, Dating
from orders import issuance
from orders.cancellation import cancel_order
from orders.intake import submit_order
from orders.lifecycle import replay_order
from orders.models import Order, OrderStatus
from orders.outside import ending, settling
from orders.requests import LineRequest, OrderRequest
from partners.account import Account
from partners.models import Venue
from tests.chaos.outside_systems import Far, make
from tests.factories import (
    ComponentFactory,
    ItemFactory,
    PackageFactory,
    PartnerFactory,
    PriceFactory,
)
from tests.fakes.faults import running
from wallets.models import ConnectorCall, OutsideOrder, OutsideOrderStatus

MOMENTS = ("received", "worked", "answered")
TICKETS = 2
# Jobs of an order that stand in its queue one after the other, none of which is killed.
_MOST_JOBS = 40
# For real workers: how long an order may take, and how often it is looked at.
_SECONDS, _POLL = 120.0, 0.05
# A job that is put off is run at once, by a clock that has gone on.
_STEP = datetime.timedelta(seconds=61)


class Forge:
    """A process without threads that makes workers by forking; each does one job."""

    def __init__(self) -> None:
        asked, answered = os.pipe(), os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(asked[1])
            os.close(answered[0])
            _serve(os.fdopen(asked[0]), os.fdopen(answered[1], "w"))
        os.close(asked[0])
        os.close(answered[1])
        self._to, self._from = os.fdopen(asked[1], "w"), os.fdopen(answered[0])
        self._worker = 0
        self._at_work = threading.Event()

    def finish(self, task: str, key: uuid.UUID, is_done: Callable[[], bool]) -> None:
        """Have workers do job after job of an order until it is done, or was long enough tried."""
        for number in range(_MOST_JOBS):
            self._work(task, key, number * _STEP)
            if is_done():
                return

    def _work(self, task: str, key: uuid.UUID, late: datetime.timedelta) -> None:
        self._at_work.clear()
        print(task, key, late.total_seconds(), file=self._to, flush=True)
        self._worker = int(self._from.readline())
        self._at_work.set()
        self._from.readline()

    def kill(self) -> None:
        """Kill the worker that is at work."""
        self._at_work.wait()
        os.kill(self._worker, signal.SIGKILL)

    def close(self) -> None:
        """End it."""
        self._to.close()
        os.waitpid(self.pid, 0)


def _serve(asked: TextIO, answers: TextIO) -> None:
    for line in asked:
        task, key, late = line.split()
        worker = os.fork()
        if worker == 0:
            os._exit(_do(task, uuid.UUID(key), datetime.timedelta(seconds=float(late))))
        print(worker, file=answers, flush=True)
        os.waitpid(worker, 0)
        print("ended", file=answers, flush=True)
    os._exit(0)


def _do(task: str, key: uuid.UUID, late: datetime.timedelta) -> int:
    """Do what the job of a task does; return the exit code."""

    def clock() -> datetime.datetime:
        return datetime.datetime.now(datetime.UTC) + late

    if task == "issue":
        issuance.issue_order(order_id=key, clock=clock)
    else:
        ending.end_in_background(outside_order_id=key, clock=clock)
    return 0


class Workers:
    """Workers as production has them, one at a time; whoever is killed is followed by another."""

    def __init__(self) -> None:
        self._worker: subprocess.Popen[bytes] | None = None

    def finish(self, task: str, key: uuid.UUID, is_done: Callable[[], bool]) -> None:
        """Have workers run until an order is done, or was long enough tried."""
        ends_at = time.monotonic() + _SECONDS
        while not is_done() and time.monotonic() < ends_at:
            if self._worker is None or self._worker.poll() is not None:
                self._worker = subprocess.Popen(
                    [sys.executable, "manage.py", "procrastinate", "worker"],
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                )
            time.sleep(_POLL)  # until the next look

    def kill(self) -> None:
        """Kill the worker."""
        if self._worker is not None:
            os.killpg(self._worker.pid, signal.SIGKILL)

    def close(self) -> None:
        """End it."""
        if self._worker is not None:
            self.kill()
            self._worker.wait()


@dataclass
class Outcome:
    """What became of the orders of one system."""

    kills: int = 0
    orders: int = 0
    ended: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def as_data(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {**vars(self), "ended": dict(self.ended)}


@dataclass
class Trial:
    """Kills at one system; `sell` makes an order and returns it."""

    hands: Forge | Workers
    far: Far
    connection: Connection
    account: Account
    code: str
    outcome: Outcome = field(default_factory=Outcome)

    def kill_at(self, operation: str, moment: str) -> None:
        """Kill the worker of a fresh order at one moment of one call; follow it to its end."""
        guest = f"chaos-{uuid.uuid4().hex}@example.org"
        order = self._sell(guest)
        self._with_kill(operation, moment, lambda: self._issue(order.pk))
        self._settle(order.pk, guest, f"{operation} {moment}")

    def kill_end_at(self, operation: str, moment: str) -> None:
        """Kill the worker that takes back what was made for a fresh order."""
        guest = f"chaos-{uuid.uuid4().hex}@example.org"
        order = self._sell(guest)
        self._issue(order.pk)
        outside = OutsideOrder.objects.get(order_key=order.pk)
        self._cancel(order.pk)
        self._with_kill(operation, moment, lambda: self._end(outside.pk))
        outside.refresh_from_db()
        self.outcome.ended[f"taken back: {outside.status}"] += 1
        if (outside.status, self.far.made(guest)) != (OutsideOrderStatus.ENDED, 0):
            self._wrong(f"{operation} {moment}: {outside} is {outside.status}")

    def _with_kill(self, operation: str, moment: str, work: Callable[[], None]) -> None:
        hooks = self.far.system.faults.hooks

        def kill_once() -> None:
            del hooks[operation, moment]
            self.hands.kill()
            self.outcome.kills += 1

        hooks[operation, moment] = kill_once
        work()
        if hooks.pop((operation, moment), None):
            self._wrong(f"{operation} {moment} never came")

    def _sell(self, guest: str) -> Order:
        self.outcome.orders += 1
        now = datetime.datetime.now(datetime.UTC)
        return submit_order(
            account=self.account,
            request=OrderRequest(
                sell_to_order_reference=uuid.uuid4().hex,
                lines=(LineRequest(item_number=self.code, quantity=TICKETS),),
                sell_to_email=guest,
                sell_to_name="Mila Bos",
                payment_reference="PAY-1",
            ),
            now=now,
        )

    def _issue(self, order_id: uuid.UUID) -> None:
        orders = Order.objects.in_flight().filter(pk=order_id)
        self.hands.finish("issue", order_id, lambda: not orders.exists())

    def _end(self, outside_id: uuid.UUID) -> None:
        ending = OutsideOrder.objects.filter(pk=outside_id, status=OutsideOrderStatus.ENDING)
        self.hands.finish("end", outside_id, lambda: not ending.exists())

    def _cancel(self, order_id: uuid.UUID) -> None:
        now = datetime.datetime.now(datetime.UTC)
        cancel_order(orders=Order.objects.all(), order_id=order_id, actor="staff:1", now=now)

    def _settle(self, order_id: uuid.UUID, guest: str, where: str) -> None:
        """Check how an order ended; a person settles what is uncertain, and it is replayed."""
        order = Order.objects.get(pk=order_id)
        self.outcome.ended[f"{order.status} {order.failure_code}".strip()] += 1
        self._check(order, guest, where)
        if order.status == OrderStatus.ERROR:
            self._settle_by_hand(order, guest)
            self._issue(order.pk)
            order = Order.objects.get(pk=order_id)
            self._check(order, guest, f"{where}, settled")
            if order.status != OrderStatus.ISSUED:
                self._wrong(f"{where}, settled: {order} is {order.status} {order.status_message}")

    def _settle_by_hand(self, order: Order, guest: str) -> None:
        """Do what a person does who looks at the other side."""
        now = datetime.datetime.now(datetime.UTC)
        row = OutsideOrder.objects.get(order_key=order.pk, is_current=True)
        told: dict[str, Any] = {"outside_order_id": row.pk, "actor": "staff:1", "now": now}
        if self.far.made(guest):
            settling.settle_done(outside_reference="SEEN", reason="There.", **told)
        else:
            settling.settle_not_done(reason="Not there.", **told)
        self._replay(order)

    def _replay(self, order: Order) -> None:
        now = datetime.datetime.now(datetime.UTC)
        replay_order(orders=Order.objects.all(), order_id=order.pk, actor="staff:1", now=now)

    def _check(self, order: Order, guest: str, where: str) -> None:
        there = self.far.made(guest)
        rows = OutsideOrder.objects.filter(order_key=order.pk)
        if there not in (0, TICKETS):
            self._wrong(f"{where}: {there} tickets were made for {TICKETS}")
        if order.is_in_flight:
            self._wrong(f"{where}: {order} is {order.status}")
        if order.status == OrderStatus.ISSUED and there != TICKETS:
            self._wrong(f"{where}: {order} is issued, and nothing is there")
        self._check_outcome(order, there, rows, where)
        self._check_intents(rows, where)

    def _check_outcome(self, order: Order, there: int, rows: Any, where: str) -> None:
        """What is not issued is named as uncertain."""
        if self.far.always_issues and (order.status, there) != (OrderStatus.ISSUED, TICKETS):
            self._wrong(f"{where}: {order} is {order.status}, with {there} tickets there")
        is_named = order.failure_code == "outcome_unknown" and rows.unsettled().exists()
        if order.status == OrderStatus.ERROR and not is_named:
            self._wrong(f"{where}: {order} failed for {order.failure_code}")

    def _check_intents(self, rows: Any, where: str) -> None:
        """Nothing may have reached the other side that was not written down before.

        Both began with this trial: its connection, and the system that it leads to.
        """
        calls = ConnectorCall.objects.filter(outside_order__connection=self.connection)
        written = Counter(calls.values_list("operation", flat=True))
        sent = Counter(one.operation for one in self.far.system.received)
        for operation in (*self.far.steps, *self.far.ends):
            if sent[operation] > written[operation]:
                self._wrong(
                    f"{where}: {sent[operation]} times {operation} came there, "
                    f"{written[operation]} were written down"
                )
        if rows.filter(calls__isnull=False, calls__outcomes__isnull=True).exists():
            self._wrong(f"{where}: a call has no outcome")

    def _wrong(self, sentence: str) -> None:
        self.outcome.wrong.append(sentence)


def kill_at_every_step(title: str, runs: int, hands: Forge | Workers) -> Outcome:
    """Kill at every moment of every call of a system so many times."""
    far = make(title)
    try:
        with running(far.system):
            trial = Trial(hands, far, *stage_of(title.partition(",")[0], far))
            for _ in range(runs):
                for moment in MOMENTS:
                    for operation in far.steps:
                        trial.kill_at(operation, moment)
                    for operation in far.ends:
                        trial.kill_end_at(operation, moment)
            return trial.outcome
    finally:
        hands.close()


def stage_of(name: str, far: Far, seconds: int = 5) -> tuple[Connection, Account, str]:
    """Make a venue's package that is issued there; return where, who sells it, and its code.

    seconds: for how long an answer is waited for.
    """
    mark = uuid.uuid4().hex[:6]
    venue = Venue.objects.order_by("code").first()
    partner = PartnerFactory.create(venue=venue, name=f"Chaos {mark}", sell_by_package_code=True)
    connection = Connection(
        venue=venue,
        system=name,
        name=f"{name} {mark}",
        connect_seconds=5,
        read_seconds=seconds,
        buyer_email="tickets@dunes.example",
        **far.connect(),
    )
    connection.set_credentials(dict(far.credentials))
    connection.save()
    code = f"FAR-{mark}".upper()
    package = PackageFactory.create(venue=venue, code=code, dating=Dating.OPEN)
    component = ComponentFactory.create(
        package=package, item=ItemFactory.create(venue=venue, number=f"{code}-ENTRY")
    )
    PriceFactory.create(package=package)
    ComponentSource.objects.create(component=component, connection=connection, **dict(far.source))
    return connection, Account(partner, test_mode=False), code


if __name__ == "__main__":
    connections.close_all()
    told = kill_at_every_step(
        sys.argv[1], int(sys.argv[2]), Forge() if sys.argv[3] == "forked" else Workers()
    )
    print(json.dumps(told.as_data()))
