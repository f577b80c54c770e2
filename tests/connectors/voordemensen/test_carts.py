"""Carts, dates, money, seats, and who is sent the key (voordemensen.md, section 7, C6 to C12)."""

from __future__ import annotations

import datetime
import json
import logging
from decimal import Decimal
from typing import Any

import pytest

from catalog.models import ComponentSource, Connection
from tests.connectors.conftest import (
    calls_of,
    desk_of,
    fault_of_steps,
    make_outside_order,
    run_steps,
    unit,
    wish,
)
from tests.connectors.voordemensen.wishes import TICKETS, two
from tests.factories import sellable_package
from tests.fakes.faults import Fault
from tests.fakes.voordemensen_system import (
    ADULT,
    CARD,
    CHILD,
    EVENING,
    KEY,
    MATINEE,
    VoordeMensenSystem,
)
from tests.orders.expected import NOON, Clock
from wallets.connectors.base import (
    CatalogueEntry,
    Cause,
    PlacesThere,
    Standing,
)
from wallets.connectors.voordemensen import VoordeMensenConnector
from wallets.connectors.voordemensen_reading import day_of, moment_of
from wallets.models import OutsideOrder

connector = VoordeMensenConnector()


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-11-23", datetime.date(2026, 11, 23)),
        ("23-11-2026", datetime.date(2026, 11, 23)),
        ("2026-11-23 14:00:00", datetime.date(2026, 11, 23)),
        ("0000-00-00", None),
        ("0000-00-00 00:00:00", None),
        ("00-00-0000", None),
        ("31-02-2026", None),
        ("tomorrow", None),
        (None, None),
        (20261123, None),
    ],
)
def test_both_orders_of_dates_and_the_zero_date_are_read(
    text: Any, day: datetime.date | None
) -> None:
    """C6"""
    assert day_of(text) == day


@pytest.mark.parametrize("time", ["14:00:00", "14:00"])
def test_both_forms_of_times_are_read(time: str) -> None:
    """C6"""
    assert moment_of("23-11-2026", time) == datetime.datetime(2026, 11, 23, 14)  # noqa: DTZ001
    assert moment_of("0000-00-00", time) is None


def test_an_event_of_another_day_is_refused_before_anything_is_bought(
    system: VoordeMensenSystem, order: OutsideOrder, clock: Clock
) -> None:
    """C6"""
    system.dates[MATINEE] = ("2026-11-29", "14:00:00")
    error = fault_of_steps(connector, order, two(order), clock)
    assert (error.cause, error.detail) == (
        Cause.REFUSED,
        f"Event {MATINEE} is on 2026-11-29 there, and on 2026-11-23 here.",
    )
    assert system.orders == {}


def test_money_is_exact_and_the_cost_of_paying_comes_on_top(
    system: VoordeMensenSystem, order: OutsideOrder, clock: Clock
) -> None:
    """C7"""
    Connection.objects.filter(pk=order.connection_id).update(payment_method=str(CARD))
    three = [unit(ADULT, str(MATINEE)) for _ in range(3)]
    run_steps(connector, order, wish(order, *three), clock)
    kept = OutsideOrder.objects.get(pk=order.pk).progress
    assert (kept["total"], kept["due"]) == ("0.30", "1.80")


@pytest.mark.parametrize(
    ("amount", "is_fine"), [("25.00", True), (26.5, True), ("24.99", False), ("26.51", False)]
)
def test_the_back_office_may_tell_an_amount_with_the_cost_of_paying_or_without(
    system: VoordeMensenSystem, keyed: Connection, clock: Clock, amount: Any, is_fine: bool
) -> None:
    """C7"""
    Connection.objects.filter(pk=keyed.pk).update(payment_method=str(CARD))
    order = make_outside_order(keyed)
    key = run_steps(connector, order, two(order), clock).outside_reference
    system.changed = [{"orderId": 1, "orderKey": key, "orderStatus": "ord", "amount": amount}]
    clock.forward(seconds=60)
    if is_fine:
        assert connector.read_back(desk_of(order, clock)).exists is True
    else:
        with pytest.raises(Exception, match=f"says {amount} for an order of 25.00"):
            connector.read_back(desk_of(order, clock))


def test_the_most_of_an_order_is_not_taken_for_places(
    connection: Connection, system: VoordeMensenSystem
) -> None:
    """C8"""
    assert connector.ask_places(connection, str(EVENING)) == [
        PlacesThere(outside_session=str(EVENING), outside_item=CHILD, left=None)
    ]


def test_what_we_sell_of_it_and_is_not_listed_any_more_has_no_places(
    connection: Connection, system: VoordeMensenSystem
) -> None:
    """C8"""
    for item in (CHILD, ADULT):
        package = sellable_package(connection.venue, f"MILL-{item}")
        ComponentSource.objects.create(
            component=package.components.get(),
            connection=connection,
            outside_session=str(EVENING),
            outside_item=item,
        )

    def left() -> dict[str, int | None]:
        places = connector.ask_places(connection, str(EVENING))
        return {one.outside_item: one.left for one in places}

    assert left() == {CHILD: None, ADULT: 0}
    del system.types[EVENING]
    assert left() == {CHILD: 0, ADULT: 0}


@pytest.mark.parametrize("fault", [Fault.TIMEOUT_BEFORE, Fault.TIMEOUT_AFTER])
@pytest.mark.parametrize("one_item", [False, True])
def test_an_adding_in_doubt_is_looked_for_in_the_cart(
    system: VoordeMensenSystem,
    order: OutsideOrder,
    clock: Clock,
    fault: Fault,
    one_item: bool,
) -> None:
    """C9"""
    system.one_item = one_item
    system.faults.add("add_to_cart", fault)
    wanted = wish(order, *two(order).units, unit(ADULT, str(MATINEE)))
    run_steps(connector, order, wanted, clock)
    was_done = fault is Fault.TIMEOUT_AFTER
    assert system.operations()[:5] == [
        "make_cart",
        "add_to_cart",
        "read_cart",
        *(("add_to_cart", "read_cart") if was_done else ("add_to_cart", "add_to_cart")),
    ]
    assert (system.tickets(), len(system.carts)) == (3, 1)
    effects = [effect for name, _, told in calls_of(order) for effect, _ in told if "add" in name]
    assert effects[:2] == ["unknown", "done" if was_done else "none"]


def test_a_cart_that_got_more_than_was_wanted_is_left_to_lapse(
    system: VoordeMensenSystem, order: OutsideOrder, clock: Clock
) -> None:
    """C9"""
    desk = desk_of(order, clock)
    connector.prepare(desk, two(order))
    (cart,) = system.carts.values()
    cart.append({**cart[0], "seat_id": "late"})
    run_steps(connector, order, two(order), clock)
    assert (len(system.carts), len(system.orders), system.tickets()) == (2, 1, 2)


def test_a_cart_that_has_lapsed_is_filled_anew(
    system: VoordeMensenSystem, order: OutsideOrder, clock: Clock
) -> None:
    desk = desk_of(order, clock)
    connector.prepare(desk, two(order))
    system.lapse()
    assert run_steps(connector, order, two(order), clock).exists
    assert (len(system.orders), system.tickets()) == (1, 2)


def test_seats_of_an_order_are_told_by_their_own_ids_and_events(
    system: VoordeMensenSystem, order: OutsideOrder, clock: Clock
) -> None:
    """C10"""
    wanted = wish(order, unit(CHILD, str(MATINEE)), unit(CHILD, str(EVENING)))
    standing = run_steps(connector, order, wanted, clock)
    in_cart = {item["seat_id"] for cart in system.carts.values() for item in cart}
    assert [(one.outside_session, one.outside_id) for one in standing.tickets] == [
        (str(MATINEE), "70000"),
        (str(EVENING), "70001"),
    ]
    assert not in_cart & {one.outside_id for one in standing.tickets}


def test_seats_that_may_be_of_either_type_are_not_told_apart_by_guessing(
    system: VoordeMensenSystem, order: OutsideOrder, clock: Clock
) -> None:
    """C10"""
    wanted = wish(order, unit(CHILD, str(MATINEE)), unit(ADULT, str(MATINEE)))
    standing = run_steps(connector, order, wanted, clock)
    assert (standing.exists, standing.tickets_url, standing.tickets) == (True, TICKETS, ())


def test_the_key_goes_raw_to_whom_it_is_for_and_nowhere_else(
    system: VoordeMensenSystem,
    keyed: Connection,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """C11"""
    caplog.set_level(logging.DEBUG)
    order = make_outside_order(keyed)
    run_steps(connector, order, two(order), clock)
    clock.forward(seconds=60)
    connector.read_back(desk_of(order, clock))
    sent = {(one.operation, one.headers.get("authorization")) for one in system.received}
    assert sent == {
        ("make_cart", None),
        ("add_to_cart", None),
        ("read_cart", None),
        ("payment_methods", KEY),
        ("create_order", KEY),
        ("read_order", None),
        ("back_office", KEY),
    }
    kept = json.dumps(OutsideOrder.objects.get(pk=order.pk).progress)
    assert KEY not in caplog.text + kept + repr([one.path for one in system.received])


def test_a_cancelled_order_is_learned_from_the_back_office_and_stays_cancelled(
    system: VoordeMensenSystem, keyed: Connection, clock: Clock
) -> None:
    """C11"""
    order = make_outside_order(keyed)
    key = run_steps(connector, order, two(order), clock).outside_reference
    clock.forward(seconds=60)
    assert connector.read_back(desk_of(order, clock)).is_cancelled is False
    (asked,) = system.asked("back_office")
    assert asked.query == {"changedSince": NOON.isoformat(timespec="seconds")}
    system.changed = [
        {"orderId": 1, "orderKey": "another", "orderStatus": "ord"},
        {"orderId": 2, "orderKey": key, "orderStatus": "cancel", "orderPaymentStatus": "paid"},
    ]
    clock.forward(seconds=60)
    gone = Standing(exists=True, outside_reference=key, is_cancelled=True)
    assert connector.read_back(desk_of(order, clock)) == gone
    system.changed = []
    clock.forward(seconds=60)
    assert connector.read_back(desk_of(order, clock)) == gone


def test_nobody_asks_for_the_check_that_mails_tickets(
    system: VoordeMensenSystem, keyed: Connection, clock: Clock
) -> None:
    """C12"""
    system.statuses = ["none", "pending"]
    order = make_outside_order(keyed)
    run_steps(connector, order, two(order), clock)
    clock.forward(seconds=60)
    connector.read_back(desk_of(order, clock))
    connector.check(keyed)
    assert "payment_check" not in system.operations()
    assert "unknown" not in system.operations()


def test_the_catalogue_lists_ticket_types_of_coming_sub_events(
    connection: Connection, system: VoordeMensenSystem
) -> None:
    entries = connector.list_catalogue(connection)
    assert entries[0] == CatalogueEntry(
        outside_session=str(MATINEE),
        outside_item=CHILD,
        label=f"Molen – Type {CHILD}",
        starts_at=datetime.datetime(2026, 11, 23, 14),  # noqa: DTZ001
        price=Decimal("12.50"),
    )
    assert [(one.outside_session, one.outside_item) for one in entries] == [
        *[(str(MATINEE), item) for item in system.types[MATINEE]],
        (str(EVENING), CHILD),
    ]
    assert entries[-1].starts_at is None
