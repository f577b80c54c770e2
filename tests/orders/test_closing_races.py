"""Closing a day while others sell, close and work at the same moment, and workers are killed."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import urllib.parse
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from catalog.models import Attraction, Session
from orders import clearing, intake
from orders.models import (
    Allocation,
    Closure,
    ClosureOrder,
    ClosurePlan,
    Order,
    OrderEvent,
    OrderLine,
)
from partners.models import Venue
from tests.conftest import TOMORROW, ApiClient
from tests.invariants import RULES
from tests.orders.closures import close, outcomes, run_once, work_off
from tests.orders.expected import line, settle
from tests.orders.racing import at_once
from tests.orders.sessions import session
from wallets.models import Asset

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("show")]

Issue = Callable[[str], Order]
DAY = TOMORROW.isoformat()
OTHER = (TOMORROW.replace(year=TOMORROW.year + 1, month=6, day=15)).isoformat()
# The jobs of these tests are run by hand, and stay in the queue.
_OF_JOBS = "a job is left of an order that has settled"


@pytest.fixture(autouse=True)
def everything_holds(transactional_db: None) -> Iterator[None]:
    """Have every rule of the database hold when a test is done."""
    yield
    found = {}
    with connection.cursor() as cursor:
        for rule, query in RULES.items():
            if rule != _OF_JOBS:
                cursor.execute(query)
                found[rule] = cursor.fetchall()
    assert {rule: rows for rule, rows in found.items() if rows} == {}


@pytest.fixture
def shows(cinema: Attraction) -> list[Session]:
    """A show on the day that is closed and one on the other day, for two hundred."""
    return [session(cinema, "14:00", day, capacity=200) for day in (DAY, OTHER)]


def close_tomorrow(venue: Venue, plan: ClosurePlan = ClosurePlan.MOVE) -> Closure:
    return close(venue, plan, day=DAY, to=OTHER)


def show(**members: Any) -> Any:
    return line("SHOW", DAY, visitTime="14:00", **members)


def moved_once(orders: int) -> None:
    """Assert that every order of the closed day was moved, and each of them once."""
    moves = Counter(OrderEvent.objects.filter(name="moved").values_list("subject_id", flat=True))
    assert set(moves.values()) == {1}
    assert len(moves) == orders
    assert set(Asset.objects.living().values_list("visit_date", flat=True).distinct()) == {
        OrderLine.objects.latest("visit_date").visit_date
    }


def test_no_sale_that_races_the_closing_is_left_out(
    api: ApiClient,
    rival: ApiClient,
    issue: Issue,
    venue: Venue,
    cinema: Attraction,
    shows: list[Session],
) -> None:
    answers: dict[str, list[int]] = {}
    closed: list[Closure] = []
    selling = threading.Event()

    def sell(client: ApiClient, *items: Any) -> None:
        for number in range(25):
            reference = f"{client.partner.name} {items[0]['itemNumber']} {number}"
            response = client.post(client.order_body(*items, sellToOrderReference=reference))
            answers.setdefault(reference, []).append(response.status_code)
            if number == 5:
                selling.set()

    def shut() -> None:
        selling.wait()
        closed.append(close_tomorrow(venue))

    at_once(
        lambda: sell(api, show()),
        lambda: sell(rival, show()),
        lambda: sell(api, line(visit_date=DAY)),
        shut,
    )
    (closure,) = closed
    # What has a place of a closed session was listed by the closing itself.
    listed = set(ClosureOrder.objects.values_list("order_id", flat=True))
    taken = Allocation.objects.filter(session__date=DAY).values_list("line__order", flat=True)
    assert set(taken) <= listed
    for key in Order.objects.values_list("pk", flat=True):
        issue(str(key))
    assert work_off(closure).status == "Done"
    assert {outcome for outcome, _ in outcomes(closure).values()} == {"moved"}
    sold = sum(status == [201] for status in answers.values())
    assert len(outcomes(closure)) == Order.objects.count() == sold
    assert not Allocation.objects.filter(session__date=DAY).exists()
    assert not OrderLine.objects.filter(visit_date=DAY).exists()
    moved_once(sold)


def test_a_visit_without_a_session_that_was_being_sold_is_listed_when_it_is_stored(
    api: ApiClient, issue: Issue, venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked, closed, sold = threading.Event(), threading.Event(), threading.Event()
    plan = intake.plan_contents

    def look_and_wait(*args: Any, **kwargs: Any) -> Any:
        plans = plan(*args, **kwargs)
        looked.set()
        assert closed.wait(10)
        return plans

    monkeypatch.setattr(intake, "plan_contents", look_and_wait)
    closures: list[Closure] = []

    def sell() -> None:
        api.create(line(visit_date=DAY))
        sold.set()

    def shut() -> None:
        assert looked.wait(10)
        closure = close_tomorrow(venue)
        # The sale has looked at an open calendar and has not been stored: nobody knows of it.
        closure = run_once(closure)
        assert (closure.status, outcomes(closure)) == ("Running", {})
        closed.set()
        assert sold.wait(10)
        closures.append(closure)

    at_once(sell, shut)
    issue(str(Order.objects.get().pk))
    assert work_off(closures[0]).status == "Done"
    moved_once(1)


def test_two_jobs_of_one_closure_share_its_orders(
    api: ApiClient, issue: Issue, venue: Venue, shows: list[Session]
) -> None:
    for number in range(12):
        settle(api, issue, show(), sellToOrderReference=f"WEB-{number}")
    closure = close_tomorrow(venue)

    def clear() -> None:
        clearing.clear_day(closure_id=closure.pk, clock=timezone.now)

    at_once(clear, clear)
    assert work_off(closure).status == "Done"
    moved_once(12)


def test_of_two_closings_of_one_day_each_order_follows_one(
    api: ApiClient, issue: Issue, venue: Venue, shows: list[Session]
) -> None:
    for number in range(12):
        settle(api, issue, show(), sellToOrderReference=f"WEB-{number}")
    closures: list[Closure] = []
    at_once(
        lambda: closures.append(close_tomorrow(venue)),
        lambda: closures.append(close_tomorrow(venue, ClosurePlan.CANCEL)),
    )
    at_once(*[lambda closure=closure: work_off(closure) for closure in closures])
    of_each = [Counter(outcome for outcome, _ in outcomes(one).values()) for one in closures]
    assert [sum(counts.values()) for counts in of_each] == [12, 12]
    total = of_each[0] + of_each[1]
    assert total["moved"] + total["cancelled"] == total["skipped"] == 12
    statuses = Counter(Order.objects.values_list("status", flat=True))
    assert statuses["Issued"] == total["moved"]
    assert statuses["Cancelled"] == total["cancelled"]


_DIES_AT_THE_FOURTH = """
import os, signal, sys, uuid
import django
django.setup()
from django.utils import timezone
from orders import clearing, moving
real, moved = moving.move_order, []
def move_and_die(**arguments):
    order = real(**arguments)
    moved.append(order)
    if len(moved) == 4:
        os.kill(os.getpid(), signal.SIGKILL)
    return order
moving.move_order = move_and_die
clearing.clear_day(closure_id=uuid.UUID(sys.argv[1]), clock=timezone.now)
"""


def test_a_worker_that_is_killed_in_the_middle_leaves_nothing_half_done(
    api: ApiClient, issue: Issue, venue: Venue, shows: list[Session]
) -> None:
    for number in range(6):
        settle(api, issue, show(quantity=2), sellToOrderReference=f"WEB-{number}")
    closure = close_tomorrow(venue)
    address = urllib.parse.urlsplit(os.environ["DATABASE_URL"])
    name = connection.settings_dict["NAME"]
    killed = subprocess.run(
        [sys.executable, "-c", _DIES_AT_THE_FOURTH, str(closure.pk)],
        env={
            **os.environ,
            "DATABASE_URL": address._replace(path=f"/{name}").geturl(),
            "DJANGO_SETTINGS_MODULE": "channel_manager.settings",
        },
        check=False,
        capture_output=True,
    )
    assert killed.returncode == -9, killed.stderr
    states = [outcome for outcome, _ in outcomes(closure).values()]
    assert states == ["moved"] * 3 + ["waiting"] * 3
    today, later = shows
    for row in shows:
        row.refresh_from_db()
    assert (today.sold, later.sold) == (6, 6)
    assert work_off(closure).status == "Done"
    for row in shows:
        row.refresh_from_db()
    assert (today.sold, later.sold) == (0, 12)
    moved_once(6)
