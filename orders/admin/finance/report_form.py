"""What a report's page is asked for, as a form."""

from __future__ import annotations

import calendar
import dataclasses
import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.db import models
from django.db.models import F, Value
from django.db.models.functions import Cast
from django.http import QueryDict
from django.utils.http import urlencode

from catalog.models import Package
from channel_manager.lib.admin.fields import DayInput
from channel_manager.lib.admin.typed import Select
from orders.finance.reports.catalogue import Report
from orders.finance.reports.filters import NAMES, DateBy, ReportFilters
from orders.models import OrderStatus
from partners.models import Partner, Venue

_BY = {
    DateBy.BOOKED: "Booked",
    DateBy.COUNTING: "Counting, by the contract",
    DateBy.VISIT: "Visit",
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Preset:
    """A link to the days that are asked for most."""

    title: str
    query: str
    is_chosen: bool


class ReportForm(forms.Form):
    """Days, partner, venue, package, state; it sends what `ReportFilters.from_data` reads."""

    firstDay = forms.DateField(label="From", required=False, widget=DayInput)  # noqa: N815
    lastDay = forms.DateField(label="To", required=False, widget=DayInput)  # noqa: N815
    dateBy = forms.ChoiceField(label="Days are", required=False, widget=Select)  # noqa: N815
    venue = forms.ChoiceField(required=False, widget=Select)
    partner = forms.ChoiceField(required=False, widget=Select)
    package = forms.ChoiceField(required=False, widget=Select)
    state = forms.ChoiceField(label="Status", required=False, widget=Select)

    def __init__(self, report: Report, data: Mapping[str, Any]) -> None:
        """Offer what there is: one statement."""
        super().__init__(data)
        offered: dict[str, list[tuple[str, str]]] = {
            "venue": [("", "All venues")],
            "partner": [("", "All partners")],
            "package": [("", "All packages")],
        }
        options = _options(Venue, "venue", "name").union(
            _options(Partner, "partner", "name"), _options(Package, "package", "code"), all=True
        )
        for kind, text, key in options.order_by("text"):
            offered[kind].append((str(key), text))
        for name, choices in offered.items():
            self.fields[name].choices = choices  # type: ignore[attr-defined]
        self.fields["state"].choices = [("", "Any"), *OrderStatus.choices]  # type: ignore[attr-defined]
        by = [(str(each), _BY[each]) for each in report.date_by]
        self.fields["dateBy"].choices = by  # type: ignore[attr-defined]
        if len(by) < 2:
            del self.fields["dateBy"]
        if not report.state_is_asked:
            del self.fields["state"]


def _options(model: type[models.Model], kind: str, field: str) -> Any:
    rows = model._default_manager.order_by()
    return rows.annotate(
        kind=Value(kind), text=Cast(field, models.CharField()), key=F("pk")
    ).values_list("kind", "text", "key")


def asked_of(report: Report, sent: QueryDict, today: datetime.date) -> dict[str, str]:
    """Return the filters that were sent; those of this month when none were, but for open items."""
    asked = {name: str(sent[name]).strip() for name in NAMES if name in sent}
    if not asked and report.name != "open-items":
        asked = _month_of(today)
    return asked


def presets_of(filters: ReportFilters, today: datetime.date) -> Sequence[Preset]:
    """Return the links to this month, the last one, and all days; what else is asked for stays."""
    kept = {
        name: text
        for name, text in filters.to_data().items()
        if name not in ("firstDay", "lastDay")
    }
    last_month = today.replace(day=1) - datetime.timedelta(days=1)
    days = {
        "This month": _month_of(today),
        "Last month": _month_of(last_month),
        "All days": {"firstDay": ""},
    }
    chosen = {name: text for name, text in filters.to_data().items() if name.endswith("Day")}
    return [
        Preset(
            title=title,
            query=urlencode({**kept, **asked}),
            is_chosen=chosen == {name: text for name, text in asked.items() if text},
        )
        for title, asked in days.items()
    ]


def _month_of(day: datetime.date) -> dict[str, str]:
    last = calendar.monthrange(day.year, day.month)[1]
    return {
        "firstDay": day.replace(day=1).isoformat(),
        "lastDay": day.replace(day=last).isoformat(),
    }
