"""What a venue sells: items, packages, prices, partners' own numbers; and when: the calendar."""

from catalog.models.calendar import (
    CalendarDay,
    OpeningHours,
    SessionException,
    SessionRule,
    SlotPattern,
)
from catalog.models.connection import (
    SUPPLIER_PAID,
    ComponentSource,
    Connection,
    OutsidePlaces,
    System,
)
from catalog.models.item import TEST_TICKET, Item, ItemType
from catalog.models.mapping import Allotment, AllotmentUse, PackageMapping
from catalog.models.package import Component, Dating, Package, PackageStatus
from catalog.models.price import Price
from catalog.models.session import Attraction, Seat, SeatPlan, Session
from channel_manager.lib.ranges import DateRange

__all__ = [
    "SUPPLIER_PAID",
    "TEST_TICKET",
    "Allotment",
    "AllotmentUse",
    "Attraction",
    "CalendarDay",
    "Component",
    "ComponentSource",
    "Connection",
    "DateRange",
    "Dating",
    "Item",
    "ItemType",
    "OpeningHours",
    "OutsidePlaces",
    "Package",
    "PackageMapping",
    "PackageStatus",
    "Price",
    "Seat",
    "SeatPlan",
    "Session",
    "SessionException",
    "SessionRule",
    "SlotPattern",
    "System",
]
