"""The admin of orders, their history and the ledger."""

from orders.admin.events import OrderEventAdmin
from orders.admin.ledger import LedgerEntryAdmin
from orders.admin.orders import OrderAdmin

__all__ = ["LedgerEntryAdmin", "OrderAdmin", "OrderEventAdmin"]
