"""Erasing what outside systems told of guests: where their tickets are shown, and what was said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils import timezone

from orders import erasure
from orders.models import Order
from tests.conftest import ApiClient
from tests.issued_elsewhere import issue_elsewhere
from tests.orders.test_erasure import day, erase, rows_with
from wallets.models import Asset, OutsideOrder

Issue = Callable[[str], Order]
LINK = "https://tickets.example/anna-de-vries"
SAID = "No seat for Anna de Vries."


def refused_there(order: Order) -> OutsideOrder:
    """Let an order be refused by a system that names the guest, after it made some of it."""
    asset = Asset.objects.get(wallet__order=order)
    row = issue_elsewhere(asset, "", urls=[LINK], tickets_url=f"{LINK}/all", order_status="Left")
    OutsideOrder.objects.update(message=SAID, cause="refused_there", read_at=timezone.now())
    row.tickets.update(message=SAID, status="Left")
    values: dict[str, Any] = {
        "status": "Error",
        "status_message": SAID,
        "failure_code": "refused_there",
    }
    values |= {"failure_fingerprint": "refused_there:1", "draft_expires_at": None}
    Order.objects.filter(pk=order.pk).update(**values)
    return row


def told_there(row: OutsideOrder) -> tuple[Any, ...]:
    """Return what is kept of what an outside system told."""
    (ticket,) = row.tickets.values_list("url", "message")
    row.refresh_from_db()
    return (row.tickets_url, row.message, row.cause, row.outside_reference, *ticket)


def test_where_outside_systems_show_the_tickets_and_what_they_said_is_erased(
    api: ApiClient, issue: Issue
) -> None:
    order = issue(api.create(day(), paymentReference="PAY-1")["orderId"])
    row = refused_there(order)
    assert rows_with("anna") == {"orders_order", "wallets_outsideorder", "wallets_outsideticket"}
    erased = erase(order)
    assert rows_with("anna") == set()
    assert erased.status_message == "Outside system refused the order"
    assert Order.objects.get().status_message == erased.status_message
    assert told_there(row) == ("", "", "refused_there", "THERE-1", "", "")


def test_an_order_that_failed_here_keeps_why(api: ApiClient) -> None:
    order = Order.objects.get(pk=api.create(day())["orderId"])
    said = "Line 1: nothing to issue."
    Order.objects.update(
        status="Error", status_message=said, failure_code="internal", failure_fingerprint="x"
    )
    assert erase(order).status_message == said


def test_addresses_of_tickets_go_with_a_removed_order_and_stay_away(
    api: ApiClient, issue: Issue
) -> None:
    order = issue(api.create(day(), paymentReference=None)["orderId"])
    row = refused_there(order)
    assert api.delete(str(order.pk)).status_code == 200
    assert rows_with(LINK) == set()
    # Reading it back may tell the addresses again.
    OutsideOrder.objects.update(tickets_url=LINK, read_at=timezone.now())
    row.tickets.update(url=LINK)
    erasure.forget_late_answers(now=timezone.now())
    assert rows_with(LINK) == set()


def test_addresses_told_again_after_the_erasing_go_and_those_of_new_tickets_stay(
    api: ApiClient, issue: Issue
) -> None:
    order = issue(api.create(day(), paymentReference="PAY-1")["orderId"])
    row = refused_there(order)
    erase(order)
    OutsideOrder.objects.update(tickets_url=LINK, read_at=timezone.now())
    erasure.forget_late_answers(now=timezone.now())
    assert told_there(row)[0] == ""
    OutsideOrder.objects.update(tickets_url=LINK, status_since=timezone.now())
    erasure.forget_late_answers(now=timezone.now())
    assert told_there(row)[0] == LINK
