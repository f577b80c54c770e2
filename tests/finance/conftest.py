"""What the tests of finance share: orders at NOON, terms, a gate, and the report as one reads it."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from orders.finance.reports.catalogue import REPORTS
from orders.finance.reports.filters import ReportFilters
from orders.finance.reports.source import Source
from orders.models import Order, Period
from partners.models import Contract, Partner
from tests.finance.agreed import agree
from tests.finance.months import november
from tests.gate.conftest import gate, issued, make_gate
from tests.orders.conftest import clock
from tests.orders.expected import Clock

__all__ = ["clock", "gate", "issued", "make_gate"]

Reading = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def period(clock: Clock, partner: Partner) -> Period:
    """November of our partner, who keeps 20 % of gross."""
    agree(partner)
    return november(partner)


@pytest.fixture
def terms() -> Callable[..., Contract]:
    """Agree on 20 percent of gross with a partner, from 2026 on, unless something else is said."""
    return agree


@pytest.fixture
def read(db: None) -> Reading:
    """Read a report whole, as a stream and page by page, which must be the same."""

    def reading(name: str, **asked: Any) -> list[dict[str, Any]]:
        report, filters = REPORTS[name], ReportFilters.from_data(asked)
        now, source = timezone.now(), Source()
        with transaction.atomic():
            rows = [tuple(row) for row in report.rows(source, filters, now)]
        paged: list[Any] = []
        after = None
        for _ in range(len(rows) + 1):
            found = report.page(source, filters, now, after=after, size=2)
            paged.extend(tuple(row) for _, row in found[:2])
            if len(found) <= 2:
                break
            after = list(found[1][0])
        assert paged == rows
        names = [column.name for column in report.columns]
        return [dict(zip(names, row, strict=True)) for row in rows]

    return reading


def booked_on(order: Order, day: str) -> Order:
    """Let an order have come in at noon of another day."""
    order.received_at = datetime.datetime.fromisoformat(f"{day}T11:00:00+00:00")
    order.save(update_fields=["received_at"])
    return order
