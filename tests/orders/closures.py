"""Closing a day as the order desk does, and working it off as the worker does."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from catalog.closing import Day
from catalog.models import Attraction
from channel_manager.history.models import Event
from channel_manager.lib.identity import time_ordered_uuid
from orders import clearing, closing
from orders.models import Closure, ClosureOrder, ClosurePlan
from partners.models import Venue
from tests.orders.expected import VISIT

NEXT = "2026-11-24"
DESK = "staff:7"
# More runs than any test needs: a closure that never ends is a fault.
_MOST_RUNS = 60


def close(
    venue: Venue,
    plan: ClosurePlan = ClosurePlan.MOVE,
    *,
    attraction: Attraction | None = None,
    day: str = VISIT,
    to: str = NEXT,
    closure_id: uuid.UUID | None = None,
) -> Closure:
    """Close a day of the venue, or of an attraction; nothing is worked off yet."""
    return closing.close_day(
        closure_id=closure_id or time_ordered_uuid(),
        day=Day(venue=venue, date=datetime.date.fromisoformat(day), attraction=attraction),
        plan=plan,
        to_date=datetime.date.fromisoformat(to) if plan == ClosurePlan.MOVE else None,
        reason="A storm",
        actor=DESK,
        now=timezone.now(),
    )


def run_once(closure: Closure) -> Closure:
    """Do what the worker does for the job that the closure has now; return it as it is then."""
    closure = Closure.objects.get(pk=closure.pk)
    job = ProcrastinateJob.objects.get(pk=closure.job_id)
    assert (job.task_name, job.queue_name) == ("orders.clear_day", "closing")
    assert job.args["closure_id"] == str(closure.pk)
    since = job.args["since"]
    clearing.clear_day(
        closure_id=closure.pk,
        clock=timezone.now,
        since=datetime.datetime.fromisoformat(since) if since else None,
        after=int(job.args["after"]),
    )
    return Closure.objects.get(pk=closure.pk)


def work_off(closure: Closure) -> Closure:
    """Run its jobs until it has ended; return it."""
    for _ in range(_MOST_RUNS):
        closure = run_once(closure)
        if closure.status != "Running":
            return closure
    raise AssertionError(f"{closure} does not come to an end: {outcomes(closure)}")


def outcomes(closure: Closure) -> dict[str, tuple[str, str]]:
    """Return what became of each order, and why, by its document number."""
    rows = ClosureOrder.objects.filter(closure=closure)
    return {row.buy_from_order_reference: (row.outcome, row.message) for row in rows}


def events(closure: Closure) -> list[tuple[str, str, str, str, dict[str, Any]]]:
    """Return what happened to a closure: name, both states, actor and data."""
    rows = Event.objects.filter(kind="closure", subject_id=closure.pk).order_by("id")
    return [(row.name, row.from_state, row.to_state, row.actor, row.data) for row in rows]
