"""The running number within a document number such as CM26-0000042, by which these are in order.

As text they are not: numbers grow beyond seven digits, a year comes before them, and the letters
may change. The indexes are made of this very expression; another is not served by them.
"""

from __future__ import annotations

from django.db.models import BigIntegerField, Expression, F, Func, Value
from django.db.models.functions import Cast, Coalesce

# A test order's number has letters before these; it has no place in this order.
_SHAPE = "^[A-Z0-9]+-([0-9]{1,18})$"


def running_number(reference: Expression | F) -> Coalesce:
    """Return the expression of the running number; 0 for what is no number of a sale."""
    digits = Func(reference, Value(_SHAPE), function="SUBSTRING")
    return Coalesce(Cast(digits, BigIntegerField()), 0, output_field=BigIntegerField())


def running_number_sql(reference: str) -> str:
    """Return the same in SQL, of a column or another expression."""
    return f"COALESCE((SUBSTRING({reference}, '{_SHAPE}'))::bigint, 0)"
