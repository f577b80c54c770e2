"""The database backend: a kept connection is looked at before its first use, not asked."""

from __future__ import annotations

import select
import time

import psycopg
from django.db.backends.postgresql import base

# What stands between us and the server forgets a connection that was idle for minutes, and a server
# that has lost its power ends none: only who asks finds out.
_TRUSTED_SECONDS = 30


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's, which asks `SELECT 1` of a kept connection with every request.

    A server that ended a connection has said so: there is something to be read. Only then is it
    asked, since what there is to be read may be news of another kind; and when the connection was
    not used for a while.
    """

    health_check_done: bool
    _looked_at = -float("inf")

    def close_if_health_check_failed(self) -> None:
        """Leave a connection of which nothing was heard as it is; look into any other."""
        if self.connection is not None and not self.health_check_done:
            was_idle = time.monotonic() - self._looked_at > _TRUSTED_SECONDS
            self._looked_at = time.monotonic()
            if not was_idle and self._is_silent():
                self.health_check_done = True
        super().close_if_health_check_failed()

    def _is_silent(self) -> bool:
        try:
            socket = self.connection.fileno()
        except psycopg.Error:  # it is closed on our side
            return False
        poll = select.poll()
        poll.register(socket, select.POLLIN)
        return not poll.poll(0)
