"""How many places are left where another system issues the tickets: the fewer of ours and theirs."""

from __future__ import annotations

import datetime
import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection as database
from procrastinate.contrib.django.models import ProcrastinateJob

from catalog.models import ComponentSource, Connection, OutsidePlaces, Package, Session
from orders.models import Order
from orders.offerings import list_events, list_showings
from orders.outside.availability import ask_due, ask_places
from orders.stock import read_stock
from partners.account import Account
from tests.conftest import ApiClient
from tests.issued_elsewhere import ScriptedConnector, source_of
from tests.orders.expected import VISIT, Clock, line
from tests.orders.sessions import session
from wallets.connectors.base import Cause, ConnectorError, PlacesThere, UnsupportedByPartner

AVAILABILITY = f"/channelManager/availability?itemNumber=SHOW&from={VISIT}&to={VISIT}"


@pytest.fixture
def source(
    clock: Clock, show: Package, matinee: Session, onebox: ScriptedConnector
) -> ComponentSource:
    """The show's ticket is Onebox's price type 5 of its session 77, where three are left."""
    onebox.places["77"] = [PlacesThere(outside_session="77", outside_item="5", left=3)]
    return source_of(show.components.get())


def left(api: ApiClient) -> list[int | None]:
    """Return the places left of each session that is listed."""
    response = api.get(AVAILABILITY)
    assert response.status_code == 200, response.content
    return [row["placesLeft"] for row in response.json()["data"]]


def ask(clock: Clock) -> int:
    """Do what the workers do: ask whatever is due; return how many sessions were asked about."""
    ask_due(now=clock())
    count = 0
    while job := ProcrastinateJob.objects.filter(task_name="orders.ask_places").first():
        with database.cursor() as cursor:
            cursor.execute("DELETE FROM procrastinate_jobs WHERE id = %s", [job.pk])
        ask_places(
            connection_id=uuid.UUID(job.args["connection_id"]),
            outside_session=job.args["outside_session"],
            clock=clock,
        )
        count += 1
    return count


@pytest.mark.usefixtures("source")
def test_the_first_who_asks_is_shown_ours_alone(api: ApiClient, clock: Clock) -> None:
    assert left(api) == [5]


@pytest.mark.usefixtures("source")
def test_what_is_left_there_is_shown_while_it_is_fresh(
    api: ApiClient, clock: Clock, onebox: ScriptedConnector
) -> None:
    assert ask(clock) == 1
    assert left(api) == [3]
    clock.forward(seconds=60)
    assert left(api) == [3]
    clock.forward(seconds=15)
    assert left(api) == [3]
    clock.forward(seconds=1)
    assert left(api) == [5]
    assert onebox.asked == [("The onebox", "77")]


@pytest.mark.usefixtures("source")
def test_ours_is_shown_where_it_is_less(api: ApiClient, clock: Clock, matinee: Session) -> None:
    ask(clock)
    matinee.sold = 4
    matinee.save()
    assert left(api) == [1]


@pytest.mark.usefixtures("source")
def test_a_session_is_asked_about_once_in_its_time_however_often_somebody_looks(
    api: ApiClient, clock: Clock, onebox: ScriptedConnector
) -> None:
    for _second in range(120):
        left(api)
        ask(clock)
        clock.forward(seconds=1)
    assert len(onebox.asked) == 2


@pytest.mark.usefixtures("source")
def test_nobody_is_asked_what_nobody_wants_to_know(
    api: ApiClient, clock: Clock, onebox: ScriptedConnector
) -> None:
    ask(clock)
    clock.forward(hours=1)
    assert ask(clock) == 0
    left(api)
    assert ask(clock) == 1
    assert len(onebox.asked) == 2


def test_saving_an_outside_id_asks_at_once(
    clock: Clock, source: ComponentSource, onebox: ScriptedConnector
) -> None:
    assert OutsidePlaces.objects.filter(asked_at=clock(), told_at=None).count() == 1
    ask(clock)
    places = OutsidePlaces.objects.get()
    assert (places.left, places.told_at, places.failures) == (3, clock(), 0)


@pytest.mark.usefixtures("source")
def test_a_system_that_does_not_count_leaves_ours_alone(
    api: ApiClient, clock: Clock, onebox: ScriptedConnector
) -> None:
    onebox.places["77"] = [PlacesThere(outside_session="77", outside_item="5", left=None)]
    ask(clock)
    assert left(api) == [5]


@pytest.mark.usefixtures("source")
def test_an_item_that_the_answer_leaves_out_is_not_known(
    api: ApiClient, clock: Clock, onebox: ScriptedConnector
) -> None:
    onebox.places["77"] = [PlacesThere(outside_session="77", outside_item="6", left=0)]
    ask(clock)
    assert left(api) == [5]


@pytest.mark.usefixtures("source")
@pytest.mark.parametrize("permanent", [True, False])
def test_a_system_that_fails_is_asked_ever_more_rarely_and_says_why(
    api: ApiClient, clock: Clock, onebox: ScriptedConnector, *, permanent: bool
) -> None:
    onebox.fault = ConnectorError(Cause.AWAY, "It is away.", permanent=permanent)
    asked_after = []
    began = clock()
    for _minute in range(40):
        left(api)
        if ask(clock):
            asked_after.append((clock() - began) // datetime.timedelta(minutes=1))
        clock.forward(minutes=1)
    assert asked_after == [0, 1, 3, 7, 15, 31]
    places = OutsidePlaces.objects.get()
    assert (places.message, places.failures, places.left) == ("It is away.", 6, None)
    onebox.fault = None
    clock.forward(hours=1)
    ask(clock)
    places.refresh_from_db()
    assert (places.message, places.failures, places.left) == ("", 0, 3)


def wanted(source: ComponentSource, clock: Clock, *sessions: str) -> None:
    """Let somebody want to know of sessions of one connection, one after the other."""
    OutsidePlaces.objects.all().delete()
    for index, name in enumerate(sessions):
        OutsidePlaces.objects.create(
            connection=source.connection,
            outside_session=name,
            outside_item="5",
            asked_at=clock() + datetime.timedelta(seconds=index),
        )


def asked_about(onebox: ScriptedConnector) -> list[str]:
    """Return the sessions that were asked about since this was looked at."""
    told = [session for _, session in onebox.asked]
    onebox.asked.clear()
    return told


def test_a_system_that_hangs_is_asked_one_question_whatever_the_number_of_its_sessions(
    clock: Clock, source: ComponentSource, onebox: ScriptedConnector
) -> None:
    wanted(source, clock, *map(str, range(40)))
    onebox.fault = ConnectorError(Cause.TIMED_OUT, "It did not answer.", permanent=False)
    asked_after = []
    began = clock()
    for _second in range(500):
        if ask(clock):
            asked_after.append((clock() - began) // datetime.timedelta(seconds=1))
        clock.forward(seconds=1)
    assert asked_after == [0, 60, 180, 420]
    assert len(set(asked_about(onebox))) == 4
    onebox.fault = None
    clock.forward(seconds=420)
    assert ask(clock) == 40


def test_a_connection_is_asked_its_next_question_when_it_has_answered(
    clock: Clock, source: ComponentSource, onebox: ScriptedConnector
) -> None:
    wanted(source, clock, "7", "8", "9")
    assert (ask_due(now=clock()), ask_due(now=clock())) == (1, 0)
    clock.forward(seconds=59)
    assert ask_due(now=clock()) == 0
    ask(clock)
    assert asked_about(onebox) == ["7", "8", "9"]


def test_a_question_whose_worker_died_puts_its_connection_off_for_a_minute(
    clock: Clock, source: ComponentSource, onebox: ScriptedConnector
) -> None:
    wanted(source, clock, "7", "8")
    ask_due(now=clock())
    with database.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
    clock.forward(seconds=59)
    assert ask_due(now=clock()) == 0
    clock.forward(seconds=1)
    assert ask(clock) == 2


def test_what_is_refused_of_one_session_puts_off_no_other(
    clock: Clock, source: ComponentSource, onebox: ScriptedConnector
) -> None:
    wanted(source, clock, "7", "8")
    onebox.fault = ConnectorError(Cause.REFUSED, "No such session.", permanent=True)
    assert ask(clock) == 2
    assert asked_about(onebox) == ["7", "8"]
    rows = OutsidePlaces.objects.values_list("failures", "message", "left")
    assert list(rows) == [(1, "No such session.", None)] * 2


def test_the_sessions_of_another_connection_are_asked_about_meanwhile(
    clock: Clock, source: ComponentSource, onebox: ScriptedConnector
) -> None:
    wanted(source, clock, "7", "8")
    other = Connection.objects.get()
    other.pk, other.name, other._state.adding = uuid.uuid4(), "Second", True
    other.save()
    OutsidePlaces.objects.create(
        connection=other, outside_session="9", outside_item="5", asked_at=clock()
    )
    onebox.fault = ConnectorError(Cause.AWAY, "It is away.", permanent=False)
    assert ask(clock) == 2
    assert sorted(asked_about(onebox)) == ["7", "9"]


@pytest.mark.usefixtures("source")
@pytest.mark.parametrize(("set_to", "waited"), [(30, 5), (3, 3)])
def test_nobody_waits_long_for_what_is_left(
    clock: Clock,
    onebox: ScriptedConnector,
    monkeypatch: pytest.MonkeyPatch,
    set_to: int,
    waited: int,
) -> None:
    Connection.objects.update(read_seconds=set_to)
    seconds = []

    def answer(connection: Connection, outside_session: str) -> list[PlacesThere]:
        seconds.append(connection.read_seconds)
        return []

    monkeypatch.setattr(onebox, "ask_places", answer)
    ask(clock)
    assert seconds == [waited]
    assert Connection.objects.get().read_seconds == set_to


@pytest.mark.usefixtures("source")
def test_a_system_that_cannot_tell_is_not_asked(
    api: ApiClient, clock: Clock, onebox: ScriptedConnector, source: ComponentSource
) -> None:
    onebox.fault = UnsupportedByPartner(source.connection, "tell what is left")
    ask(clock)
    assert OutsidePlaces.objects.get().message == "Onebox has no way to tell what is left."


def test_a_connection_that_is_off_is_not_asked(
    api: ApiClient, clock: Clock, source: ComponentSource, onebox: ScriptedConnector
) -> None:
    type(source.connection).objects.update(is_active=False)
    left(api)
    assert ask(clock) == 0
    assert onebox.asked == []


def test_a_session_with_an_outside_id_of_its_own_is_shown_by_that(
    api: ApiClient,
    clock: Clock,
    source: ComponentSource,
    matinee: Session,
    onebox: ScriptedConnector,
) -> None:
    session(matinee.attraction, "16:00", capacity=9)
    source_of(source.component, matinee, outside_session="78")
    onebox.places["78"] = [PlacesThere(outside_session="78", outside_item="5", left=1)]
    ask(clock)
    assert left(api) == [1, 3]


@pytest.mark.usefixtures("source")
def test_an_order_for_more_than_is_left_there_is_refused_as_sold_out(
    api: ApiClient, clock: Clock
) -> None:
    ask(clock)
    wanted = line("SHOW", visitTime="14:00", quantity=4)
    response = api.post(api.order_body(wanted))
    assert response.status_code == 409
    told = json.loads(response.content)
    assert (told["code"], told["placesLeft"]) == ("sold_out", 3)
    api.create(line("SHOW", visitTime="14:00", quantity=3))


@pytest.mark.usefixtures("source")
def test_lines_of_one_order_share_what_is_left_there(api: ApiClient, clock: Clock) -> None:
    ask(clock)
    lines = [line("SHOW", visitTime="14:00", quantity=2) for _ in range(2)]
    response = api.post(api.order_body(*lines))
    assert (response.status_code, response.json()["placesLeft"]) == (409, 3)


@pytest.mark.usefixtures("source")
def test_a_draft_that_has_nothing_there_does_not_count_its_places_as_left_there(
    api: ApiClient, clock: Clock, issue: Callable[[str], Order]
) -> None:
    draft = api.create(line("SHOW", visitTime="14:00", quantity=2), paymentReference=None)
    assert issue(draft["orderId"]).status == "Draft"
    ask(clock)
    four = api.order_body(line("SHOW", visitTime="14:00", quantity=4), paymentReference=None)
    refused = api.put(draft["orderId"], four)
    assert (refused.status_code, refused.json()["placesLeft"]) == (409, 3)
    three = api.order_body(line("SHOW", visitTime="14:00", quantity=3), paymentReference=None)
    assert api.put(draft["orderId"], three).status_code == 200


@pytest.mark.usefixtures("source")
def test_what_was_told_too_long_ago_refuses_nobody(api: ApiClient, clock: Clock) -> None:
    ask(clock)
    clock.forward(seconds=76)
    api.create(line("SHOW", visitTime="14:00", quantity=5))


@pytest.mark.usefixtures("source")
def test_availability_of_others_tickets_takes_two_statements_more_at_most(
    api: ApiClient, clock: Clock, statements: Callable[[], Any], show: Package
) -> None:
    with statements() as noted:
        left(api)
    with statements() as again:
        left(api)
    ComponentSource.objects.all().delete()
    with statements() as ours:
        left(api)
    assert (len(noted) - len(ours), len(again) - len(ours)) in {(1, 1), (2, 1)}


@pytest.mark.usefixtures("source")
def test_shops_of_other_systems_are_shown_the_fewer_of_ours_and_theirs(
    api: ApiClient, clock: Clock, show: Package
) -> None:
    account = Account(api.partner)
    (event,) = (e for e in list_events(account=account, now=clock()) if e.attraction)
    ask(clock)
    (showing,) = list_showings(account=account, events=[event], now=clock())[event.key]
    assert showing.left == 3
    stock = read_stock(account=account, event=event, showing=showing, now=clock())
    assert stock.by_package[show.pk].available == 3


def test_looking_at_a_shops_stock_has_it_asked_for(
    api: ApiClient, clock: Clock, source: ComponentSource
) -> None:
    account = Account(api.partner)
    OutsidePlaces.objects.all().delete()
    (event,) = (e for e in list_events(account=account, now=clock()) if e.attraction)
    (showing,) = list_showings(account=account, events=[event], now=clock())[event.key]
    OutsidePlaces.objects.all().delete()
    read_stock(account=account, event=event, showing=showing, now=clock())
    assert OutsidePlaces.objects.filter(asked_at=clock()).count() == 1


def test_a_test_key_is_shown_no_limit_of_others(
    api: ApiClient, clock: Clock, source: ComponentSource
) -> None:
    ask(clock)
    account = Account(api.partner, test_mode=True)
    OutsidePlaces.objects.all().delete()
    (event,) = (e for e in list_events(account=account, now=clock()) if e.attraction)
    (showing,) = list_showings(account=account, events=[event], now=clock())[event.key]
    assert showing.left is None
    assert not OutsidePlaces.objects.exists()
