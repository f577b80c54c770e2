"""Where reports read: a connection, page by page, or all rows of one moment as a stream."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import adapters, pq

from channel_manager.lib.replica import PRIMARY

# So many rows at a time are in memory.
BATCH = 2000
# While rows are made of what was read, the transaction stands still: longer, and it is given up
# with its locks. Sorting a million rows takes longer than a request may.
_PATIENCE = {
    "statement_timeout": "10min",
    "idle_in_transaction_session_timeout": "2min",
    # Rows are looked up by key, some thousand at a time, and many lie together.
    "random_page_cost": "1.1",
    "jit": "off",
}
# Nothing is asked of the connection that holds a turn while one statement runs, and its rows wait.
_TURN_PATIENCE = "12min"
_cursors = itertools.count(1)
_MOMENTS = adapters.get_loader(adapters.types["timestamptz"].oid, pq.Format.TEXT)


class Source:
    """A connection to read from; a stream needs a transaction.

    using: the alias of the database, where no reader has a connection of its own.
    """

    def __init__(self, reader: BaseDatabaseWrapper | None = None, using: str = PRIMARY) -> None:
        self._reader = reader
        self._using = using
        # What chosen.venues_of has read, by what it was asked for.
        self.venues: dict[Any, Any] = {}

    def all(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a statement."""
        with self._cursor() as cursor:
            cursor.execute(sql, parameters)
            found: list[tuple[Any, ...]] = cursor.fetchall()
            return found

    def stream(self, sql: str, parameters: Sequence[Any] = ()) -> Iterator[list[tuple[Any, ...]]]:
        """Yield the rows of a statement, some at a time, by a cursor of the database."""
        name = f"report_{next(_cursors)}"
        with self._cursor() as cursor:
            cursor.execute(f"DECLARE {name} NO SCROLL CURSOR FOR {sql}", parameters)
        while batch := self.all(f"FETCH {BATCH} FROM {name}"):
            yield batch
        with self._cursor() as cursor:
            cursor.execute(f"CLOSE {name}")

    @contextmanager
    def _cursor(self) -> Iterator[Any]:
        """Have a cursor; on a connection of its own one that makes moments quickly.

        Django's makes every moment in Python, which is as much work as all the rest.
        """
        if self._reader is None:
            with connections[self._using].cursor() as cursor:
                yield cursor
            return
        with self._reader.wrap_database_errors, self._reader.connection.cursor() as cursor:
            cursor.adapters.register_loader("timestamptz", _MOMENTS)
            yield cursor


@contextmanager
def snapshot(using: str) -> Iterator[Source]:
    """Read as all was at one moment, over a connection of its own; nothing can be written.

    using: the alias of the database.
    """
    reader = connections.create_connection(using)
    try:
        with reader.cursor() as cursor:
            cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            settings = ", ".join("set_config(%s, %s, true)" for _ in _PATIENCE)
            cursor.execute(
                f"SELECT {settings}", [text for pair in _PATIENCE.items() for text in pair]
            )
        yield Source(reader)
    finally:
        # It ends with its connection.
        reader.close()


@contextmanager
def turn(key: int) -> Iterator[Source | None]:
    """Hold an advisory lock of 64 bits at the primary while the block lasts; None: another has it.

    The connection is its own, in a transaction: whoever stands still with it loses the turn. Ask
    something of it now and then.
    """
    holder = connections.create_connection(PRIMARY)
    try:
        with holder.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute(f"SET LOCAL idle_in_transaction_session_timeout = '{_TURN_PATIENCE}'")
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [key])
            is_ours = cursor.fetchone() == (True,)
        yield Source(holder) if is_ours else None
    finally:
        holder.close()
