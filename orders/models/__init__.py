"""Orders with all that belongs to them: lines, places, requests as received, holds, the ledger."""

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
from orders.models.received import ReceivedRequest, RequestKind
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
    "ReceivedRequest",
    "Replay",
    "ReplayOrder",
    "ReplayOutcome",
    "RequestKind",
]
