"""Orders, their lines, the ledger and the order's view of the event log."""

from orders.models.event import OrderEvent
from orders.models.ledger import LedgerEntry, LedgerKind
from orders.models.line import OrderLine
from orders.models.order import ORDER_KIND, FailureCode, Order, OrderQuerySet, OrderStatus

__all__ = [
    "ORDER_KIND",
    "FailureCode",
    "LedgerEntry",
    "LedgerKind",
    "Order",
    "OrderEvent",
    "OrderLine",
    "OrderQuerySet",
    "OrderStatus",
]
