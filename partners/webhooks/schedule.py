"""When a delivery that failed is tried again."""

from __future__ import annotations

import datetime
import secrets

_MINUTE, _HOUR = 60, 60 * 60
# Seconds before each attempt, counted from the one before it: 272,105 s, 75 h 35 min 5 s in all.
WAITS = (
    0,
    5,
    5 * _MINUTE,
    30 * _MINUTE,
    2 * _HOUR,
    5 * _HOUR,
    10 * _HOUR,
    14 * _HOUR,
    20 * _HOUR,
    24 * _HOUR,
)
# Each wait is lengthened by up to a tenth: what failed together does not come back together.
MOST_JITTER = 0.1
# An endpoint may ask for this much patience; more would be a way to be forgotten.
MOST_PATIENCE = datetime.timedelta(hours=24)


def wait_before(step: int, *, jitter: float) -> datetime.timedelta | None:
    """Return how long to wait before a run's attempt (0 is the first); None when it has no more.

    jitter: from 0 to 1, how much of the longest lengthening is added.
    """
    if step >= len(WAITS):
        return None
    return datetime.timedelta(seconds=WAITS[step] * (1 + MOST_JITTER * jitter))


def draw_jitter() -> float:
    """Return a random number from 0 to 1."""
    return secrets.randbelow(1_000_001) / 1_000_000
