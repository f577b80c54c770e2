"""What follows an order: it is paid there, its tickets are listed, and both are read back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from catalog.models import Connection
from tests.connectors.conftest import unit
from tests.connectors.openticket.cast import CONNECTOR, Run
from tests.fakes.faults import Fault
from tests.fakes.openticket_system import ADULT, CHILD, EVENT_DATE, FREE, OpenTicketSystem
from tests.orders.expected import Clock
from wallets.connectors.base import (
    Cause,
    ConnectorError,
    NothingThere,
    OutsideTicketData,
    Standing,
    TicketState,
    TryLater,
    UnsupportedByPartner,
)
from wallets.connectors.openticket_answers import read_sold

FAULTS = [
    (Fault.TIMEOUT_BEFORE, Cause.TIMED_OUT),
    (Fault.ERROR_500_BEFORE, Cause.AWAY),
    (Fault.BUSY_429, Cause.BUSY),
    (Fault.HTML_200, Cause.UNREADABLE),
    (Fault.TRUNCATED, Cause.UNREADABLE),
    (Fault.TOO_LARGE, Cause.TOO_LARGE),
    (Fault.RESET, Cause.AWAY),
]


def ticket(number: str, item: str, **members: Any) -> OutsideTicketData:
    return OutsideTicketData(
        outside_session=EVENT_DATE,
        outside_item=item,
        outside_id=number,
        number=number,
        **members,
    )


def only_order(run: Run) -> dict[str, Any]:
    (order,) = run.system.orders.values()
    return order


def test_a_paid_order_has_the_numbers_of_its_tickets(run: Run) -> None:
    standing = run.step()
    first, second, third = run.numbers()
    assert standing == Standing(
        exists=True,
        outside_reference=only_order(run)["id"],
        tickets=[ticket(first, ADULT), ticket(second, ADULT), ticket(third, CHILD)],
    )


@pytest.mark.derived
def test_tickets_that_do_not_say_what_they_are_go_by_their_order(run: Run) -> None:
    run.system.tells_ticket_types = False
    items = [one.outside_item for one in run.step().tickets]
    assert items == [ADULT, ADULT, CHILD]


def test_a_ticket_is_told_by_the_id_that_it_was_asked_for_by(run: Run) -> None:
    capitals = ADULT.upper()  # as staff may have copied it
    reserve = run.system._reserve
    run.system._reserve = lambda guid: reserve(guid.lower())  # type: ignore[method-assign]
    run.units = (unit(capitals, EVENT_DATE),)
    assert run.step().tickets == [ticket(run.numbers()[0], capitals)]


def test_a_redirect_is_no_payment_the_order_is_looked_at_until_it_is_paid(run: Run) -> None:
    """C9"""
    run.system.pays = False
    with pytest.raises(TryLater) as later:
        run.step()
    assert later.value.seconds == 10
    with pytest.raises(TryLater):
        run.step()
    run.system.pay()
    assert len(run.step().tickets) == 3
    assert run.system.operations().count("order") == 1


def test_an_order_that_is_not_paid_in_time_is_named(run: Run) -> None:
    """C9"""
    run.system.pays = False
    fault = run.fault()
    assert (fault.cause, fault.permanent, fault.effect) == (Cause.NOT_PAID, True, "unknown")
    assert fault.detail == f"The order {only_order(run)['id']} is not paid there yet."
    # Once in ten seconds, for the minute of the connection.
    assert run.system.operations().count("sold") == 7


@pytest.mark.derived
def test_an_order_that_ended_unpaid_is_named_at_once(run: Run) -> None:
    """C9"""
    run.system.pays = False
    with pytest.raises(TryLater):
        run.step()
    only_order(run)["status"] = "expired"
    fault = run.fault()
    assert (fault.cause, type(fault)) == (Cause.NOT_PAID, NothingThere)
    assert CONNECTOR.read_back(run.desk).exists is False


def test_an_order_that_costs_nothing_is_complete_at_once(
    system: OpenTicketSystem, connection: Connection, clock: Clock
) -> None:
    run = Run(system, connection, clock, units=(unit(FREE, EVENT_DATE, count=2),))
    assert len(run.step().tickets) == 2


@pytest.mark.derived
def test_an_amount_that_cannot_be_read_is_taken_for_one_that_is_to_be_paid(run: Run) -> None:
    run.system.order_extra = {"amount": "0"}
    run.system.pays = False
    with pytest.raises(TryLater):
        run.step()
    run.system.pay()
    assert run.step().exists


def test_an_order_that_turns_out_to_cost_something_asks_no_guest(
    system: OpenTicketSystem, connect: Callable[..., Connection], clock: Clock
) -> None:
    system.tickets_as = lambda _: []  # so that its price is not known before
    run = Run(system, connect(payment_method=""), clock, units=(unit(ADULT),))
    fault = run.fault()
    assert (fault.cause, type(fault)) == (Cause.PAYMENT_NEEDED, NothingThere)
    assert "costs 24.50 there" in fault.detail


def test_tickets_that_come_later_are_waited_for(run: Run) -> None:
    made = run.system._sold
    run.system._sold = lambda order: {**made(order), "tickets": []}  # type: ignore[method-assign]
    with pytest.raises(TryLater):
        run.step()
    run.system._sold = made  # type: ignore[method-assign]
    assert len(run.to_the_end().tickets) == 3


@pytest.mark.parametrize(("kept", "looks"), [(2, 7), (4, 1)])
def test_another_number_of_tickets_than_was_ordered_is_named(
    run: Run, kept: int, looks: int
) -> None:
    made = run.system._sold

    def sold(order: dict[str, Any]) -> dict[str, Any]:
        more = {"ticket_number": "one more"}
        return {**made(order), "tickets": [*order["tickets"], more][:kept]}

    run.system._sold = sold  # type: ignore[method-assign]
    fault = run.fault()
    assert (fault.cause, fault.permanent, fault.effect) == (Cause.UNREADABLE, True, "unknown")
    assert f"lists {kept} tickets where 3 were ordered" in fault.detail
    assert run.system.operations().count("sold") == looks


@pytest.mark.parametrize(
    "document",
    [
        [],
        None,
        {"status": "paid", "guid": "another order"},
        *(
            {"status": "paid", "tickets": tickets}
            for tickets in (
                {},
                "T1",
                [7],
                [{}],
                [{"ticket_number": ""}],
                [{"ticket_number": "T" * 101}],
                [{"ticket_number": ["T1"]}],
                [{"ticket_number": "T1"}, {"ticket_number": "T1"}],
            )
        ),
    ],
)
def test_an_order_that_is_not_what_was_agreed_is_unreadable(document: Any) -> None:
    with pytest.raises(ConnectorError) as caught:
        read_sold(document, "this order")
    assert caught.value.cause == Cause.UNREADABLE


def test_tickets_that_cannot_be_read_are_named(run: Run) -> None:
    made = run.system._sold
    run.system._sold = lambda order: {**made(order), "tickets": "T1"}  # type: ignore[method-assign]
    fault = run.fault()
    assert (fault.cause, fault.permanent, fault.effect) == (Cause.UNREADABLE, True, "unknown")


@pytest.mark.parametrize(("fault", "cause"), FAULTS)
def test_an_order_that_cannot_be_read_is_made_all_the_same(
    run: Run, fault: Fault, cause: Cause
) -> None:
    run.system.faults.add("sold", fault)
    with pytest.raises(TryLater):
        run.step()
    assert [one.number for one in run.to_the_end().tickets] == run.numbers()
    assert len(run.system.orders) == 1


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        (Fault.ERROR_500_BEFORE, Cause.AWAY),
        (Fault.HTML_200, Cause.UNREADABLE),
        (Fault.TOKEN_EXPIRED, Cause.CREDENTIALS),
        (Fault.REDIRECT, Cause.REDIRECTED),
    ],
)
def test_an_order_that_never_can_be_read_ends_under_its_cause(
    run: Run, fault: Fault, cause: Cause
) -> None:
    run.system.faults.add("sold", fault, times=70)
    ended = run.fault()
    assert (ended.cause, ended.permanent, ended.effect) == (cause, True, "unknown")


@pytest.mark.derived
def test_an_order_that_is_not_listed_yet_is_looked_for_again(run: Run) -> None:
    orders = run.system.orders

    def hide() -> None:
        run.system.orders = {}

    run.system.faults.hooks["sold", "received"] = hide
    with pytest.raises(TryLater):
        run.step()
    run.system.faults.hooks.clear()
    run.system.orders = orders
    assert run.step().exists


@pytest.mark.derived
@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("valid", TicketState.VALID),
        ("used", TicketState.USED),
        ("Scanned", TicketState.USED),
        ("cancelled", TicketState.CANCELLED),
        ("refunded", TicketState.CANCELLED),
        ("Active", TicketState.VALID),
        ("something new", None),
        ("", None),
        (None, None),
        (7, None),
    ],
)
def test_a_ticket_stands_as_its_status_says(status: Any, state: TicketState | None) -> None:
    document = {"tickets": [{"ticket_number": "T1", "status": status}]}
    assert read_sold(document, "an order").tickets[0].state == state


@pytest.mark.derived
def test_a_scan_and_a_refund_there_are_read_back(run: Run) -> None:
    run.step()
    first, second, third = only_order(run)["tickets"]
    first["status"], second["status"] = "scanned", "refunded"
    assert CONNECTOR.read_back(run.desk) == Standing(
        exists=True,
        outside_reference=only_order(run)["id"],
        tickets=[
            ticket(first["ticket_number"], ADULT, state=TicketState.USED),
            ticket(second["ticket_number"], ADULT, state=TicketState.CANCELLED),
            ticket(third["ticket_number"], CHILD),
        ],
    )


@pytest.mark.derived
def test_a_ticket_that_is_not_listed_any_more_is_cancelled(run: Run) -> None:
    run.system.tells_ticket_types = False
    run.step()
    gone = only_order(run)["tickets"].pop(0)
    second, third = (one["ticket_number"] for one in only_order(run)["tickets"])
    assert CONNECTOR.read_back(run.desk).tickets == [
        ticket(second, ADULT),
        ticket(third, CHILD),
        ticket(gone["ticket_number"], ADULT, state=TicketState.CANCELLED),
    ]


@pytest.mark.derived
def test_an_order_that_lists_no_tickets_says_nothing_of_them(run: Run) -> None:
    run.step()
    only_order(run)["tickets"] = []
    standing = CONNECTOR.read_back(run.desk)
    assert (standing.exists, standing.tickets, standing.is_cancelled) == (True, [], False)


@pytest.mark.derived
def test_an_order_that_was_cancelled_there_is_read_back_so(run: Run) -> None:
    run.step()
    only_order(run)["status"] = "cancelled"
    standing = CONNECTOR.read_back(run.desk)
    assert (standing.exists, standing.is_cancelled) == (True, True)


def test_an_order_that_is_not_paid_yet_cannot_be_told(run: Run) -> None:
    run.system.pays = False
    with pytest.raises(TryLater):
        run.step()
    standing = CONNECTOR.read_back(run.desk)
    assert standing == Standing(exists=None, outside_reference=only_order(run)["id"], tickets=[])
    run.system.pay()
    assert CONNECTOR.read_back(run.desk).exists is True


def test_nothing_can_be_told_of_an_order_without_an_id(run: Run) -> None:
    run.prepare()
    asked = len(run.system.received)
    assert CONNECTOR.read_back(run.desk) == Standing(exists=None)
    assert len(run.system.received) == asked


@pytest.mark.derived
@pytest.mark.parametrize(
    ("members", "url"),
    [
        ({}, ""),
        ({"pdf": "https://cdn.example/t.pdf?v=1"}, "https://cdn.example/t.pdf?v=1"),
        ({"url": "https://cdn.example/t"}, "https://cdn.example/t"),
        ({"pdf": "http://cdn.example/t", "url": "https://cdn.example/t"}, "https://cdn.example/t"),
        ({"pdf": "https://cdn.example/" + "x" * 500}, ""),
        ({"pdf": "javascript:alert(1)"}, ""),
        ({"pdf": "https://cdn.example/t.pdf?\x00"}, ""),
        ({"pdf": {"href": "https://cdn.example/t.pdf"}}, ""),
    ],
)
def test_a_ticket_may_have_an_address(members: dict[str, Any], url: str) -> None:
    (found,) = read_sold({"tickets": [{"ticket_number": "T1", **members}]}, "an order").tickets
    assert found.url == url


@pytest.mark.derived
def test_the_address_of_a_ticket_is_told(run: Run) -> None:
    run.prepare()
    run.system.faults.hooks["sold", "received"] = lambda: only_order(run)["tickets"][0].update(
        pdf="https://cdn.example/t.pdf"
    )
    assert [one.url for one in run.step().tickets] == ["https://cdn.example/t.pdf", "", ""]


def test_nothing_can_be_cancelled_there(run: Run) -> None:
    standing = run.step()
    asked = len(run.system.received)
    with pytest.raises(UnsupportedByPartner) as refusal:
        CONNECTOR.cancel(run.desk, standing.tickets)
    assert refusal.value.capability == "cancel orders or refund tickets"
    assert len(run.system.received) == asked
    assert not CONNECTOR.capabilities.cancel
    assert not CONNECTOR.capabilities.refund
