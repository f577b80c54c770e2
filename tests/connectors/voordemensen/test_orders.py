"""What becomes of an order: its answer, its key, its payment (voordemensen.md, section 7, C1 to C5)."""

from __future__ import annotations

import datetime
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import pairwise
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection as database

from catalog.models import Connection
from tests.connectors.conftest import (
    desk_of,
    fault_of_steps,
    run_steps,
)
from tests.connectors.voordemensen.wishes import TICKETS, two
from tests.fakes.faults import Fault
from tests.fakes.voordemensen_system import (
    CHILD,
    MATINEE,
    VoordeMensenSystem,
)
from tests.orders.expected import Clock
from wallets.connectors.base import (
    Cause,
    NothingThere,
    OutsideTicketData,
    Standing,
    TryLater,
)
from wallets.connectors.voordemensen import VoordeMensenConnector
from wallets.connectors.voordemensen_calls import order_key_of_return, return_url_of
from wallets.models import OutsideOrder

connector = VoordeMensenConnector()


@pytest.mark.parametrize("one_item", [False, True])
def test_an_order_is_made_paid_and_told(
    system: VoordeMensenSystem, order: OutsideOrder, clock: Clock, one_item: bool
) -> None:
    system.one_item = one_item
    standing = run_steps(connector, order, two(order), clock)
    assert standing == Standing(
        exists=True,
        outside_reference="Rr1aa-Bb2bb-Cc3cc-00000",
        tickets_url=TICKETS,
        tickets=[
            OutsideTicketData(
                outside_session=str(MATINEE), outside_item=CHILD, outside_id=str(70_000 + number)
            )
            for number in range(2)
        ],
    )
    assert system.operations() == [
        "make_cart",
        "add_to_cart",
        "read_cart",
        "payment_methods",
        "create_order",
        "read_order",
    ]
    assert (len(system.orders), system.tickets()) == (1, 2)


@pytest.mark.parametrize(
    ("created", "cause"),
    [
        ([], Cause.OUTCOME_UNKNOWN),
        ({"url": "https://psp.example/", "order_key": "K"}, Cause.OUTCOME_UNKNOWN),
        ([{"url": "https://psp.example/"}], Cause.OUTCOME_UNKNOWN),
        ([{"order_key": "../../evil"}], Cause.OUTCOME_UNKNOWN),
        (["K"], Cause.OUTCOME_UNKNOWN),
        ({"message": "No such cart, jo@example.org"}, Cause.REFUSED),
        ([{"order_key": "K1"}, {"order_key": "K2"}], Cause.TWO_ORDERS),
    ],
)
def test_anything_but_an_array_of_one_is_a_clear_fault(
    system: VoordeMensenSystem, order: OutsideOrder, clock: Clock, created: Any, cause: Cause
) -> None:
    """C1"""
    system.created = created
    # So that a repeated call is answered in the same way.
    system.faults.hooks[("create_order", "worked")] = system.orders.clear
    error = fault_of_steps(connector, order, two(order), clock)
    assert (error.cause, error.permanent) == (cause, True)
    assert "jo@example.org" not in error.detail


def test_the_shop_is_named_by_redirecturl_spelled_so_and_https(
    system: VoordeMensenSystem, order: OutsideOrder, clock: Clock, settings: Any
) -> None:
    """C2"""
    settings.PUBLIC_URL = "https://tickets.dunes.example"
    run_steps(connector, order, two(order), clock)
    (sent,) = system.asked("create_order")
    assert sent.json == {
        "cart_id": "Zk" + "0" * 30,
        "payment_id": 33,
        "redirectURL": f"https://tickets.dunes.example/outside/{order.connection_id}/return",
        "email": "guest@example.com",
        "firstname": "Anna",
        "lastname": "de Vries",
    }


def test_a_public_address_without_https_is_a_fault_of_the_settings(
    connection: Connection, settings: Any
) -> None:
    """C2"""
    settings.PUBLIC_URL = "http://tickets.dunes.example"
    assert "https://" in connector.faults_of(connection)["base_url"]


def test_the_key_is_kept_before_anything_else_is_asked(
    system: VoordeMensenSystem, order: OutsideOrder, clock: Clock
) -> None:
    """C3"""

    kept: list[str] = []

    def look() -> None:
        with ThreadPoolExecutor(1) as elsewhere:
            kept.append(elsewhere.submit(_kept_key, order).result())

    system.faults.hooks[("read_order", "received")] = look
    run_steps(connector, order, two(order), clock)
    assert kept == list(system.orders)


def _kept_key(order: OutsideOrder) -> str:
    """Return the key as everybody can read it, on a database connection of its own."""
    try:
        return str(OutsideOrder.objects.get(pk=order.pk).progress["order_key"])
    finally:
        database.close()


def test_an_order_is_asked_about_every_ten_seconds_at_most_and_ever_less_often(
    system: VoordeMensenSystem, order: OutsideOrder, clock: Clock
) -> None:
    """C4"""
    asked: list[datetime.datetime] = []
    system.faults.hooks[("read_order", "received")] = lambda: asked.append(clock.now)
    system.statuses = ["none", "pending", "pending", "partial", "pending", "partial"]
    wanted = two(order)
    desk = desk_of(order, clock)
    connector.prepare(desk, wanted)
    standing = None
    while standing is None:
        # A worker that looks every second is told to wait, and nobody is asked.
        with suppress(TryLater):
            standing = connector.commit(desk_of(order, clock), wanted)
        clock.forward(seconds=1)
    waits = [(later - asked_at).total_seconds() for asked_at, later in pairwise(asked)]
    assert waits == [10, 10, 20, 30, 60, 60]
    assert standing.tickets_url == TICKETS
    assert len(system.asked("create_order")) == 1


def test_a_final_state_ends_the_questions(
    system: VoordeMensenSystem, order: OutsideOrder, clock: Clock
) -> None:
    """C4"""
    system.statuses = ["pending", "cancelled"]
    error = fault_of_steps(connector, order, two(order), clock)
    assert isinstance(error, NothingThere)
    assert (error.cause, len(system.asked("read_order"))) == (Cause.REFUSED, 2)
    assert connector.read_back(desk_of(order, clock)) == Standing(
        exists=False, outside_reference="Rr1aa-Bb2bb-Cc3cc-00000", is_cancelled=True
    )
    assert len(system.asked("read_order")) == 2


@pytest.mark.parametrize("status", ["none", "pending", "partial"])
def test_what_is_not_paid_in_time_is_left_to_a_person(
    system: VoordeMensenSystem, order: OutsideOrder, clock: Clock, status: str
) -> None:
    """C4"""
    system.statuses = [status] * 40
    error = fault_of_steps(connector, order, two(order), clock)
    assert (error.cause, error.permanent, error.effect) == (Cause.NOT_PAID, True, "unknown")
    assert status in error.detail
    assert connector.read_back(desk_of(order, clock)).exists is None
    clock.forward(seconds=60)
    assert connector.read_back(desk_of(order, clock)).exists is None


@pytest.mark.parametrize(
    ("query", "key"),
    [
        ({"return": "Rr1aa-Bb2bb-Cc3cc-Dd4dd", "lang": "nl"}, "Rr1aa-Bb2bb-Cc3cc-Dd4dd"),
        ({"response": "Rr1aa-Bb2bb-Cc3cc-Dd4dd"}, "Rr1aa-Bb2bb-Cc3cc-Dd4dd"),
        ({"return": "", "response": "K"}, "K"),
        ({"return": "../evil"}, ""),
        ({"lang": "nl"}, ""),
    ],
)
def test_the_key_of_a_browser_that_comes_back_has_either_name(
    query: dict[str, str], key: str
) -> None:
    """C5"""
    assert order_key_of_return(query) == key


def test_the_tickets_address_counts_only_once_it_is_paid(
    system: VoordeMensenSystem, order: OutsideOrder, clock: Clock
) -> None:
    """C5"""
    system.statuses = ["pending", "pending"]
    desk = desk_of(order, clock)
    connector.prepare(desk, two(order))
    with pytest.raises(TryLater):
        connector.commit(desk, two(order))
    clock.forward(seconds=60)
    assert connector.read_back(desk_of(order, clock)) == Standing(
        exists=None, outside_reference="Rr1aa-Bb2bb-Cc3cc-00000"
    )
    assert run_steps(connector, order, two(order), clock).tickets_url == TICKETS


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "http://tickets.example/",
        "javascript:alert(1)",
        7,
        f"https://x/{'y' * 500}",
        "https://tickets.example/\x00",
        "https://tickets.example/?a=\ud800",
        "https://tickets.example/#\x85",
    ],
)
def test_an_address_that_no_guest_can_be_sent_to_is_not_taken(
    system: VoordeMensenSystem, order: OutsideOrder, clock: Clock, url: Any
) -> None:
    """C5"""
    system.order_members = {"order_tickets_url": url}
    error = fault_of_steps(connector, order, two(order), clock)
    assert (error.cause, error.effect) == (Cause.UNREADABLE, "unknown")


@pytest.mark.derived
def test_an_order_whose_answer_was_lost_is_asked_for_again_and_made_once(
    system: VoordeMensenSystem, order: OutsideOrder, clock: Clock
) -> None:
    system.faults.add("create_order", Fault.RESET_AFTER)
    system.faults.add("create_order", Fault.TIMEOUT_AFTER)
    assert run_steps(connector, order, two(order), clock).exists
    sent = {one.body for one in system.asked("create_order")}
    assert (len(sent), len(system.orders), system.tickets()) == (1, 1, 2)


def test_the_address_guests_come_back_to_is_ours(connection: Connection) -> None:
    """C5"""
    assert return_url_of(connection) == (
        f"{django_settings.PUBLIC_URL}/outside/{connection.pk}/return"
    )
