"""Cancelling an order whose tickets were used: refused, unless staff with the right override it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from orders.models import LedgerEntry, Order, OrderEvent
from tests.conftest import ApiClient
from tests.gate.conftest import Gate, Issued, asset_of
from tests.orders.expected import Clock, assert_problem, line
from tests.staff import messages_of, person, signed_in, text_of
from wallets.models import Asset, Wallet

MAY_CANCEL = ("orders.view_order", "orders.cancel_order")
MAY_OVERRIDE = (*MAY_CANCEL, "orders.cancel_used_order")


@pytest.fixture
def manager(db: None) -> User:
    """Somebody who may cancel orders with used tickets."""
    return person("manager", *MAY_OVERRIDE)


def url(order: Order, name: str = "cancel_used") -> str:
    return reverse(f"admin:orders_order_{name}", args=[order.pk])


def press(client: Client, order: Order, reason: str = "Guest fell ill", seen: str = "") -> Any:
    page = client.get(url(order))
    assert page.status_code == 200
    seen = seen or page.context["form"]["seen"].value()
    return client.post(url(order), {"seen": seen, "reason": reason}, follow=True)


@pytest.mark.parametrize("quantity", [1, 3])
def test_a_partner_cancels_no_order_that_anybody_entered_with(
    gate: Gate, issued: Issued, api: ApiClient, quantity: int
) -> None:
    order = issued(line("GROUP", quantity=3))
    number = asset_of(order).reference_number
    answer = gate.scan(number, quantity=quantity)
    assert_problem(api.delete(str(order.pk)), 409, "asset_used", usedAssets=[number])
    gate.undo(answer["admissionId"])
    assert api.delete(str(order.pk)).json()["status"] == "Cancelled"


def test_staff_with_the_right_are_led_to_the_page_that_tells_of_the_uses(
    gate: Gate, issued: Issued, manager: User, clock: Clock
) -> None:
    order = issued(line("GROUP", quantity=3))
    number = asset_of(order).reference_number
    gate.scan(number, quantity=2)
    clock.forward(minutes=3)
    undone = gate.scan(number)
    gate.undo(undone["admissionId"])
    page = signed_in(manager).get(url(order, "cancel"), follow=True)
    assert page.redirect_chain == [(url(order), 302)]
    text = text_of(page)
    assert f"Cancel order {order}, which was used" in text
    assert "Guests have entered: 1 ticket or coupon of this order was used." in text
    assert f"{number}, GROUP entry: 2 entered 23 Nov 2026, 10:00 at North entrance." in text
    assert "10:03" not in text
    assert "The sale of EUR 81.00 is taken back in the ledger." in text


def test_the_override_cancels_and_its_reason_and_uses_are_kept(
    gate: Gate, issued: Issued, manager: User
) -> None:
    order = issued(line(quantity=2))
    asset = asset_of(order)
    gate.scan(asset.reference_number)
    done = press(signed_in(manager), order)
    assert messages_of(done) == [f"Order {order} is cancelled, although it was used."]
    assert Order.objects.get().status == "Cancelled"
    assert set(Wallet.objects.values_list("status", flat=True)) == {"Destroyed"}
    assert set(Asset.objects.values_list("status", "admitted")) == {
        *(("Destroyed", 1), ("Destroyed", 0)),
    }
    event = OrderEvent.objects.of(order.pk).latest("id")
    assert (event.name, event.actor, event.reason) == (
        *("cancelled", f"staff:{manager.pk}", "Guest fell ill"),
    )
    assert event.data == {"usedAssets": [asset.reference_number]}
    assert sum(entry.gross for entry in LedgerEntry.objects.all()) == 0
    assert gate.scan(asset.reference_number)["code"] == "cancelled"


def test_without_the_right_the_page_has_no_button(gate: Gate, issued: Issued) -> None:
    order = issued()
    gate.scan(asset_of(order).reference_number)
    clerk = signed_in(person("clerk", *MAY_CANCEL))
    page = clerk.get(url(order, "cancel"))
    assert "Only somebody who may cancel orders with used tickets can cancel it." in text_of(page)
    assert "cm-button-danger" not in page.content.decode()
    assert clerk.get(url(order)).status_code == 403
    assert clerk.post(url(order), {"seen": "x", "reason": "x"}).status_code == 403
    assert Order.objects.get().status == "Issued"


def test_the_override_needs_a_reason(gate: Gate, issued: Issued, manager: User) -> None:
    order = issued()
    gate.scan(asset_of(order).reference_number)
    page = press(signed_in(manager), order, reason="  ")
    assert page.status_code == 422
    assert page.context["form"].errors == {"reason": ["This field is required."]}
    assert Order.objects.get().status == "Issued"


def test_somebody_who_enters_while_the_page_stands_open_is_told_of_first(
    gate: Gate, issued: Issued, manager: User
) -> None:
    order = issued(line("GROUP", quantity=3))
    number = asset_of(order).reference_number
    gate.scan(number)
    browser = signed_in(manager)
    seen = browser.get(url(order)).context["form"]["seen"].value()
    gate.scan(number)
    done = press(browser, order, seen=seen)
    assert "has changed since this page was opened" in messages_of(done)[0]
    assert Order.objects.get().status == "Issued"


def test_the_ordinary_page_does_not_cancel_what_was_used_since_it_was_opened(
    gate: Gate, issued: Issued, manager: User
) -> None:
    order = issued()
    browser = signed_in(manager)
    page = browser.get(url(order, "cancel"))
    seen = page.context["form"]["seen"].value()
    gate.scan(asset_of(order).reference_number)
    done = browser.post(url(order, "cancel"), {"seen": seen, "reason": "Ill"}, follow=True)
    assert messages_of(done) == ["A ticket or coupon of this order has been used."]
    assert Order.objects.get().status == "Issued"


@pytest.mark.usefixtures("gate")
def test_the_orders_page_has_one_button_to_cancel(issued: Issued, manager: User) -> None:
    order = issued()
    page = signed_in(manager).get(reverse("admin:orders_order_change", args=[order.pk]))
    assert [button.label for button in page.context["buttons"]] == ["Cancel order"]


def test_the_orders_history_names_the_gate(
    make_gate: Callable[..., Gate], issued: Issued, manager: User
) -> None:
    order = issued()
    gate = make_gate("South entrance")
    gate.undo(gate.scan(asset_of(order).reference_number)["admissionId"], "Wrong guest")
    text = text_of(signed_in(manager).get(reverse("admin:orders_order_change", args=[order.pk])))
    assert "Admitted 23 Nov 2026, 10:00:00 · South entrance (gate)" in text
    assert "Admission undone 23 Nov 2026, 10:00:00 · South entrance (gate) Wrong guest" in text
