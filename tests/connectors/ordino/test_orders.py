"""What is sent to Ordino, and what its answers mean (contract, section 10)."""

from __future__ import annotations

import datetime
import logging
from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
from django.core import serializers

from catalog.models import Connection
from tests.connectors.conftest import (
    VALID_FROM,
    buyer,
    calls_of,
    desk_of,
    fault_of_steps,
    make_connection,
    make_outside_order,
    run_steps,
    unit,
    wish,
)
from tests.fakes.faults import Fault
from tests.fakes.ordino_system import KEY, ORDER, ORDERS, TRACE, Entitlement, OrdinoSystem
from tests.orders.expected import Clock
from wallets.connectors.base import Cause, Standing, UnsupportedByPartner, Wish
from wallets.connectors.desk import OutcomeUnknown
from wallets.connectors.ordino import OrdinoConnector
from wallets.models import ConnectorCall, ConnectorOutcome, OutsideOrder

pytestmark = pytest.mark.django_db(transaction=True)
ordino = OrdinoConnector()


def test_a_paid_order_is_sent_once_with_all_that_it_is(
    park: OrdinoSystem, order: OutsideOrder, wanted: Wish, clock: Clock
) -> None:
    """C2: however often it is gone on with, there is one POST."""
    ordino.prepare(desk_of(order, clock), wanted)
    assert park.received == []
    for _ in range(3):
        standing = run_steps(ordino, order, wanted, clock)
        assert standing == Standing(exists=True, outside_reference=order.reference)
    (sent,) = park.received
    assert (sent.method, sent.path, sent.query) == ("POST", ORDERS, {})
    assert sent.json == {
        "guest_email": "guest@example.com",
        "packages": [
            {"package_id": "pkg_fastlane_day", "quantity": 1},
            {"package_id": "pkg_photo", "quantity": 3},
        ],
        "redeemable_from": "2026-11-22T23:00:00+00:00",
        "redeemable_until": "2026-11-23T23:00:00+00:00",
        "max_redemptions": 1,
        "metadata": {
            "order_id": order.reference,
            "reference": order.reference,
            "source": "channel_manager",
            "total_amount": 49.99,
        },
    }
    guest = "guest@example.com"
    assert Counter(park.entitlements) == {
        Entitlement(guest, "pkg_fastlane_day", order.reference): 1,
        Entitlement(guest, "pkg_photo", order.reference): 3,
    }
    assert calls_of(order) == [("order", "", [("done", "")])]


def test_the_key_is_all_that_proves_who_we_are(
    park: OrdinoSystem, order: OutsideOrder, wanted: Wish, clock: Clock
) -> None:
    """C1: `x-api-key` and never `Authorization`, which both together would be refused."""
    run_steps(ordino, order, wanted, clock)
    (sent,) = park.received
    assert sent.headers["x-api-key"] == KEY
    assert not {"authorization", "cookie", "proxy-authorization"} & set(sent.headers)
    assert sent.headers["content-type"] == "application/json"


def test_plain_http_is_refused_before_anything_is_sent(
    park: OrdinoSystem, order: OutsideOrder, wanted: Wish, clock: Clock, settings: Any
) -> None:
    """C1: neither as a setting nor as a call."""
    settings.OUTBOUND_ALLOW_LOOPBACK = False
    assert ordino.faults_of(order.connection) == {
        "base_url": "The address must begin with https://."
    }
    fault = fault_of_steps(ordino, order, wanted, clock)
    assert (fault.cause, fault.permanent, park.received) == (Cause.UNREACHABLE, True, [])


def test_a_component_without_a_package_id_stops_here(
    park: OrdinoSystem, order: OutsideOrder, clock: Clock
) -> None:
    """C3: nothing is sent, not even what has one."""
    half = wish(order, unit("pkg_photo"), unit(""))
    fault = fault_of_steps(ordino, order, half, clock)
    assert (fault.cause, fault.permanent) == (Cause.NO_OUTSIDE_ID, True)
    assert (park.received, calls_of(order)) == ([], [])


@pytest.mark.parametrize("nests", [False, True], ids=["top level", "under extensions"])
def test_packages_that_it_does_not_know_are_named_and_not_tried_again(
    park: OrdinoSystem, order: OutsideOrder, clock: Clock, nests: bool
) -> None:
    """C4: wherever the revision of its API tells them."""
    park.nests = nests
    wanted = wish(order, unit("pkg_foto"), unit("pkg_photo"), unit("pkg_x"))
    fault = fault_of_steps(ordino, order, wanted, clock)
    assert (fault.cause, fault.permanent, fault.detail) == (
        Cause.NOT_KNOWN,
        True,
        "It does not know the package pkg_foto, pkg_x.",
    )
    assert (park.operations(), park.orders) == ([ORDER], [])
    outcome = ConnectorOutcome.objects.get()
    assert (outcome.effect, outcome.cause, outcome.status_code, outcome.trace_id) == (
        "none",
        "not_known_there",
        400,
        TRACE,
    )
    assert outcome.message == fault.detail


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({}, "It does not know a resource that we named, and does not say which."),
        (
            {"missing_resources": "pkg"},
            "It does not know a resource that we named, and does not say which.",
        ),
        ({"missing_resources": [{}, None, 7, "q"]}, "It does not know the resource 7, q."),
        (
            {"missing_resources": ["a\u0000\ud800b"], "extensions": ["x"], "resource_type": []},
            "It does not know the resource a b.",
        ),
    ],
)
def test_missing_resources_of_any_form_are_read(
    park: OrdinoSystem,
    order: OutsideOrder,
    wanted: Wish,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    members: dict[str, Any],
    said: str,
) -> None:
    """C4: and by the end of `type` where there is no `error_code`."""
    problem = {"type": "http://errors.example/errors/resource_not_found", **members}
    monkeypatch.setattr(park, "handle", lambda *_: (400, problem))
    fault = fault_of_steps(ordino, order, wanted, clock)
    assert (fault.cause, fault.detail) == (Cause.NOT_KNOWN, said)


def test_a_timeout_sends_the_same_bytes_again_where_the_park_confirmed_that_it_may(
    patient_park: OrdinoSystem, order: OutsideOrder, wanted: Wish, clock: Clock
) -> None:
    """C5: with the same order id; one order is made."""
    patient_park.faults.add(ORDER, Fault.TIMEOUT_AFTER)
    patient_park.faults.add(ORDER, Fault.TIMEOUT_BEFORE)
    assert run_steps(ordino, order, wanted, clock).exists
    first, second, third = (received.body for received in patient_park.received)
    assert first == second == third
    assert len(patient_park.orders) == 1
    assert len(patient_park.entitlements) == 4
    assert calls_of(order) == [
        ("order", "", [("unknown", "timed_out_there")]),
        ("order", "", [("unknown", "timed_out_there")]),
        ("order", "", [("done", "")]),
    ]


@pytest.mark.derived
@pytest.mark.parametrize(("fault", "made"), [(Fault.TIMEOUT_AFTER, 1), (Fault.TIMEOUT_BEFORE, 0)])
def test_a_timeout_is_left_to_a_person_where_nobody_confirmed_it(
    park: OrdinoSystem,
    order: OutsideOrder,
    wanted: Wish,
    clock: Clock,
    fault: Fault,
    made: int,
) -> None:
    """C5, section 8: there is no read-back, so it is not repeated, now or when it is issued again."""
    park.faults.add(ORDER, fault)
    for _ in range(2):
        ending = fault_of_steps(ordino, order, wanted, clock)
        assert isinstance(ending, OutcomeUnknown)
        assert (ending.cause, ending.permanent) == (Cause.OUTCOME_UNKNOWN, True)
    assert (park.operations(), len(park.orders)) == ([ORDER], made)


def test_an_order_in_doubt_is_repeated_once_the_park_has_confirmed_that_it_may(
    park: OrdinoSystem, connection: Connection, order: OutsideOrder, wanted: Wish, clock: Clock
) -> None:
    """C5: staff switch it on, and issue again."""
    park.deduplicates = True
    park.faults.add(ORDER, Fault.TIMEOUT_AFTER)
    fault_of_steps(ordino, order, wanted, clock)
    connection.repeats_safely = True
    connection.save()
    assert run_steps(ordino, order, wanted, clock).exists
    assert (len(park.received), len(park.orders)) == (2, 1)


def test_success_false_is_a_failure_whatever_its_status(
    park: OrdinoSystem, order: OutsideOrder, wanted: Wish, clock: Clock
) -> None:
    """C6: the flag counts, not the 200."""
    park.faults.add(ORDER, Fault.NOT_SUCCESS)
    fault = fault_of_steps(ordino, order, wanted, clock)
    assert (fault.cause, fault.permanent, fault.detail) == (
        Cause.REFUSED,
        True,
        "It answered 200 and no success. It says operation_failed: Nothing was created.",
    )
    assert calls_of(order) == [("order", "", [("none", "refused_there")])]
    assert (ConnectorOutcome.objects.get().status_code, park.orders) == (200, [])


@pytest.mark.parametrize(
    "answer",
    [{}, [], None, "ok", 1, {"success": None}, {"success": "true"}, {"success": 1}],
    ids=repr,
)
def test_a_200_that_does_not_say_success_proves_nothing(
    park: OrdinoSystem,
    order: OutsideOrder,
    wanted: Wish,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    answer: Any,
) -> None:
    """C6: it may have been done all the same."""
    monkeypatch.setattr(park, "handle", lambda *_: (200, answer))
    fault = fault_of_steps(ordino, order, wanted, clock)
    assert isinstance(fault, OutcomeUnknown)
    assert calls_of(order) == [("order", "", [("unknown", "answer_unreadable")])]


@pytest.mark.derived
@pytest.mark.parametrize(
    ("counts", "quantities"),
    [([1000], [1000]), ([1001], [1000, 1]), ([1500, 1000], [1000, 1000, 500])],
)
def test_lines_of_more_than_a_thousand_are_split_within_one_order(
    park: OrdinoSystem,
    order: OutsideOrder,
    clock: Clock,
    counts: list[int],
    quantities: list[int],
) -> None:
    """C7: units of one package are added up first."""
    wanted = wish(order, *(unit("pkg_photo", count=count) for count in counts))
    run_steps(ordino, order, wanted, clock)
    (sent,) = park.received
    assert sent.json["packages"] == [
        {"package_id": "pkg_photo", "quantity": quantity} for quantity in quantities
    ]
    assert len(park.entitlements) == sum(counts)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (Decimal("49.99"), b"49.99"),
        (Decimal("49.990"), b"49.99"),
        (Decimal("86.500"), b"86.5"),
        (Decimal("100.000"), b"100"),
        (Decimal("1000000.01"), b"1000000.01"),
        (Decimal("0.000"), b"0"),
    ],
)
def test_the_amount_is_the_exact_number(
    park: OrdinoSystem, order: OutsideOrder, clock: Clock, amount: Decimal, text: bytes
) -> None:
    """C8: a JSON number in major units, never through a float."""
    run_steps(ordino, order, wish(order, unit("pkg_photo"), amount=amount), clock)
    (sent,) = park.received
    assert b'"total_amount":' + text + b"}" in sent.body
    assert park.orders[0]["metadata"]["total_amount"] == amount


def test_an_order_without_an_amount_tells_none(
    park: OrdinoSystem, order: OutsideOrder, clock: Clock
) -> None:
    """C8: rather than a wrong one."""
    run_steps(ordino, order, wish(order, unit("pkg_photo"), amount=None), clock)
    assert set(park.orders[0]["metadata"]) == {"order_id", "reference", "source"}


def test_the_trace_id_is_kept_and_the_key_is_not(
    park: OrdinoSystem,
    order: OutsideOrder,
    wanted: Wish,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """C9: neither in logs nor in what is written down, though the park's answer names the key."""
    caplog.set_level(logging.DEBUG)
    park.key = "another"
    fault = fault_of_steps(ordino, order, wanted, clock)
    assert (fault.cause, fault.permanent) == (Cause.CREDENTIALS, True)
    park.key = KEY
    run_steps(ordino, order, wanted, clock)
    outcomes = ConnectorOutcome.objects.all()
    assert [outcome.trace_id for outcome in outcomes] == [TRACE, TRACE]
    rows = [*OutsideOrder.objects.all(), *Connection.objects.all()]
    written = serializers.serialize("json", [*rows, *ConnectorCall.objects.all(), *outcomes])
    assert all(KEY not in text for text in (caplog.text, written, fault.detail, str(fault)))


def test_cancelling_and_all_else_that_it_cannot_is_said_and_not_tried(
    park: OrdinoSystem, order: OutsideOrder, connection: Connection, clock: Clock
) -> None:
    """C10: no such call exists."""
    desk = desk_of(order, clock)
    denied = [
        (lambda: ordino.cancel(desk, ()), "cancel or refund what it issued"),
        (lambda: ordino.read_back(desk), "tell how an order stands"),
        (lambda: ordino.list_catalogue(connection), "list what it sells"),
        (lambda: ordino.ask_places(connection, ""), "tell what places are left"),
        (lambda: ordino.read_push(connection, {}, b"{}"), "tell us of changes"),
    ]
    for call, capability in denied:
        with pytest.raises(UnsupportedByPartner) as caught:
            call()
        assert caught.value.capability == capability
        assert str(caught.value) == f"Ordino has no way to {capability}."
    can = ordino.capabilities
    assert not any((can.cancel, can.refund, can.read_back, can.catalogue, can.availability))
    assert not any((can.push, can.hold))
    assert park.received == []


def test_an_identity_that_is_no_address_is_sent_as_it_is(
    park: OrdinoSystem, order: OutsideOrder, clock: Clock
) -> None:
    """Section 4: whatever the park finds its guests by."""
    member = wish(order, unit("pkg_photo"), buyer=buyer(email="member-77120"))
    run_steps(ordino, order, member, clock)
    assert park.entitlements == [Entitlement("member-77120", "pkg_photo", order.reference)]


def test_a_window_is_told_where_it_is_the_whole_orders(
    park: OrdinoSystem, order: OutsideOrder, clock: Clock
) -> None:
    """Section 4: it is a member of the order, not of its lines."""
    later = VALID_FROM + datetime.timedelta(hours=1)
    run_steps(
        ordino, order, wish(order, unit("pkg_photo"), unit("pkg_photo", valid_from=later)), clock
    )
    assert set(park.orders[0]) == {"guest_email", "packages", "metadata"}


def test_the_same_wish_is_the_same_bytes_in_any_order_and_zone(
    park: OrdinoSystem, connection: Connection, clock: Clock
) -> None:
    """C5: units may be read in another order, and moments in another zone."""
    zone = datetime.timezone(datetime.timedelta(hours=1))
    photo, lane = (
        unit("pkg_photo"),
        unit("pkg_fastlane_day", valid_from=VALID_FROM.astimezone(zone)),
    )
    for reference, units in (("CM-1", (photo, lane)), ("CM-2", (lane, photo))):
        order = make_outside_order(connection, reference=reference)
        run_steps(ordino, order, wish(order, *units), clock)
    first, second = (received.body for received in park.received)
    assert first.replace(b"CM-1", b"CM-2") == second


def test_a_setting_that_cannot_work_is_named_by_its_field(venue: Any) -> None:
    """C1: all of them at once, without asking anybody."""
    bare = make_connection("ordino", "http://park.example", venue=venue)
    assert ordino.faults_of(bare) == {
        "base_url": "The address must begin with https://.",
        "credentials": "The API key is missing.",
    }
    spaced = make_connection(
        "ordino", "https://park.example/api/", venue=venue, credentials={"api_key": "a b"}
    )
    assert ordino.faults_of(spaced) == {
        "base_url": "Leave /api away: it is added to the address of the park.",
        "credentials": "The API key has spaces or other characters that no key has.",
    }
    fine = make_connection(
        "ordino", "https://park.example", venue=venue, credentials={"api_key": KEY}
    )
    assert ordino.faults_of(fine) == {}
    fine.sealed_credentials = "of another installation"
    assert ordino.faults_of(fine) == {
        "credentials": "Its credentials cannot be opened with our keys any more: enter them again."
    }
