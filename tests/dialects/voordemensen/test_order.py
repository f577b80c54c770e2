"""Orders: made of a cart by the seed's own request, paid, asked about, with their documents."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from catalog.models import Attraction, Package, Price, Session
from orders import checkouts, holds, intake, paying, wallet_cancellation
from orders.models import Checkout, Order, SandboxStatus
from orders.payment.providers import sandbox
from orders.shortages import SoldOut
from partners.models import Venue
from tests.conftest import ApiClient
from tests.dialects.voordemensen.shop import ORDER_KEY, Number, Shop, checkout_of, order_of, pay
from tests.factories import sellable_package
from tests.orders.expected import DOCUMENT_NUMBER, Clock, Like
from tests.orders.sessions import counted, counters

pytestmark = pytest.mark.usefixtures("clock", "matinee")

Issue = Callable[[str], Order]
PAYMENT_PAGE = Like(f"{settings.PUBLIC_URL}/pay/[A-Za-z0-9_-]+")
NOTHING_YET = {
    "order_tickets_nr": 0,
    "order_tickets_url": None,
    "order_receipt_url": None,
    "seats": [],
}


def test_an_order_is_answered_as_an_array_of_one(shop: Shop) -> None:
    cart = shop.cart(shop.wish(2))
    response = shop.post("order/create", shop.purchase(cart))
    made = shop.ok(response)
    assert made == [{"url": PAYMENT_PAGE, "order_key": ORDER_KEY}]
    checkout = checkout_of(made[0]["order_key"])
    assert (checkout.amount, checkout.status) == (Decimal("25.00"), "AwaitingPayment")
    assert (checkout.buyer_email, checkout.buyer_name) == ("jo@example.org", "Jo Smit")
    assert checkout.buyer_data == {
        "firstname": "Jo",
        "lastname": "Smit",
        "phone": "+31 20 555 0101",
        "address": "Molenweg 1",
        "city": "Molendorp",
        "zip": "1234 AB",
        "avg_optin": True,
        "avg_mailinglist": False,
    }
    assert Order.objects.count() == 0


@pytest.mark.derived
def test_only_cart_method_redirect_and_who_buys_are_needed(shop: Shop) -> None:
    cart = shop.cart(shop.wish())
    needed = ("cart_id", "payment_id", "redirectURL", "email", "firstname", "lastname")
    whole = shop.purchase(cart)
    body = {name: whole[name] for name in needed} | {"phone": None, "utm_source": "mail"}
    (made,) = shop.ok(shop.post("order/create/", body))
    assert checkout_of(made["order_key"]).buyer_data == {
        "firstname": "Jo",
        "lastname": "Smit",
        "phone": "",
        "address": "",
        "city": "",
        "zip": "",
        "avg_optin": False,
        "avg_mailinglist": False,
    }


@pytest.mark.derived
def test_a_cart_that_was_converted_answers_the_same_order_and_takes_nothing_more(
    shop: Shop, clock: Clock
) -> None:
    wish = shop.wish(2)
    cart = shop.cart(wish)
    (seat, *_) = shop.ok(shop.get(f"cart/{cart}"))
    made = shop.order(cart)
    assert shop.order(cart, redirectURL="https://other.example/", email="x@example.org") == made
    assert shop.ok(shop.get(f"cart/{cart}")) == [{"cart": 0}]
    for refused in (
        shop.post(f"cart/{cart}", wish),
        shop.delete(f"cart/{cart}/{seat['seat_id']}"),
    ):
        assert shop.ok(refused, 409) == {"message": "The cart has become an order."}
    pay(made["order_key"], clock)
    assert shop.order(cart) == made
    assert (Order.objects.count(), Checkout.objects.count()) == (1, 1)
    checkout = checkout_of(made["order_key"])
    assert (checkout.buyer_email, counters()) == ("jo@example.org", {"cinema 14:00": "0+2"})


@pytest.mark.derived
def test_an_empty_an_unknown_and_a_lapsed_cart_are_not_found(shop: Shop, clock: Clock) -> None:
    empty, lapsed = shop.cart(), shop.cart(shop.wish())
    clock.forward(minutes=15)
    for cart in (empty, "x" * 32, "Zk3", lapsed, shop.cart()):
        refused = shop.post("order/create", shop.purchase(cart))
        assert shop.ok(refused, 404) == {"message": "Cart not found"}


def test_a_cart_whose_places_were_taken_away_is_not_found(shop: Shop, clock: Clock) -> None:
    cart = shop.cart(shop.wish())
    held = checkouts.holds_of(Checkout.objects.get(public_id=cart))
    holds.release_holds(holds=held, actor="staff:1", now=clock.now)
    refused = shop.post("order/create", shop.purchase(cart))
    assert shop.ok(refused, 404) == {"message": "Cart not found"}


@pytest.mark.parametrize("name", ["Name of SHOW", "Name of FREE"])
def test_what_is_not_sold_any_more_is_refused_before_the_guest_pays(
    shop: Shop, venue: Venue, cinema: Attraction, name: str
) -> None:
    counted(sellable_package(venue, "FREE", "0.00", dating="timed"), cinema)
    cart = shop.cart(shop.wish(2, name=name))
    Package.objects.update(status="Withdrawn")
    shop.refused(shop.post("order/create", shop.purchase(cart)), 409, "not on sale")
    Package.objects.update(status="OnSale")
    Session.objects.update(is_on_sale=False)
    shop.refused(shop.post("order/create", shop.purchase(cart)), 409)
    checkout = Checkout.objects.get()
    assert (checkout.status, checkout.code, checkout.buyer_email) == ("Open", "", "")
    Session.objects.update(is_on_sale=True)
    shop.order(cart)


def test_what_is_free_and_goes_at_the_last_moment_is_refused_and_nothing_is_stored(
    shop: Shop, venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> None:
        raise SoldOut("Somebody else was faster.")

    sellable_package(venue, "FREE", "0.00", dating="open")
    cart = shop.cart(shop.wish(1, "00:00:00", "Name of FREE"))
    with monkeypatch.context() as others:
        others.setattr(intake, "submit_order", refuse)
        answer = shop.post("order/create", shop.purchase(cart))
    shop.refused(answer, 409, "Somebody else was faster.")
    checkout = Checkout.objects.get()
    assert (checkout.status, checkout.code, Order.objects.count()) == ("Open", "", 0)
    assert shop.order(cart)["url"].startswith("https://shop.example/thanks")


@pytest.mark.parametrize(
    ("redirect", "lands_on"),
    [
        ("https://shop.example/thanks", "https://shop.example/thanks?return={key}"),
        ("https://shop.example", "https://shop.example?return={key}"),
        ("https://shop.example/t?lang=nl", "https://shop.example/t?lang=nl&return={key}"),
        ("https://shop.example/t?a=%20b&a=c", "https://shop.example/t?a=%20b&a=c&return={key}"),
        ("https://shop.example/t?x#bon", "https://shop.example/t?x&return={key}#bon"),
        ("https://shop.example:8443/t?", "https://shop.example:8443/t?return={key}"),
    ],
)
def test_the_guest_comes_back_with_the_key_behind_the_shops_own_query(
    shop: Shop, redirect: str, lands_on: str
) -> None:
    key = shop.order(shop.cart(shop.wish()), redirectURL=redirect)["order_key"]
    assert checkout_of(key).return_url == lands_on.format(key=key)


def test_the_cost_of_paying_is_not_in_the_cart_but_in_what_is_due(shop: Shop, clock: Clock) -> None:
    cart = shop.cart(shop.wish(2))
    key = shop.order(cart, payment_id=shop.method("Credit card"))["order_key"]
    checkout = checkout_of(key)
    assert (checkout.amount, checkout.payment_cost) == (Decimal("25.00"), Decimal("1.50"))
    pay(key, clock)
    order = order_of(key)
    assert (checkout_of(key).paid_amount, order.total_incl_vat) == (26.5, 25)


def test_what_costs_nothing_is_complete_at_once(shop: Shop, venue: Venue) -> None:
    sellable_package(venue, "FREE", "0.00", dating="open")
    cart = shop.cart(shop.wish(1, "00:00:00", "Name of FREE"))
    made = shop.order(cart, payment_id=shop.method("Credit card"))
    assert made["url"] == f"https://shop.example/thanks?lang=nl&return={made['order_key']}"
    assert shop.order(cart) == made
    assert shop.status(made["order_key"])["order_payment_status"] == "paid"
    assert order_of(made["order_key"]).payment_reference == "FREE"
    assert checkout_of(made["order_key"]).payment_cost == 0


def test_the_status_goes_from_none_over_pending_to_paid(shop: Shop, clock: Clock) -> None:
    key = shop.order(shop.cart(shop.wish(2)))["order_key"]
    assert shop.status(key) == {"order_payment_status": "none", **NOTHING_YET}
    checkouts.begin_payment(checkout_id=checkout_of(key).pk, now=clock.now)
    assert shop.status(key) == {"order_payment_status": "pending", **NOTHING_YET}
    pay(key, clock)
    pages = f"{settings.PUBLIC_URL}/voordemensen/molenpark/order/{key}"
    found = shop.status(key)
    assert found == {
        "order_payment_status": "paid",
        "order_tickets_nr": 2,
        "order_tickets_url": f"{pages}/ticket",
        "order_receipt_url": f"{pages}/receipt",
        "seats": [{"seat_id": Number(), "event_name": "Cinema", "event_type": None}] * 2,
    }
    assert found["seats"][0]["seat_id"] != found["seats"][1]["seat_id"]
    assert list(found) == list(_seed_status())
    assert shop.ok(shop.get(f"order/{key}/")) == found


def _seed_status() -> Any:
    """Return the status object that the vendor documents."""
    text = (Path(__file__).parent / "seed_status.json").read_text()
    return json.loads(text)


def test_a_part_of_the_money_is_partial_and_a_cancelled_purchase_cancelled(
    shop: Shop, clock: Clock
) -> None:
    part = shop.order(shop.cart(shop.wish()))["order_key"]
    paid = Decimal("5.00")
    checkouts.pay_in_part(checkout_id=checkout_of(part).pk, paid=paid, now=clock.now)
    assert shop.status(part) == {"order_payment_status": "partial", **NOTHING_YET}
    given_up = shop.order(shop.cart(shop.wish()))["order_key"]
    checkouts.cancel(checkout_id=checkout_of(given_up).pk, now=clock.now)
    assert shop.status(given_up) == {"order_payment_status": "cancelled", **NOTHING_YET}
    assert counters() == {"cinema 14:00": "1+0"}


@pytest.mark.derived
def test_places_are_kept_while_the_guest_pays_for_a_quarter_of_an_hour_and_no_longer(
    shop: Shop, clock: Clock
) -> None:
    wish = shop.wish(5)
    cart = shop.cart(wish)
    clock.forward(minutes=14, seconds=59)
    made = shop.order(cart)
    clock.forward(minutes=14, seconds=59)
    _end(clock)
    assert counters() == {"cinema 14:00": "5+0"}
    assert shop.status(made["order_key"])["order_payment_status"] == "none"
    clock.forward(seconds=2)
    _end(clock)
    assert counters() == {}
    assert shop.status(made["order_key"]) == {"order_payment_status": "cancelled", **NOTHING_YET}
    assert shop.order(cart) == made
    shop.ok(shop.post(f"cart/{shop.cart()}", wish))


def _end(clock: Clock) -> None:
    holds.expire_holds(now=clock.now)
    checkouts.expire_checkouts(now=clock.now)


def test_polls_nearer_than_ten_seconds_are_told_the_last_stored_status(
    shop: Shop, clock: Clock
) -> None:
    key = shop.order(shop.cart(shop.wish()))["order_key"]
    payment = checkout_of(key).payments.get()
    paying.begin(payment_id=payment.pk, now=clock.now)
    payment.refresh_from_db()
    assert shop.status(key)["order_payment_status"] == "pending"
    sandbox.choose(
        reference=payment.transaction_id,
        status=SandboxStatus.PAID,
        paid=payment.total,
        tells=False,
    )
    told = []
    for _ in range(11):
        told.append(shop.status(key)["order_payment_status"])
        clock.forward(seconds=1)
    assert told == ["pending"] * 10 + ["paid"]


@pytest.mark.parametrize("key", ["XgFca-QmBxG-9WhAj-Osszb", "x", "create", "%00", "a" * 300])
def test_an_unknown_order_is_not_found(shop: Shop, key: str) -> None:
    if key != "create":
        assert shop.ok(shop.get(f"order/{key}"), 404) == {"message": "Order not found"}
    for document in ("ticket", "receipt"):
        refused = shop.get(f"{shop.pages}/order/{key}/{document}")
        assert shop.ok(refused, 404) == {"message": "Order not found"}


def test_a_paid_order_is_an_order_like_any_other(
    shop: Shop, clock: Clock, api: ApiClient, issue: Issue
) -> None:
    key = shop.bought(clock, shop.wish(2), shop.wish(1))
    order_id = str(order_of(key).pk)
    issue(order_id)
    found = api.get(f"/channelManager/{order_id}").json()
    assert found["status"] == "Issued"
    assert found["sellToOrderReference"] == key
    assert found["buyFromOrderReference"] == DOCUMENT_NUMBER
    assert (found["paymentReference"], found["totalInclVat"]) == ("PSP-1", "37.50")
    assert (found["sellToEmail"], found["sellToName"]) == ("jo@example.org", "Jo Smit")
    assert sorted(line["quantity"] for line in found["items"]) == [1, 2]


def test_a_cancelled_order_has_no_documents_any_more(
    shop: Shop, clock: Clock, api: ApiClient, issue: Issue
) -> None:
    key = shop.bought(clock, shop.wish())
    issue(str(order_of(key).pk))
    assert api.delete(str(order_of(key).pk)).status_code == 200
    assert shop.status(key) == {"order_payment_status": "paid", **NOTHING_YET}
    refused = shop.get(f"{shop.pages}/order/{key}/ticket")
    shop.refused(refused, 404, "cancelled")


def test_a_ticket_that_was_cancelled_singly_is_no_longer_counted(
    shop: Shop, clock: Clock, issue: Issue
) -> None:
    key = shop.bought(clock, shop.wish(3))
    order = issue(str(order_of(key).pk))
    before = shop.status(key)["seats"]
    second = order.wallets.get(seq_no=2)
    wallet_cancellation.cancel_wallets(
        orders=Order.objects.all(),
        order_id=order.pk,
        wallet_ids=[second.pk],
        actor="staff:1",
        now=clock.now,
        reason="Ill",
    )
    found = shop.status(key)
    assert (found["order_tickets_nr"], found["seats"]) == (2, [before[0], before[2]])


def test_the_guest_pays_the_price_that_was_in_the_cart(shop: Shop, clock: Clock) -> None:
    cart = shop.cart(shop.wish(2))
    Price.objects.update(amount_incl_vat="99.00")
    key = shop.order(cart)["order_key"]
    pay(key, clock)
    assert order_of(key).total_incl_vat == 25


def test_asking_takes_as_many_statements_for_ten_tickets_as_for_one(
    shop: Shop, clock: Clock, statements: Callable[[], Any], matinee: Session
) -> None:
    Session.objects.update(capacity=500)
    wish = shop.wish(10)
    one, ten = shop.bought(clock, {**wish, "numberoftickets": 1}), shop.bought(clock, wish)
    for path in (f"order/{one}", f"cart/{shop.cart(wish)}"):
        shop.get(path)
        with statements() as count:
            shop.get(path)
        assert len(count) <= 8, count.statements
    with statements() as of_one:
        shop.get(f"order/{one}")
    with statements() as of_ten:
        shop.get(f"order/{ten}")
    assert len(of_ten) == len(of_one)
