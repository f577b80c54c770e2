"""Asking the database something that has to be answered soon, or not at all."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Iterator

from django.db import DEFAULT_DB_ALIAS, OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

# libpq takes nothing shorter.
_CONNECT_SECONDS = 2


@contextlib.contextmanager
def answering_within(seconds: float) -> Iterator[None]:
    """Cut this thread's connection when a block takes longer; what waits for it fails then.

    PostgreSQL's own time-outs are of no use against a server that is frozen or cannot be reached.
    To find out that a connection of before is of no use may take as long again, and to make a new
    one two seconds. Raises what DATABASE_AWAY names.
    """
    connection = connections[DEFAULT_DB_ALIAS]
    with _cutting(connection, seconds):
        connection.close_if_health_check_failed()
    if connection.connection is None:
        _try_to_connect(connection)
    with _cutting(connection, seconds):
        yield


@contextlib.contextmanager
def _cutting(connection: BaseDatabaseWrapper, seconds: float) -> Iterator[None]:
    timer = threading.Timer(seconds, _cut, [connection])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _try_to_connect(connection: BaseDatabaseWrapper) -> None:
    """Find out whether a server answers at all."""
    parameters = {**connection.get_connection_params(), "connect_timeout": _CONNECT_SECONDS}
    with connection.wrap_database_errors:
        connection.get_new_connection(parameters).close()


def _cut(connection: BaseDatabaseWrapper) -> None:
    if connection.connection is None:
        return
    with contextlib.suppress(OSError, ValueError, OperationalError):
        copy = socket.socket(fileno=os.dup(connection.connection.fileno()))
        with copy:
            copy.shutdown(socket.SHUT_RDWR)
