"""What a report was asked for, in words."""

from __future__ import annotations

from catalog.models import Package
from channel_manager.lib.admin.columns import validity
from orders.finance.reports.filters import DateBy, ReportFilters
from partners.models import Partner, Venue

_BY = {DateBy.BOOKED: "booked", DateBy.COUNTING: "counting", DateBy.VISIT: "visits"}


def days_in_words(filters: ReportFilters) -> str:
    """Return the days, by which of an order's days they are meant."""
    if not filters.has_days:
        return "all days"
    return f"{_BY[filters.date_by]} {validity(filters.first_day, filters.last_day)}"


def title_of(report_title: str, filters: ReportFilters) -> str:
    """Return the report's title with all that narrows it: three statements at most."""
    partner = filters.partner and Partner.objects.filter(pk=filters.partner).first()
    venue = filters.venue and Venue.objects.defer("logo").filter(pk=filters.venue).first()
    package = filters.package and Package.objects.filter(pk=filters.package).first()
    named = [str(each) for each in (partner, venue, package, filters.state) if each]
    return ", ".join([f"{report_title}: {days_in_words(filters)}", *named])[:300]
