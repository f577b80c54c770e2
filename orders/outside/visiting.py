"""How often an address may tell us something without a key: a bucket in this process's memory.

No storefront stands behind an outside system, so that there is no row to keep a bucket in; and what
is stored for one notice is one row. So each process counts for itself: the bound is a multiple of
the processes, which is near enough for keeping a flood out.
"""

from __future__ import annotations

import math
import threading
import time

from channel_manager.lib.errors import ErrorCode, Refusal

# A park full of guests is scanned at some ten gates; pushes come in heaps after an outage there.
_PER_SECOND = 20.0
_BURST = 200.0
_MOST_ADDRESSES = 10_000


class TooMany(Refusal):
    """An address has told us more than it may."""

    code = ErrorCode.RATE_LIMITED


class Visitors:
    """Buckets by address; the one that was begun first is forgotten when there are too many."""

    def __init__(self) -> None:
        self._levels: dict[str, tuple[float, float]] = {}
        self._writing = threading.Lock()

    def charge(self, address: str) -> None:
        """Take a token of an address; raises TooMany when it has none."""
        now = time.monotonic()
        with self._writing:
            level, at = self._levels.pop(address, (_BURST, now))
            level = min(_BURST, level + (now - at) * _PER_SECOND)
            is_granted = level >= 1
            self._levels[address] = (level - 1 if is_granted else level, now)
            if len(self._levels) > _MOST_ADDRESSES:
                del self._levels[next(iter(self._levels))]
        if not is_granted:
            seconds = math.ceil((1 - level) / _PER_SECOND)
            raise TooMany(
                f"This address may send {_PER_SECOND:.0f} requests a second.", retry_after=seconds
            )

    def forget_all(self) -> None:
        """Fill every bucket."""
        with self._writing:
            self._levels.clear()


VISITORS = Visitors()
