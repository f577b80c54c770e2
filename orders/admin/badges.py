"""The colours of states."""

from collections.abc import Mapping

from orders.models import LedgerKind, OrderStatus
from wallets.admin.badges import WALLET_COLOURS

ORDER_COLOURS: Mapping[str, str] = {
    OrderStatus.SUBMITTED: "info",
    OrderStatus.SCHEDULED: "info",
    OrderStatus.PROCESSING: "info",
    OrderStatus.DRAFT: "warning",
    OrderStatus.ISSUED: "success",
    OrderStatus.CANCELLED: "",
    OrderStatus.ERROR: "danger",
}
LEDGER_COLOURS: Mapping[str, str] = {
    LedgerKind.SALE: "success",
    LedgerKind.REVERSAL: "danger",
    LedgerKind.ADJUSTMENT: "warning",
}

__all__ = ["LEDGER_COLOURS", "ORDER_COLOURS", "WALLET_COLOURS"]
