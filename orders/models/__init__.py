"""Orders with all that belongs to them: lines, places, requests as received, holds, money."""

from orders.models.allocation import Allocation
from orders.models.batch import Batch, BatchAction, BatchOrder
from orders.models.checkout import (
    CHECKOUT_KIND,
    SETTLED_CHECKOUT,
    Checkout,
    CheckoutItem,
    CheckoutQuerySet,
    CheckoutStatus,
)
from orders.models.closure import Closure, ClosureOrder, ClosurePlan
from orders.models.decision import Decision, DecisionAction
from orders.models.event import OrderEvent
from orders.models.export import Export, ExportChunk, ExportFormat, ExportStatus
from orders.models.guest import GuestIssuer, GuestOrder, SigningKey
from orders.models.hold import HOLD_KIND, Hold, HoldQuerySet, HoldStatus
from orders.models.ledger import LedgerEntry, LedgerEntryQuerySet, LedgerKind
from orders.models.line import OrderLine
from orders.models.order import ORDER_KIND, FailureCode, Order, OrderQuerySet, OrderStatus
from orders.models.payment import (
    PAYMENT_KIND,
    Payment,
    PaymentQuerySet,
    PaymentState,
    SandboxPayment,
    SandboxStatus,
)
from orders.models.period import Period, PeriodQuerySet, PeriodStatus
from orders.models.position import Position
from orders.models.received import ReceivedRequest, RequestKind
from orders.models.statement import (
    PartnerFormat,
    Statement,
    StatementFile,
    StatementLine,
    StatementStatus,
)
from orders.models.virtual_queue import (
    RESERVATION_KIND,
    Reservation,
    ReservationMember,
    ReservationQuerySet,
    ReservationStatus,
    VirtualQueue,
)
from orders.models.worklist import (
    Outcome,
    Worklist,
    WorklistOrder,
    WorklistOrderQuerySet,
    WorklistStatus,
)

__all__ = [
    "CHECKOUT_KIND",
    "HOLD_KIND",
    "ORDER_KIND",
    "PAYMENT_KIND",
    "RESERVATION_KIND",
    "SETTLED_CHECKOUT",
    "Allocation",
    "Batch",
    "BatchAction",
    "BatchOrder",
    "Checkout",
    "CheckoutItem",
    "CheckoutQuerySet",
    "CheckoutStatus",
    "Closure",
    "ClosureOrder",
    "ClosurePlan",
    "Decision",
    "DecisionAction",
    "Export",
    "ExportChunk",
    "ExportFormat",
    "ExportStatus",
    "FailureCode",
    "GuestIssuer",
    "GuestOrder",
    "Hold",
    "HoldQuerySet",
    "HoldStatus",
    "LedgerEntry",
    "LedgerEntryQuerySet",
    "LedgerKind",
    "Order",
    "OrderEvent",
    "OrderLine",
    "OrderQuerySet",
    "OrderStatus",
    "Outcome",
    "PartnerFormat",
    "Payment",
    "PaymentQuerySet",
    "PaymentState",
    "Period",
    "PeriodQuerySet",
    "PeriodStatus",
    "Position",
    "ReceivedRequest",
    "RequestKind",
    "Reservation",
    "ReservationMember",
    "ReservationQuerySet",
    "ReservationStatus",
    "SandboxPayment",
    "SandboxStatus",
    "SigningKey",
    "Statement",
    "StatementFile",
    "StatementLine",
    "StatementStatus",
    "VirtualQueue",
    "Worklist",
    "WorklistOrder",
    "WorklistOrderQuerySet",
    "WorklistStatus",
]
