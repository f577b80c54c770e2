"""What the back office tells of orders that were made, and when there is nothing to ask any more."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from catalog.models import Connection
from tests.connectors.conftest import desk_of, make_outside_order, run_steps
from tests.connectors.voordemensen.wishes import two
from tests.fakes.faults import Fault
from tests.fakes.voordemensen_system import VoordeMensenSystem
from tests.orders.expected import NOON, Clock
from wallets.connectors.base import ConnectorError, Remark, Standing
from wallets.connectors.voordemensen import VoordeMensenConnector
from wallets.models import OutsideOrder

connector = VoordeMensenConnector()


def made(order: OutsideOrder, clock: Clock) -> str:
    """Have an order made and kept as the engine does; return its key there, a minute later."""
    key = run_steps(connector, order, two(order), clock).outside_reference
    OutsideOrder.objects.filter(pk=order.pk).update(status="Made")
    clock.forward(seconds=60)
    return key


@pytest.fixture
def kept(keyed: Connection) -> OutsideOrder:
    """What an order of ours is there, with a key."""
    return make_outside_order(keyed)


@pytest.mark.parametrize("amount", ["0.00", "12.50", None])
def test_a_cancelled_order_is_cancelled_whatever_it_costs_now(
    system: VoordeMensenSystem, kept: OutsideOrder, clock: Clock, amount: Any
) -> None:
    """C11"""
    key = made(kept, clock)
    system.changed = [{"orderKey": key, "orderStatus": "cancel", "amount": amount}]
    assert connector.read_back(desk_of(kept, clock)) == Standing(
        exists=True, outside_reference=key, is_cancelled=True
    )


def test_a_part_that_was_refunded_is_remarked_and_read_past(
    system: VoordeMensenSystem, kept: OutsideOrder, clock: Clock
) -> None:
    """C7"""
    key = made(kept, clock)
    row = {"orderKey": key, "orderStatus": "ord", "orderPaymentStatus": "paid", "amount": "12.50"}
    system.changed = [row]
    remark = Remark(
        name="partly_refunded",
        detail="Its back office says 12.50 for an order of 25.00: part of it was refunded there. "
        "Which tickets it does not tell: see there.",
    )
    assert connector.read_back(desk_of(kept, clock)) == Standing(
        exists=True, outside_reference=key, remarks=(remark,)
    )
    system.changed = [{**row, "orderStatus": "cancel"}]
    clock.forward(seconds=60)
    assert connector.read_back(desk_of(kept, clock)).is_cancelled is True


@pytest.mark.parametrize(
    "members", [{"amount": "26.51", "orderPaymentStatus": "paid"}, {"amount": "12.50"}]
)
def test_another_amount_than_ours_is_a_fault(
    system: VoordeMensenSystem, kept: OutsideOrder, clock: Clock, members: dict[str, str]
) -> None:
    """C7"""
    system.changed = [{"orderKey": made(kept, clock), "orderStatus": "ord", **members}]
    with pytest.raises(ConnectorError, match="for an order of 25"):
        connector.read_back(desk_of(kept, clock))


def test_once_seen_paid_only_the_back_office_is_asked(
    system: VoordeMensenSystem, kept: OutsideOrder, clock: Clock
) -> None:
    """C4"""
    key = made(kept, clock)
    before = len(system.asked("read_order"))
    standing = connector.read_back(desk_of(kept, clock))
    assert standing == Standing(exists=True, outside_reference=key)
    assert (len(system.asked("read_order")), len(system.asked("back_office"))) == (before, 1)
    assert connector.can_change(desk_of(kept, clock).outside_order) is True


def test_without_a_key_a_paid_order_is_not_asked_about(
    system: VoordeMensenSystem, order: OutsideOrder, clock: Clock
) -> None:
    """C4"""
    assert connector.can_change(order) is True
    key = made(order, clock)
    before = list(system.operations())
    assert connector.can_change(desk_of(order, clock).outside_order) is False
    standing = connector.read_back(desk_of(order, clock))
    assert standing == Standing(exists=True, outside_reference=key)
    assert system.operations() == before


def test_where_there_is_no_back_office_a_paid_order_is_not_asked_about(
    system: VoordeMensenSystem, kept: OutsideOrder, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C4"""
    made(kept, clock)
    monkeypatch.setattr(system, "handle", lambda *_: (404, {"message": "Not found"}))
    assert connector.read_back(desk_of(kept, clock)).exists is True
    assert connector.can_change(desk_of(kept, clock).outside_order) is False


def test_a_feed_that_is_too_large_is_passed_over_until_it_can_be_read(
    system: VoordeMensenSystem, kept: OutsideOrder, clock: Clock
) -> None:
    """C11"""
    key = made(kept, clock)
    clock.now = NOON + datetime.timedelta(seconds=80)
    system.faults.add("back_office", Fault.TOO_LARGE)
    before = len(system.asked("read_order"))
    missed = Remark(
        name="changes_missed",
        detail="Its back office had too much to tell. What it changed between "
        f"{NOON:%Y-%m-%d %H:%M:%S} and {NOON + datetime.timedelta(seconds=40):%Y-%m-%d %H:%M:%S} "
        "UTC was not read: see there whether this order stands.",
    )
    standing = connector.read_back(desk_of(kept, clock))
    assert (standing.exists, standing.remarks) == (True, (missed,))
    # For that once, the order itself tells how it stands.
    assert len(system.asked("read_order")) == before + 1
    system.changed = [{"orderKey": key, "orderStatus": "cancel"}]
    clock.forward(seconds=60)
    assert connector.read_back(desk_of(kept, clock)).is_cancelled is True
    since = [one.query["changedSince"] for one in system.asked("back_office")]
    assert since == [
        (NOON + datetime.timedelta(seconds=seconds)).isoformat(timespec="seconds")
        for seconds in (0, 40)
    ]
