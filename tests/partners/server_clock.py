"""The clocks that limits are counted by, standing still."""

from __future__ import annotations

import datetime

from django.db import connection

from tests.orders.expected import NOON

SECOND = 1_000_000  # in microseconds


class ServerClock:
    """The clocks of the database and of this process: they stand still until they are moved."""

    def __init__(self) -> None:
        self.microseconds = 0
        with connection.cursor() as cursor:
            cursor.execute(
                "CREATE SCHEMA standing;"
                " CREATE FUNCTION standing.clock_timestamp() RETURNS timestamptz LANGUAGE sql"
                " AS $$ SELECT current_setting('standing.clock')::timestamptz $$;"
                " SET LOCAL search_path = standing, pg_catalog, public"
            )
        self.forward(0)

    def forward(self, microseconds: int) -> None:
        """Move both clocks; a negative number sets them back."""
        self.microseconds += microseconds
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('standing.clock', %s, true)", [self.now.isoformat()])

    @property
    def now(self) -> datetime.datetime:
        """Return the moment that the database's clock shows."""
        return NOON + datetime.timedelta(microseconds=self.microseconds)

    def monotonic_ns(self) -> int:
        return self.microseconds * 1000
