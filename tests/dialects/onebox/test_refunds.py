"""Confirmed orders by their code: reading them, and taking items back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from catalog.models import Package, Session
from orders import cancellation, checkouts
from orders.dialects.onebox import refunds
from orders.models import LedgerEntry, Order, OrderEvent
from tests.dialects.onebox.channel import EMAIL, MANAGEMENT, Channel, assert_refused, order_of
from tests.factories import AttractionFactory
from tests.gate.conftest import Gate
from tests.orders.expected import Clock
from tests.orders.racing import at_once
from tests.orders.sessions import counted, counters, session
from wallets.devices import create_device

pytestmark = pytest.mark.django_db
Issue = Callable[[str], Order]


@pytest.fixture
def bought(channel: Channel, matinee: Session, issue: Issue) -> dict[str, Any]:
    """A confirmed order of three places, issued."""
    answer = channel.confirmed(3)
    issue(str(order_of(answer).pk))
    return answer


def details(channel: Channel, answer: dict[str, Any]) -> dict[str, Any]:
    """Read a confirmed order by its code."""
    response = channel.get(f"{MANAGEMENT}/{answer['code']}")
    assert response.status_code == 200, response.content
    return dict(response.json())


def refund(channel: Channel, answer: dict[str, Any], *positions: int, **members: Any) -> Any:
    """Ask for the refund of some items of an order."""
    body = {
        "items": [{"id": answer["items"][n]["id"]} for n in positions],
        "type": "MANUAL",
        "include_surcharges": True,
        "include_delivery": False,
        **members,
    }
    return channel.request("POST", f"{MANAGEMENT}/{answer['code']}/refund", body)


def states(told: dict[str, Any]) -> list[str]:
    """Return the states of the items, with whether their tickets are valid."""
    return [
        " ".join([one["state"], *(ticket["status"] for ticket in one["tickets"])])
        for one in told["items"]
    ]


def test_an_item_that_is_refunded_is_cancelled_alone(
    channel: Channel, bought: dict[str, Any]
) -> None:
    response = refund(channel, bought, 1)
    assert response.status_code == 200, response.content
    told = response.json()
    assert told == details(channel, bought)
    assert states(told) == ["PURCHASED Valid", "REFUNDED Destroyed", "PURCHASED Valid"]
    assert told["price"] == {"final": 36, "refunded": 12}
    assert told["items"][1]["manifestUrl"] is None
    assert counters() == {"cinema 14:00": "0+2"}
    ours = order_of(bought)
    assert (ours.status, str(ours.total_incl_vat)) == ("Issued", "24.000")
    events = OrderEvent.objects.of(ours.pk).filter(name="wallets_cancelled")
    assert [event.actor for event in events] == [channel.partner.actor]
    assert LedgerEntry.objects.filter(order_id=ours.pk, wallet__isnull=False).exists()
    again = channel.done("/confirm", bought["id"])
    assert [one["state"] for one in again["items"]] == ["PURCHASED", "REFUNDED", "PURCHASED"]


def test_with_its_last_item_an_order_is_cancelled(channel: Channel, bought: Any) -> None:
    assert refund(channel, bought, 0).status_code == 200
    told = refund(channel, bought, 1, 2).json()
    assert states(told) == ["REFUNDED Destroyed"] * 3
    assert (told["status"], told["orderStatus"], told["manifestUrl"]) == (
        "CONFIRM",
        "Cancelled",
        None,
    )
    assert told["price"] == {"final": 36, "refunded": 36}
    assert counters() == {}


def test_an_item_is_refunded_once(channel: Channel, bought: Any) -> None:
    assert refund(channel, bought, 0).status_code == 200
    for positions in ((0,), (0, 1)):
        refused = refund(channel, bought, *positions)
        assert_refused(refused, 409, "PRODUCT_STATE_INVALID", str(bought["items"][0]["id"]))
    assert states(details(channel, bought)).count("PURCHASED Valid") == 2
    assert refund(channel, bought, 1, 2).status_code == 200
    assert_refused(refund(channel, bought, 2), 409, "PRODUCT_STATE_INVALID")


def test_what_was_used_or_is_too_late_is_not_refunded(
    channel: Channel, bought: Any, clock: Clock, matinee: Session, venue: Any
) -> None:
    number = details(channel, bought)["items"][0]["tickets"][0]["number"]
    gate = Gate(*create_device(venue=venue, name="North", admits_every_item=True))
    clock.now = matinee.starts_at
    assert gate.scan(number)["admitted"] is True
    channel.renew()
    assert_refused(refund(channel, bought, 0), 409, "PRODUCT_USED")
    assert_refused(refund(channel, bought, 0, 1, 2), 409, "PRODUCT_USED")
    assert refund(channel, bought, 1).status_code == 200
    channel.partner.cancel_deadline_hours = 24
    channel.partner.save()
    assert_refused(refund(channel, bought, 2), 409, "REFUND_DEADLINE_PASSED", "24 hours")
    assert states(details(channel, bought)) == [
        "PURCHASED Used",
        "REFUNDED Destroyed",
        "PURCHASED Valid",
    ]


def test_a_partner_that_is_paused_may_still_refund(channel: Channel, bought: Any) -> None:
    channel.partner.pause()
    channel.partner.save()
    assert refund(channel, bought, 0).status_code == 200


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        ({}, "DIST0006", ["items"]),
        ({"items": []}, "DIST0005", ["items"]),
        ({"items": [{"id": 5}, {"id": 6}]}, "DIST0005", ["5 is no item", "6 is no item"]),
        ({"items": [{"id": 5}, {"id": 5}]}, "DIST0005", ["second time"]),
        (
            {"items": [{"id": "5"}], "type": 1, "include_surcharges": 1, "include_delivery": "no"},
            "DIST0004",
            ["items[0].id", "type", "include_surcharges", "include_delivery"],
        ),
    ],
)
def test_refunds_that_are_wrong_are_told_all_at_once(
    channel: Channel, bought: Any, body: Any, code: str, words: list[str]
) -> None:
    response = channel.request("POST", f"{MANAGEMENT}/{bought['code']}/refund", body)
    assert_refused(response, 400, code, *words)
    assert states(details(channel, bought)) == ["PURCHASED Valid"] * 3


def test_an_order_that_is_still_being_issued_is_waited_for(
    channel: Channel, matinee: Session, monkeypatch: pytest.MonkeyPatch, issue: Issue
) -> None:
    answer = channel.confirmed(1)
    waits: list[int] = []

    def wait(order_id: Any, seconds: int) -> None:
        waits.append(seconds)
        issue(str(order_id))

    monkeypatch.setattr(refunds, "wait_until_settled", wait)
    assert states(details(channel, answer)) == ["PURCHASED Valid"]
    assert waits == [10]


def test_an_order_that_takes_too_long_to_issue_is_told_and_not_refunded_yet(
    channel: Channel, matinee: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = channel.confirmed(1)
    monkeypatch.setattr(refunds, "WAIT_SECONDS", 0)
    told = details(channel, answer)
    assert (states(told), told["orderStatus"]) == (["PURCHASED"], "Submitted")
    response = refund(channel, answer, 0)
    assert_refused(response, 409, "ORDER_BEING_ISSUED")
    assert response["Retry-After"] == "2"


def test_an_order_that_could_not_be_issued_is_refunded_as_a_whole(
    channel: Channel, matinee: Session, issue: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = channel.confirmed(2)
    ours = order_of(answer)
    Order.objects.filter(pk=ours.pk).update(
        status="Error",
        status_message="It failed.",
        failure_code="internal",
    )
    assert states(details(channel, answer)) == ["PURCHASED", "PURCHASED"]
    assert_refused(refund(channel, answer, 0), 409, "ORDER_STATUS_INVALID")
    told = refund(channel, answer, 0, 1).json()
    assert (states(told), told["orderStatus"], told["buyFromOrderReference"]) == (
        ["REFUNDED", "REFUNDED"],
        None,
        None,
    )
    assert counters() == {}
    assert_refused(refund(channel, answer, 0), 409, "PRODUCT_STATE_INVALID")


def test_what_staff_cancelled_is_refunded(channel: Channel, bought: Any) -> None:
    cancellation.cancel_order(
        orders=Order.objects.all(),
        order_id=order_of(bought).pk,
        actor="staff:1",
        now=timezone.now(),
        reason="Closed",
    )
    assert states(details(channel, bought)) == ["REFUNDED Destroyed"] * 3
    assert_refused(refund(channel, bought, 0), 409, "PRODUCT_STATE_INVALID")


def test_a_group_shares_one_ticket_and_is_refunded_together(
    channel: Channel, venue: Any, group: Package, issue: Issue
) -> None:
    park = AttractionFactory.create(venue=venue, name="Park")
    counted(group, park)
    session(park, None)
    answer = channel.confirmed(3)
    issue(str(order_of(answer).pk))
    told = details(channel, answer)
    assert len({one["tickets"][0]["number"] for one in told["items"]}) == 1
    assert told["price"]["final"] == 81
    refused = refund(channel, answer, 0)
    assert_refused(refused, 409, "PRODUCT_OF_GROUP", str(answer["items"][1]["id"]))
    assert states(refund(channel, answer, 0, 1, 2).json()) == ["REFUNDED Destroyed"] * 3


def test_a_code_names_confirmed_orders_only(channel: Channel, matinee: Session) -> None:
    pre_confirmed = channel.pre_confirmed()
    for code in (pre_confirmed["code"], "BQ73MK20ZT4H", pre_confirmed["id"], "x", "%00", "é" * 12):
        assert_refused(channel.get(f"{MANAGEMENT}/{code}"), 404, "ORDER_NOT_FOUND")
        body = {"items": [{"id": pre_confirmed["items"][0]["id"]}]}
        response = channel.request("POST", f"{MANAGEMENT}/{code}/refund", body)
        assert_refused(response, 404, "ORDER_NOT_FOUND")
    assert checkouts.expire_checkouts(now=timezone.now()) == 0


@pytest.mark.django_db(transaction=True)
def test_of_two_refunds_at_once_one_is_made(channel: Channel, bought: Any) -> None:
    token, answers = channel.token, []
    body = {"items": [{"id": bought["items"][0]["id"]}]}

    def send() -> None:
        path = f"{MANAGEMENT}/{bought['code']}/refund"
        answers.append(channel.request("POST", path, body, bearer=token))

    at_once(send, send)
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    loser = next(answer for answer in answers if answer.status_code == 409)
    assert_refused(loser, 409, "PRODUCT_STATE_INVALID")
    assert counters() == {"cinema 14:00": "0+2"}
    assert details(channel, bought)["buyer_data"] == {"email": EMAIL}
