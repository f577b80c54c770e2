"""What is left at another system for a person settles itself, and what a reading leaves behind."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable
from typing import Any

import pytest

from catalog.models import Package
from channel_manager.history.models import Event
from orders import cancellation, wallet_cancellation
from orders.models import Order
from orders.outside import ending, noting, reading_back
from tests.conftest import ApiClient
from tests.fakes.faults import Fault
from tests.orders.expected import Clock
from tests.outside.playhouse import EVERYTHING, Playhouse, PlayhouseConnector
from tests.outside.reading import only_row, read, states, tell, wrong
from wallets.connectors.base import Cause, ConnectorError, Remark
from wallets.models import Wallet

pytestmark = pytest.mark.django_db(transaction=True)

Work = Callable[[Any], Order]
SHOW = {"itemNumber": "SHOW", "visitDate": "2026-11-23"}
WEEK = datetime.timedelta(days=7)


@pytest.fixture
def order(
    api: ApiClient, work: Work, show: Package, connector: PlayhouseConnector, clock: Clock
) -> Order:
    """Two tickets of a system that cannot cancel."""
    connector.capabilities = dataclasses.replace(EVERYTHING, cancel=False, refund=False)
    return work(api.create({**SHOW, "quantity": 2}))


def cancel(order: Order, clock: Clock) -> None:
    """Cancel it here; there it is left for a person."""
    cancellation.cancel_order(
        orders=Order.objects.all(), order_id=order.pk, actor="staff:1", now=clock(), reason="Ill"
    )
    ending.end_elsewhere(outside_order_id=only_row().pk, clock=clock)


def story() -> list[tuple[str, str, Any]]:
    rows = Event.objects.filter(kind="outsideorder").order_by("id")
    return list(rows.values_list("name", "reason", "data"))


def test_what_somebody_cancels_there_needs_no_word_here(
    order: Order, playhouse: Playhouse, clock: Clock
) -> None:
    cancel(order, clock)
    assert only_row().status == "Left"
    read(clock)
    assert [state for _, state, _ in states()] == ["Left", "Left"]
    tell(playhouse, "cancelled", "HALL-0001")
    read(clock)
    assert ([state for _, state, _ in states()], only_row().status) == (["Ended", "Left"], "Left")
    tell(playhouse, "cancelled")
    read(clock)
    row = only_row()
    assert ([state for _, state, _ in states()], row.status) == (["Ended", "Ended"], "Ended")
    assert row.next_poll_at is None
    told = ("found_ended", "Onebox – Playhouse tells that it is cancelled.", {"tickets": 1})
    assert [one[::2] for one in story()[-2:]] == [told[::2], told[::2]]
    assert wrong() == []


def test_single_tickets_that_are_left_settle_themselves(
    order: Order, playhouse: Playhouse, clock: Clock
) -> None:
    first = Wallet.objects.order_by("pk")[0]
    wallet_cancellation.cancel_wallets(
        orders=Order.objects.all(),
        order_id=order.pk,
        wallet_ids=[first.pk],
        actor="staff:1",
        now=clock(),
        reason="Ill",
    )
    ending.end_elsewhere(outside_order_id=only_row().pk, clock=clock)
    (left,) = [number for number, state, _ in states() if state == "Left"]
    tell(playhouse, "cancelled", left)
    read(clock)
    assert sorted(state for _, state, _ in states()) == ["Ended", "Valid"]
    assert (only_row().status, story()[-1][0]) == ("Made", "found_ended")
    assert wrong() == []


def test_what_is_left_is_read_on_for_a_week(
    order: Order, playhouse: Playhouse, clock: Clock
) -> None:
    cancel(order, clock)
    begun = clock.now
    while (due := only_row().next_poll_at) is not None:
        assert due < begun + WEEK + datetime.timedelta(hours=6)
        clock.now = due
        if reading_back.read_due(clock=clock) == 0:
            break
    assert begun + WEEK - datetime.timedelta(hours=6) <= clock.now
    assert clock.now < begun + WEEK + datetime.timedelta(hours=6)
    assert only_row().status == "Left"
    clock.forward(days=1)
    assert reading_back.read_due(clock=clock) == 0


def test_an_order_that_nobody_will_change_is_never_due(
    api: ApiClient, work: Work, show: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PlayhouseConnector, "can_change", lambda *_: False)
    work(api.create(SHOW))
    assert (only_row().status, only_row().next_poll_at) == ("Made", None)


def test_an_order_that_cannot_change_any_more_is_not_read(
    order: Order,
    connector: PlayhouseConnector,
    playhouse: Playhouse,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(PlayhouseConnector, "can_change", lambda *_: False)
    read(clock)
    assert only_row().next_poll_at is None
    cancel(order, clock)
    assert (only_row().status, only_row().next_poll_at) == ("Left", None)
    clock.forward(days=1)
    assert reading_back.read_due(clock=clock) == 0


@pytest.mark.usefixtures("order")
def test_a_fault_of_reading_is_kept_until_it_can_be_read(
    playhouse: Playhouse, clock: Clock
) -> None:
    playhouse.faults.add("read", Fault.TOO_LARGE)
    read(clock)
    row = only_row()
    assert (row.read_cause, row.read_message, row.read_failed_at) == (
        "answer_too_large",
        "It answered 200 with more than 1 MB.",
        clock.now,
    )
    read(clock)
    row = only_row()
    assert (row.read_cause, row.read_message, row.read_failed_at) == ("", "", None)


@pytest.mark.usefixtures("order")
def test_a_fault_of_reading_names_nobody(clock: Clock) -> None:
    error = ConnectorError(Cause.REFUSED, "It said: anna@example.com is unknown.", permanent=True)
    noting.note_fault(row=only_row(), error=error, now=clock())
    assert only_row().read_message == "It said: (an e-mail address) is unknown."


@pytest.mark.usefixtures("order")
def test_a_remark_is_noted_once(clock: Clock) -> None:
    remarks = [Remark(name="partly_refunded", detail=f"{amount} left.") for amount in (9, 9, 5)]
    noting.note_remarks(row=only_row(), remarks=remarks, now=clock())
    noting.note_remarks(row=only_row(), remarks=remarks, now=clock())
    assert [one[:2] for one in story()[-2:]] == [
        ("partly_refunded", "9 left."),
        ("partly_refunded", "5 left."),
    ]
