"""On account: the client's partner is billed by statement; only who has its secret may buy so."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pypdfium2
import pytest
from django.conf import settings

from orders import paying
from orders.models import Checkout, LedgerEntry, Order, Payment
from partners.keys import create_key, create_test_key, revoke_key
from partners.models import Dialect, Partner, Storefront, Venue
from tests.conftest import ApiClient
from tests.dialects.voordemensen.shop import ORDER_KEY, Number, Shop, checkout_of, order_of
from tests.factories import sellable_package
from tests.orders.sessions import counters

pytestmark = pytest.mark.usefixtures("clock", "matinee")
Issue = Callable[[str], Order]


@pytest.fixture
def secret(storefront: Storefront) -> str:
    """A secret of our client, which sells on account."""
    Storefront.objects.filter(pk=storefront.pk).update(sells_on_account=True)
    return create_key(partner=storefront.partner, dialect=Dialect.VOORDEMENSEN)[1]


def methods(shop: Shop, secret: str = "") -> Any:
    headers = {"authorization": secret} if secret else {}
    return shop.ok(shop.get("paymentmethods", headers=headers))


def on_account(shop: Shop, secret: str) -> int:
    (found,) = [one for one in methods(shop, secret) if one["payment_desc"] == "On account"]
    assert found == {
        "payment_id": Number(),
        "payment_desc": "On account",
        "payment_cost": "0.00",
    }
    return int(found["payment_id"])


def create(shop: Shop, cart: str, payment_id: int, secret: str = "") -> Any:
    headers = {"authorization": secret} if secret else {}
    body = shop.purchase(cart, payment_id=payment_id)
    return shop.post("order/create", body, headers=headers)


def test_an_order_on_account_is_paid_at_once(shop: Shop, secret: str, issue: Issue) -> None:
    cart = shop.cart(shop.wish(2))
    method = on_account(shop, secret)
    (made,) = shop.ok(create(shop, cart, method, secret))
    key = made["order_key"]
    assert made == {
        "url": f"https://shop.example/thanks?lang=nl&return={key}",
        "order_key": ORDER_KEY,
    }
    assert shop.ok(create(shop, cart, method, secret)) == [made]
    order = order_of(key)
    assert (order.payment_reference, Payment.objects.count(), Order.objects.count()) == (
        *(f"account:{key}", 0, 1),
    )
    assert (checkout_of(key).amount_due, counters()) == (25, {"cinema 14:00": "0+2"})
    issue(str(order.pk))
    pages = f"{settings.PUBLIC_URL}/voordemensen/molenpark/order/{key}"
    assert shop.status(key) == {
        "order_payment_status": "paid",
        "order_tickets_nr": 2,
        "order_tickets_url": f"{pages}/ticket",
        "order_receipt_url": f"{pages}/receipt",
        "seats": [{"seat_id": Number(), "event_name": "Cinema", "event_type": None}] * 2,
    }


def test_the_ledger_has_the_sale_as_any_other(shop: Shop, secret: str, issue: Issue) -> None:
    (made,) = shop.ok(create(shop, shop.cart(shop.wish(2)), on_account(shop, secret), secret))
    order = issue(str(order_of(made["order_key"]).pk))
    entries = LedgerEntry.objects.filter(order=order).values_list("kind", "gross", "quantity")
    assert list(entries) == [("sale", Decimal(25), 2)]


def test_without_a_secret_the_method_is_neither_listed_nor_taken(
    shop: Shop, secret: str, rival: ApiClient, partner: Partner
) -> None:
    # The client's name stands in the addresses of its guests' tickets.
    revoked, revoked_secret = create_key(partner=partner, dialect=Dialect.VOORDEMENSEN)
    revoke_key(key=revoked, now=revoked.created_at, actor="staff:1", reason="Lost")
    others = (
        "",
        "wrong",
        f"Bearer {secret}",
        revoked_secret,
        create_key(partner=partner)[1],
        create_test_key(partner=partner, dialect=Dialect.VOORDEMENSEN)[1],
        create_key(partner=rival.partner, dialect=Dialect.VOORDEMENSEN)[1],
    )
    cart, method = shop.cart(shop.wish()), on_account(shop, secret)
    for other in others:
        names = [one["payment_desc"] for one in methods(shop, other)]
        assert names == []
        refused = create(shop, cart, method, other)
        assert shop.ok(refused, 400) == {
            "message": "payment_id: There is no payment method of this id."
        }
    assert (Order.objects.count(), Checkout.objects.get().status) == (0, "Open")


def test_a_client_that_does_not_sell_on_account_refuses_the_method(shop: Shop, secret: str) -> None:
    cart, method = shop.cart(shop.wish()), on_account(shop, secret)
    Storefront.objects.update(sells_on_account=False)
    assert len(methods(shop, secret)) == 3
    shop.refused(create(shop, cart, method, secret), 400, "no payment method")


def test_what_costs_nothing_is_free_on_account_too(shop: Shop, secret: str, venue: Venue) -> None:
    sellable_package(venue, "FREE", "0.00", dating="open")
    cart = shop.cart(shop.wish(1, "00:00:00", "Name of FREE"))
    (made,) = shop.ok(create(shop, cart, on_account(shop, secret), secret))
    assert order_of(made["order_key"]).payment_reference == "FREE"


def test_a_shop_that_sells_on_account_has_no_other_method(
    secret: str, storefront: Storefront
) -> None:
    assert [one.code for one in paying.list_methods(Storefront.objects.get(pk=storefront.pk))] == [
        "account"
    ]


def test_the_receipt_names_whose_account_it_is(shop: Shop, secret: str, issue: Issue) -> None:
    (made,) = shop.ok(create(shop, shop.cart(shop.wish()), on_account(shop, secret), secret))
    issue(str(order_of(made["order_key"]).pk))
    receipt = shop.get(f"{shop.pages}/order/{made['order_key']}/receipt")
    (page,) = pypdfium2.PdfDocument(receipt.content)
    lines = (
        page.get_textpage().get_text_range().replace("\r", "").replace("\u00a0", " ").split("\n")
    )
    assert "On account of Sunny Trips €12.50" in lines
