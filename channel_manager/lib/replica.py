"""Where lists and reports are read: a streaming replica while it is good enough, else the primary.

Only what is asked here is ever read there. Everything else, what is read to be written above all,
is read where it is written.
"""

from __future__ import annotations

import dataclasses
import logging
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from django.conf import settings
from django.db import connections
from psycopg.errors import QueryCanceled

from channel_manager.lib.database import DATABASE_AWAY

PRIMARY, REPLICA = "default", "replica"
# What is on disk at the primary is all that was committed, unless synchronous_commit is off there.
_POSITION = "SELECT pg_current_wal_flush_lsn()::text"
# An idle primary writes nothing: its last commit is old, and yet the replica has everything.
_STANDING = """
    SELECT pg_is_in_recovery(),
           coalesce(pg_last_wal_replay_lsn() >= %s::pg_lsn, false),
           extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())::float8
"""
# How long a verdict on the replica holds, and how long a request waits for it to catch up, in
# seconds: it is some milliseconds behind while orders come.
_HOLDS = 1.0
# One that is away is left alone for longer: to find out takes seconds, of somebody's request.
_AWAY_HOLDS = 15.0
_PATIENCE = 0.02
_PAUSE = 0.002
_log = logging.getLogger(__name__)
_Found = TypeVar("_Found")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Standing:
    """How a server stands against a position of the primary's log.

    age: seconds since the last commit that it replayed was made, None before the first.
    """

    is_standby: bool
    has_all: bool
    age: float | None

    def lags_at_most(self, seconds: float) -> bool:
        """Tell whether it is a replica that lacks nothing older than so many seconds."""
        if not self.is_standby:
            return False
        return self.has_all or (self.age is not None and self.age <= seconds)


def read_up_to_date(ask: Callable[[str], _Found], *, patience: float = _PATIENCE) -> _Found:
    """Return what `ask` reads of the database whose alias it is given; all committed is in it.

    patience: how many seconds the replica is given to catch up, before the primary is asked.
    """
    return _read(ask, lambda: _WATCH.is_recent() and _catches_up(patience))


def read_recent(ask: Callable[[str], _Found]) -> _Found:
    """Return what `ask` reads, which may lack the last REPLICA_MAX_LAG_SECONDS."""
    return _read(ask, _WATCH.is_recent)


def _read(ask: Callable[[str], _Found], will_do: Callable[[], bool]) -> _Found:
    """Ask the replica if it will do; the primary also when the replica fails meanwhile.

    It does so when it restarts, and cancels a statement that what it replays would wait for.
    """
    if REPLICA in connections.settings:
        try:
            if will_do():
                return ask(REPLICA)
        except DATABASE_AWAY as error:
            if isinstance(error.__cause__, QueryCanceled):
                raise  # it took too long, and would at the primary
            _log.warning("The replica could not answer: %s", error)
            _WATCH.give_up()
            connections[REPLICA].close()
    return ask(PRIMARY)


class _Watch:
    """Whether the replica is recent enough to be asked at all: looked at once a second."""

    def __init__(self) -> None:
        self._looking = threading.Lock()
        self._is_recent = False
        self._until = 0.0

    def is_recent(self) -> bool:
        """Return the verdict; while one thread looks, which may take long, the others do without."""
        if time.monotonic() < self._until:
            return self._is_recent
        if not self._looking.acquire(blocking=False):
            return False
        try:
            self._is_recent = _standing(_position()).lags_at_most(settings.REPLICA_MAX_LAG_SECONDS)
            self._until = time.monotonic() + _HOLDS
        except DATABASE_AWAY:
            self._is_recent, self._until = False, time.monotonic() + _AWAY_HOLDS
            raise
        finally:
            self._looking.release()
        return self._is_recent

    def give_up(self) -> None:
        """Ask it nothing until it is looked at again."""
        self._is_recent = False
        self._until = max(self._until, time.monotonic() + _HOLDS)

    def forget(self) -> None:
        """Look anew at the next question."""
        self._until = 0.0


_WATCH = _Watch()


def look_anew() -> None:
    """Forget what is known of the replica: for whoever has just changed it."""
    _WATCH.forget()


def _catches_up(patience: float) -> bool:
    """Tell whether the replica has all that is committed now, before patience ends."""
    position, until = _position(), time.monotonic() + patience
    while not _standing(position).has_all:
        if time.monotonic() >= until:
            return False
        time.sleep(_PAUSE)
    return True


def _position() -> str:
    with connections[PRIMARY].cursor() as cursor:
        cursor.execute(_POSITION)
        return str(cursor.fetchone()[0])


def _standing(position: str) -> Standing:
    with connections[REPLICA].cursor() as cursor:
        cursor.execute(_STANDING, [position])
        is_standby, has_all, age = cursor.fetchone()
    return Standing(is_standby=is_standby, has_all=has_all, age=age)
