"""The admin of items, packages and partners' item numbers, and of the calendar."""

from catalog.admin.allotments import AllotmentAdmin
from catalog.admin.attractions import AttractionAdmin
from catalog.admin.items import ItemAdmin
from catalog.admin.mappings import PackageMappingAdmin
from catalog.admin.opening import CalendarDayAdmin, OpeningHoursAdmin, VenueCalendarAdmin
from catalog.admin.packages import PackageAdmin
from catalog.admin.rules import SessionExceptionAdmin, SessionRuleAdmin
from catalog.admin.seat_plans import SeatPlanAdmin
from catalog.admin.sessions import SessionAdmin

__all__ = [
    "AllotmentAdmin",
    "AttractionAdmin",
    "CalendarDayAdmin",
    "ItemAdmin",
    "OpeningHoursAdmin",
    "PackageAdmin",
    "PackageMappingAdmin",
    "SeatPlanAdmin",
    "SessionAdmin",
    "SessionExceptionAdmin",
    "SessionRuleAdmin",
    "VenueCalendarAdmin",
]
