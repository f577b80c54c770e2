"""What the database says when it is not the work that is at fault, and how it is told to read."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import (
    IntegrityError,
    InterfaceError,
    InternalError,
    OperationalError,
    connection,
    transaction,
)
from psycopg.errors import QueryCanceled

# Gone, restarting, read-only, out of time, or another transaction was in the way: the same work
# may succeed in a moment. Time-outs and read-only servers are InternalErrors.
DATABASE_AWAY = (OperationalError, InterfaceError, InternalError)


def broken_constraint(error: IntegrityError) -> str | None:
    """Return the name of the constraint that an error tells of."""
    return getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)


def require_no_transaction() -> None:
    """Raise RuntimeError within a transaction, before others are waited for; costs no statement."""
    with transaction.atomic(durable=True):
        pass


class TookTooLong(OperationalError):
    """The database was still reading when its time was over."""


@contextmanager
def reading() -> Iterator[None]:
    """Read in a transaction of its own, whose settings (`set_for_now`) end with it.

    It is rolled back, so nothing may be written. Raises TookTooLong when a statement does not end
    within the `statement_timeout` that was set.
    """
    try:
        with transaction.atomic():
            yield
            transaction.set_rollback(True)
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            raise TookTooLong from error
        raise


def set_for_now(**settings: str) -> None:
    """Set PostgreSQL's settings until the transaction ends."""
    calls = ", ".join("set_config(%s, %s, true)" for _ in settings)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {calls}", [text for pair in settings.items() for text in pair])


@contextmanager
def session_lock(key: int) -> Iterator[bool]:
    """Hold an advisory lock of 64 bits while the block lasts; give False where another has it.

    It is of the connection, not of a transaction: it ends with its worker.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [key])
        is_ours = cursor.fetchone() == (True,)
    try:
        yield is_ours
    finally:
        # A connection that is gone has taken its lock with it.
        if is_ours and connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [key])
