"""What the database says when it is not the work that is at fault."""

from django.db import InterfaceError, InternalError, OperationalError

# Gone, restarting, read-only, out of time, or another transaction was in the way: the same work
# may succeed in a moment. Time-outs and read-only servers are InternalErrors.
DATABASE_AWAY = (OperationalError, InterfaceError, InternalError)
