"""What the rows of reports look like, made of the reports' own columns."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from orders.finance.reports.catalogue import REPORTS, Report
from orders.finance.reports.columns import Column, Kind

_FIELDS: dict[Kind, type[serializers.Field[Any, Any, Any, Any]]] = {
    Kind.TEXT: serializers.CharField,
    Kind.AMOUNT: serializers.CharField,
    Kind.DATE: serializers.DateField,
    Kind.MOMENT: serializers.DateTimeField,
    Kind.NUMBER: serializers.IntegerField,
    Kind.YES_NO: serializers.BooleanField,
}
_NAMES = {
    "register": "RegisterRow",
    "summary": "SalesRow",
    "open-items": "OpenItem",
    "issued-not-admitted": "NotAdmittedRow",
}


def _row(report: Report, name: str) -> type[serializers.Serializer[Any]]:
    members: dict[str, Any] = {
        column.name: _field(column) for column in report.columns if not column.is_for_staff
    }
    members["__doc__"] = f"One row of: {report.title.lower()}."
    return type(f"{name}Serializer", (serializers.Serializer,), members)


def _field(column: Column) -> serializers.Field[Any, Any, Any, Any]:
    told: dict[str, Any] = {"help_text": column.help} if column.help else {}
    return _FIELDS[column.kind](allow_null=not column.is_given, **told)


def _page(name: str, row: type[serializers.Serializer[Any]]) -> type[serializers.Serializer[Any]]:
    members: dict[str, Any] = {
        "data": row(many=True),
        "morePages": serializers.BooleanField(),
        "nextPageKey": serializers.CharField(allow_null=True),
        "nextPageURL": serializers.CharField(allow_null=True),
        "__doc__": "A page of a report.",
    }
    return type(f"{name}PageSerializer", (serializers.Serializer,), members)


PAGES = {report: _page(name, _row(REPORTS[report], name)) for report, name in _NAMES.items()}
