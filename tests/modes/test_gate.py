"""The gate admits nobody with a test, whatever number is shown; what was sold counts first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from orders.models import Order
from tests.conftest import ApiClient
from tests.gate.conftest import ON_THE_DAY, Gate, asset_of, wallet_of
from tests.gate.expected import admission, refusal, unrecognised
from tests.orders.expected import NOON, Clock, line, settle
from wallets.models import Asset, Scan, Wallet

Issue = Callable[[str], Order]
WORDS = "Test ticket. It admits nobody."
GUEST = {"wallet": {"externalReferenceNumbers": ["GUEST-1"]}}


@pytest.fixture
def sell(issue: Issue, clock: Clock) -> Callable[..., Order]:
    """Sell and issue an order three days before its visit; then go to its morning."""

    def sold(by: ApiClient, *items: Any, **members: Any) -> Order:
        clock.now = NOON
        found = settle(by, issue, *(items or (line(**GUEST),)), **members)
        clock.now = ON_THE_DAY
        return Order.objects.get(pk=found["orderId"])

    return sold


def test_a_test_ticket_is_refused_by_every_number(
    tester: ApiClient, gate: Gate, sell: Callable[..., Order]
) -> None:
    order = sell(tester)
    wallet = wallet_of(order)
    for number in (
        asset_of(order).reference_number,
        wallet.reference_number,
        "GUEST-1",
        f"https://tickets.example/w/{wallet.token}",
        f"https://tickets.example/m/{order.token}",
    ):
        assert gate.scan(number) == refusal("test_mode", WORDS)
    assert gate.scan(order.buy_from_order_reference) == unrecognised("test_mode", WORDS)
    several = sell(tester, line(quantity=2), sellToOrderReference="WEB-2")
    address = f"https://tickets.example/m/{several.token}"
    assert gate.scan(address) == unrecognised("test_mode", WORDS)
    assert not Asset.objects.filter(admitted__gt=0).exists()
    assert set(Scan.objects.values_list("code", flat=True)) == {"test_mode"}


@pytest.mark.parametrize("ended", ["draft", "in_flight", "cancelled", "removed"])
def test_a_test_is_refused_as_one_whatever_became_of_it(
    tester: ApiClient, gate: Gate, sell: Callable[..., Order], clock: Clock, ended: str
) -> None:
    if ended == "in_flight":
        tester.create(line(**GUEST))
        clock.now = ON_THE_DAY
    else:
        payment = "PAY-1" if ended == "cancelled" else None
        order = sell(tester, paymentReference=payment)
    if ended in ("cancelled", "removed"):
        assert tester.delete(str(order.pk)).status_code == 200
    told = gate.scan("GUEST-1")
    assert (told["code"], told["reason"]) == ("test_mode", WORDS)


@pytest.mark.parametrize("first", ["live", "test"])
def test_the_sold_ticket_with_the_same_number_is_admitted(
    api: ApiClient, tester: ApiClient, gate: Gate, sell: Callable[..., Order], first: str
) -> None:
    for who in (api, tester) if first == "live" else (tester, api):
        sell(who)
    assert gate.scan("GUEST-1") == admission()
    assert gate.scan("GUEST-1")["code"] == "already_used"
    sold = Wallet.objects.get(test_mode=False)
    assert Asset.objects.get(admitted=1).wallet == sold


@pytest.mark.parametrize(
    ("ending", "code"), [("cancelled", "cancelled"), ("draft", "draft"), ("new", "not_issued")]
)
def test_what_became_of_the_sold_ticket_is_told_before_the_test(
    api: ApiClient,
    tester: ApiClient,
    gate: Gate,
    sell: Callable[..., Order],
    clock: Clock,
    ending: str,
    code: str,
) -> None:
    sell(tester)
    clock.now = NOON
    if ending == "new":
        api.create(line(**GUEST))
        clock.now = ON_THE_DAY
    else:
        order = sell(api, paymentReference=None if ending == "draft" else "PAY-1")
    if ending == "cancelled":
        assert api.delete(str(order.pk)).status_code == 200
    assert gate.scan("GUEST-1")["code"] == code


def test_a_removed_order_is_told_as_a_sale_where_one_of_each_mode_had_the_number(
    api: ApiClient, tester: ApiClient, gate: Gate, sell: Callable[..., Order]
) -> None:
    for who in (api, tester):
        assert who.delete(str(sell(who, paymentReference=None).pk)).status_code == 200
    assert gate.scan("GUEST-1")["code"] == "cancelled"
