"""Refunding items of a confirmed order by its code (contract 9)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.connectors.conftest import calls_of
from tests.connectors.onebox.conftest import Story
from tests.fakes.faults import Fault
from tests.fakes.onebox_system import OneboxSystem
from wallets.connectors.base import (
    Cause,
    ConnectorError,
    OutsideTicketData,
    Standing,
    TicketState,
    TryLater,
)
from wallets.connectors.desk import OutcomeUnknown

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def made(story: Story) -> Standing:
    """Two tickets that were made."""
    return story.run()


def states(onebox: OneboxSystem) -> list[str]:
    """Return how the items of the one order stand there."""
    (order,) = onebox.confirmed
    return [item["state"] for item in order.items]


def cancel(story: Story, *tickets: OutsideTicketData) -> None:
    """Cancel as the engine does, job by job."""
    for _ in range(9):
        try:
            story.connector.cancel(story.desk, tickets)
        except TryLater as later:
            story.clock.forward(seconds=later.seconds)
        else:
            return
    raise AssertionError("It came to no end.")


def test_all_tickets_are_refunded_in_one_call(
    story: Story, onebox: OneboxSystem, made: Standing
) -> None:
    cancel(story, *made.tickets)
    cancel(story, *made.tickets)
    (refund,) = onebox.asked("refund")
    assert refund.json == {
        "items": [{"id": int(one.outside_id)} for one in made.tickets],
        "type": "MANUAL",
        "include_surcharges": True,
        "include_delivery": True,
    }
    assert states(onebox) == ["REFUNDED", "REFUNDED"]
    standing = story.connector.read_back(story.desk)
    assert (standing.exists, standing.is_cancelled) == (True, True)


def test_a_single_ticket_is_refunded(story: Story, onebox: OneboxSystem, made: Standing) -> None:
    cancel(story, made.tickets[0])
    assert sorted(states(onebox)) == ["REFUNDED", "RESERVED"]
    standing = story.connector.read_back(story.desk)
    assert [one.state for one in standing.tickets] == [TicketState.CANCELLED, None]
    assert standing.is_cancelled is False
    cancel(story, made.tickets[1])
    assert states(onebox) == ["REFUNDED", "REFUNDED"]


@pytest.mark.parametrize(
    "fault",
    [
        Fault.TIMEOUT_AFTER,
        Fault.ERROR_500_AFTER,
        Fault.RESET,
        Fault.RESET_AFTER,
        Fault.HTML_200,
        Fault.TRUNCATED,
        Fault.NOT_SUCCESS,
        Fault.TOKEN_EXPIRED,
        Fault.BUSY_429,
    ],
)
def test_a_refund_that_goes_wrong_once_is_made_once(
    story: Story, onebox: OneboxSystem, made: Standing, fault: Fault
) -> None:
    onebox.faults.add("refund", fault)
    cancel(story, *made.tickets)
    assert states(onebox) == ["REFUNDED", "REFUNDED"]
    calls = calls_of(story.outside_order)
    assert "done" in [told[-1][0] for operation, _, told in calls if operation == "refund"]


def test_what_somebody_refunded_already_counts_as_done(
    story: Story, onebox: OneboxSystem, made: Standing
) -> None:
    onebox.confirmed[0].items[0]["state"] = "REFUNDED"
    cancel(story, *made.tickets)
    assert states(onebox) == ["REFUNDED", "REFUNDED"]
    assert [len(one.json["items"]) for one in onebox.asked("refund")] == [2, 1]
    cancel(story, *made.tickets)
    assert len(onebox.asked("refund")) == 2


def test_a_refund_that_is_refused_is_named(
    story: Story, onebox: OneboxSystem, made: Standing
) -> None:
    told = (409, {"code": "PRODUCT_USED", "message": "Item 7001 was used."})
    onebox.token_expired = lambda _: told  # type: ignore[method-assign]
    onebox.faults.add("refund", Fault.TOKEN_EXPIRED)
    with pytest.raises(ConnectorError) as caught:
        story.connector.cancel(story.desk, made.tickets)
    assert (caught.value.cause, caught.value.permanent) == (Cause.REFUSED, True)
    assert caught.value.detail == "It answered 409: PRODUCT_USED Item 7001 was used."
    assert states(onebox) == ["RESERVED", "RESERVED"]


@pytest.mark.derived
def test_a_refund_waits_for_an_order_that_is_being_issued(
    story: Story, onebox: OneboxSystem, made: Standing
) -> None:
    told = (409, {"code": "ORDER_BEING_ISSUED", "message": "Try again."})
    onebox.token_expired = lambda _: told  # type: ignore[method-assign]
    onebox.faults.add("refund", Fault.TOKEN_EXPIRED, times=2)
    cancel(story, *made.tickets)
    assert (states(onebox), len(onebox.asked("refund"))) == (["REFUNDED", "REFUNDED"], 3)


def test_a_refund_that_never_answers_is_read_back(
    story: Story, onebox: OneboxSystem, made: Standing
) -> None:
    onebox.faults.add("refund", Fault.ERROR_500_AFTER, times=6)
    cancel(story, *made.tickets)
    assert states(onebox) == ["REFUNDED", "REFUNDED"]


def test_a_refund_that_never_answers_and_was_not_made_stays_in_doubt(
    story: Story, onebox: OneboxSystem, made: Standing
) -> None:
    onebox.faults.add("refund", Fault.ERROR_500_BEFORE, times=6)
    with pytest.raises(OutcomeUnknown):
        cancel(story, *made.tickets)
    assert len(onebox.asked("refund")) == 6


def test_a_refund_whose_answer_contradicts_it_is_not_believed(
    story: Story, onebox: OneboxSystem, made: Standing
) -> None:
    onebox.altered["refund"] = lambda order: {
        **order,
        "items": [{**item, "state": "PURCHASED"} for item in order["items"]],
    }
    cancel(story, *made.tickets)
    assert (states(onebox), len(onebox.asked("refund"))) == (["REFUNDED", "REFUNDED"], 2)


def test_tickets_whose_ids_nobody_told_are_refunded_as_all_that_is_left(
    story: Story, onebox: OneboxSystem, made: Standing
) -> None:
    nameless = OutsideTicketData()
    with pytest.raises(ConnectorError) as caught:
        story.connector.cancel(story.desk, [nameless])
    assert (caught.value.cause, onebox.asked("refund")) == (Cause.NO_OUTSIDE_ID, [])
    cancel(story, nameless, nameless)
    assert states(onebox) == ["REFUNDED", "REFUNDED"]


def test_no_tickets_are_nothing_to_refund(
    story: Story, onebox: OneboxSystem, made: Standing
) -> None:
    before = len(onebox.received)
    cancel(story)
    assert len(onebox.received) == before


@pytest.mark.parametrize("reference", ["", "../../oauth", "x y"])
def test_an_order_without_a_code_cannot_be_refunded(
    story: Story, onebox: OneboxSystem, reference: str
) -> None:
    story.outside_order.outside_reference = reference
    story.outside_order.save()
    with pytest.raises(ConnectorError) as caught:
        story.connector.cancel(story.desk, [OutsideTicketData(outside_id="7001")])
    assert (caught.value.cause, onebox.received) == (Cause.NOT_KNOWN, [])


def test_an_order_that_a_person_has_found_is_read_and_refunded_by_its_code(
    story: Story, onebox: OneboxSystem, made: Standing
) -> None:
    story.outside_order.refresh_from_db()
    story.outside_order.progress = {}
    story.outside_order.outside_reference = made.outside_reference
    story.outside_order.save()
    standing = story.connector.read_back(story.desk)
    assert standing == made
    cancel(story, *standing.tickets)
    assert states(onebox) == ["REFUNDED", "REFUNDED"]


def test_an_order_that_is_gone_there_cannot_be_refunded(
    story: Story, onebox: OneboxSystem, made: Standing
) -> None:
    onebox.orders.clear()
    with pytest.raises(ConnectorError) as caught:
        story.connector.cancel(story.desk, made.tickets)
    assert (caught.value.cause, caught.value.permanent) == (Cause.NOT_KNOWN, True)
    assert story.connector.read_back(story.desk).exists is None


@pytest.mark.parametrize("outside_id", ["x", "0", "-1", "9" * 30])
def test_ids_that_can_be_none_are_not_sent(
    story: Story, onebox: OneboxSystem, made: Standing, outside_id: Any
) -> None:
    with pytest.raises(ConnectorError) as caught:
        story.connector.cancel(story.desk, [OutsideTicketData(outside_id=outside_id)])
    assert (caught.value.cause, onebox.asked("refund")) == (Cause.NO_OUTSIDE_ID, [])
