"""The admin's list of the ledger: every posting, to look at only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from orders.models import LedgerEntry, Order
from tests.conftest import ApiClient
from tests.staff import signed_in, text_of

LEDGER = "/admin/orders/ledgerentry/"


@pytest.fixture
def desk(order_desk: User) -> Client:
    """The accountant's browser."""
    return signed_in(order_desk)


@pytest.fixture
def cancelled(api: ApiClient, issue: Callable[[str], Order]) -> Order:
    """An order that was sold and taken back, after one that was sold."""
    issue(api.create(sellToOrderReference="WEB-0")["orderId"])
    order = issue(api.create()["orderId"])
    api.delete(str(order.pk))
    return order


def test_postings_are_found_by_document_number_newest_first(desk: Client, cancelled: Order) -> None:
    number = cancelled.buy_from_order_reference
    for text, found in (
        (number.lower(), ["reversal", "sale"]),
        (f" {number[:9]} ", ["reversal", "sale", "sale"]),
        ("CM99", []),
    ):
        rows = desk.get(LEDGER, {"q": text}).context["cl"].result_list
        assert [row.kind for row in rows] == found, text
    rows = desk.get(LEDGER, {"kind__exact": "reversal"}).context["cl"].result_list
    assert [row.kind for row in rows] == ["reversal"]
    text = text_of(desk.get(LEDGER))
    for shown in (number, "Sunny Trips", "EUR -34.50", "EUR 0.00"):
        assert shown in text


def test_a_reversal_leads_to_its_sale_and_order(desk: Client, cancelled: Order) -> None:
    entry = LedgerEntry.objects.get(kind="reversal")
    page = desk.get(f"{LEDGER}{entry.pk}/change/")
    assert f"Takes back Sale {entry.reverses_id}" in text_of(page)
    assert "9.00 % -34.50 incl. VAT, -31.65 excl. VAT" in text_of(page)
    assert f'href="/admin/orders/order/{cancelled.pk}/change/"' in page.content.decode()


def test_no_posting_is_made_changed_or_deleted_by_hand(desk: Client, cancelled: Order) -> None:
    entry = LedgerEntry.objects.first()
    assert entry is not None
    assert desk.get(f"{LEDGER}add/").status_code == 403
    assert desk.post(f"{LEDGER}{entry.pk}/change/", {"gross": "0"}).status_code == 403
    assert desk.post(f"{LEDGER}{entry.pk}/delete/", {"post": "yes"}).status_code == 403


def test_the_list_takes_as_many_statements_for_many_rows_as_for_one(
    desk: Client,
    api: ApiClient,
    issue: Callable[[str], Order],
    statements: Callable[[], Any],
) -> None:
    taken = []
    for number in range(8):
        issue(api.create(sellToOrderReference=f"WEB-{number}")["orderId"])
        if number in (0, 7):
            with statements() as count:
                assert desk.get(LEDGER).status_code == 200
            taken.append(len(count))
    assert taken[0] == taken[1] <= 15
