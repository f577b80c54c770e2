"""Refusals: one message with every fault, never HTML; and what is another client's does not exist."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings

from orders.models import Checkout
from partners.models import Partner
from tests.dialects.voordemensen.shop import Shop
from tests.orders.expected import Clock, stored

pytestmark = pytest.mark.usefixtures("clock", "matinee")

NO_REDIRECT = "redirectURL: Must be an https address, such as https://shop.example/thanks."


def test_every_fault_of_an_order_is_told_at_once(shop: Shop) -> None:
    before = stored()
    body = {
        "cart_id": 7,
        "payment_id": "33",
        "redirecturl": "https://shop.example/",
        "email": "jo",
        "firstname": "",
        "lastname": "Sm\u0000it",
        "phone": 31205550101,
        "zip": "1" * 21,
        "avg_optin": "yes",
        "avg_mailinglist": 1,
    }
    assert shop.ok(shop.post("order/create", body), 400) == {
        "message": "cart_id: Must be a string, not a number. "
        "payment_id: Must be a whole number, not a string. "
        "redirectURL: This field is required. "
        "email: Does not look like an e-mail address. "
        "firstname: This field may not be blank. "
        "lastname: Must not contain control characters or lone surrogates. "
        "phone: Must be a string, not a number. "
        "zip: Ensure this field has no more than 20 characters. "
        "avg_optin: Must be a boolean, not a string. "
        "avg_mailinglist: Must be a boolean, not a number."
    }
    assert shop.ok(shop.post("order/create", {}), 400) == {
        "message": " ".join(
            f"{name}: This field is required."
            for name in ("cart_id", "payment_id", "redirectURL", "email", "firstname", "lastname")
        )
    }
    assert stored() == before


@pytest.mark.parametrize(
    "redirect",
    [
        "http://shop.example/thanks",
        "http://localhost/thanks",
        "http://127.0.0.1:8000/",
        "shop.example/thanks",
        "//shop.example/thanks",
        "https://",
        "https:///thanks",
        "https://shop.example:port/",
        "https://a:b@shop.example/",
        "https://shop.example/ thanks",
        "https://shop.example\\@elsewhere.example/",
        "https://[::1/",
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://shop.example/",
    ],
)
def test_guests_are_sent_back_by_https_only(shop: Shop, redirect: str) -> None:
    body = shop.purchase(shop.cart(shop.wish()), redirectURL=redirect)
    assert shop.ok(shop.post("order/create", body), 400) == {"message": NO_REDIRECT}


@pytest.mark.derived
@pytest.mark.parametrize("redirect", ["http://localhost:3000/t", "http://127.0.0.1/t?a=b"])
def test_a_sandbox_may_send_them_back_to_the_machine_itself(
    shop: Shop, redirect: str, settings: Any
) -> None:
    settings.REDIRECT_ALLOW_LOOPBACK = True
    shop.order(shop.cart(shop.wish()), redirectURL=redirect)
    body = shop.purchase(shop.cart(shop.wish()), redirectURL="http://shop.example/")
    assert shop.ok(shop.post("order/create", body), 400) == {"message": NO_REDIRECT}


def test_long_texts_are_refused_and_the_longest_are_kept(shop: Shop) -> None:
    longest = {"firstname": "J" * 49, "lastname": "S" * 50, "address": "A" * 200}
    redirect = "https://shop.example/" + "x" * 1879
    shop.order(shop.cart(shop.wish()), redirectURL=redirect, **longest)
    body = shop.purchase(
        shop.cart(shop.wish()), firstname="J" * 50, lastname="S" * 50, redirectURL=f"{redirect}x"
    )
    refused = shop.refused(shop.post("order/create", body), 400, "1900")
    assert "firstname" not in refused
    body["redirectURL"] = "https://shop.example/"
    assert shop.ok(shop.post("order/create", body), 400) == {
        "message": "lastname: First and last name have 100 characters at most."
    }


def test_an_unknown_way_to_pay_is_a_fault_among_others(shop: Shop) -> None:
    body = shop.purchase(shop.cart(shop.wish()), payment_id=1, email="jo")
    assert shop.ok(shop.post("order/create", body), 400) == {
        "message": "payment_id: There is no payment method of this id. "
        "email: Does not look like an e-mail address."
    }


def test_every_fault_of_a_seat_is_told_at_once(shop: Shop) -> None:
    cart = shop.cart()
    body = {"event_id": "95", "numberoftickets": 0, "discount_id": None}
    assert shop.ok(shop.post(f"cart/{cart}", body), 400) == {
        "message": "event_id: Must be a whole number, not a string. "
        "numberoftickets: Ensure this value is greater than or equal to 1. "
        "discount_id: This field is required."
    }
    for odd in (1.0, True, "1", -1, []):
        wish = {**shop.wish(), "numberoftickets": odd}
        shop.refused(shop.post(f"cart/{cart}", wish), 400, "numberoftickets: ")
    assert Checkout.objects.get().items.count() == 0


@pytest.mark.parametrize("path", ["cart/{cart}", "order/create"])
def test_what_is_no_json_object_is_refused(shop: Shop, path: str) -> None:
    path = path.format(cart=shop.cart())
    for raw in (b"", b"{", b"[1", b'{"a": NaN}', b"\xff", b'{"a": 1, "a": 2}', b"[" * 99):
        shop.refused(shop.post(path, raw=raw), 400)
    for body in ([], "text", 7, None, True):
        raw = str(body).replace("None", "null").replace("True", "true").replace("'", '"')
        raw = '"text"' if body == "text" else raw
        shop.refused(shop.post(path, raw=raw.encode()), 400, "must be a JSON object")
    form = shop.post(path, raw=b"event_id=95", content_type="application/x-www-form-urlencoded")
    shop.refused(form, 415)
    large = b'{"a": "' + b"x" * settings.MAX_BODY_BYTES + b'"}'
    shop.refused(shop.post(path, raw=large), 413, "bytes")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "events", "GET"),
        ("DELETE", "paymentmethods", "GET"),
        ("GET", "cart/", "POST"),
        ("PUT", "cart/x", "GET, POST"),
        ("GET", "cart/x/y", "DELETE"),
        ("GET", "order/create", "POST"),
        ("POST", "order/XgFca-QmBxG-9WhAj-Osszb", "GET"),
        ("PATCH", "events", "GET"),
    ],
)
def test_a_method_that_an_address_does_not_take_is_refused(
    shop: Shop, method: str, path: str, allowed: str
) -> None:
    response = shop.send(method, path, {} if method in ("POST", "PUT") else None)
    shop.refused(response, 405, method)
    assert allowed in response["Allow"]


@pytest.mark.parametrize(
    "path",
    [
        "/voordemensen",
        "/voordemensen/",
        "/voordemensen/v1",
        "/voordemensen/v1/molenpark",
        "/voordemensen/v1/molenpark/",
        "/voordemensen/v1/molenpark/peppered/order",
        "/voordemensen/v2/molenpark/events",
        "/voordemensen/v1/molenpark/events/1/2",
        "/voordemensen/v1/molenpark/cart/x/y/z",
        "/voordemensen/v1//events",
        "/voordemensen/molenpark/order/x",
    ],
)
def test_an_unknown_address_is_no_page_either(shop: Shop, path: str) -> None:
    for accept in ("text/html", "*/*"):
        response = shop.get(path, headers={"Accept": accept})
        message = {"message": "There is nothing at this address."}
        assert shop.ok(response, 404) == message


@pytest.mark.parametrize("name", ["nobody", "MOLENPARK", "%00", "m" * 300, "molenpark "])
def test_an_unknown_client_is_not_found(shop: Shop, name: str) -> None:
    stranger = Shop(name)
    for response in (
        stranger.get("events"),
        stranger.post("cart/"),
        stranger.post("order/create", {}),
        stranger.get(f"{stranger.pages}/order/XgFca-QmBxG-9WhAj-Osszb/ticket"),
    ):
        assert stranger.ok(response, 404) == {"message": "Client not found"}


def test_another_clients_things_do_not_exist(shop: Shop, rival_shop: Shop, clock: Clock) -> None:
    theirs = rival_shop.wish()
    cart, ours = rival_shop.cart(theirs), shop.wish()
    (seat, _total) = rival_shop.ok(rival_shop.get(f"cart/{cart}"))
    key = rival_shop.bought(clock, theirs)
    (main,) = rival_shop.ok(rival_shop.get("events"))
    own = shop.cart(ours)
    unknown = {
        f"events/{main['event_id']}": "events/1",
        f"events/{theirs['event_id']}": "events/1",
        f"tickettypes/{theirs['event_id']}": "tickettypes/1",
        f"cart/{cart}": f"cart/{'x' * 32}",
        f"order/{key}": "order/XgFca-QmBxG-9WhAj-Osszb",
        f"{shop.pages}/order/{key}/ticket": f"{shop.pages}/order/XgFca-QmBxG-9WhAj-Osszb/ticket",
        f"{shop.pages}/order/{key}/receipt": f"{shop.pages}/order/XgFca-QmBxG-9WhAj-Osszb/receipt",
    }
    for path, random in unknown.items():
        assert shop.ok(shop.get(path), 404) == shop.ok(shop.get(random), 404)
    tried = (
        shop.post(f"cart/{cart}", ours),
        shop.delete(f"cart/{cart}/{seat['seat_id']}"),
        shop.delete(f"cart/{own}/{seat['seat_id']}"),
        shop.post(f"cart/{own}", {**ours, "event_id": theirs["event_id"]}),
        shop.post(f"cart/{own}", {**ours, "discount_id": theirs["discount_id"]}),
        shop.post("order/create", shop.purchase(cart)),
    )
    assert [shop.refused(response, 404) for response in tried] == [
        "Cart not found",
        "Cart not found",
        "Seat not found",
        "sub_event not found",
        "discount not found",
        "Cart not found",
    ]
    body = shop.purchase(own, payment_id=rival_shop.method())
    refused = shop.refused(shop.post("order/create", body), 400)
    assert refused == "payment_id: There is no payment method of this id."
    assert rival_shop.ok(rival_shop.get(f"cart/{cart}")) == [seat, {"totalprice": "12.50"}]


def test_whoever_asks_too_often_is_told_to_wait(shop: Shop, partner: Partner) -> None:
    Partner.objects.filter(pk=partner.pk).update(requests_per_second=1, request_burst=2)
    answers = [shop.get("eventtypes") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert shop.refused(answers[-1], 429) == "Too many requests. Try again in 1 s."
    assert answers[-1]["Retry-After"] == "1"
    other = shop.get("eventtypes", REMOTE_ADDR="192.0.2.7")
    assert other.status_code == 200


@pytest.mark.derived
def test_scripts_of_the_shops_pages_may_ask(shop: Shop) -> None:
    asked = shop.send("OPTIONS", "cart/x", headers={"Origin": "https://shop.example"})
    assert (asked.status_code, asked.content) == (204, b"")
    assert asked["Access-Control-Allow-Methods"] == "GET, POST, HEAD, OPTIONS"
    assert asked["Access-Control-Allow-Headers"] == "Content-Type"
    for answer in (asked, shop.get("events"), shop.get("cart/x"), shop.get("nothing")):
        assert answer["Access-Control-Allow-Origin"] == "*"
        assert not answer.cookies
    assert "Location" in shop.post("cart/")["Access-Control-Expose-Headers"]


def test_a_fault_of_ours_is_told_in_one_sentence(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(**_: Any) -> Any:
        raise RuntimeError("a secret of ours")

    monkeypatch.setattr("orders.dialects.voordemensen.program.list_program", break_down)
    response = shop.get("events", headers={"Accept": "text/html"})
    assert shop.refused(response, 500) == "Something went wrong on our side."
