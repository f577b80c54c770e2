"""Where races about places happen: a fresh day for each, and what is counted there afterwards."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.process import wait_for
from tests.stack import Stack
from tests.traffic import Expected, Gate, Seller

DAYS = 250
# Contract: what a dead worker held is retried within a minute; the figure shown is the real one.
SETTLE_SECONDS = 120.0


@dataclass
class Stage:
    """A venue of a stack: sessions on many days, two partners, two gates."""

    stack: Stack
    made: dict[str, Any]
    _days: Iterator[str]
    noted: Counter[str] = field(default_factory=Counter)  # what the races did, for a table
    # Orders by id that were answered with 201 and not deleted since, of the run that is checked.
    accepted: dict[str, Expected] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @classmethod
    def of(cls, stack: Stack, *, days: int = DAYS) -> Stage:
        """Make the venue, once for a stack, with sessions on so many days."""
        made = json.loads(stack.django("tests.chaos.stage_data", str(days)))
        return cls(stack, made, iter(made["days"]))

    def new_day(self, *, capacity: int | None = None) -> str:
        """Return a day that nobody has bought; all but the numbered seats get the capacity."""
        day = next(self._days)
        if capacity is not None:
            self.stack.sql(
                "UPDATE catalog_session SET capacity = %s WHERE seat_plan_id IS NULL"
                f" AND {_OF_DAY}",
                capacity,
                self.made["venue"],
                day,
            )
        return day

    def reference(self) -> str:
        """Return a reference that no order has yet."""
        return f"STAGE-{next(self._numbers)}"

    def seller(self, number: int = 0) -> Seller:
        """Return a connection of a partner; the second one has an allotment."""
        entry = self.made["sellers"][number]
        return Seller(self.stack.port, entry["key"], entry["partner"])

    @contextmanager
    def sellers(self, count: int, number: int = 0) -> Iterator[Sequence[Seller]]:
        """Give out connections of a partner, and close them."""
        connections = [self.seller(number) for _ in range(count)]
        try:
            yield connections
        finally:
            for connection in connections:
                connection.close()

    def gates(self) -> list[Gate]:
        """Return a connection of each gate device."""
        return [Gate(self.stack.port, key) for key in self.made["gates"]]

    def session(self, attraction: str, day: str, at: str = "10:00") -> str:
        """Return the id of a session."""
        [(key,)] = self.stack.sql(
            "SELECT s.id::text FROM catalog_session s"
            " JOIN catalog_attraction a ON a.id = s.attraction_id"
            " WHERE a.venue_id = %s AND a.code = %s AND s.date = %s AND s.time = %s::time",
            self.made["venue"],
            attraction,
            day,
            at,
        )
        return str(key)

    def taken(self, day: str) -> tuple[int, int]:
        """Return how many places of a day are held and how many are sold, over its sessions."""
        [(held, sold)] = self.stack.sql(
            f"SELECT sum(held)::int, sum(sold)::int FROM catalog_session WHERE {_OF_DAY}",
            self.made["venue"],
            day,
        )
        return int(held), int(sold)

    def wait_until_nothing_is_held(self, day: str, *, seconds: float = 30.0) -> float:
        """Return how long it took until the day has no held places."""
        return wait_for("nothing is held", lambda: not self.taken(day)[0], seconds=seconds)

    @property
    def deadlocks(self) -> int:
        """Return how many deadlocks the database had to break so far."""
        [(count,)] = self.stack.sql(
            "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        )
        return int(count)

    @property
    def waiting(self) -> int:
        """Return how many clients of the database wait for a lock of somebody else."""
        [(count,)] = self.stack.sql(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return int(count)


_OF_DAY = "attraction_id IN (SELECT id FROM catalog_attraction WHERE venue_id = %s) AND date = %s"
