"""Closes a day of the stage, as staff do: `Stack.django("tests.chaos.closer", day, other_day)`.

With another day the orders are moved there, else they are cancelled; prints the closure's id.
"""

from __future__ import annotations

import datetime
import sys
import uuid

from django.utils import timezone

from catalog.closing import Day
from orders.closing import close_day
from orders.models import ClosurePlan
from partners.models import Venue


def close(day: datetime.date, other_day: datetime.date | None) -> uuid.UUID:
    """Close the day for the whole venue."""
    closure = close_day(
        closure_id=uuid.uuid4(),
        day=Day(venue=Venue.objects.get(code="stage"), date=day),
        plan=ClosurePlan.MOVE if other_day else ClosurePlan.CANCEL,
        to_date=other_day,
        reason="A storm is coming.",
        actor="staff:1",
        now=timezone.now(),
    )
    return closure.pk


if __name__ == "__main__":
    days = [datetime.date.fromisoformat(day) for day in sys.argv[1:]]
    print(close(days[0], days[1] if len(days) > 1 else None))
