"""What a channel can sell, by pages, and what is left of it."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache

from catalog.models import Connection
from tests.connectors.onebox.conftest import Story
from tests.fakes.faults import Fault
from tests.fakes.onebox_system import ADULT, CHILD, SESSION, OneboxSystem, Show
from wallets.admin.connections import catalogue
from wallets.connectors import exchange
from wallets.connectors.base import CatalogueEntry, Cause, ConnectorError, PlacesThere
from wallets.connectors.onebox import OneboxConnector

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("clock")]
STARTS = datetime.datetime(2026, 11, 23, 10, tzinfo=datetime.UTC)
CONNECTOR = OneboxConnector()


def fault_of(ask: Any, *arguments: Any) -> ConnectorError:
    """Return what a question ends in."""
    with pytest.raises(ConnectorError) as caught:
        ask(*arguments)
    return caught.value


def test_each_session_is_listed_with_each_price_type(
    connection: Connection, onebox: OneboxSystem
) -> None:
    del onebox.shows[SESSION + 1]
    assert CONNECTOR.list_catalogue(connection) == [
        CatalogueEntry(
            outside_session="90210",
            outside_item=item,
            label=f"Dinosaurs, Dinosaurs 10:00, {name}",
            starts_at=STARTS,
            price=Decimal(price),
        )
        for item, name, price in (("311", "Adult", "34.5"), ("312", "Child", "20"))
    ]


@pytest.mark.parametrize("largest_page", [100, 40])
def test_the_catalogue_is_paged_until_its_total(
    connection: Connection, onebox: OneboxSystem, largest_page: int
) -> None:
    """C11: by `offset`, whatever a page really holds."""
    onebox.shows = {n: Show(n, places={ADULT: 5}) for n in range(1, 251)}
    onebox.largest_page = largest_page
    listed = CONNECTOR.list_catalogue(connection)
    assert [int(one.outside_session) for one in listed] == list(range(1, 251))
    offsets = [int(one.query["offset"]) for one in onebox.asked("sessions")]
    assert offsets == list(range(0, 250, largest_page))


def test_a_list_that_takes_too_long_is_given_up(
    connection: Connection, onebox: OneboxSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.clear()
    monkeypatch.setattr(catalogue, "LONGEST_SECONDS", 0.5)
    connection.read_seconds = 20
    onebox.faults.add("sessions", Fault.TIMEOUT_BEFORE)
    error = fault_of(catalogue.read_catalogue, connection)
    told = (Cause.TIMED_OUT, "All that was to be asked took longer than it may.")
    assert (error.cause, error.detail) == told
    assert catalogue.read_catalogue(connection)


def test_nothing_is_asked_once_the_time_for_all_is_over(
    connection: Connection, onebox: OneboxSystem
) -> None:
    with exchange.all_within(0):
        assert fault_of(CONNECTOR.list_catalogue, connection).cause == Cause.TIMED_OUT
    assert onebox.received == []
    assert CONNECTOR.list_catalogue(connection)


@pytest.mark.derived
def test_one_session_of_each_event_is_asked_for_price_types(
    connection: Connection, onebox: OneboxSystem
) -> None:
    onebox.shows = {n: Show(n, event_id=n % 110 + 1, places={ADULT: 5}) for n in range(1, 221)}
    listed = CONNECTOR.list_catalogue(connection)
    assert len(onebox.asked("availability")) == 100
    assert (len(listed), listed.is_cut) == (200, True)
    del onebox.shows[1], onebox.shows[111]
    onebox.shows = {n: show for n, show in onebox.shows.items() if n % 110 < 100}
    assert not CONNECTOR.list_catalogue(connection).is_cut


def test_what_was_added_meanwhile_is_listed_once(
    connection: Connection, onebox: OneboxSystem
) -> None:
    onebox.shows = {n: Show(n, places={ADULT: 5}) for n in range(1, 5)}
    onebox.largest_page = 2

    def moved(page: dict[str, Any]) -> dict[str, Any]:
        onebox.shows = {9: Show(9, places={ADULT: 5}), **onebox.shows}
        return page

    onebox.altered["sessions"] = moved
    listed = [one.outside_session for one in CONNECTOR.list_catalogue(connection)]
    assert sorted(listed) == ["1", "2", "3", "4"]


def test_a_session_that_is_over_is_left_out(connection: Connection, onebox: OneboxSystem) -> None:
    onebox.shows[SESSION].starts_at = STARTS - datetime.timedelta(days=9)
    sessions = {one.outside_session for one in CONNECTOR.list_catalogue(connection)}
    assert sessions == {str(SESSION + 1)}


def test_a_start_without_a_zone_is_told_as_it_is(
    connection: Connection, onebox: OneboxSystem
) -> None:
    def told(start: Any, **members: Any) -> Any:
        onebox.altered["sessions"] = lambda page: {
            **page,
            "data": [{**one, "date": {"start": start, **members}} for one in page["data"]],
        }
        return CONNECTOR.list_catalogue(connection)[0].starts_at

    assert told("2026-11-23T10:00:00") == STARTS.replace(tzinfo=None)
    assert told("2026-11-23T11:00:00+01:00") == STARTS
    assert told("2026-11-23T11:00:00Z", start_unconfirmed=True) is None
    assert [told(one) for one in (None, 5, "tomorrow", "x" * 99)] == [None] * 4


def test_a_catalogue_that_never_ends_is_given_up(
    connection: Connection, onebox: OneboxSystem
) -> None:
    pages = iter(range(1, 10**6))
    onebox.altered["sessions"] = lambda _: {
        "metadata": {"total": 10**12},
        "data": [{"id": next(pages), "event": {"id": 1}}],
    }
    fault = fault_of(CONNECTOR.list_catalogue, connection)
    assert (fault.cause, fault.permanent) == (Cause.TOO_LARGE, True)
    assert len(onebox.asked("sessions")) == 100


def test_a_catalogue_without_a_total_ends_with_a_page_that_is_not_full(
    connection: Connection, onebox: OneboxSystem
) -> None:
    onebox.altered["sessions"] = lambda page: {"data": page["data"]}
    assert len(CONNECTOR.list_catalogue(connection)) == 4
    assert len(onebox.asked("sessions")) == 1


def test_prices_in_another_currency_are_named(connection: Connection, onebox: OneboxSystem) -> None:
    onebox.altered["sessions"] = lambda page: {
        **page,
        "data": [{**one, "price": {"currency": "GBP"}} for one in page["data"]],
    }
    assert fault_of(CONNECTOR.list_catalogue, connection).cause == Cause.CURRENCY


def test_a_session_with_one_price_has_that(connection: Connection, onebox: OneboxSystem) -> None:
    price = {"min_final": {"value": 12.5}, "max_final": {"value": 12.5}, "currency": "EUR"}
    onebox.altered["sessions"] = lambda page: {
        **page,
        "data": [{**one, "price": price} for one in page["data"]],
    }
    onebox.altered["availability"] = lambda told: {**told, "price_types": [{"id": ADULT}]}
    assert {one.price for one in CONNECTOR.list_catalogue(connection)} == {Decimal("12.5")}


@pytest.mark.parametrize(
    ("operation", "answer"),
    [
        ("sessions", []),
        ("sessions", {"data": {}}),
        ("sessions", {"data": ["x"]}),
        ("sessions", {"data": [{"name": "no id"}]}),
        ("sessions", {"data": [{"id": "90210"}]}),
        ("sessions", {"data": [{"id": True}]}),
        ("sessions", {"data": [{"id": -3}]}),
        ("sessions", {"data": [{"id": 10**40}]}),
        ("sessions", {"data": [{"id": 1, "event": "x"}]}),
        ("sessions", {"data": [{"id": 1, "date": 5}]}),
        ("sessions", {"data": [{"id": 1}], "metadata": {"total": -1}}),
        ("sessions", {"data": [{"id": 1}], "metadata": {"total": "many"}}),
        ("sessions", {"data": [{"id": 1}], "metadata": [5]}),
        ("availability", {"price_types": "x"}),
        ("availability", {"price_types": [{"id": None}]}),
        ("availability", {"price_types": [{"id": 1, "price": {"final": "12"}}]}),
        ("availability", {"price_types": [{"id": 1, "price": {"final": -1}}]}),
        ("availability", {"price_types": [{"id": 1, "price": {"final": 1e200}}]}),
        ("availability", {"price_types": [{"id": 1, "price": {"final": float("nan")}}]}),
        ("availability", {"price_types": [{"id": 1, "price": 12}]}),
    ],
)
def test_a_catalogue_that_is_not_as_agreed_is_named(
    connection: Connection, onebox: OneboxSystem, operation: str, answer: Any
) -> None:
    onebox.altered[operation] = lambda _: answer
    assert fault_of(CONNECTOR.list_catalogue, connection).cause == Cause.UNREADABLE


def test_what_is_left_is_told_by_price_type(story: Story, onebox: OneboxSystem) -> None:
    story.run()
    assert CONNECTOR.ask_places(story.connection, str(SESSION)) == [
        # The session has 40 in all.
        PlacesThere(outside_session="90210", outside_item=str(ADULT), left=40),
        PlacesThere(outside_session="90210", outside_item=str(CHILD), left=40),
    ]
    onebox.altered["availability"] = lambda told: {**told, "availability": {"type": "UNLIMITED"}}
    left = [one.left for one in CONNECTOR.ask_places(story.connection, str(SESSION))]
    assert left == [48, None]


@pytest.mark.parametrize("left", [-1, 2**31, 10**40, 1.5, "5", True, None, [5]])
def test_a_number_of_places_that_cannot_be_is_named(
    connection: Connection, onebox: OneboxSystem, left: Any
) -> None:
    bounded = {"type": "BOUNDED", "available": left}
    onebox.altered["availability"] = lambda _: {"price_types": [{"id": 1, "availability": bounded}]}
    assert fault_of(CONNECTOR.ask_places, connection, "90210").cause == Cause.UNREADABLE


def test_a_session_that_is_not_there_has_no_places(
    connection: Connection, onebox: OneboxSystem
) -> None:
    fault = fault_of(CONNECTOR.ask_places, connection, "5")
    assert (fault.cause, fault.permanent) == (Cause.NOT_KNOWN, True)
    before = len(onebox.received)
    assert fault_of(CONNECTOR.ask_places, connection, "../orders").cause == Cause.NO_OUTSIDE_ID
    assert len(onebox.received) == before


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        (Fault.TIMEOUT_BEFORE, Cause.TIMED_OUT),
        (Fault.ERROR_500_BEFORE, Cause.AWAY),
        (Fault.BUSY_429, Cause.BUSY),
        (Fault.HTML_200, Cause.UNREADABLE),
        (Fault.TRUNCATED, Cause.UNREADABLE),
        (Fault.TOO_LARGE, Cause.TOO_LARGE),
        (Fault.REDIRECT, Cause.REDIRECTED),
        (Fault.RESET, Cause.AWAY),
    ],
)
def test_a_question_that_goes_wrong_is_named(
    connection: Connection, onebox: OneboxSystem, fault: Fault, cause: Cause
) -> None:
    onebox.faults.add("availability", fault)
    assert fault_of(CONNECTOR.ask_places, connection, "90210").cause == cause


def test_a_token_that_ended_is_renewed_for_a_question(
    connection: Connection, onebox: OneboxSystem
) -> None:
    onebox.faults.add("availability", Fault.TOKEN_EXPIRED)
    assert len(CONNECTOR.ask_places(connection, "90210")) == 2
    onebox.faults.add("availability", Fault.TOKEN_EXPIRED, times=2)
    assert fault_of(CONNECTOR.ask_places, connection, "90210").cause == Cause.CREDENTIALS
