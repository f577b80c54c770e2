"""Guests' names in partners' statements go with the orders they are of, and with time."""

from __future__ import annotations

import datetime
from collections.abc import Callable

import pytest
from django.test import override_settings
from django.utils import timezone

from orders import erasure
from orders.finance import closing
from orders.models import Order, Period, StatementLine
from tests.conftest import ApiClient
from tests.finance import months
from tests.finance.months import review, upload
from tests.orders.expected import Clock, line, settle

pytestmark = pytest.mark.usefixtures("clock")
HEADER = "Booking reference;Guest name;Date;Gross;Commission;Net"


@pytest.fixture
def closed(
    api: ApiClient, issue: Callable[[str], Order], period: Period, monkeypatch: pytest.MonkeyPatch
) -> Order:
    """An order that a closed period's statement names a guest of, beside one that nobody knows."""
    monkeypatch.setattr(months, "HEADER", HEADER)
    found = settle(api, issue, line(), sellToOrderReference="WEB-1", sellToName="Ann Meyer")
    upload(
        period,
        "WEB-1;Ann Meyer;20-11-2026;34,50;6,90;27,60",
        "X-9;Jan Visser;20-11-2026;34,50;6,90;27,60",
    )
    review(period)
    months.decide(period)
    closing.close_period(period_id=period.pk, actor="staff:1", now=timezone.now())
    return Order.objects.get(pk=found["orderId"])


def names() -> list[str]:
    return list(StatementLine.objects.order_by("row").values_list("guest_name", flat=True))


def test_a_line_is_erased_with_its_order_though_its_period_is_closed(closed: Order) -> None:
    assert names() == ["Ann Meyer", "Jan Visser"]
    erasure.erase_order(
        orders=Order.objects.all(),
        order_id=closed.pk,
        actor="staff:1",
        now=timezone.now(),
        reason="Asked for",
    )
    assert names() == ["", "Jan Visser"]


def test_every_name_goes_with_time(closed: Order, clock: Clock) -> None:
    with override_settings(PERSONAL_DATA_DAYS=90):
        erasure.erase_old(now=timezone.now() + datetime.timedelta(days=89))
        assert names() == ["Ann Meyer", "Jan Visser"]
        erasure.erase_old(now=timezone.now() + datetime.timedelta(days=91))
    assert names() == ["", ""]
