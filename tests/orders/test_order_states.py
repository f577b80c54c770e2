"""Every operation in every state, as the table of the contract's section 5 has it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest
from django_fsm import TransitionNotAllowed

from orders import lifecycle
from orders.actions import OrderStateConflict
from orders.models import Order, OrderEvent, OrderStatus
from tests.conftest import ApiClient
from tests.orders.expected import NOON, Clock, assert_problem, line, settle, stored
from wallets.models import Asset

pytestmark = pytest.mark.usefixtures("clock")

Issue = Callable[[str], Order]
IN_FLIGHT = ("Submitted", "Scheduled", "Processing")
SETTLED = ("Draft", "Issued", "Cancelled", "Error")
ACTIONS: dict[str, list[str]] = {
    "Draft": ["confirm", "replace", "delete"],
    "Error": ["replace", "delete"],
    "Issued": ["delete"],
}
# What an operation answers: the status of the order, or None for a 409.
TABLE: dict[tuple[str, str], str | None] = {
    **{(status, name): None for status in IN_FLIGHT for name in ("confirm", "replace", "delete")},
    ("Draft", "confirm"): "Issued",
    ("Draft", "replace"): "Submitted",
    ("Draft", "delete"): "Cancelled",
    ("Issued", "confirm"): "Issued",
    ("Issued", "replace"): None,
    ("Issued", "delete"): "Cancelled",
    ("Cancelled", "confirm"): None,
    ("Cancelled", "replace"): None,
    ("Cancelled", "delete"): "Cancelled",
    ("Error", "confirm"): None,
    ("Error", "replace"): "Submitted",
    ("Error", "delete"): "Cancelled",
}
REMOVED = {("Draft", "delete"), ("Error", "delete")}
UNCHANGED = {("Issued", "confirm"), ("Cancelled", "delete")}


def order_in(api: ApiClient, issue: Issue, status: str, clock: Clock) -> dict[str, Any]:
    """Bring an order to a status the way it gets there."""
    if status in SETTLED:
        number = "unknown" if status == "Error" else "DAY"
        payment = None if status == "Draft" else "PAY-1"
        found = settle(api, issue, line(number), paymentReference=payment)
        if status == "Cancelled":
            found = api.delete(found["orderId"]).json()
    else:
        found = api.create(line())
        order = Order.objects.get()
        for name, reached in (("schedule", "Scheduled"), ("start", "Processing")):
            if order.status != status:
                getattr(order, name)(now=clock.now)
                order.save()
                assert order.status == reached
        found = api.get(f"/channelManager/{found['orderId']}").json()
    assert found["status"] == status
    return dict(found)


def operate(api: ApiClient, name: str, order_id: str) -> Any:
    match name:
        case "confirm":
            return api.confirm(order_id, "PAY-1")
        case "replace":
            return api.put(order_id, api.order_body(line("GROUP")))
        case _:
            return api.delete(order_id)


def test_the_table_is_whole() -> None:
    assert {status for status, _ in TABLE} == set(OrderStatus.values)
    assert len(TABLE) == len(OrderStatus.values) * 3


@pytest.mark.parametrize(("status", "name"), list(TABLE))
def test_an_operation_does_what_the_table_says(
    api: ApiClient, issue: Issue, clock: Clock, status: str, name: str
) -> None:
    before = order_in(api, issue, status, clock)
    path = f"/channelManager/{before['orderId']}"
    clock.forward(minutes=1)
    rows = stored()
    response = operate(api, name, before["orderId"])
    reached = TABLE[status, name]
    if reached is None:
        body = assert_problem(
            response,
            409,
            "order_state_conflict",
            currentStatus=status,
            allowedActions=ACTIONS.get(status, []),
            retryable=status in IN_FLIGHT,
        )
        assert ("wait until it has settled" in body["detail"]) == (status in IN_FLIGHT)
        assert stored() == rows
        assert api.get(path).json() == before
        return
    assert (response.status_code, response.json()["status"]) == (200, reached)
    for kept in ("orderId", "buyFromOrderReference", "sellToOrderReference", "receivedAt"):
        assert response.json()[kept] == before[kept]
    if (status, name) in UNCHANGED:
        assert response.json() == before
        assert stored() == rows
        return
    event = OrderEvent.objects.latest("id")
    assert (event.from_state, event.to_state, event.at) == (status, reached, clock.now)
    assert response.json()["updatedAt"] > before["updatedAt"]
    if (status, name) in REMOVED:
        assert_problem(api.get(path), 404, "not_found")
    else:
        assert api.get(path).json() == response.json()


@pytest.mark.parametrize("status", [*IN_FLIGHT, *SETTLED])
def test_only_an_order_in_error_can_be_replayed(
    api: ApiClient, issue: Issue, clock: Clock, status: str
) -> None:
    before = order_in(api, issue, status, clock)
    if status == "Error":
        api.partner.mappings.create(
            item_number="unknown", package=api.partner.venue.packages.get(code="DAY")
        )

    def replay() -> Order:
        return lifecycle.replay_order(
            orders=Order.objects.all(),
            order_id=Order.objects.get().pk,
            actor="staff:1",
            now=clock.now,
            reason="tried again",
        )

    if status != "Error":
        with pytest.raises(OrderStateConflict):
            replay()
        assert api.get(f"/channelManager/{before['orderId']}").json() == before
        return
    assert replay().status == "Submitted"
    event = OrderEvent.objects.latest("id")
    assert (event.name, event.actor, event.reason) == ("replayed", "staff:1", "tried again")
    assert issue(before["orderId"]).status == "Issued"


TRANSITIONS = {
    "schedule": {"Submitted"},
    "start": {"Scheduled"},
    "recover": {"Scheduled"},
    "settle_as_draft": {"Processing"},
    "settle_as_issued": {"Processing"},
    "fail": {"Processing"},
    "confirm": {"Draft"},
    "replace": {"Draft", "Error"},
    "replay": {"Error"},
    "cancel": {"Issued"},
    "remove": {"Draft", "Error"},
}
ARGUMENTS: dict[str, Any] = {
    "now": NOON,
    "job_id": 1,
    "expires_at": NOON,
    "failure_code": "internal",
    "fingerprint": "internal:KeyError",
    "message": "Why.",
    "payment_reference": "P",
}


@pytest.mark.parametrize("name", TRANSITIONS)
@pytest.mark.parametrize("status", OrderStatus.values)
def test_the_model_itself_refuses_what_the_table_does_not_have(name: str, status: str) -> None:
    order = Order(status=status, payment_reference="P")
    move = getattr(order, name)
    taken = {n: v for n, v in ARGUMENTS.items() if n in inspect.signature(move).parameters}
    if status in TRANSITIONS[name]:
        move(**taken)
        assert order.status_since == order.updated_at == NOON
        assert order.status != status
    else:
        with pytest.raises(TransitionNotAllowed):
            move(**taken)
        assert order.status == status


def test_an_order_that_is_not_paid_is_never_issued(clock: Clock) -> None:
    order = Order(status="Processing")
    with pytest.raises(TransitionNotAllowed):
        order.settle_as_issued(now=clock.now)


def test_the_status_cannot_be_set_by_hand() -> None:
    for row in (Order(), Asset()):
        with pytest.raises(AttributeError):
            row.status = "Issued"
