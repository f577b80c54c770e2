"""Orders with all that belongs to them: lines, places, requests as received, holds, the ledger."""

from orders.models.allocation import Allocation
from orders.models.batch import Batch, BatchAction, BatchOrder
from orders.models.closure import Closure, ClosureOrder, ClosurePlan
from orders.models.event import OrderEvent
from orders.models.hold import HOLD_KIND, Hold, HoldQuerySet, HoldStatus
from orders.models.ledger import LedgerEntry, LedgerKind
from orders.models.line import OrderLine
from orders.models.order import ORDER_KIND, FailureCode, Order, OrderQuerySet, OrderStatus
from orders.models.received import ReceivedRequest, RequestKind
from orders.models.worklist import (
    Outcome,
    Worklist,
    WorklistOrder,
    WorklistOrderQuerySet,
    WorklistStatus,
)

__all__ = [
    "HOLD_KIND",
    "ORDER_KIND",
    "Allocation",
    "Batch",
    "BatchAction",
    "BatchOrder",
    "Closure",
    "ClosureOrder",
    "ClosurePlan",
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
    "Outcome",
    "ReceivedRequest",
    "RequestKind",
    "Worklist",
    "WorklistOrder",
    "WorklistOrderQuerySet",
    "WorklistStatus",
]
