"""An order is found by half of its number, and parts of it are cancelled and reissued."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from orders.models import Order
from partners.models import Partner
from tests.browser.appearance import AdminLooks
from tests.conftest import TOMORROW, ApiClient
from wallets.models import Asset, Wallet

pytestmark = pytest.mark.django_db(transaction=True)

LONG = "Jürgen Müller-Lüdenscheidt van den Berg-Zandvoort"


def test_two_of_three_wallets_are_cancelled_and_a_ticket_is_reissued(
    desk: Page,
    live_server: LiveServer,
    api: ApiClient,
    issue: Callable[[str], Order],
    settings: Any,
) -> None:
    settings.MAIL_ENABLED = True
    Partner.objects.update(mails_manifests=True)
    line = {
        "itemNumber": "BUNDLE",
        "visitDate": TOMORROW.isoformat(),
        "quantity": 3,
        "wallet": {"names": ["Ann", LONG, "Cas"], "externalReferenceNumbers": ["A" * 64, "B", "C"]},
    }
    guest = {"sellToEmail": f"{'guest' * 8}@example.com", "sellToName": LONG}
    order = issue(api.create(line, sellToOrderReference="TRIP-2027-8841-XY", **guest)["orderId"])
    looks = AdminLooks(desk, live_server.url)
    desk.goto(f"{live_server.url}/admin/orders/order/")
    desk.locator("#searchbar").fill("27-884")  # as somebody remembers it on the phone
    desk.locator("#searchbar").press("Enter")
    desk.get_by_role("link", name=str(order)).click()
    desk.get_by_label("choose wallet").nth(0).check()
    desk.get_by_label("choose wallet").nth(2).check()
    looks.look("order-ticked")
    desk.get_by_role("button", name="Cancel ticked wallets").click()
    expect(desk.get_by_role("heading", name=f"Cancel 2 wallets of order {order}")).to_be_visible()
    looks.look("cancel-wallets")
    desk.get_by_label("Reason").fill("Two are ill")
    desk.get_by_role("button", name="Cancel wallets").click()
    expect(desk.get_by_text(f"2 wallets of order {order} are cancelled")).to_be_visible()
    assert Wallet.objects.living().get().name == LONG
    looks.look("order-partly-cancelled")
    ticket = Asset.objects.living().filter(type="ticket").order_by("position")[0]
    desk.get_by_role("link", name=f"Reissue ticket {ticket}").click()
    expect(desk.get_by_role("heading", name=f"Reissue ticket {ticket}")).to_be_visible()
    looks.look("reissue")
    desk.get_by_label("Reason").fill("It leaked")
    desk.get_by_role("button", name="Reissue ticket").click()
    expect(desk.get_by_text(f"{ticket} is replaced by")).to_be_visible()
    wallet = Wallet.objects.living().get()
    address = f"/admin/orders/order/{order.pk}"
    looks.look_at(
        {
            "order-reissued": f"{address}/change/",
            "wallet": f"/admin/wallets/wallet/{wallet.pk}/change/",
            "asset-replaced": f"/admin/wallets/asset/{ticket.pk}/change/",
            "mail": f"{address}/mail/",
            "resend": f"{address}/resend/",
            "last-wallet": f"{address}/cancel_wallets/?of={wallet}",
        }
    )
    assert looks.wrong == {}
