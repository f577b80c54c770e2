"""Orders, their lines and places, holds, closures, the ledger, and the order's view of the log."""

from orders.models.allocation import Allocation
from orders.models.closure import (
    CLOSURE_KIND,
    Closure,
    ClosureOrder,
    ClosureOrderQuerySet,
    ClosureOutcome,
    ClosurePlan,
    ClosureStatus,
)
from orders.models.event import OrderEvent
from orders.models.hold import HOLD_KIND, Hold, HoldQuerySet, HoldStatus
from orders.models.ledger import LedgerEntry, LedgerKind
from orders.models.line import OrderLine
from orders.models.order import ORDER_KIND, FailureCode, Order, OrderQuerySet, OrderStatus
from orders.models.replay import REPLAY_KIND, Replay, ReplayOrder, ReplayOutcome

__all__ = [
    "CLOSURE_KIND",
    "HOLD_KIND",
    "ORDER_KIND",
    "REPLAY_KIND",
    "Allocation",
    "Closure",
    "ClosureOrder",
    "ClosureOrderQuerySet",
    "ClosureOutcome",
    "ClosurePlan",
    "ClosureStatus",
    "FailureCode",
    "Hold",
    "HoldQuerySet",
    "HoldStatus",
    "LedgerEntry",
    "LedgerKind",
    "Order",
    "OrderEvent",
    "OrderLine",
    "OrderQuerySet",
    "OrderStatus",
    "Replay",
    "ReplayOrder",
    "ReplayOutcome",
]
