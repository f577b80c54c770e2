"""The admin's lists of wallets and assets: found by number, to look at only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from channel_manager.lib.admin import paging
from orders.models import Order
from tests.conftest import TOMORROW, ApiClient
from tests.staff import signed_in, text_of
from wallets.models import Asset, Wallet
from wallets.numbers import read_number

WALLETS = "/admin/wallets/wallet/"
ASSETS = "/admin/wallets/asset/"


@pytest.fixture
def desk(order_desk: User) -> Client:
    """The browser of somebody at the order desk."""
    return signed_in(order_desk)


@pytest.fixture
def order(api: ApiClient, issue: Callable[[str], Order]) -> Order:
    """Two bundles for guests who have numbers of their own."""
    line = {
        "itemNumber": "BUNDLE",
        "visitDate": TOMORROW.isoformat(),
        "quantity": 2,
        "wallet": {"externalReferenceNumbers": ["GYG-1", "GYG-2"]},
    }
    return issue(api.create(line)["orderId"])


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("wbk6jqykyn1004hnn", "WBK6JQYKYN1004HNN"),
        (" WBK6 JQYK-YN10–04HNN ", "WBK6JQYKYN1004HNN"),
        ("WBK6JQYKYNIOO4HNN", "WBK6JQYKYN1004HNN"),
        ("tlo0000000000000i", "T1000000000000001"),
        ("gyg-io", "GYGIO"),
        ("", ""),
    ],
)
def test_a_number_is_read_as_people_type_it(typed: str, read: str) -> None:
    assert read_number(typed) == read


def test_a_wallet_is_found_by_both_its_numbers(desk: Client, api: ApiClient, order: Order) -> None:
    wallet = Wallet.objects.get(external_reference_number="GYG-1")
    numbers = (wallet.reference_number, wallet.reference_number.lower(), "GYG-1", "gyg-1")
    for text in numbers:
        page = desk.get(WALLETS, {"q": text})
        assert list(page.context["cl"].result_list) == [wallet], text
    text = text_of(page)
    for shown in (wallet.reference_number, "GYG-1", "Active", str(order)):
        assert shown in text
    assert page.context["cl"].result_list[0].total_assets == 3
    api.delete(str(order.pk))
    for text in numbers[:3]:
        assert list(desk.get(WALLETS, {"q": text}).context["cl"].result_list) == [wallet], text
    page = text_of(desk.get(f"{WALLETS}{wallet.pk}/change/"))
    for shown in ("Destroyed by Sunny Trips", "Destroyed why cancelled", "Tickets and coupons"):
        assert shown in page


def test_an_asset_is_found_by_its_number_and_leads_to_wallet_and_order(
    desk: Client, order: Order
) -> None:
    asset = Asset.objects.filter(wallet__order=order).first()
    assert asset is not None
    page = desk.get(ASSETS, {"q": f" {asset.reference_number.lower()} "})
    assert list(page.context["cl"].result_list) == [asset]
    content = page.content.decode()
    assert f'href="/admin/orders/order/{order.pk}/change/"' in content
    assert f'href="{WALLETS}{asset.wallet_id}/change/"' in content
    assert desk.get(ASSETS, {"q": "T0000000000000000"}).context["cl"].result_count == 0


def test_nothing_here_is_changed_by_hand(desk: Client, order: Order) -> None:
    for base, model in ((WALLETS, Wallet), (ASSETS, Asset)):
        row = model.objects.first()
        assert row is not None
        assert desk.get(f"{base}add/").status_code == 403
        assert desk.post(f"{base}{row.pk}/change/", {"status": "Destroyed"}).status_code == 403
        assert desk.post(f"{base}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    assert not Wallet.objects.filter(status="Destroyed").exists()


@pytest.mark.parametrize("address", [WALLETS, ASSETS])
def test_lists_take_as_many_statements_for_many_rows_as_for_one(
    desk: Client,
    api: ApiClient,
    issue: Callable[[str], Order],
    statements: Callable[[], Any],
    address: str,
) -> None:
    taken = []
    for number in range(8):
        issue(api.create(sellToOrderReference=f"WEB-{number}")["orderId"])
        if number in (0, 7):
            with statements() as count:
                assert desk.get(address).status_code == 200
            taken.append(len(count))
    assert taken[0] == taken[1] <= 15


def test_a_long_list_is_counted_and_paged_up_to_its_limit_only(
    desk: Client, order: Order, monkeypatch: pytest.MonkeyPatch, statements: Callable[[], Any]
) -> None:
    monkeypatch.setattr(paging, "LIMIT", 4)
    with statements() as count:
        page = desk.get(ASSETS)
    assert "More than 4 tickets and coupons; these are the first of them." in text_of(page)
    counts = [statement for statement in count.statements if "COUNT(" in statement]
    assert all("LIMIT 5" in statement for statement in counts)
    monkeypatch.setattr(paging, "LIMIT", 6)
    assert "6 tickets and coupons" in text_of(desk.get(ASSETS))
