"""Reserving: one GET for every ticket, each of which takes stock."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from catalog.models import Connection
from tests.connectors.conftest import unit
from tests.connectors.openticket.cast import Run
from tests.fakes.faults import Fault
from tests.fakes.openticket_system import ADULT, CHILD, FREE, OpenTicketSystem
from tests.orders.expected import NOON, Clock
from wallets.connectors.base import Cause, ConnectorError, TryLater
from wallets.connectors.desk import MOST_ROUNDS, Restart
from wallets.connectors.openticket_answers import read_line
from wallets.connectors.openticket_order import held_until
from wallets.models import OutsideOrder


def test_a_reservation_that_was_not_answered_is_asked_for_once(run: Run) -> None:
    """C1"""
    run.system.faults.add("reserve", Fault.TIMEOUT_AFTER)
    with pytest.raises(TryLater):
        run.prepare()
    assert run.system.operations().count("reserve") == 1
    with pytest.raises(Restart):  # what it took is left to lapse
        run.prepare()
    assert run.system.operations().count("reserve") == 1


def test_every_ticket_has_a_reservation_and_is_ordered_by_its_line(run: Run) -> None:
    """C2"""
    run.step()
    reserved = [one["line"] for one in run.system.reservations.values()]
    assert [line["guid"] for line in reserved] == [ADULT, ADULT, CHILD]
    (order,) = run.system.asked("order")
    assert order.json["tickets"] == reserved


def test_a_line_is_sent_in_the_words_it_was_answered_in(run: Run) -> None:
    """C2"""
    run.system.reservation_extra = {"expires_at": "2026-11-20T11:08:00+00:00", "colour": "red"}
    desk = run.prepare()
    held = next(iter(run.system.reservations.values()))
    assert desk.progress["line-1"]["line"] == held["line"]


def test_a_ticket_that_is_sold_out_ends_an_order_that_was_reserved_in_part(run: Run) -> None:
    """C8"""
    run.system.stock[CHILD] = 0
    fault = run.fault()
    assert (fault.cause, fault.permanent, fault.effect) == (Cause.SOLD_OUT, True, "none")
    assert "This ticket is sold out." in fault.detail
    # Two were reserved and are left to lapse: nothing else is asked, and nothing ordered.
    assert run.system.operations() == ["data", "payment_methods", *["reserve"] * 3]
    assert run.system.stock == {ADULT: 8, CHILD: 0, FREE: 10}


def test_what_an_earlier_attempt_holds_is_named_when_the_next_finds_nothing_left(run: Run) -> None:
    """C8"""
    run.system.stock[ADULT] = 2
    run.system.faults.add("reserve", Fault.ERROR_500_AFTER)
    fault = run.fault()
    assert fault.cause == Cause.SOLD_OUT
    assert "free again within 8 minutes" in fault.detail


@pytest.mark.derived
def test_errors_in_a_reservation_of_status_200_are_a_refusal(run: Run) -> None:
    """C4"""
    run.system.faults.add("reserve", Fault.NOT_SUCCESS)
    fault = run.fault()
    assert (fault.cause, fault.permanent) == (Cause.SOLD_OUT, True)
    assert "It was not done for (an e-mail address)" in fault.detail


def test_a_ticket_that_is_not_known_there_is_named(run: Run) -> None:
    unknown = "aa110000-0000-4000-8000-0000000000ff"
    fault = dataclasses.replace(run, units=(unit(unknown),)).fault()
    assert (fault.cause, fault.permanent) == (Cause.NOT_KNOWN, True)
    assert unknown in fault.detail


@pytest.mark.parametrize(
    "limits",
    [
        {"max_orderable_amount_per_order": 1},
        {"min_orderable_amount_per_order": 3},
        {"increment": 3},
    ],
)
def test_a_number_of_tickets_that_the_shop_does_not_sell_is_refused_before_it_is_reserved(
    run: Run, limits: dict[str, int]
) -> None:
    run.system.limits = limits
    fault = run.fault()
    assert (fault.cause, fault.permanent) == (Cause.REFUSED, True)
    assert "2 are wanted" in fault.detail
    assert run.system.operations() == ["data"]


@pytest.mark.derived
def test_a_shop_of_another_currency_is_refused_before_anything_is_reserved(run: Run) -> None:
    run.system.currency = "GBP"
    fault = run.fault()
    assert (fault.cause, fault.permanent) == (Cause.CURRENCY, True)
    assert fault.detail == "The shop sells in GBP, not in EUR."
    assert run.system.operations() == ["data"]


def test_a_shop_whose_data_is_too_large_is_ordered_from_all_the_same(run: Run) -> None:
    run.system.faults.add("data", Fault.TOO_LARGE)
    assert run.to_the_end().exists


def test_a_method_that_the_shop_does_not_offer_is_refused_before_anything_is_reserved(
    system: OpenTicketSystem, connect: Callable[..., Connection], clock: Clock
) -> None:
    other = connect(payment_method="0a110000-0000-4000-8000-0000000000ff")
    fault = Run(system, other, clock).fault()
    assert (fault.cause, fault.permanent) == (Cause.MISCONFIGURED, True)
    assert system.operations() == ["data", "payment_methods"]


def test_what_costs_something_is_not_reserved_without_a_prepaid_method(
    system: OpenTicketSystem, connect: Callable[..., Connection], clock: Clock
) -> None:
    fault = Run(system, connect(payment_method=""), clock).fault()
    assert (fault.cause, fault.permanent) == (Cause.PAYMENT_NEEDED, True)
    assert system.operations() == ["data"]


def test_what_costs_nothing_is_issued_without_a_prepaid_method(
    system: OpenTicketSystem, connect: Callable[..., Connection], clock: Clock
) -> None:
    run = Run(system, connect(payment_method=""), clock, units=(unit(FREE),))
    assert [one.number for one in run.step().tickets] == run.numbers()


def test_a_connection_that_is_not_complete_asks_nobody(
    system: OpenTicketSystem, connect: Callable[..., Connection], clock: Clock
) -> None:
    fault = Run(system, connect(account="our shop"), clock).fault()
    assert (fault.cause, fault.permanent) == (Cause.MISCONFIGURED, True)
    assert system.received == []


@pytest.mark.parametrize(
    "extra",
    [
        {"guid": CHILD},
        {"guid": None},
        {"reservation": ["r"]},
        {"reservation": "r" * 101},
        {"reservation": "r\x00"},
        {"reservation": "r\ud800"},
        {"guid": f"{ADULT}\x00"},
        {"products": [{"guid": ADULT, "reservation": "c"}, {"guid": ADULT, "reservation": "\x85"}]},
        {"products": None},
        {"products": []},
        {"products": [{"guid": ADULT, "reservation": "c"}]},
        {"products": [{"guid": ADULT, "reservation": "c"}, "and the date"]},
        {"products": [{"guid": ADULT, "reservation": "c"}, {"guid": 7, "reservation": {}}]},
    ],
)
def test_a_reservation_that_lacks_what_an_order_needs_is_unreadable(extra: dict[str, Any]) -> None:
    product = {"guid": ADULT, "reservation": "c"}
    line = {"guid": ADULT, "reservation": "r", "products": [product, product]}
    assert read_line(line, ADULT) == line
    with pytest.raises(ConnectorError) as caught:
        read_line({**line, **extra}, ADULT)
    assert (caught.value.cause, caught.value.permanent) == (Cause.UNREADABLE, True)


def test_a_reservation_that_cannot_be_read_ends_an_order(run: Run) -> None:
    """C1"""
    run.system.reservation_extra = {"products": []}
    fault = run.fault()
    assert (fault.cause, fault.permanent) == (Cause.UNREADABLE, True)
    assert run.system.operations().count("reserve") == 1


@pytest.mark.derived
@pytest.mark.parametrize(
    ("told", "until"),
    [
        ("2026-11-20T11:05:00+00:00", "2026-11-20T11:05:00+00:00"),
        ("2026-11-20T12:05:00+01:00", "2026-11-20T12:05:00+01:00"),
        ("2026-11-20T11:05:00", "2026-11-20T11:05:00+00:00"),
        ("2026-11-20T15:00:00+00:00", "2026-11-20T11:08:00+00:00"),
        ("9999-12-31T23:59:59-23:00", "2026-11-20T11:08:00+00:00"),
        ("soon", "2026-11-20T11:08:00+00:00"),
        (480, "2026-11-20T11:08:00+00:00"),
        (None, "2026-11-20T11:08:00+00:00"),
    ],
)
def test_a_reservation_lasts_eight_minutes_or_less(told: Any, until: str) -> None:
    assert held_until({"expires_at": told}, NOON).isoformat() == until


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        (Fault.TIMEOUT_BEFORE, Cause.TIMED_OUT),
        (Fault.ERROR_500_AFTER, Cause.AWAY),
        (Fault.HTML_200, Cause.UNREADABLE),
        (Fault.TRUNCATED, Cause.UNREADABLE),
        (Fault.TOO_LARGE, Cause.TOO_LARGE),
        (Fault.RESET_AFTER, Cause.AWAY),
        (Fault.BUSY_429, Cause.BUSY),
        (Fault.REDIRECT, Cause.REDIRECTED),
        (Fault.TOKEN_EXPIRED, Cause.CREDENTIALS),
    ],
)
def test_a_reservation_that_never_comes_ends_under_its_cause(
    run: Run, fault: Fault, cause: Cause
) -> None:
    OutsideOrder.objects.update(round=MOST_ROUNDS)  # it was begun anew often enough
    run.system.faults.add("reserve", fault, times=20)
    ended = run.fault()
    assert (ended.cause, ended.permanent) == (cause, True)
    assert run.system.orders == {}


@pytest.mark.parametrize(
    ("operation", "fault", "cause"),
    [
        ("data", Fault.TIMEOUT_BEFORE, Cause.TIMED_OUT),
        ("data", Fault.ERROR_500_BEFORE, Cause.AWAY),
        ("data", Fault.REDIRECT, Cause.REDIRECTED),
        ("payment_methods", Fault.BUSY_429, Cause.BUSY),
        ("payment_methods", Fault.HTML_200, Cause.UNREADABLE),
        ("payment_methods", Fault.TRUNCATED, Cause.UNREADABLE),
        ("payment_methods", Fault.RESET, Cause.AWAY),
    ],
)
def test_a_question_before_anything_is_reserved_fails_under_its_cause(
    run: Run, operation: str, fault: Fault, cause: Cause
) -> None:
    run.system.faults.add(operation, fault)
    with pytest.raises(ConnectorError) as caught:
        run.prepare()
    assert (caught.value.cause, caught.value.effect) == (cause, "none")
    assert run.calls() == []
    assert run.to_the_end().exists
