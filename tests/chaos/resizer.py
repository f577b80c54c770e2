"""Changes a session's capacity again and again, as staff may while it is being sold.

`Stack.django("tests.chaos.resizer", session, seed, times)` runs it; it prints the capacity that it
left behind, and how many changes were refused.
"""

from __future__ import annotations

import json
import random
import sys
import uuid

from django.utils import timezone

from catalog.models import Session
from catalog.scheduling import PlacesTaken, adjust_session

MOST = 30


def resize(session_id: uuid.UUID, *, chance: random.Random, times: int) -> dict[str, int]:
    """Try any capacity up to MOST; raises nothing but what is not meant to happen."""
    refused = 0
    for _ in range(times):
        try:
            adjust_session(
                session_id=session_id,
                capacity=chance.randint(0, MOST),
                is_on_sale=True,
                actor="staff:1",
                now=timezone.now(),
            )
        except PlacesTaken:
            refused += 1
    return {"capacity": Session.objects.get(pk=session_id).capacity, "refused": refused}


if __name__ == "__main__":
    key, seed, times = sys.argv[1:]
    found = resize(uuid.UUID(key), chance=random.Random(int(seed)), times=int(times))
    print(json.dumps(found))
