"""What a shop sells, what of it is left, and whether a connection's settings are right."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from catalog.models import Connection, OutsidePlaces, System
from tests.connectors.openticket.cast import CONNECTOR
from tests.fakes.faults import Fault
from tests.fakes.openticket_system import ADULT, CHILD, EVENT, EVENT_DATE, FREE, OpenTicketSystem
from tests.orders.expected import NOON
from wallets.connectors.base import CatalogueEntry, Cause, ConnectorError, PlacesThere
from wallets.connectors.openticket_answers import read_shop, to_major
from wallets.connectors.registry import CONNECTORS

pytestmark = pytest.mark.usefixtures("clock")
START = datetime.datetime(2026, 11, 23, 13, tzinfo=datetime.UTC)
FORMS: list[tuple[Callable[[dict[str, Any]], Any], list[str]]] = [
    (lambda tickets: tickets, [ADULT, CHILD, FREE]),
    (lambda tickets: list(tickets.values()), [ADULT, CHILD, FREE]),
    (lambda tickets: {guid.upper(): {"name": "?"} for guid in tickets}, [ADULT, CHILD, FREE]),
    (lambda _: {}, []),
    (lambda _: [], []),
    (lambda _: None, []),
    (lambda _: {"\x00" + ADULT + "\ud800": {}}, [ADULT]),
    (lambda _: [7, None, {}, {"guid": "g" * 65}, {"guid": ADULT}], [ADULT]),
]


def entry(guid: str, name: str, price: str) -> CatalogueEntry:
    return CatalogueEntry(
        outside_session=EVENT_DATE,
        outside_item=guid,
        label=f"Cinema, {name}",
        starts_at=START,
        price=Decimal(price),
    )


def test_a_shop_lists_its_tickets_with_date_and_price(connection: Connection) -> None:
    assert CONNECTOR.list_catalogue(connection) == [
        entry(ADULT, "Adult", "24.50"),
        entry(CHILD, "Child", "12.00"),
        entry(FREE, "Toddler", "0.00"),
    ]


@pytest.mark.parametrize(("form", "guids"), FORMS)
def test_tickets_are_read_as_an_object_as_a_list_and_when_there_are_none(
    form: Callable[[dict[str, Any]], Any], guids: list[str]
) -> None:
    """C11"""
    tickets = {guid: {"guid": guid} for guid in (ADULT, CHILD, FREE)}
    shop = read_shop({"tickets": form(tickets)}, "EUR")
    assert [one.guid for one in shop.tickets] == guids


def test_a_shop_that_lists_its_tickets_as_a_list_is_read(
    system: OpenTicketSystem, connection: Connection
) -> None:
    """C11"""
    system.tickets_as = lambda tickets: list(tickets.values())
    assert len(CONNECTOR.list_catalogue(connection)) == 3


@pytest.mark.parametrize("document", [[], "shop", None, *({"tickets": n} for n in ("no", 7, True))])
def test_data_of_another_form_are_unreadable(document: Any) -> None:
    """C11"""
    with pytest.raises(ConnectorError) as caught:
        read_shop(document, "EUR")
    assert caught.value.cause == Cause.UNREADABLE


@pytest.mark.parametrize(
    "odd",
    [
        {"name": None, "min_price": "24.50", "event_id": 7, "event_date_id": ["d"]},
        {"name": {}, "min_price": -1, "status": 7, "increment": "two"},
        {"name": "x" * 300, "min_price": 10**30, "max_orderable_amount_per_order": -1},
    ],
)
def test_members_of_another_kind_are_left_out(odd: dict[str, Any]) -> None:
    shop = {"events": [7, {"dates": 7}], "currency": 7, "tickets": [{"guid": ADULT, **odd}]}
    (found,) = read_shop(shop, "EUR").tickets
    assert (found.guid, found.label, found.price) == (ADULT, ADULT, None)
    assert (found.least, found.most, found.step) == (1, None, 1)


@pytest.mark.parametrize("asked", ["", EVENT_DATE, EVENT])
def test_a_ticket_is_to_be_had_in_an_unknown_number_or_not_at_all(
    system: OpenTicketSystem, connection: Connection, asked: str
) -> None:
    system.stock[CHILD] = 0
    assert CONNECTOR.ask_places(connection, asked) == [
        PlacesThere(outside_session=asked, outside_item=ADULT, left=None),
        PlacesThere(outside_session=asked, outside_item=CHILD, left=0),
        PlacesThere(outside_session=asked, outside_item=FREE, left=None),
    ]


def test_what_is_left_is_told_under_the_ids_as_staff_have_copied_them(
    system: OpenTicketSystem, connection: Connection
) -> None:
    system.stock[CHILD] = 0
    for item in (CHILD.upper(), CHILD, ADULT.upper()):
        OutsidePlaces.objects.create(
            connection=connection,
            outside_session=EVENT_DATE.upper(),
            outside_item=item,
            asked_at=NOON,
        )
    assert CONNECTOR.ask_places(connection, EVENT_DATE.upper()) == [
        PlacesThere(outside_session=EVENT_DATE.upper(), outside_item=item, left=left)
        for item, left in [
            (ADULT.upper(), None),
            *((one, 0) for one in sorted((CHILD, CHILD.upper()))),
            (FREE, None),
        ]
    ]


def test_another_event_date_has_no_tickets(connection: Connection) -> None:
    assert CONNECTOR.ask_places(connection, ADULT) == []


def test_asking_for_places_reserves_none(system: OpenTicketSystem, connection: Connection) -> None:
    CONNECTOR.ask_places(connection, EVENT_DATE)
    CONNECTOR.list_catalogue(connection)
    assert system.operations() == ["data", "data"]


@pytest.mark.derived
@pytest.mark.parametrize(
    ("sent", "currency", "amount"),
    [
        (2450, "EUR", Decimal("24.50")),
        (Decimal("2450.0"), "EUR", Decimal("24.50")),
        (2450, "JPY", Decimal(2450)),
        (2450, "KWD", Decimal("2.450")),
        (0, "EUR", Decimal("0.00")),
        (Decimal("24.50"), "EUR", None),
        (Decimal("1e999999"), "EUR", None),
        ("2450", "EUR", None),
        (True, "EUR", None),
    ],
)
def test_amounts_are_whole_smallest_units(sent: Any, currency: str, amount: Decimal | None) -> None:
    assert to_major(sent, currency) == amount


def test_a_good_connection_says_what_it_found(connection: Connection) -> None:
    assert CONNECTOR.check(connection) == (
        "The shop Dune Shop has 3 tickets; orders are paid by On account."
    )


def test_a_connection_without_a_method_says_what_it_is_good_for(
    connect: Callable[..., Connection],
) -> None:
    assert CONNECTOR.check(connect(payment_method="")) == (
        "The shop Dune Shop has 3 tickets; only what costs nothing there can be issued."
    )


@pytest.mark.parametrize(
    ("changed", "cause"),
    [
        ({"account": "5d0c0000-0000-4000-8000-0000000000ff"}, Cause.REFUSED),
        ({"payment_method": "0a110000-0000-4000-8000-0000000000ff"}, Cause.MISCONFIGURED),
        ({"credentials": {"access_token": "a-wrong-one"}}, Cause.CREDENTIALS),
        ({"account": "our shop"}, Cause.MISCONFIGURED),
    ],
)
def test_a_connection_that_is_wrong_is_named(
    connect: Callable[..., Connection], changed: dict[str, Any], cause: Cause
) -> None:
    with pytest.raises(ConnectorError) as caught:
        CONNECTOR.check(connect(**changed))
    assert (caught.value.cause, caught.value.permanent) == (cause, True)


@pytest.mark.parametrize("methods", [{}, "iDEAL", [7], [], [{"guid": None}]])
def test_payment_methods_of_another_form_are_named(
    system: OpenTicketSystem,
    connection: Connection,
    monkeypatch: pytest.MonkeyPatch,
    methods: Any,
) -> None:
    monkeypatch.setattr(system, "_methods", lambda: methods)
    with pytest.raises(ConnectorError) as caught:
        CONNECTOR.check(connection)
    assert caught.value.cause in (Cause.UNREADABLE, Cause.MISCONFIGURED)


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        (Fault.TIMEOUT_BEFORE, Cause.TIMED_OUT),
        (Fault.ERROR_500_BEFORE, Cause.AWAY),
        (Fault.HTML_200, Cause.UNREADABLE),
        (Fault.TOO_LARGE, Cause.TOO_LARGE),
        (Fault.REDIRECT, Cause.REDIRECTED),
    ],
)
def test_a_shop_that_cannot_be_read_is_named(
    system: OpenTicketSystem, connection: Connection, fault: Fault, cause: Cause
) -> None:
    system.faults.add("data", fault, times=2)
    for ask in (CONNECTOR.list_catalogue, CONNECTOR.check):
        with pytest.raises(ConnectorError) as caught:
            ask(connection)
        assert caught.value.cause == cause


def test_settings_that_are_right_have_no_faults(connection: Connection) -> None:
    assert CONNECTOR.faults_of(connection) == {}


def test_every_fault_of_the_settings_is_told_at_once(connect: Callable[..., Connection]) -> None:
    wrong = connect(
        base_url="ftp://shop.example",
        second_url="",
        account="../data",
        payment_method="on account",
        credentials={"refresh_token": "r", "client_id": "c"},
    )
    assert set(CONNECTOR.faults_of(wrong)) == {
        "base_url",
        "second_url",
        "account",
        "payment_method",
        "credentials",
    }


def test_without_credentials_it_is_told_what_cannot_be_done(
    connect: Callable[..., Connection],
) -> None:
    faults = CONNECTOR.faults_of(connect(credentials={}))
    assert set(faults) == {"credentials"}
    assert "cannot be confirmed as paid" in faults["credentials"]


def test_the_registry_knows_it() -> None:
    assert type(CONNECTORS[System.OPENTICKET]) is type(CONNECTOR)
