"""When and how often a ticket is redeemed, where its seller has said so: the gate holds to it."""

from __future__ import annotations

import datetime

import pytest
from django.test import Client

from catalog.expansion import Redemption
from catalog.models import Package
from orders.intake import submit_order
from orders.models import Order, OrderLine
from orders.requests import LineRequest, OrderRequest
from partners.account import Account
from partners.models import Partner
from tests.gate.conftest import Gate, Issue, asset_of
from tests.orders.expected import NOON, Clock

OPENS = NOON + datetime.timedelta(days=1)
ENDS = NOON + datetime.timedelta(days=2)


@pytest.fixture
def order(partner: Partner, anyday: Package, issue: Issue, clock: Clock) -> Order:
    """An open-dated ticket that is redeemed on one day, three times at most."""
    line = LineRequest(
        item_number="ANYDAY", redemption=Redemption(since=OPENS, until=ENDS, times=3)
    )
    made = submit_order(
        account=Account(partner),
        request=OrderRequest(
            sell_to_order_reference="R-1", lines=(line,), payment_reference="PAY-1"
        ),
        now=NOON,
    )
    return issue(str(made.pk))


@pytest.mark.parametrize(
    ("at", "code", "reason"),
    [
        (
            OPENS - datetime.timedelta(seconds=1),
            "not_valid_yet",
            "Not valid yet. Valid from today, 12:00.",
        ),
        (OPENS, "admitted", "Admitted 1. 2 of 3 left."),
        (ENDS - datetime.timedelta(seconds=1), "admitted", "Admitted 1. 2 of 3 left."),
        (ENDS, "expired", "Expired. It was valid until today, 12:00."),
    ],
)
def test_the_window_is_held(
    gate: Gate, order: Order, clock: Clock, at: datetime.datetime, code: str, reason: str
) -> None:
    clock.now = at
    answer = gate.scan(asset_of(order).reference_number)
    assert (answer["code"], answer["reason"]) == (code, reason)


def test_the_last_redemption_uses_it_up(gate: Gate, order: Order, clock: Clock) -> None:
    clock.now = OPENS
    number = asset_of(order).reference_number
    codes = [gate.scan(number)["code"] for _ in range(4)]
    assert codes == ["admitted", "admitted", "admitted", "already_used"]
    assert asset_of(order).status == "Used"


def test_the_line_keeps_what_was_asked_for(order: Order) -> None:
    line = OrderLine.objects.get(order=order)
    assert (line.redeemable_from, line.redeemable_until, line.max_redemptions) == (OPENS, ENDS, 3)


def test_a_ticket_for_three_visits_is_not_for_three_people(order: Order, anyday: Package) -> None:
    page = Client().get(f"/w/{asset_of(order).wallet.token}")
    assert page.status_code == 200
    assert "Admits" not in page.content.decode()
