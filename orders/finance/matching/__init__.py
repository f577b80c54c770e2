"""Matching a statement with our orders: pure, repeatable, and blind to the order of its inputs.

The rules by which lines are found stand in `finding`, what becomes of an order's lines in
`comparing`; docs/finance-matching.md has both as tables.
"""

from orders.finance.matching.engine import match
from orders.finance.matching.references import (
    NORMALISED_IN_SQL,
    References,
    normalised,
    references_of,
)
from orders.finance.matching.results import LineResult, Matching, OrderResult

__all__ = [
    "NORMALISED_IN_SQL",
    "LineResult",
    "Matching",
    "OrderResult",
    "References",
    "match",
    "normalised",
    "references_of",
]
