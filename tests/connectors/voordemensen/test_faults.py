"""Bad answers of VoordeMensen: what passes by itself, and under which cause the rest ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from catalog.models import Connection
from tests.connectors.conftest import (
    desk_of,
    fault_of_steps,
    make_connection,
    make_outside_order,
    run_steps,
    unit,
    wish,
)
from tests.connectors.voordemensen.wishes import two
from tests.fakes.faults import ELSEWHERE, Fault, running
from tests.fakes.voordemensen_system import (
    CARD,
    CHILD,
    CLIENT,
    EVENING,
    FREE,
    KEY,
    MATINEE,
    ON_ACCOUNT,
    VoordeMensenSystem,
)
from tests.orders.expected import Clock
from wallets.connectors.base import Cause, ConnectorError, UnsupportedByPartner
from wallets.connectors.voordemensen import VoordeMensenConnector
from wallets.models import OutsideOrder

connector = VoordeMensenConnector()
# What passes when it happens once; the others are for a person.
PASSING = [
    fault
    for fault in Fault
    if fault not in (Fault.NOT_SUCCESS, Fault.TOKEN_EXPIRED, Fault.REDIRECT)
]


@pytest.mark.parametrize("operation", ["make_cart", "add_to_cart", "create_order", "read_order"])
@pytest.mark.parametrize("fault", PASSING)
def test_what_goes_wrong_once_ends_well_with_one_order(
    system: VoordeMensenSystem, order: OutsideOrder, clock: Clock, operation: str, fault: Fault
) -> None:
    system.faults.add(operation, fault)
    standing = run_steps(connector, order, two(order), clock)
    assert (standing.exists, len(standing.tickets)) == (True, 2)
    assert (len(system.orders), system.tickets()) == (1, 2)


_NAMED = [
    (Fault.TIMEOUT_BEFORE, Cause.TIMED_OUT),
    (Fault.ERROR_500_BEFORE, Cause.AWAY),
    (Fault.BUSY_429, Cause.BUSY),
    (Fault.HTML_200_BEFORE, Cause.UNREADABLE),
    (Fault.NOT_SUCCESS, Cause.REFUSED),
    (Fault.TOKEN_EXPIRED, Cause.CREDENTIALS),
    (Fault.REDIRECT, Cause.REDIRECTED),
    (Fault.RESET, Cause.AWAY),
]


@pytest.mark.parametrize(
    ("operation", "fault", "cause"),
    [
        *[("make_cart", *named) for named in _NAMED],
        ("make_cart", Fault.TRUNCATED, Cause.UNREADABLE),
        ("make_cart", Fault.TOO_LARGE, Cause.TOO_LARGE),
        # One that hangs each time is as slow as it is like the others.
        *[("add_to_cart", *named) for named in _NAMED[1:]],
    ],
)
def test_before_anything_counts_it_ends_under_the_cause_of_what_came(
    system: VoordeMensenSystem,
    order: OutsideOrder,
    clock: Clock,
    operation: str,
    fault: Fault,
    cause: Cause,
) -> None:
    system.faults.add(operation, fault, times=50)
    assert fault_of_steps(connector, order, two(order), clock).cause == cause
    assert (system.orders, desk_of(order, clock).may_exist) == ({}, False)
    assert not [one for one in system.received if one.path == ELSEWHERE]


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        (Fault.ERROR_500_BEFORE, Cause.OUTCOME_UNKNOWN),
        (Fault.ERROR_500_AFTER, Cause.OUTCOME_UNKNOWN),
        (Fault.BUSY_429, Cause.BUSY),
        (Fault.HTML_200, Cause.OUTCOME_UNKNOWN),
        (Fault.TRUNCATED, Cause.OUTCOME_UNKNOWN),
        (Fault.NOT_SUCCESS, Cause.REFUSED),
        (Fault.TOKEN_EXPIRED, Cause.CREDENTIALS),
        (Fault.TOO_LARGE, Cause.OUTCOME_UNKNOWN),
        (Fault.REDIRECT, Cause.OUTCOME_UNKNOWN),
        (Fault.RESET_AFTER, Cause.OUTCOME_UNKNOWN),
    ],
)
def test_an_order_that_may_have_been_made_is_left_in_doubt(
    system: VoordeMensenSystem, order: OutsideOrder, clock: Clock, fault: Fault, cause: Cause
) -> None:
    system.faults.add("create_order", fault, times=50)
    assert fault_of_steps(connector, order, two(order), clock).cause == cause
    is_in_doubt = cause == Cause.OUTCOME_UNKNOWN
    assert desk_of(order, clock).may_exist is is_in_doubt
    assert connector.read_back(desk_of(order, clock)).exists is (None if is_in_doubt else False)
    assert len(system.orders) <= 1


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        (Fault.ERROR_500_BEFORE, Cause.AWAY),
        (Fault.BUSY_429, Cause.BUSY),
        (Fault.HTML_200, Cause.UNREADABLE),
        (Fault.NOT_SUCCESS, Cause.REFUSED),
        (Fault.TOKEN_EXPIRED, Cause.CREDENTIALS),
        (Fault.TOO_LARGE, Cause.TOO_LARGE),
        (Fault.REDIRECT, Cause.REDIRECTED),
    ],
)
def test_an_order_that_cannot_be_asked_about_is_for_a_person(
    system: VoordeMensenSystem, order: OutsideOrder, clock: Clock, fault: Fault, cause: Cause
) -> None:
    system.faults.add("read_order", fault, times=100)
    error = fault_of_steps(connector, order, two(order), clock)
    assert (error.cause, error.permanent, error.effect) == (cause, True, "unknown")
    assert len(system.orders) == 1


def test_a_certificate_that_nobody_vouches_for_is_named(
    transactional_db: None, clock: Clock
) -> None:
    with running(VoordeMensenSystem(), certificate=True) as system:
        connection = make_connection("voordemensen", f"{system.url}/v1", account=CLIENT)
        order = make_outside_order(connection)
        error = fault_of_steps(connector, order, two(order), clock)
    assert (error.cause, error.permanent) == (Cause.CERTIFICATE, True)


def _sold_out(system: VoordeMensenSystem) -> None:
    system.sold_out = True


def _event_gone(system: VoordeMensenSystem) -> None:
    del system.types[MATINEE]


def _type_gone(system: VoordeMensenSystem) -> None:
    system.types[MATINEE].remove(CHILD)


@pytest.mark.parametrize(
    ("change", "cause", "words"),
    [
        (_sold_out, Cause.SOLD_OUT, "There are not enough tickets left"),
        (_event_gone, Cause.NOT_KNOWN, "sub_event not found"),
        (_type_gone, Cause.NOT_KNOWN, "discount not found"),
    ],
)
def test_a_refusal_has_its_cause_and_its_words(
    system: VoordeMensenSystem,
    order: OutsideOrder,
    clock: Clock,
    change: Callable[[VoordeMensenSystem], None],
    cause: Cause,
    words: str,
) -> None:
    change(system)
    error = fault_of_steps(connector, order, two(order), clock)
    assert (error.cause, error.permanent) == (cause, True)
    assert words in error.detail


@pytest.mark.parametrize(
    ("session", "item"),
    [
        ("", CHILD),
        ("matinee", CHILD),
        ("9" * 12, CHILD),
        ("²", CHILD),
        (str(MATINEE), "../x"),
        (str(MATINEE), ".."),
    ],
)
def test_what_cannot_be_an_id_of_theirs_is_not_sent(
    system: VoordeMensenSystem, order: OutsideOrder, clock: Clock, session: str, item: str
) -> None:
    error = fault_of_steps(connector, order, wish(order, unit(item, session)), clock)
    assert error.cause == Cause.NO_OUTSIDE_ID
    assert "add_to_cart" not in system.operations()


def test_without_a_prepaid_method_only_what_costs_nothing_is_bought(
    system: VoordeMensenSystem, order: OutsideOrder, clock: Clock
) -> None:
    Connection.objects.update(payment_method="")
    error = fault_of_steps(connector, order, two(order), clock)
    assert (error.cause, system.orders) == (Cause.PAYMENT_NEEDED, {})
    other = make_outside_order(order.connection)
    assert run_steps(connector, other, wish(other, unit(FREE, str(MATINEE))), clock).exists
    assert system.asked("create_order")[0].json["payment_id"] == ON_ACCOUNT


def test_a_method_that_is_not_theirs_is_refused_before_anything_is_made(
    system: VoordeMensenSystem, order: OutsideOrder, clock: Clock
) -> None:
    Connection.objects.update(payment_method="99")
    error = fault_of_steps(connector, order, two(order), clock)
    assert (error.cause, system.orders) == (Cause.REFUSED, {})
    assert "There is no payment method of this id" in error.detail


@pytest.mark.parametrize(
    "members",
    [
        {"order_tickets_nr": 3},
        {"seats": [{"seat_id": 1}, {"seat_id": 1}]},
        {"seats": [{"event_name": "Molen"}]},
        {"seats": ["x"]},
    ],
)
def test_tickets_that_are_not_those_that_were_ordered_are_for_a_person(
    system: VoordeMensenSystem, order: OutsideOrder, clock: Clock, members: Any
) -> None:
    system.order_members = members
    error = fault_of_steps(connector, order, two(order), clock)
    assert (error.cause, error.permanent, error.effect) == (Cause.UNREADABLE, True, "unknown")


def test_tickets_that_are_counted_but_not_listed_have_no_ids(
    system: VoordeMensenSystem, order: OutsideOrder, clock: Clock
) -> None:
    system.order_members = {"seats": None}
    standing = run_steps(connector, order, two(order), clock)
    assert (standing.exists, standing.tickets) == (True, ())


@pytest.mark.parametrize(
    ("columns", "field"),
    [
        ({"base_url": "http://api.voordemensen.nl/v1"}, "base_url"),
        ({"account": ""}, "account"),
        ({"account": "molen/park"}, "account"),
        ({"account": ".."}, "account"),
        ({"payment_method": "ideal"}, "payment_method"),
        ({"payment_method": "99999999999"}, "payment_method"),
    ],
)
def test_faults_of_the_settings_are_named_by_field(
    connection: Connection, columns: dict[str, str], field: str
) -> None:
    assert connector.faults_of(connection) == {}
    for name, value in columns.items():
        setattr(connection, name, value)
    assert list(connector.faults_of(connection)) == [field]


def test_a_check_says_what_it_found_and_changes_nothing(
    system: VoordeMensenSystem, keyed: Connection
) -> None:
    assert connector.check(keyed) == (
        f"It lists 1 events. The payment method is Method {ON_ACCOUNT}. The key is accepted."
    )
    keyed.payment_method = str(CARD + 1)
    assert "It does not list the payment method." in connector.check(keyed)
    keyed.set_credentials({"peppered_key": f"{KEY}x"})
    with pytest.raises(ConnectorError) as caught:
        connector.check(keyed)
    assert caught.value.cause == Cause.CREDENTIALS
    assert {one.method for one in system.received} == {"GET"}


def test_what_it_cannot_do_is_said(
    connection: Connection, order: OutsideOrder, clock: Clock
) -> None:
    capabilities = connector.capabilities
    assert (capabilities.cancel, capabilities.refund, capabilities.push) == (False, False, False)
    with pytest.raises(UnsupportedByPartner, match="VoordeMensen has no way to cancel an order"):
        connector.cancel(desk_of(order, clock), ())
    with pytest.raises(UnsupportedByPartner):
        connector.read_push(connection, {}, b"{}")


def test_a_catalogue_that_shrinks_meanwhile_is_listed_as_far_as_it_goes(
    connection: Connection, system: VoordeMensenSystem
) -> None:
    system.faults.hooks[("events", "worked")] = lambda: system.types.pop(EVENING)
    assert {one.outside_session for one in connector.list_catalogue(connection)} == {str(MATINEE)}
