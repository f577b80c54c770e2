"""OpenTicket over HTTP: tokens, limits, and every fault in the envelope, whoever finds it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from orders.dialects.openticket import views
from orders.models import Checkout, Order
from partners.keys import create_key, revoke_key
from partners.models import ApiKey, Dialect, Partner
from tests.dialects.openticket.shop import GUID, Shop, entry, told
from tests.orders.expected import ASSET_NUMBER, Clock

pytestmark = pytest.mark.usefixtures("clock")


def test_the_payment_methods_are_the_seeds_array(shop: Shop) -> None:
    response = shop.methods_answer()
    methods = response.json()
    assert (response.status_code, methods) == (
        200,
        [
            {
                "guid": GUID,
                "name": name,
                "pivot": {"shop_id": shop.guid, "payment_method_id": method["guid"]},
            }
            for name, method in zip(["iDEAL", "Bancontact", "Credit card"], methods, strict=True)
        ],
    )
    assert len({one["guid"] for one in methods}) == 3
    assert shop.methods_answer().json() == methods


def test_a_wrong_token_is_refused_in_openticket_s_shape(
    shop: Shop, rival_shop: Shop, seller: Partner
) -> None:
    revoked, secret = create_key(partner=seller, dialect=Dialect.OPENTICKET)
    revoke_key(key=revoked, now=timezone.now())
    native = create_key(partner=seller)[1]
    other = create_key(partner=seller, dialect=Dialect.ORDINO)[1]
    refusal = (401, told(fatals=[entry("unauthenticated")]))
    for token in ("", "wrong", secret, native, other, "\x00", "é"):
        response = shop.methods_answer(token)
        assert (response.status_code, response.json()) == refusal, token
        assert response["WWW-Authenticate"] == 'Bearer realm="OpenTicket"'
    for headers in ({}, {"authorization": shop.token}, {"x-api-key": shop.token}):
        response = shop.get(f"shop/{shop.guid}/payment_methods", **headers)
        assert (response.status_code, response.json()) == refusal
    headers = {"authorization": f"Bearer {shop.token}"}
    assert shop.client.get("/channelManager/packages", headers=headers).status_code == 401


def test_a_sold_order_is_read_with_its_tickets(
    shop: Shop, issue: Callable[[str], Order], pay: Callable[[Any], Checkout]
) -> None:
    ticket = shop.ticket("Show")
    answer = shop.order(shop.body(shop.reserve(ticket), shop.reserve(ticket)))
    expected = {
        "guid": answer["order_id"],
        "status": "pending",
        "email": "jane.appleseed@example.com",
        "firstName": "Jane",
        "lastName": "Appleseed",
        "locale": "nl_NL",
        "purchase_channel": "shop",
        "tickets": [],
    }
    assert shop.sold(answer["order_id"]).json() == expected
    order_id = str(pay(answer).order_id)
    assert shop.sold(answer["order_id"]).json() == {**expected, "status": "paid"}
    issue(order_id)
    sold = {
        "ticket_number": ASSET_NUMBER,
        "ticket_guid": ticket,
        "name": "SHOW entry",
        "status": "valid",
    }
    for method in ("GET", "POST"):
        response = shop.sold(answer["order_id"].upper(), method)
        assert (response.status_code, response["Cache-Control"], response.json()) == (
            *(200, "no-store", {**expected, "status": "paid", "tickets": [sold, sold]}),
        )
    path = f"ticketswap/order/{answer['order_id']}"
    assert shop.get(path, authorization=f"Bearer {shop.token}").json()["status"] == "paid"
    assert shop.get(path).status_code == 401


def test_a_token_says_when_it_was_used_last(shop: Shop) -> None:
    assert ApiKey.objects.get(dialect=Dialect.OPENTICKET).last_used_at is None
    assert shop.methods_answer().status_code == 200
    assert ApiKey.objects.get(dialect=Dialect.OPENTICKET).last_used_at == timezone.now()


def test_an_address_has_a_limit_of_its_own_at_the_shops_host(shop: Shop, seller: Partner) -> None:
    ticket = shop.ticket("Show")
    Partner.objects.filter(pk=seller.pk).update(requests_per_second=1, request_burst=1)
    path = f"{shop.guid}/reserve/ticket/{ticket}"
    answers = [shop.get(path) for _ in range(2)]
    assert [one.status_code for one in answers] == [200, 429]
    assert answers[1].json() == told(fatals=[entry("rate_limited")])
    assert answers[1]["Retry-After"] == "1"
    token = ApiKey.objects.get(dialect=Dialect.OPENTICKET)
    assert (token.partner, shop.methods_answer().status_code) == (seller, 200)
    assert shop.methods_answer().status_code == 429


def test_every_fault_stands_in_the_envelope(shop: Shop, settings: Any) -> None:
    order, data = f"{shop.guid}/order", f"{shop.guid}/data"
    assert_told(shop.get(""), 404, "not_found")
    assert_told(shop.get("shop"), 404, "not_found")
    assert_told(shop.get(f"{shop.guid}/nothing"), 404, "not_found")
    assert_told(shop.get("shop/data"), 404, "not_found")
    assert_told(shop.get("%00/data"), 404, "not_found")
    for path, allowed in ((order, "POST, OPTIONS"), (data, "GET, HEAD, OPTIONS")):
        response = shop.client.put(f"/openticket/{path}")
        assert_told(response, 405, "method_not_allowed")
        assert response["Allow"] == allowed
        assert_told(shop.client.options(f"/openticket/{path}"), 405, "method_not_allowed")
    assert_told(shop.order_answer("a=1", content_type="text/plain"), 415, "unsupported_media_type")
    form = "application/x-www-form-urlencoded"
    assert_told(shop.order_answer("a=1", content_type=form), 415, "unsupported_media_type")
    for body in (b"{", b" ", b"\xff", b'{"a":1,"a":2}', b"[" * 99, b"NaN"):
        assert_told(shop.order_answer(body), 400, "malformed_json")
    settings.MAX_BODY_BYTES = 10
    assert_told(shop.order_answer(b"{" + b" " * 20), 413, "payload_too_large")


def assert_told(response: Any, status: int, code: str) -> None:
    assert (response.status_code, response.json()) == (status, told(errors=[entry(code)]))
    assert response["Content-Type"] == "application/json"


def test_a_fault_of_ours_is_told_in_the_envelope_too(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: Any) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(views, "place_order", fail)
    response = shop.order_answer({})
    assert (response.status_code, response.json()) == (
        *(500, told(fatals=[entry("internal_error")])),
    )


def test_the_return_page_says_how_the_order_stands(
    shop: Shop, clock: Clock, issue: Callable[[str], Order], pay: Callable[[Any], Checkout]
) -> None:
    answer = shop.order(shop.body(shop.reserve(shop.ticket("Show"))))
    page = answer["redirectUrl"]
    back = shop.client.get(f"{page}?returned=1")
    assert "We wachten op de bevestiging" in back.content.decode()
    assert "/pay/" in back.content.decode()
    assert (back["Refresh"], back["Cache-Control"]) == ("3", "private, no-store")
    order_id = str(pay(answer).order_id)
    made = shop.client.get(page)
    assert (made.status_code, "Je tickets worden gemaakt" in made.content.decode()) == (200, True)
    assert made["Refresh"] == "3"
    token = issue(order_id).token
    assert shop.client.get(page)["Location"].endswith(f"/m/{token}")
    Order.objects.filter(pk=order_id).update(status="Cancelled")
    assert "Je bestelling is geannuleerd" in shop.client.get(page).content.decode()
    missing = shop.get(f"{shop.guid}/return/{answer['order_id']}")
    assert (missing.status_code, missing["Content-Type"]) == (404, "text/html; charset=utf-8")


def test_money_that_came_too_late_is_told_of_on_the_return_page(
    shop: Shop, clock: Clock, pay: Callable[[Any], Checkout]
) -> None:
    answer = shop.order(shop.body(shop.reserve(shop.ticket("Show"))))
    clock.forward(minutes=16)
    assert pay(answer).status == "PaidLate"
    page = shop.client.get(answer["redirectUrl"])
    assert "Je betaling kwam te laat" in page.content.decode()
    assert "Refresh" not in page
    assert shop.sold(answer["order_id"]).json()["status"] == "pending"
