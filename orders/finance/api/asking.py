"""Reading the query of a report: filters, page size and page key."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict

from catalog.models import Package
from channel_manager.lib.canonical import fingerprint
from channel_manager.lib.errors import Fault, InvalidRequest
from channel_manager.lib.pagination import open_key, read_page_size, sign_key
from channel_manager.lib.query_parameters import read_parameters
from orders.finance.reports.catalogue import Report
from orders.finance.reports.filters import ReportFilters
from partners.models import Partner

_PAGING = ("pageSize", "pageKey")


@dataclasses.dataclass(frozen=True)
class ReportQuery:
    """What a report was asked for: as sent, as filters of the partner, and the page.

    bound_to: the filters that page keys are good for.
    """

    sent: Mapping[str, str]
    filters: ReportFilters
    page_size: int
    after: Sequence[Any] | None
    bound_to: str

    def key_behind(self, last: Sequence[Any]) -> str:
        """Return the key of the page behind a row."""
        return sign_key(self.bound_to, *last)

    def next_url(self, base: str, next_key: str | None) -> str | None:
        """Return the address of the next page."""
        if next_key is None:
            return None
        query = {**self.sent, "pageSize": str(self.page_size), "pageKey": next_key}
        return f"{base}?{urlencode(query)}"


def names_of(report: Report) -> tuple[str, ...]:
    """Return the query parameters of a report that narrow it."""
    names = ["firstDay", "lastDay"]
    if len(report.date_by) > 1:
        names.append("dateBy")
    names.append("package")
    if report.state_is_asked:
        names.append("state")
    return tuple(names)


def read_report_query(report: Report, sent: QueryDict, partner: Partner) -> ReportQuery:
    """Read the query parameters of a report; raises InvalidRequest with every fault."""
    names = names_of(report)
    params, faults = read_parameters(sent, (*names, *_PAGING))
    asked = {name: params[name] for name in names if name in params}
    for name, text in asked.items():
        if not text:
            faults.append(Fault(f"?{name}", "blank", "Must not be empty."))
    package = _package(asked.get("package", ""), partner, faults)
    filters = ReportFilters()
    try:
        rest = {name: text for name, text in asked.items() if name != "package"}
        filters = ReportFilters.from_data({**rest, "partner": partner.pk, "package": package})
    except InvalidRequest as refusal:
        faults.extend(refusal.faults)
    page_size = read_page_size(params, faults)
    bound_to = fingerprint("report", report.name, str(partner.pk), asked)
    after = None
    if "pageKey" in params:
        after = open_key(params["pageKey"], bound_to, faults)
    if faults:
        raise InvalidRequest(faults)
    return ReportQuery(asked, report.fitted(filters), page_size, after, bound_to)


def _package(code: str, partner: Partner, faults: list[Fault]) -> str:
    """Return the id of a package of the venue by its code; an unknown one is a fault."""
    if not code:
        return ""
    if "\x00" not in code:
        found = Package.objects.filter(venue=partner.venue_id, code=code)
        if (key := found.values_list("pk", flat=True).first()) is not None:
            return str(key)
    faults.append(Fault("?package", "unknown_package", "The venue has no package of this code."))
    return ""
