"""What the tests of test mode share with those of orders and of the gate."""

from typing import Any

from django.db import connection

from tests.gate.conftest import gate, make_gate
from tests.orders.conftest import cinema, clock, hall, hold, matinee, play, show, theatre

__all__ = [
    "cinema",
    "clock",
    "gate",
    "hall",
    "hold",
    "make_gate",
    "matinee",
    "play",
    "show",
    "theatre",
]


def sql(query: str, *values: Any) -> list[tuple[Any, ...]]:
    """Run a statement in the test's transaction, for the invariants."""
    with connection.cursor() as cursor:
        cursor.execute(query.replace("%", "%%") if not values else query, values or None)
        return list(cursor.fetchall()) if cursor.description else []
