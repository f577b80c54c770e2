"""Onebox's rules for a connector (contract 11), those about an order."""

from __future__ import annotations

from typing import Any

import pytest

from tests.connectors.conftest import calls_of, unit
from tests.connectors.onebox.conftest import Story
from tests.fakes.faults import Fault
from tests.fakes.onebox_system import ADULT, CHILD, SECOND_SESSION, SESSION, OneboxSystem
from wallets.connectors.base import (
    Cause,
    OutsideTicketData,
    Standing,
    TicketState,
    TryLater,
)
from wallets.connectors.desk import OutcomeUnknown, Restart
from wallets.models import ConnectorCall

pytestmark = pytest.mark.django_db(transaction=True)
STEPS = ["orders", "seats-auto", "buyer-data", "pre-confirm", "confirm", "details"]


def test_an_order_is_made_and_its_tickets_are_told(story: Story, onebox: OneboxSystem) -> None:
    standing = story.run()
    (order,) = onebox.confirmed
    assert standing == Standing(
        exists=True,
        outside_reference=order.code or "",
        tickets=[
            OutsideTicketData(
                outside_session=str(SESSION),
                outside_item=str(ADULT),
                outside_id=str(item["id"]),
                number=f"OB-{item['id']}",
                url=f"https://t.example/{item['id']}",
            )
            for item in order.items
        ],
    )
    assert onebox.operations() == ["token", *STEPS]
    (places,) = onebox.asked("seats-auto")
    assert places.json == {"price_type_id": ADULT, "session_id": SESSION, "quantity": 2}
    assert [received.json for received in onebox.asked("confirm")] == [{}]


@pytest.mark.derived
def test_who_buys_is_told_in_names_that_are_usual(story: Story, onebox: OneboxSystem) -> None:
    story.run()
    assert onebox.confirmed[0].buyer == {
        "email": "guest@example.com",
        "name": "Anna",
        "surname": "de Vries",
        "language": "nl-NL",
    }


def test_each_session_and_price_type_is_one_call(story: Story, onebox: OneboxSystem) -> None:
    story.wish = story.wishing(
        unit(str(CHILD), str(SESSION)),
        unit(str(ADULT), str(SECOND_SESSION), count=3),
        unit(str(CHILD), str(SESSION)),
    )
    standing = story.run()
    assert [received.json for received in onebox.asked("seats-auto")] == [
        {"price_type_id": CHILD, "session_id": SESSION, "quantity": 2},
        {"price_type_id": ADULT, "session_id": SECOND_SESSION, "quantity": 3},
    ]
    told = sorted((one.outside_session, one.outside_item) for one in standing.tickets)
    assert told == [(str(SESSION), str(CHILD))] * 2 + [(str(SECOND_SESSION), str(ADULT))] * 3


@pytest.mark.derived
def test_many_places_are_asked_for_in_several_calls(story: Story, onebox: OneboxSystem) -> None:
    story.wish = story.wishing(unit(str(CHILD), str(SESSION), count=230))
    assert len(story.run().tickets) == 230
    assert [one.json["quantity"] for one in onebox.asked("seats-auto")] == [100, 100, 30]


def test_the_id_is_in_the_header_and_the_code_in_the_address(
    story: Story, onebox: OneboxSystem
) -> None:
    """C3: `ob-order-id` on every call after create, never a code there; codes to orders-mgmt only."""
    standing = story.run()
    story.connector.cancel(story.desk, standing.tickets)
    (order,) = onebox.confirmed
    sent = {one.operation: one.headers.get("ob-order-id") for one in onebox.received}
    assert sent == {
        "token": None,
        "orders": None,
        "seats-auto": order.id,
        "buyer-data": order.id,
        "pre-confirm": order.id,
        "confirm": order.id,
        "details": None,
        "refund": None,
    }
    with_code = [one.operation for one in onebox.received if order.code and order.code in one.path]
    assert with_code == ["details", "refund"]


def test_preparing_ends_before_the_confirm(story: Story, onebox: OneboxSystem) -> None:
    """C4: nothing is confirmed before the seller was paid, which commit stands for."""
    story.connector.prepare(story.desk, story.wish)
    assert onebox.operations() == ["token", *STEPS[:4]]
    assert [one.status for one in onebox.orders.values()] == ["PRE_CONFIRM"]
    story.connector.commit(story.desk, story.wish)
    assert len(onebox.confirmed) == 1


@pytest.mark.parametrize("fault", [Fault.TIMEOUT_BEFORE, Fault.TIMEOUT_AFTER])
def test_places_in_doubt_are_left_in_their_basket(
    story: Story, onebox: OneboxSystem, fault: Fault
) -> None:
    """C5: a time-out on `seats-auto` abandons the basket and begins a new one."""
    onebox.faults.add("seats-auto", fault)
    standing = story.run()
    first, second = onebox.orders.values()
    assert (first.status, second.status) == ("BASKET", "CONFIRM")
    assert [one.headers["ob-order-id"] for one in onebox.asked("seats-auto")] == [
        first.id,
        second.id,
    ]
    assert len(standing.tickets) == len(second.items) == 2


@pytest.mark.parametrize("fault", [Fault.TIMEOUT_BEFORE, Fault.TIMEOUT_AFTER, Fault.RESET_AFTER])
def test_a_confirm_in_doubt_is_repeated(story: Story, onebox: OneboxSystem, fault: Fault) -> None:
    """C6: a time-out on `confirm` is followed by the same confirm, of the same order."""
    onebox.faults.add("confirm", fault)
    standing = story.run()
    (order,) = onebox.orders.values()
    assert standing.outside_reference == order.code
    assert [one.headers["ob-order-id"] for one in onebox.asked("confirm")] == [order.id] * 2


def test_a_confirm_that_never_answers_is_read_back_by_its_code(
    story: Story, onebox: OneboxSystem
) -> None:
    """C6: then orders-mgmt is read by the stored code; while it is unknown nothing is taken back."""
    onebox.faults.add("confirm", Fault.RESET_AFTER, times=6)
    assert isinstance(story.fault(), OutcomeUnknown)
    standing = story.connector.read_back(story.desk)
    (order,) = onebox.confirmed
    assert (standing.exists, standing.outside_reference) == (True, order.code)
    assert [one.number for one in standing.tickets] == [f"OB-{i['id']}" for i in order.items]
    assert onebox.asked("refund") == []
    assert story.run() == standing
    assert len(onebox.asked("confirm")) == 6


def test_what_its_code_does_not_find_is_unknown_until_the_hold_has_ended(
    story: Story, onebox: OneboxSystem
) -> None:
    """C6: a confirm under way could count until then; afterwards it is known not to exist."""
    onebox.faults.add("confirm", Fault.RESET, times=6)
    assert isinstance(story.fault(), OutcomeUnknown)
    assert story.connector.read_back(story.desk).exists is None
    onebox.lapse()
    story.clock.forward(seconds=601)
    assert story.connector.read_back(story.desk).exists is False
    assert onebox.confirmed == []


def test_a_confirm_in_doubt_that_is_then_not_found_was_done_if_its_code_finds_it(
    story: Story, onebox: OneboxSystem
) -> None:
    """C6: a system that forgets the id of what it has confirmed is asked by the code."""
    onebox.faults.add("confirm", Fault.TIMEOUT_AFTER)

    def forget() -> None:
        for order in list(onebox.orders.values()):
            onebox.orders[f"as {order.code}"] = onebox.orders.pop(order.id)

    onebox.faults.hooks["confirm", "worked"] = lambda: onebox.faults.hooks.update(
        {("confirm", "received"): forget}
    )
    assert story.run().exists is True
    assert (len(onebox.asked("confirm")), len(onebox.confirmed)) == (2, 1)


def test_an_order_that_lapsed_before_its_confirm_is_begun_anew(
    story: Story, onebox: OneboxSystem
) -> None:
    story.connector.prepare(story.desk, story.wish)
    onebox.lapse()
    with pytest.raises(Restart):
        story.connector.commit(story.desk, story.wish)
    assert story.connector.read_back(story.desk).exists is False
    story.desk.restart()
    assert story.run().exists is True
    assert len(onebox.confirmed) == 1


def test_a_confirm_in_doubt_of_an_order_that_is_gone_is_begun_anew_after_its_hold(
    story: Story, onebox: OneboxSystem
) -> None:
    """C6: until the hold's own end its code may still come to be known; no confirm is sent again."""
    onebox.faults.add("confirm", Fault.RESET)
    story.connector.prepare(story.desk, story.wish)
    with pytest.raises(TryLater):
        story.connector.commit(story.desk, story.wish)
    onebox.lapse()
    with pytest.raises(TryLater) as later:
        story.connector.commit(story.desk, story.wish)
    assert later.value.seconds == 5
    story.clock.forward(seconds=598)
    with pytest.raises(TryLater) as later:
        story.connector.commit(story.desk, story.wish)
    assert later.value.seconds == 60
    assert len(onebox.asked("orders")) == 1
    assert story.run().exists is True
    assert (len(onebox.asked("orders")), len(onebox.asked("confirm"))) == (2, 3)
    assert len(onebox.confirmed) == 1


def test_a_confirm_in_doubt_is_made_once_though_its_code_is_known_late(
    story: Story, onebox: OneboxSystem
) -> None:
    """C6: what lags behind says of a confirmed order that it is not known."""
    onebox.faults.add("confirm", Fault.TIMEOUT_AFTER)
    story.connector.prepare(story.desk, story.wish)
    with pytest.raises(TryLater):
        story.connector.commit(story.desk, story.wish)
    hidden, onebox.orders = onebox.orders, {}
    for _ in range(2):
        with pytest.raises(TryLater):
            story.connector.commit(story.desk, story.wish)
    onebox.orders = hidden
    (order,) = onebox.confirmed
    assert story.run().outside_reference == order.code
    assert (len(onebox.asked("orders")), len(onebox.asked("confirm"))) == (1, 2)
    assert len(onebox.confirmed) == 1


def test_a_hold_that_is_about_to_end_is_given_up(story: Story, onebox: OneboxSystem) -> None:
    story.connector.prepare(story.desk, story.wish)
    story.clock.forward(seconds=539)
    story.connector.prepare(story.desk, story.wish)
    story.clock.forward(seconds=1)
    with pytest.raises(Restart):
        story.connector.prepare(story.desk, story.wish)
    assert onebox.confirmed == []


@pytest.mark.derived
@pytest.mark.parametrize("told", [None, "soon", 5, "2020-01-01T00:00:00+00:00", "2026-11-22T12:00"])
def test_a_hold_lasts_ten_minutes_where_nothing_sensible_is_said(
    story: Story, onebox: OneboxSystem, told: Any
) -> None:
    onebox.altered["pre-confirm"] = lambda order: {**order, "expires_at": told}
    story.connector.prepare(story.desk, story.wish)
    story.clock.forward(seconds=540)
    with pytest.raises(Restart):
        story.connector.prepare(story.desk, story.wish)


def test_id_and_code_are_kept_before_the_confirm(story: Story, onebox: OneboxSystem) -> None:
    """C7: whoever dies in the confirm knows what to ask for."""
    seen: list[dict[str, Any]] = []
    story.connector.prepare(story.desk, story.wish)
    seen.append(story.progress)
    (order,) = onebox.orders.values()
    assert (seen[0]["id"], seen[0]["code"]) == (order.id, order.code)
    assert ConnectorCall.objects.filter(commits=True).exists() is False


def test_no_places_left_is_sold_out_whatever_the_code(story: Story, onebox: OneboxSystem) -> None:
    """C8: 409 with a code that nobody knows."""
    onebox.shows[SESSION].places[ADULT] = 1
    fault = story.fault()
    assert (fault.cause, fault.permanent) == (Cause.SOLD_OUT, True)
    assert "WHATEVER0042 Not enough places." in fault.detail
    assert calls_of(story.outside_order)[-1] == (
        "seats-auto",
        f"{SESSION}:{ADULT}:0",
        [("none", "sold_out_there")],
    )


@pytest.mark.parametrize(
    "operation", ["token", "orders", "seats-auto", "buyer-data", "pre-confirm", "confirm"]
)
def test_an_error_of_theirs_is_tried_again(
    story: Story, onebox: OneboxSystem, operation: str
) -> None:
    """C8: 5xx with a code that nobody knows."""
    onebox.faults.add(operation, Fault.ERROR_500_BEFORE)
    if operation == "token":
        with pytest.raises(Exception, match="Asking for a token: It answered 500") as caught:
            story.run()
        assert caught.value.permanent is False  # type: ignore[attr-defined]
    assert story.run().exists is True
    assert len(onebox.confirmed) == 1


@pytest.mark.parametrize("items", ["missing", None, []])
def test_an_order_without_items_is_an_order(story: Story, onebox: OneboxSystem, items: Any) -> None:
    """C9: unknown members are everywhere in the fake's answers; items may be missing."""

    def bare(order: dict[str, Any]) -> dict[str, Any]:
        kept = {name: order.get(name) for name in ("id", "status", "code") if name in order}
        return kept if items == "missing" else {**kept, "items": items}

    for operation in STEPS:
        onebox.altered[operation] = bare
    standing = story.run()
    assert (standing.exists, standing.tickets) == (True, [])
    assert standing.outside_reference == onebox.confirmed[0].code


def test_an_item_that_does_not_say_what_it_is_one_of_is_what_was_asked_for(
    story: Story, onebox: OneboxSystem
) -> None:
    """C9: a price type may be null."""
    onebox.altered["details"] = lambda order: {
        **order,
        "items": [{"id": item["id"], "price_type_id": None} for item in order["items"]],
    }
    told = {(one.outside_session, one.outside_item) for one in story.run().tickets}
    assert told == {(str(SESSION), str(ADULT))}


@pytest.mark.derived
@pytest.mark.parametrize(
    ("members", "number", "url", "state"),
    [
        ({"barcode": "A1", "url": "https://t.example/1?x=2"}, "A1", "https://t.example/1?x=2", 3),
        ({"ticket": {"barcode": 12, "url": "http://t.example/1"}}, "12", "", 3),
        ({"tickets": [{"barcode": "A1", "status": "Used"}]}, "A1", "", 1),
        ({"tickets": [{"barcode": "A1", "status": "Used"}, {"barcode": "A2"}]}, "", "", 3),
        ({"tickets": [{"status": "Used"}, {"status": "Valid"}]}, "", "", 0),
        ({"tickets": [{"barcode": "A1", "status": "Valid"}]}, "A1", "", 0),
        ({"barcode": "A1", "access": {"validated": False}}, "A1", "", 0),
        ({"barcode": "A1", "access": {"validated": True}}, "A1", "", 1),
        ({"barcode": "A1", "access": "USED"}, "A1", "", 1),
        ({"barcode": ["A1"], "ticket": "x", "tickets": "y", "access": 7, "url": 5}, "", "", 3),
        ({"barcode": "A1", "state": "REFUNDED", "access": "USED"}, "A1", "", 2),
        ({"barcode": "x" * 101, "url": "https://t.example/" + "x" * 500}, "", "", 3),
        ({"url": "https://t.example/?\ud800", "ticket_url": "https://t.example/\x85"}, "", "", 3),
        ({"url": "javascript:alert(1)", "ticket": {"url": 'https://t.example/"<b>'}}, "", "", 3),
    ],
)
def test_numbers_addresses_and_states_are_looked_for_where_they_may_be(
    story: Story,
    onebox: OneboxSystem,
    members: dict[str, Any],
    number: str,
    url: str,
    state: int,
) -> None:
    story.wish = story.wishing(unit(str(ADULT), str(SESSION)))
    onebox.altered["details"] = lambda order: {
        **order,
        "items": [{"id": item["id"], **members} for item in order["items"]],
    }
    (ticket,) = story.run().tickets
    states = (TicketState.VALID, TicketState.USED, TicketState.CANCELLED, None)
    assert (ticket.number, ticket.url, ticket.state) == (number, url, states[state])


def test_a_number_that_a_group_shares_is_told_once(story: Story, onebox: OneboxSystem) -> None:
    onebox.altered["details"] = lambda order: {
        **order,
        "items": [{**item, "barcode": "GROUP"} for item in order["items"]],
    }
    assert [one.number for one in story.run().tickets] == ["GROUP", ""]


@pytest.mark.derived
def test_barcodes_that_are_still_made_are_waited_for(story: Story, onebox: OneboxSystem) -> None:
    looks = 0

    def issued_later(order: dict[str, Any]) -> dict[str, Any]:
        nonlocal looks
        looks += 1
        tickets = [{"barcode": "A1"}] if looks > 3 else []
        bare = [{"id": item["id"], "tickets": tickets} for item in order["items"][:1]]
        return {**order, "items": bare}

    onebox.altered["details"] = issued_later
    story.wish = story.wishing(unit(str(ADULT), str(SESSION)))
    assert [one.number for one in story.run().tickets] == ["A1"]
    assert (looks, len(onebox.asked("confirm"))) == (4, 1)


@pytest.mark.derived
def test_barcodes_that_never_come_are_not_waited_for_forever(
    story: Story, onebox: OneboxSystem
) -> None:
    onebox.altered["details"] = lambda order: {
        **order,
        "items": [{"id": item["id"], "tickets": []} for item in order["items"]],
    }
    story.connector.prepare(story.desk, story.wish)
    with pytest.raises(TryLater):
        story.connector.commit(story.desk, story.wish)
    story.clock.forward(seconds=120)
    standing = story.connector.commit(story.desk, story.wish)
    assert [(one.number, bool(one.outside_id)) for one in standing.tickets] == [("", True)] * 2
