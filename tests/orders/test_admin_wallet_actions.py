"""Cancelling and reissuing single wallets and tickets from the admin: asked, told, done, refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from catalog.models import Attraction
from orders import cancellation
from orders.models import Order, OrderEvent
from tests.conftest import ApiClient
from tests.orders.expected import Clock, line, settle
from tests.orders.sessions import counters, session, show
from tests.staff import messages_of, person, signed_in, text_of
from wallets.models import Asset, Wallet

pytestmark = pytest.mark.usefixtures("clock", "show")
Issue = Callable[[str], Order]


@pytest.fixture
def desk(order_desk: User) -> Client:
    """The browser of somebody at the order desk."""
    return signed_in(order_desk)


@pytest.fixture
def issued(api: ApiClient, issue: Issue, cinema: Attraction) -> Order:
    """Three places of a show, paid."""
    session(cinema, "14:00", capacity=5)
    return Order.objects.get(pk=settle(api, issue, show(quantity=3))["orderId"])


def url(order: Order, name: str = "cancel_wallets", of: str = "") -> str:
    page = reverse(f"admin:orders_order_{name}", args=[order.pk])
    return f"{page}?of={of}" if of else page


def press(client: Client, page: Any, to: str, **answers: str) -> Any:
    """Fill in a page that asks, press its button and follow where it leads."""
    form = page.context["form"]
    asked = {name: form[name].value() for name in ("seen", "chosen")}
    return client.post(to, {**asked, "reason": "One is ill", **answers}, follow=True)


def wallets_of(order: Order) -> list[Wallet]:
    return list(Wallet.objects.filter(order=order).order_by("seq_no"))


def test_ticked_wallets_are_cancelled_once_their_effect_was_shown(
    desk: Client, issued: Order
) -> None:
    page = desk.get(reverse("admin:orders_order_change", args=[issued.pk]))
    assert 'value="1.2" form="cm-chosen"' in page.content.decode()
    asked = desk.get(f"{url(issued)}?of=1.1&of=1.3")
    text = text_of(asked)
    assert f"Cancel 2 wallets of order {issued}" in text
    assert "2 wallets with 2 tickets and coupons are destroyed." in text
    assert (
        "EUR 24.00 of the order's EUR 36.00 is taken back in the ledger; EUR 12.00 is left." in text
    )
    assert "2 places of Cinema" in text
    assert "The order stays Issued with 1 other wallet; Sunny Trips is told" in text
    assert press(desk, asked, url(issued), reason=" ").status_code == 422
    done = press(desk, asked, url(issued))
    assert messages_of(done) == [f"2 wallets of order {issued} are cancelled; the order is Issued."]
    assert [wallet.status for wallet in wallets_of(issued)] == ["Destroyed", "Active", "Destroyed"]
    assert counters() == {"cinema 14:00": "0+1"}
    assert "Wallets cancelled" in text_of(done)
    again = press(desk, asked, url(issued))
    assert messages_of(again) == [
        "A wallet that was chosen is cancelled already. Nothing was done."
    ]
    assert OrderEvent.objects.filter(name="wallets_cancelled").count() == 1


def test_the_last_wallet_is_told_to_take_the_order_along(
    desk: Client, api: ApiClient, issue: Issue
) -> None:
    order = Order.objects.get(pk=settle(api, issue, line())["orderId"])
    (wallet,) = wallets_of(order)
    shown = desk.get(reverse("admin:wallets_wallet_change", args=[wallet.pk]))
    assert [button.label for button in shown.context["state_bar"].buttons] == ["Cancel wallet"]
    asked = desk.get(shown.context["state_bar"].buttons[0].url)
    assert (
        "It is the last wallet of the order: the order is cancelled. 1 wallet with 1 ticket or "
        "coupon is destroyed. The gate refuses it from then on." in text_of(asked)
    )
    done = press(desk, asked, url(order))
    assert messages_of(done) == [f"{wallet} of order {order} is cancelled; the order is Cancelled."]


def test_money_tells_what_was_ordered_cancelled_and_is_left(
    desk: Client, issued: Order, clock: Clock
) -> None:
    page = press(desk, desk.get(url(issued, of="1.1")), url(issued))
    text = text_of(page)
    assert "Ordered EUR 36.00 Cancelled EUR -12.00 Left incl. VAT EUR 24.00" in text
    assert "Unit price EUR 12.00 Left EUR 24.00" in text
    cancellation.cancel_order(
        orders=Order.objects.all(), order_id=issued.pk, actor="staff:1", now=clock()
    )
    text = text_of(desk.get(reverse("admin:orders_order_change", args=[issued.pk])))
    assert (
        "Ordered EUR 36.00 Cancelled EUR -36.00 Left incl. VAT EUR 0.00 VAT EUR 0.00 "
        "Left excl. VAT EUR 0.00" in text
    )
    assert "Unit price EUR 12.00 Left EUR 0.00" in text
    assert "EUR 0.00" in text_of(desk.get("/admin/orders/order/"))


def test_what_is_not_there_is_told(desk: Client, issued: Order) -> None:
    assert messages_of(desk.get(url(issued), follow=True)) == [
        "Choose a wallet first: tick it in its line below."
    ]
    for of in ("1.9", "9.1", "x", "%00", "1.1,x", "abc&of=1.2"):
        answer = desk.get(url(issued, of=of), follow=True)
        assert messages_of(answer) == [f"Order {issued} has no such wallet. Nothing was done."]
    for of in ("", "1.1", "x", "%00"):
        answer = desk.get(url(issued, "reissue", of=of), follow=True)
        assert messages_of(answer) == [
            f"Order {issued} has no such ticket or coupon. Nothing was done."
        ]
    answers = {"seen": "x", "chosen": "1.1", "reason": "x"}
    assert desk.post(url(issued), answers, follow=True).status_code == 200
    assert {wallet.status for wallet in wallets_of(issued)} == {"Active"}


def test_a_used_wallet_leads_those_who_may_override_to_a_page_of_its_own(issued: Order) -> None:
    used = Asset.objects.filter(wallet__seq_no=1).get()
    Asset.objects.filter(pk=used.pk).update(status="Used", admitted=1)
    may = ("orders.view_order", "orders.cancel_wallet")
    clerk, chief = person("clerk", *may), person("chief", *may, "orders.cancel_used_order")
    page = signed_in(clerk).get(url(issued, of="1.1"))
    assert f"Already used: {used}." in text_of(page)
    assert "cm-button-danger" not in page.content.decode()
    assert signed_in(clerk).get(url(issued, "cancel_used_wallets", of="1.1")).status_code == 403
    browser = signed_in(chief)
    page = browser.get(url(issued, of="1.1"), follow=True)
    assert page.redirect_chain == [(url(issued, "cancel_used_wallets", of="1.1"), 302)]
    assert "Guests have entered: 1 ticket or coupon of this wallet was used." in text_of(page)
    press(browser, page, url(issued, "cancel_used_wallets"))
    assert [wallet.status for wallet in wallets_of(issued)] == ["Destroyed", "Active", "Active"]


def test_a_ticket_is_reissued_and_the_old_number_still_finds_the_order(
    desk: Client, issued: Order, clock: Clock
) -> None:
    old = Asset.objects.filter(wallet__seq_no=2).get()
    shown = desk.get(reverse("admin:wallets_asset_change", args=[old.pk]))
    (button,) = shown.context["state_bar"].buttons
    asked = desk.get(button.url)
    text = text_of(asked)
    assert f"{old}, SHOW entry, is destroyed." in text
    assert "takes its place, for the visit on Mon 23 Nov 2026." in text
    done = press(desk, asked, url(issued, "reissue"))
    new = Asset.objects.living().like(old).get()
    assert messages_of(done) == [f"{old} is replaced by {new}."]
    assert (new.generation, new.status, new.valid_from) == (2, "Valid", old.valid_from)
    assert "Replaced" in text_of(done)
    again = desk.get(url(issued, "reissue", of=str(old)), follow=True)
    assert messages_of(again) == [
        f"This ticket or coupon of order {issued} was cancelled or replaced already."
    ]
    found = desk.get(f"/admin/orders/order/?q={old}")
    assert list(found.context["cl"].result_list) == [issued]
    page = desk.get(reverse("admin:wallets_asset_change", args=[old.pk]))
    assert "Another one took its place." in text_of(page)


def test_only_those_who_may_see_the_buttons_and_press_them(issued: Order) -> None:
    viewer = signed_in(person("viewer", "orders.view_order", "orders.cancel_order"))
    page = viewer.get(reverse("admin:orders_order_change", args=[issued.pk])).content.decode()
    assert "cm-chosen" not in page
    assert "reissue" not in page
    for name in ("cancel_wallets", "cancel_used_wallets", "reissue"):
        assert viewer.get(url(issued, name, of="1.1")).status_code == 403
        assert viewer.post(url(issued, name), {"chosen": "1.1"}).status_code == 403


def test_a_page_that_cancels_all_is_stale_once_a_wallet_is_gone(
    desk: Client, issued: Order, clock: Clock
) -> None:
    whole = desk.get(url(issued, "cancel"))
    clock.forward(minutes=1)
    press(desk, desk.get(url(issued, of="1.1")), url(issued))
    answers = {"seen": whole.context["form"]["seen"].value(), "reason": "All of them"}
    done = desk.post(url(issued, "cancel"), answers, follow=True)
    assert "has changed since this page was opened" in messages_of(done)[0]
    assert "The sale of EUR 24.00 is taken back" in text_of(desk.get(url(issued, "cancel")))


def test_all_wallets_together_take_the_right_to_cancel_the_order(issued: Order) -> None:
    clerk = signed_in(person("clerk", "orders.view_order", "orders.cancel_wallet"))
    for tokens, status in ((("1.1", "1.2", "1.3"), 403), (("1.1", "1.2"), 200)):
        to = f"{url(issued)}?{'&'.join(f'of={token}' for token in tokens)}"
        assert press(clerk, clerk.get(to), url(issued)).status_code == status
    assert [wallet.status for wallet in wallets_of(issued)] == ["Destroyed", "Destroyed", "Active"]
