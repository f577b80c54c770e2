"""The admin of orders, holds, checkouts, closed days, batches, their history and the ledger."""

from catalog.admin import sold
from orders.admin.batches import BatchAdmin
from orders.admin.checkouts import CheckoutAdmin
from orders.admin.closures import ClosureAdmin
from orders.admin.events import OrderEventAdmin
from orders.admin.finance.exports import ExportAdmin
from orders.admin.finance.periods import PeriodAdmin
from orders.admin.finance.statements import StatementAdmin
from orders.admin.finance.terms import EntriesOfContracts
from orders.admin.guest_issuers import GuestIssuerAdmin
from orders.admin.holds import HoldAdmin
from orders.admin.ledger import LedgerEntryAdmin
from orders.admin.mapped import count_orders, find_waiting, tell_change
from orders.admin.orders import OrderAdmin
from orders.admin.outside_orders import OutsideOrderAdmin
from orders.admin.partnership import OrdersOfPartners
from orders.admin.virtual_queues import ReservationAdmin, VirtualQueueAdmin
from partners.admin.posting import register_posting
from partners.admin.selling import register_selling

__all__ = [
    "BatchAdmin",
    "CheckoutAdmin",
    "ClosureAdmin",
    "ExportAdmin",
    "GuestIssuerAdmin",
    "HoldAdmin",
    "LedgerEntryAdmin",
    "OrderAdmin",
    "OrderEventAdmin",
    "OutsideOrderAdmin",
    "PeriodAdmin",
    "ReservationAdmin",
    "StatementAdmin",
    "VirtualQueueAdmin",
]

register_selling(OrdersOfPartners())
register_posting(EntriesOfContracts())
sold.register(counter=count_orders, follower=find_waiting, teller=tell_change)
