"""Statements that the database parses and plans once for each connection, not at each call.

For the few that nearly every request runs. Django binds values on our side: each statement is
another text then, and planning a large one takes the database longer than answering it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, NotSupportedError, connection, connections

# Of one connection; psycopg forgets the one that was not used for longest.
_KEPT = 100


class _Cursor(psycopg.Cursor[tuple[Any, ...]]):
    """A cursor whose statements are prepared at once; values travel beside them.

    Only they are: while a connection has a threshold, psycopg keeps whatever else is sent, too,
    which Django sends with its values in it.
    """

    def execute(self, query: Any, params: Any = None, **options: Any) -> _Cursor:
        connection = self.connection
        connection.prepare_threshold, connection.prepared_max = 0, _KEPT
        try:
            super().execute(query, params, prepare=True, **options)
        finally:
            connection.prepare_threshold = None  # Django's default, by which nothing is prepared
        return self


def rows_of(statement: str, values: Sequence[Any] | Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Run a statement that was written once, and return its rows.

    Types of its values are the statement's to say: `%s::uuid[]`.
    """
    try:
        return _run(statement, values)
    except NotSupportedError:
        # A migration has changed the type of a column since: that ends what was prepared.
        if connection.in_atomic_block:
            raise
        connection.close()
        return _run(statement, values)


def _run(statement: str, values: Sequence[Any] | Mapping[str, Any]) -> list[tuple[Any, ...]]:
    ours = connections[DEFAULT_DB_ALIAS]
    ours.close_if_health_check_failed()
    ours.ensure_connection()
    raw = ours.connection
    with ours.wrap_database_errors, ours._prepare_cursor(_Cursor(raw)) as cursor:  # type: ignore[attr-defined]
        cursor.execute(statement, values)
        return [] if cursor.rownumber is None else cursor.fetchall()
