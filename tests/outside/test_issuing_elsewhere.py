"""Orders that an outside system issues: what it gives is ours to show, and nothing is made twice."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection as database

from catalog.models import ComponentSource, Connection, Package, System
from channel_manager.history.models import Event
from orders import issuance, lifecycle, wallet_cancellation
from orders.models import LedgerEntry, Order, OrderStatus
from orders.outside import ending, settling, turns
from partners.models import Venue
from tests.conftest import ApiClient
from tests.factories import sellable_package
from tests.fakes.faults import Fault, running
from tests.orders.expected import Clock
from tests.outside.conftest import issued_by
from tests.outside.playhouse import NOTHING, Playhouse, PlayhouseConnector
from wallets.connectors.desk import WhenUnsure
from wallets.connectors.registry import CONNECTORS
from wallets.models import (
    Asset,
    ConnectorCall,
    OutsideOrder,
    OutsideOrderStatus,
    OutsideTicket,
    Wallet,
)

pytestmark = pytest.mark.django_db(transaction=True)

Work = Callable[[Any], Order]
VISIT = "2026-11-23"
SHOW = {"itemNumber": "SHOW", "visitDate": VISIT}


def calls() -> list[tuple[str, list[str]]]:
    """Return every call that was written down, with what came of it."""
    rows = ConnectorCall.objects.prefetch_related("outcomes").order_by("at", "id")
    return [(row.operation, [one.effect for one in row.outcomes.all()]) for row in rows]


def replay(order: Order, clock: Clock) -> dict[str, str]:
    lifecycle.replay_order(
        orders=Order.objects.all(), order_id=order.pk, actor="staff:1", now=clock()
    )
    return {"orderId": str(order.pk)}


def only_row() -> OutsideOrder:
    return OutsideOrder.objects.get()


@pytest.mark.usefixtures("show")
def test_a_paid_order_is_issued_there_and_carries_their_numbers(
    api: ApiClient, work: Work, playhouse: Playhouse, connection: Connection
) -> None:
    order = work(api.create({**SHOW, "quantity": 2}))
    assert order.status == OrderStatus.ISSUED
    numbers = list(
        Asset.objects.order_by("reference_number").values_list("reference_number", "status")
    )
    assert numbers == [("HALL-0001", "Valid"), ("HALL-0002", "Valid")]
    assert playhouse.operations() == ["hold", "order"]
    assert calls() == [("hold", ["done"]), ("order", ["done"])]
    row = only_row()
    assert (row.connection, row.status, row.outside_reference, row.reference) == (
        connection,
        OutsideOrderStatus.MADE,
        f"X-{order.buy_from_order_reference}",
        order.buy_from_order_reference,
    )
    tickets = OutsideTicket.objects.order_by("position")
    assert [(t.number, t.outside_id, t.asset.reference_number) for t in tickets if t.asset] == [
        ("HALL-0001", "id-1", "HALL-0001"),
        ("HALL-0002", "id-2", "HALL-0002"),
    ]
    assert list(
        Event.objects.filter(kind="outsideorder").order_by("id").values_list("name", "to_state")
    ) == [("begun", "Open"), ("made", "Made")]
    assert LedgerEntry.objects.get(order=order).gross == order.total_incl_vat


@pytest.mark.usefixtures("show")
def test_issuing_again_asks_nobody_again(api: ApiClient, work: Work, playhouse: Playhouse) -> None:
    made = api.create(SHOW)
    work(made)
    work(made)
    assert playhouse.made == 1


@pytest.mark.usefixtures("show")
def test_nobody_is_asked_before_the_order_is_paid(
    api: ApiClient, work: Work, playhouse: Playhouse
) -> None:
    made = api.create(SHOW, paymentReference=None)
    assert work(made).status == OrderStatus.DRAFT
    assert playhouse.received == []
    assert Wallet.objects.get().status == "Reserved"
    confirmed = api.confirm(made["orderId"])
    assert (confirmed.status_code, confirmed.json()["status"]) == (200, "Submitted")
    assert work(made).status == OrderStatus.ISSUED
    assert playhouse.living() == ["HALL-0001"]


@pytest.mark.usefixtures("show")
def test_tests_are_issued_here(tester: ApiClient, work: Work, playhouse: Playhouse) -> None:
    assert work(tester.create(SHOW)).status == OrderStatus.ISSUED
    assert playhouse.received == []
    assert Asset.objects.get().reference_number.startswith("T")


def test_a_package_is_issued_partly_there_and_partly_here(
    api: ApiClient, work: Work, bundle: Package, connection: Connection, playhouse: Playhouse
) -> None:
    ride = bundle.components.get(item__number="DINO")
    ComponentSource.objects.create(component=ride, connection=connection, outside_item="stalls")
    order = work(api.create({"itemNumber": "BUNDLE", "visitDate": VISIT}))
    assert order.status == OrderStatus.ISSUED
    by_item = dict(Asset.objects.values_list("item__number", "reference_number"))
    assert by_item.pop("DINO") == "HALL-0001"
    assert [number[0] for _item, number in sorted(by_item.items())] == ["T", "C"]


def test_a_group_stands_for_as_many_tickets_there(
    api: ApiClient, work: Work, group: Package, connection: Connection, playhouse: Playhouse
) -> None:
    issued_by(connection, group, "balcony")
    order = work(api.create({"itemNumber": "GROUP", "visitDate": VISIT, "quantity": 3}))
    assert order.status == OrderStatus.ISSUED
    asset = Asset.objects.get()
    assert asset.reference_number.startswith("T")
    assert [ticket.number for ticket in asset.outside_tickets.order_by("position")] == [
        "HALL-0001",
        "HALL-0002",
        "HALL-0003",
    ]


def test_a_group_that_has_one_number_there_is_scanned_by_it(
    api: ApiClient, work: Work, group: Package, connection: Connection, playhouse: Playhouse
) -> None:
    issued_by(connection, group, "balcony")
    playhouse.tells_first_only = True
    made = api.create({"itemNumber": "GROUP", "visitDate": VISIT, "quantity": 3})
    assert work(made).status == OrderStatus.ISSUED
    assert Asset.objects.get().reference_number == "HALL-0001"
    told = api.get(f"{api.base}/{made['orderId']}").json()["items"][0]["wallets"][0]["assets"][0]
    assert (told["referenceNumber"], told["outside"]["number"]) == ("HALL-0001", "HALL-0001")


@pytest.mark.usefixtures("show")
def test_an_answer_that_never_came_stops_for_a_person_and_is_not_asked_again(
    api: ApiClient,
    work: Work,
    playhouse: Playhouse,
    connector: PlayhouseConnector,
    connection: Connection,
    clock: Clock,
) -> None:
    connector.capabilities = NOTHING
    playhouse.faults.add("order", Fault.RESET_AFTER)
    order = work(api.create(SHOW))
    assert (order.status, order.failure_code) == (OrderStatus.ERROR, "outcome_unknown")
    assert order.failure_fingerprint == f"outcome_unknown:{connection.pk}"
    assert order.status_message == (
        "Onebox: Playhouse: The connection failed or was closed without an answer. Whether it was "
        "done at Onebox: Playhouse is not known (order), and asking again could do it twice."
    )
    again = work(replay(order, clock))
    assert (again.status, again.failure_code) == (OrderStatus.ERROR, "outcome_unknown")
    assert playhouse.made == 1
    assert calls() == [("order", ["unknown"])]

    settling.settle_done(
        outside_order_id=only_row().pk,
        outside_reference="X-SEEN",
        actor="staff:1",
        reason="I saw it there.",
        now=clock(),
    )
    assert work(replay(order, clock)).status == OrderStatus.ISSUED
    assert (playhouse.made, only_row().outside_reference) == (1, "X-SEEN")
    assert Asset.objects.get().reference_number.startswith("T")


@pytest.mark.usefixtures("show")
def test_an_order_there_that_is_not_what_was_asked_for_is_issued_once_a_person_says_so(
    api: ApiClient, work: Work, playhouse: Playhouse, clock: Clock
) -> None:
    playhouse.makes_too_many = True
    order = work(api.create(SHOW))
    assert (order.failure_code, only_row().status) == ("answer_unreadable", "Unknown")
    again = work(replay(order, clock))
    assert again.status == OrderStatus.ERROR
    settling.settle_done(
        outside_order_id=only_row().pk,
        outside_reference="X-SEEN",
        actor="staff:1",
        reason="Two were made, one is ours.",
        now=clock(),
    )
    assert work(replay(order, clock)).status == OrderStatus.ISSUED
    assert Asset.objects.get().reference_number.startswith("T")
    assert len(playhouse.orders) == 1


@pytest.mark.usefixtures("show")
def test_what_somebody_saw_was_not_made_is_made_by_a_replay(
    api: ApiClient, work: Work, playhouse: Playhouse, connector: PlayhouseConnector, clock: Clock
) -> None:
    connector.capabilities = NOTHING
    playhouse.faults.add("order", Fault.RESET)
    order = work(api.create(SHOW))
    settling.settle_not_done(
        outside_order_id=only_row().pk, actor="staff:1", reason="Not there.", now=clock()
    )
    assert work(replay(order, clock)).status == OrderStatus.ISSUED
    number = order.buy_from_order_reference
    assert list(playhouse.orders) == [f"{number}-2"]
    assert playhouse.made == 1
    with pytest.raises(settling.NothingToSettle):
        settling.settle_done(
            outside_order_id=OutsideOrder.objects.get(status="Failed").pk,
            outside_reference="",
            actor="staff:1",
            reason="Twice.",
            now=clock(),
        )


@pytest.mark.usefixtures("show")
@pytest.mark.parametrize("fault", [Fault.RESET, Fault.RESET_AFTER, Fault.ERROR_500_AFTER])
def test_what_can_be_read_back_needs_no_person(
    api: ApiClient, work: Work, playhouse: Playhouse, fault: Fault
) -> None:
    playhouse.faults.add("order", fault)
    order = work(api.create(SHOW))
    assert order.status == OrderStatus.ISSUED
    assert playhouse.made == 1
    assert [effect for operation, effects in calls() if operation == "order" for effect in effects][
        :1
    ] == ["unknown"]


@pytest.mark.usefixtures("show")
def test_a_hold_in_doubt_lapses_and_everything_is_asked_anew(
    api: ApiClient, work: Work, playhouse: Playhouse
) -> None:
    playhouse.faults.add("hold", Fault.RESET_AFTER)
    assert work(api.create(SHOW)).status == OrderStatus.ISSUED
    assert playhouse.operations() == ["hold", "hold", "order"]
    assert only_row().round == 2


@pytest.mark.usefixtures("show")
def test_identical_bytes_are_sent_again_where_that_is_known_to_be_safe(
    api: ApiClient, work: Work, playhouse: Playhouse, connector: PlayhouseConnector
) -> None:
    connector.when_unsure = WhenUnsure.REPEAT
    playhouse.faults.add("order", Fault.RESET, times=2)
    assert work(api.create(SHOW)).status == OrderStatus.ISSUED
    first, *others = playhouse.asked("order")
    assert [one.body for one in others] == [first.body] * 2
    assert len({row.request_hash for row in ConnectorCall.objects.filter(operation="order")}) == 1


@pytest.mark.usefixtures("show")
def test_a_system_that_stays_away_is_named(
    api: ApiClient, work: Work, playhouse: Playhouse, connection: Connection
) -> None:
    playhouse.faults.add("hold", Fault.BUSY_429, times=50)
    order = work(api.create(SHOW))
    assert (order.status, order.failure_code) == (OrderStatus.ERROR, "system_busy")
    assert only_row().status == OutsideOrderStatus.FAILED
    assert playhouse.made == 0


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        ({"is_active": False}, "connection_off", "is switched off"),
        ({"buyer_email": ""}, "connection_incomplete", "has no e-mail address"),
    ],
)
@pytest.mark.usefixtures("show")
def test_what_is_not_set_up_stops_before_anybody_is_asked(
    api: ApiClient,
    work: Work,
    playhouse: Playhouse,
    connection: Connection,
    change: dict[str, Any],
    code: str,
    says: str,
) -> None:
    Connection.objects.update(**change)
    order = work(api.create(SHOW))
    assert (order.failure_code, order.failure_fingerprint) == (code, f"{code}:{connection.pk}")
    assert says in order.status_message
    assert playhouse.received == []


def test_a_component_without_an_outside_id_stops_here(
    api: ApiClient,
    work: Work,
    playhouse: Playhouse,
    show: Package,
    connection: Connection,
    clock: Clock,
) -> None:
    made = api.create(SHOW)
    ComponentSource.objects.all().delete()
    order = work(made)
    component = show.components.get()
    assert order.failure_fingerprint == f"no_outside_id:{component.pk}"
    assert order.status_message == "SHOW-ENTRY has no outside id for this visit."
    assert playhouse.received == []
    issued_by(connection, show, "stalls")
    assert work(replay(order, clock)).status == OrderStatus.ISSUED


def test_what_a_guest_would_have_to_pay_for_is_refused_at_once(
    api: ApiClient, show: Package, venue: Venue
) -> None:
    Connection.objects.update(system=System.OPENTICKET)
    refused = api.post(api.order_body(SHOW))
    assert refused.status_code == 400
    assert refused.json()["code"] == "guest_payment_needed"
    assert refused.json()["errors"] == [
        {
            "pointer": "/items/0/itemNumber",
            "code": "guest_payment_needed",
            "detail": "SHOW is issued by Playhouse, which would ask a guest to pay for it: the "
            "venue has no prepaid payment method there.",
        }
    ]
    assert not Order.objects.exists()
    ComponentSource.objects.update(outside_price=0)
    assert api.post(api.order_body(SHOW)).status_code == 201
    ComponentSource.objects.update(outside_price=None)
    Connection.objects.update(payment_method="on-account")
    body = api.order_body(SHOW, sellToOrderReference="WEB-2")
    assert api.post(body).status_code == 201


@pytest.mark.usefixtures("show")
def test_a_worker_waits_while_another_one_is_at_the_order(
    api: ApiClient, playhouse: Playhouse, work: Work, clock: Clock
) -> None:
    made = api.create(SHOW)
    order = Order.objects.get()
    with _another_worker_at(order):
        issuance.issue_order(order_id=order.pk, clock=clock)
        assert playhouse.received == []
        assert Order.objects.get().status == OrderStatus.PROCESSING
    assert work(made).status == OrderStatus.ISSUED
    assert playhouse.made == 1


def test_what_one_system_made_is_taken_back_when_another_refuses(
    api: ApiClient,
    work: Work,
    venue: Venue,
    show: Package,
    playhouse: Playhouse,
    connection: Connection,
    connector: PlayhouseConnector,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with running(Playhouse()) as cinema:
        monkeypatch.setitem(
            CONNECTORS,
            System.ORDINO,
            PlayhouseConnector(capabilities=NOTHING),  # type: ignore[arg-type]
        )
        film = _at_cinema(venue, cinema)
        cinema.faults.add("order", Fault.REDIRECT)
        order = work(api.create(SHOW, film))
        assert (order.status, order.failure_code) == (OrderStatus.ERROR, "outcome_unknown")
        assert playhouse.made == 1
        assert playhouse.living() == []
        statuses = OutsideOrder.objects.order_by("connection__name")
        assert [(row.connection.name, row.status) for row in statuses] == [
            ("Cinema", "Unknown"),
            ("Playhouse", "Ended"),
        ]


def test_what_cannot_be_taken_back_is_named_and_used_by_the_replay(
    api: ApiClient,
    work: Work,
    venue: Venue,
    show: Package,
    playhouse: Playhouse,
    connector: PlayhouseConnector,
    monkeypatch: pytest.MonkeyPatch,
    clock: Clock,
) -> None:
    connector.capabilities = NOTHING
    with running(Playhouse("FILM")) as cinema:
        speaking = PlayhouseConnector(capabilities=NOTHING)
        monkeypatch.setitem(CONNECTORS, System.ORDINO, speaking)  # type: ignore[arg-type]
        film = _at_cinema(venue, cinema)
        # Whichever is asked second: the first one has made its part by then.
        for system in (playhouse, cinema):
            system.faults.hooks["order", "worked"] = lambda: [
                other.faults.add("order", Fault.BUSY_429, times=50) for other in (playhouse, cinema)
            ]
        order = work(api.create(SHOW, film))
        assert (order.status, order.failure_code) == (OrderStatus.ERROR, "system_busy")
        kept = OutsideOrder.objects.get(status="Made")
        assert order.status_message.endswith(
            f"Made already, and not to be taken back by us: {kept.connection} "
            f"(X-{order.buy_from_order_reference})."
        )
        for system in (playhouse, cinema):
            system.faults.clear()
            system.faults.hooks.clear()
        assert work(replay(order, clock)).status == OrderStatus.ISSUED
        assert (playhouse.made, cinema.made) == (1, 1)


def test_a_number_that_stands_on_another_ticket_is_not_given_twice(
    api: ApiClient, work: Work, show: Package, playhouse: Playhouse, connector: PlayhouseConnector
) -> None:
    """The guest has paid, and the ticket is valid there: it has a number of ours here."""
    connector.capabilities = NOTHING
    work(api.create(SHOW))
    playhouse.made = 0
    order = work(api.create(SHOW, sellToOrderReference="WEB-2"))
    assert order.status == OrderStatus.ISSUED
    asset = Asset.objects.get(wallet__order=order)
    assert asset.reference_number.startswith("T")
    assert [ticket.number for ticket in asset.outside_tickets.all()] == ["HALL-0001"]


@pytest.mark.usefixtures("show")
def test_a_cancelled_order_is_cancelled_there(
    api: ApiClient, work: Work, playhouse: Playhouse
) -> None:
    made = api.create({**SHOW, "quantity": 2})
    work(made)
    assert api.delete(made["orderId"]).json()["status"] == "Cancelled"
    assert work(made).status == OrderStatus.CANCELLED
    assert playhouse.living() == []
    assert only_row().status == OutsideOrderStatus.ENDED
    assert set(OutsideTicket.objects.values_list("status", flat=True)) == {"Ended"}


@pytest.mark.usefixtures("show")
def test_what_cannot_be_cancelled_there_is_left_to_a_person_by_name(
    api: ApiClient, work: Work, connector: PlayhouseConnector, playhouse: Playhouse, clock: Clock
) -> None:
    connector.capabilities = NOTHING
    made = api.create(SHOW)
    work(made)
    api.delete(made["orderId"])
    work(made)
    row = only_row()
    assert (row.status, row.cause, row.message) == (
        OutsideOrderStatus.LEFT,
        "unsupported",
        "Onebox has no way to cancel an order.",
    )
    assert list(OutsideOrder.objects.unsettled()) == [row]
    assert playhouse.living() == ["HALL-0001"]
    settling.settle_ended(outside_order_id=row.pk, actor="staff:1", reason="By hand.", now=clock())
    assert only_row().status == OutsideOrderStatus.ENDED
    assert not OutsideOrder.objects.unsettled().exists()


@pytest.mark.usefixtures("show")
def test_an_order_that_is_deleted_while_its_outcome_is_unknown_leaves_that_to_a_person(
    api: ApiClient, work: Work, connector: PlayhouseConnector, playhouse: Playhouse, clock: Clock
) -> None:
    connector.capabilities = NOTHING
    playhouse.faults.add("order", Fault.RESET_AFTER)
    made = api.create(SHOW)
    work(made)
    assert api.delete(made["orderId"]).json()["status"] == "Cancelled"
    row = only_row()
    assert (row.order, row.status, row.is_current) == (None, OutsideOrderStatus.UNKNOWN, False)
    settling.settle_done(
        outside_order_id=row.pk, outside_reference="", actor="staff:1", reason="Seen.", now=clock()
    )
    assert only_row().status == OutsideOrderStatus.ENDING


@contextmanager
def _another_worker_at(order: Order) -> Iterator[None]:
    """Hold what a worker holds while it asks others, on a connection of its own."""
    entered, leave = threading.Event(), threading.Event()

    def work() -> None:
        with turns.at_order(order.pk):
            entered.set()
            leave.wait(10)
        database.close()

    thread = threading.Thread(target=work)
    thread.start()
    assert entered.wait(10)
    try:
        yield
    finally:
        leave.set()
        thread.join()


def _at_cinema(venue: Venue, cinema: Playhouse) -> dict[str, str]:
    connection = Connection.objects.create(
        venue=venue,
        system=System.ORDINO,
        name="Cinema",
        base_url=cinema.url,
        connect_seconds=1,
        read_seconds=1,
        buyer_email="tickets@dunes.example",
    )
    issued_by(connection, sellable_package(venue, "FILM", "9.00"), "row-1")
    return {"itemNumber": "FILM", "visitDate": VISIT}


@pytest.mark.usefixtures("show")
def test_what_is_cancelled_while_another_ticket_is_being_cancelled_waits_for_its_own_turn(
    api: ApiClient, work: Work, playhouse: Playhouse, clock: Clock
) -> None:
    made = api.create({**SHOW, "quantity": 3})
    order = work(made)
    first, second, _third = Wallet.objects.filter(order=order).order_by("seq_no")
    _cancel_wallet(order, first, clock)
    playhouse.faults.hooks["cancel", "received"] = lambda: _in_a_thread(
        lambda: _cancel_wallet(order, second, clock)
    )
    row = only_row()
    ending.end_elsewhere(outside_order_id=row.pk, clock=clock)
    assert statuses() == ["Ended", "Ending", "Valid"]
    assert len(playhouse.living()) == 2
    playhouse.faults.hooks.clear()
    ending.end_elsewhere(outside_order_id=row.pk, clock=clock)
    assert statuses() == ["Ended", "Ended", "Valid"]
    assert playhouse.living() == ["HALL-0003"]

    api.delete(made["orderId"])
    work(made)
    assert (only_row().status, playhouse.living()) == (OutsideOrderStatus.ENDED, [])


@pytest.mark.usefixtures("show")
def test_a_commit_that_is_in_doubt_stays_so_when_its_repetition_is_put_off(
    api: ApiClient, playhouse: Playhouse, connector: PlayhouseConnector, clock: Clock
) -> None:
    connector.capabilities = NOTHING
    connector.when_unsure = WhenUnsure.REPEAT
    playhouse.faults.add("order", Fault.RESET_AFTER)
    playhouse.faults.add("order", Fault.BUSY_429)
    made = api.create(SHOW)
    order_id = uuid.UUID(made["orderId"])
    for _ in range(2):
        issuance.issue_order(order_id=order_id, clock=clock)
    issuance.give_up(order_id=order_id, now=clock())
    assert (only_row().status, only_row().cause) == (OutsideOrderStatus.UNKNOWN, "outcome_unknown")
    assert api.delete(made["orderId"]).status_code == 200
    assert list(OutsideOrder.objects.unsettled()) == [only_row()]


@pytest.mark.usefixtures("show")
def test_what_is_made_for_an_order_that_has_ended_meanwhile_is_taken_back(
    api: ApiClient, playhouse: Playhouse, clock: Clock
) -> None:
    made = api.create(SHOW)
    order_id = uuid.UUID(made["orderId"])

    def end_it() -> None:
        issuance.give_up(order_id=order_id, now=clock())
        assert api.delete(made["orderId"]).status_code == 200

    playhouse.faults.hooks["order", "worked"] = lambda: _in_a_thread(end_it)
    issuance.issue_order(order_id=order_id, clock=clock)
    assert (only_row().status, only_row().is_current) == (OutsideOrderStatus.ENDING, False)
    ending.end_elsewhere(outside_order_id=only_row().pk, clock=clock)
    assert (only_row().status, playhouse.living()) == (OutsideOrderStatus.ENDED, [])


@pytest.mark.usefixtures("show")
def test_nothing_is_made_for_an_order_that_ended_before_it_was_asked_for(
    api: ApiClient, playhouse: Playhouse, clock: Clock
) -> None:
    made = api.create(SHOW)
    order_id = uuid.UUID(made["orderId"])

    def end_it() -> None:
        issuance.give_up(order_id=order_id, now=clock())
        assert api.delete(made["orderId"]).status_code == 200

    playhouse.faults.hooks["hold", "worked"] = lambda: _in_a_thread(end_it)
    issuance.issue_order(order_id=order_id, clock=clock)
    assert playhouse.made == 0
    assert only_row().status == OutsideOrderStatus.FAILED


@pytest.mark.usefixtures("show")
def test_an_order_that_a_person_found_is_cancelled_there_with_all_its_tickets(
    api: ApiClient, work: Work, playhouse: Playhouse, connector: PlayhouseConnector, clock: Clock
) -> None:
    able, connector.capabilities = connector.capabilities, NOTHING
    playhouse.faults.add("order", Fault.RESET_AFTER)
    made = api.create({**SHOW, "quantity": 2})
    work(made)
    api.delete(made["orderId"])
    connector.capabilities = able
    told: dict[str, Any] = {"actor": "staff:1", "reason": "Seen.", "now": clock()}
    settling.settle_done(outside_order_id=only_row().pk, outside_reference="X", **told)
    ending.end_elsewhere(outside_order_id=only_row().pk, clock=clock)
    assert (only_row().status, playhouse.living()) == (OutsideOrderStatus.ENDED, [])


def test_an_outside_id_that_was_changed_since_makes_nothing_twice(
    api: ApiClient,
    work: Work,
    venue: Venue,
    show: Package,
    playhouse: Playhouse,
    connector: PlayhouseConnector,
    monkeypatch: pytest.MonkeyPatch,
    clock: Clock,
) -> None:
    connector.capabilities = NOTHING
    playhouse.faults.add("order", Fault.RESET_AFTER)
    order = work(api.create(SHOW))
    with running(Playhouse("FILM")) as cinema:
        speaking = PlayhouseConnector(capabilities=NOTHING)
        monkeypatch.setitem(CONNECTORS, System.ORDINO, speaking)  # type: ignore[arg-type]
        _at_cinema(venue, cinema)
        there = Connection.objects.get(system=System.ORDINO)
        ComponentSource.objects.filter(component__package=show).update(connection=there)
        again = work(replay(order, clock))
        assert (again.failure_code, cinema.made) == ("outcome_unknown", 0)
        assert again.status_message == (
            "Whether it was made at Onebox: Playhouse is not known: settle that first."
        )
        settling.settle_done(
            outside_order_id=only_row().pk,
            outside_reference="X",
            actor="staff:1",
            reason="Seen.",
            now=clock(),
        )
        again = work(replay(order, clock))
        assert (again.failure_code, cinema.made) == ("connection_incomplete", 0)
        ComponentSource.objects.filter(component__package=show).update(
            connection=Connection.objects.get(system=System.ONEBOX)
        )
        assert work(replay(order, clock)).status == OrderStatus.ISSUED
        assert (playhouse.made, cinema.made) == (1, 0)


@pytest.mark.usefixtures("show")
@pytest.mark.parametrize("odd", ["\x00", "\ud800"])
def test_an_answer_that_cannot_be_kept_is_one_that_cannot_be_read(
    api: ApiClient, work: Work, playhouse: Playhouse, connector: PlayhouseConnector, odd: str
) -> None:
    connector.capabilities = NOTHING
    playhouse.name = odd
    order = work(api.create(SHOW))
    assert (order.status, order.failure_code) == (OrderStatus.ERROR, "outcome_unknown")
    assert only_row().status == OutsideOrderStatus.UNKNOWN


def statuses() -> list[str]:
    return list(OutsideTicket.objects.order_by("position").values_list("status", flat=True))


def _cancel_wallet(order: Order, wallet: Wallet, clock: Clock) -> None:
    wallet_cancellation.cancel_wallets(
        orders=Order.objects.all(),
        order_id=order.pk,
        wallet_ids=[wallet.pk],
        actor="staff:1",
        now=clock(),
        reason="Ill.",
    )


def _in_a_thread(work: Callable[[], None]) -> None:
    """Do something on a database connection of its own, once."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as fault:
            failures.append(fault)
        finally:
            database.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert failures == []
