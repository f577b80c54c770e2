"""Staff who replay orders that ended in Error.

`Stack.django("tests.chaos.replaying")` runs it: it reads their ids from standard input, one a line.
"""

from __future__ import annotations

import sys
import uuid

from django.utils import timezone

from orders.lifecycle import replay_order
from orders.models import Order

if __name__ == "__main__":
    for line in sys.stdin:
        replay_order(
            orders=Order.objects.all(),
            order_id=uuid.UUID(line.strip()),
            actor="staff:1",
            now=timezone.now(),
        )
