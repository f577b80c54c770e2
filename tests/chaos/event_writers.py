"""Processes that write events at once, commit in any order, and roll some back.

`Stack.django("tests.chaos.event_writers")` runs it: it reads what to do from standard input.
"""

from __future__ import annotations

import json
import os
import random
import sys
import uuid

from django.db import connection, transaction
from django.utils import timezone

from partners.models import EventType
from partners.webhooks.recording import NewEvent, record_events


def write(partner_id: uuid.UUID, writer: int, events: int, seed: int) -> None:
    """Write so many events, each in a transaction that may take its time."""
    chance = random.Random(f"{seed}-{writer}")
    for number in range(events):
        with transaction.atomic():
            _one(partner_id, f"{writer}-{number}")
            if chance.random() < 0.2:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_sleep(%s)", [chance.random() / 100])
        if chance.random() < 0.1:
            with transaction.atomic():
                _one(partner_id, "rolled back")
                transaction.set_rollback(True)


def _one(partner_id: uuid.UUID, name: str) -> None:
    event = NewEvent(
        event_type=EventType.CHANGED,
        partner_id=partner_id,
        test_mode=False,
        order_id=None,
        data={"name": name},
    )
    record_events([event], now=timezone.now())


def main() -> None:
    """Fork a process for each writer and wait for all."""
    given = json.load(sys.stdin)
    children = []
    for writer in range(given["writers"]):
        pid = os.fork()
        if not pid:
            code = 1
            try:
                write(uuid.UUID(given["partner"]), writer, given["each"], given["seed"])
                code = 0
            finally:
                os._exit(code)
        children.append(pid)
    if any(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children):
        sys.exit("A writer failed.")


if __name__ == "__main__":
    main()
