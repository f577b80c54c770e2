"""What the database says when it is not the work that is at fault."""

from django.db import IntegrityError, InterfaceError, InternalError, OperationalError

# Gone, restarting, read-only, out of time, or another transaction was in the way: the same work
# may succeed in a moment. Time-outs and read-only servers are InternalErrors.
DATABASE_AWAY = (OperationalError, InterfaceError, InternalError)


def broken_constraint(error: IntegrityError) -> str | None:
    """Return the name of the constraint that an error tells of."""
    return getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)
