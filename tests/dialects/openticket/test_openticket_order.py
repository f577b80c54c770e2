"""The order: the seed's own request, all faults at once, the same order twice, both clocks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings

from catalog.models import Attraction, Package, Session
from orders import cancellation, paying
from orders.models import Checkout, CheckoutStatus, LedgerEntry, Order
from tests.conftest import ApiClient
from tests.dialects.openticket.shop import GUID, Shop, checkout_of, entry, expire, stored, told
from tests.orders.expected import NOON, Clock, Like, moment
from tests.orders.sessions import counters

pytestmark = pytest.mark.usefixtures("clock")
RETURN = Like(r"http\S+/openticket/[0-9a-f-]{36}/return/[0-9a-f-]{36}")
NOWHERE = "019aa0d0-0000-4000-8000-00000000dead"


def accepted(**members: Any) -> dict[str, Any]:
    return {
        "fatals": [],
        "errors": [],
        "notices": [],
        "redirectUrl": RETURN,
        "amount": 2450,
        "order_id": GUID,
        **members,
    }


def refused(shop: Shop, body: Any, *errors: Any) -> None:
    before = stored(), counters()
    response = shop.order_answer(body)
    assert (response.status_code, response.json()) == (422, told(errors=list(errors)))
    assert (stored(), counters()) == before


def test_the_seeds_order_awaits_its_payment_at_our_page(shop: Shop) -> None:
    made = shop.reserve(shop.ticket("Show"))
    response = shop.order_answer(shop.body(made))
    assert (response.status_code, response["Cache-Control"], response.json()) == (
        *(200, "no-store", accepted()),
    )
    answer = response.json()
    assert answer["order_id"] not in answer["redirectUrl"]
    checkout = checkout_of(answer)
    assert (
        checkout.status,
        checkout.buyer_email,
        checkout.buyer_name,
        checkout.buyer_language,
        moment(checkout.expires_at),
    ) == (
        "AwaitingPayment",
        "jane.appleseed@example.com",
        "Jane Appleseed",
        "nl-NL",
        "2026-11-20T11:15:00.000Z",
    )
    assert counters() == {"cinema 14:00": "1+0"}
    assert Order.objects.count() == 0
    page = shop.client.get(answer["redirectUrl"])
    assert (page.status_code, page["Location"]) == (
        302,
        paying.start(checkout=checkout, return_url=checkout.return_url, now=NOON),
    )


@pytest.mark.parametrize("ticket", ["Show", "Toddler"])
def test_what_is_not_sold_any_more_is_refused_before_the_guest_pays(
    shop: Shop, free: Package, ticket: str
) -> None:
    guid = shop.ticket(ticket)
    body = shop.body(shop.reserve(guid), shop.reserve(guid))
    Package.objects.update(status="Withdrawn")
    refused(shop, body, entry("not_on_sale", "/tickets"))
    Package.objects.update(status="OnSale")
    Session.objects.update(is_on_sale=False)
    refused(shop, body, entry("unknown_session", "/tickets"))
    Session.objects.update(is_on_sale=True)
    shop.order(body)


@pytest.mark.derived
def test_the_amount_is_all_that_is_due_in_minor_units(shop: Shop) -> None:
    ticket = shop.ticket("Show")
    body = shop.body(
        shop.reserve(ticket), shop.reserve(ticket), paymentProvider=shop.method("Credit card")
    )
    assert shop.order(body) == accepted(amount=5050)


def test_a_free_order_is_complete_at_once(
    shop: Shop, free: Package, issue: Callable[[str], Order]
) -> None:
    made = shop.reserve(shop.ticket("Toddler"))
    answer = shop.order(shop.body(made, paymentProvider=shop.method("Credit card")))
    assert answer == accepted(amount=0)
    order = checkout_of(answer).order
    assert order is not None
    assert (order.status, order.sell_to_order_reference, order.payment_reference) == (
        *("Submitted", answer["order_id"], "FREE"),
    )
    assert counters() == {"cinema 14:00": "0+1"}
    issued = issue(str(order.pk))
    assert (issued.status, issued.total_incl_vat, issued.total_excl_vat) == ("Issued", 0, 0)
    entries = LedgerEntry.objects.filter(order=order)
    assert [(row.kind, row.gross, row.commission) for row in entries] == [("sale", 0, 0)]
    page = shop.client.get(answer["redirectUrl"])
    assert (page.status_code, page["Location"]) == (
        *(302, f"{settings.PUBLIC_URL}/m/{issued.token}"),
    )


def test_a_free_order_stands_in_finances_reports_and_can_be_taken_back(
    shop: Shop, free: Package, issue: Callable[[str], Order], clock: Clock
) -> None:
    answer = shop.order(shop.body(shop.reserve(shop.ticket("Toddler"))))
    order = issue(str(checkout_of(answer).order_id))
    cancellation.cancel_order(
        orders=Order.objects.all(), order_id=order.pk, actor="staff:1", now=clock.now, reason="Ill"
    )
    entries = LedgerEntry.objects.filter(order=order).order_by("pk")
    assert [(row.kind, row.gross, row.quantity) for row in entries] == [
        ("sale", 0, 1),
        ("reversal", 0, -1),
    ]
    assert counters() == {}
    assert shop.sold(answer["order_id"]).json()["status"] == "cancelled"


def test_a_paid_order_is_one_of_the_partners_like_any_other(
    shop: Shop, issue: Callable[[str], Order], pay: Callable[[Any], Checkout]
) -> None:
    ticket = shop.ticket("Show")
    answer = shop.order(shop.body(shop.reserve(ticket), shop.reserve(ticket)))
    checkout = pay(answer)
    assert checkout.status == CheckoutStatus.ORDERED
    order = issue(str(checkout.order_id))
    assert (
        order.status,
        order.partner,
        order.sell_to_order_reference,
        order.sell_to_name,
        order.sell_to_language,
        str(order.total_incl_vat),
        order.lines.count(),
    ) == (
        "Issued",
        shop.storefront.partner,
        answer["order_id"],
        "Jane Appleseed",
        "nl-NL",
        "49.000",
        2,
    )
    assert counters() == {"cinema 14:00": "0+2"}


def test_every_fault_of_an_order_is_told_at_once(shop: Shop) -> None:
    ticket = shop.ticket("Show")
    made, other = shop.reserve(ticket), shop.reserve(ticket)
    body = shop.body(made, made, other, {**other, "reservation": NOWHERE})
    body["receiver"] = {"locale": "nl", "email": "jane", "firstname": ""}
    body["paymentProvider"], body["currency"] = NOWHERE, "USD"
    body["tickets"][2]["products"].pop()
    body["tickets"].append({"guid": 7, "products": [7]})
    refused(
        shop,
        body,
        entry("invalid_locale", "/receiver/locale"),
        entry("invalid_email", "/receiver/email"),
        entry("blank", "/receiver/firstname"),
        entry("required", "/receiver/lastname"),
        entry("invalid_type", "/tickets/4/guid"),
        entry("required", "/tickets/4/reservation"),
        entry("invalid_type", "/tickets/4/products/0"),
        entry("unknown_payment_method", "/paymentProvider"),
        entry("currency_differs", "/currency"),
        entry("reservation_twice", "/tickets/1/reservation"),
        entry("products_differ", "/tickets/2/products"),
        entry("unknown_reservation", "/tickets/3/reservation"),
    )


@pytest.mark.parametrize(
    ("change", "errors"),
    [
        ({"tickets": []}, [("min_length", "/tickets")]),
        ({"tickets": None}, [("invalid_type", "/tickets")]),
        ({"tickets": [{}] * 201}, [("max_length", "/tickets")]),
        ({"receiver": []}, [("invalid_type", "/receiver")]),
        ({"receiver": None}, [("invalid_type", "/receiver")]),
        ({"currency": "eur"}, [("invalid_currency", "/currency")]),
        ({"currency": 978}, [("invalid_type", "/currency")]),
        ({"paymentProvider": "ideal"}, [("invalid", "/paymentProvider")]),
        ({"paymentProvider": None}, [("null", "/paymentProvider")]),
    ],
)
def test_a_member_of_another_form_is_refused(
    shop: Shop, change: dict[str, Any], errors: list[tuple[str, str]]
) -> None:
    body = shop.body(shop.reserve(shop.ticket("Show")), **change)
    refused(shop, body, *(entry(*one) for one in errors))


def test_a_body_that_is_no_object_or_an_empty_one_is_refused(shop: Shop) -> None:
    for body in ([], "text", None):
        refused(shop, body if body != "text" else '"text"', entry("invalid_type", ""))
    refused(
        shop,
        {},
        entry("required", "/receiver"),
        entry("required", "/paymentProvider"),
        entry("required", "/currency"),
        entry("required", "/tickets"),
    )


def test_members_that_nobody_knows_are_left_alone(shop: Shop) -> None:
    body = shop.body(shop.reserve(shop.ticket("Show")), utm="x", metadata={"a": [1]})
    body["receiver"]["phone"] = "+31"
    body["tickets"][0]["seat"] = None
    assert shop.order(body) == accepted()


def test_long_names_are_kept_whole_and_cut_on_the_order(
    shop: Shop, pay: Callable[[Any], Checkout], issue: Callable[[str], Order]
) -> None:
    body = shop.body(shop.reserve(shop.ticket("Show")))
    body["receiver"] |= {"firstname": "é" * 255, "lastname": "ß" * 255}
    answer = shop.order(body)
    order = issue(str(pay(answer).order_id))
    assert (order.status, order.sell_to_name) == ("Issued", "é" * 100)
    assert shop.sold(answer["order_id"]).json()["lastName"] == "ß" * 255
    body["receiver"]["firstname"] += "é"
    refused(
        shop,
        body,
        entry("max_length", "/receiver/firstname"),
        entry("reservation_used", "/tickets/0/reservation"),
    )


def test_both_children_have_to_be_those_of_the_reservation(shop: Shop) -> None:
    ticket = shop.ticket("Show")
    made, other = shop.reserve(ticket), shop.reserve(ticket)
    differ = entry("products_differ", "/tickets/0/products")
    swapped = [
        {"guid": a["guid"], "reservation": b["reservation"]}
        for a, b in zip(made["products"], reversed(made["products"]), strict=True)
    ]
    for products in (
        made["products"][:1],
        made["products"][1:],
        other["products"],
        swapped,
        [made["products"][0]] * 2,
        made["products"] * 2,
    ):
        refused(shop, shop.body({**made, "products": products}), differ)
    refused(shop, shop.body({**made, "guid": NOWHERE}), entry("ticket_differs", "/tickets/0/guid"))
    assert shop.order(shop.body({**made, "products": made["products"][::-1]})) == accepted()


def test_an_order_has_twenty_of_a_ticket_at_most(shop: Shop, matinee: Session) -> None:
    Session.objects.update(capacity=100)
    ticket = shop.ticket("Show")
    made = [shop.reserve(ticket) for _ in range(21)]
    refused(shop, shop.body(*made), entry("too_many_of_a_ticket", "/tickets"))
    assert shop.order(shop.body(*made[:20])) == accepted(amount=49000)


def test_a_reservation_orders_at_7_59(shop: Shop, clock: Clock) -> None:
    made = shop.reserve(shop.ticket("Show"))
    clock.forward(minutes=7, seconds=59)
    expire(clock)
    assert shop.order(shop.body(made)) == accepted()


def test_a_reservation_does_not_order_at_8_01_and_its_place_is_on_sale(
    shop: Shop, clock: Clock
) -> None:
    ended = entry("reservation_ended", "/tickets/0/reservation")
    made = shop.reserve(shop.ticket("Show"))
    clock.forward(minutes=8)
    refused(shop, shop.body(made), ended)
    clock.forward(seconds=1)
    expire(clock)
    assert counters() == {}
    refused(shop, shop.body(made), ended)


def test_one_reservation_that_has_ended_keeps_the_whole_order_from_being_made(
    shop: Shop, clock: Clock
) -> None:
    ticket = shop.ticket("Show")
    first = shop.reserve(ticket)
    clock.forward(minutes=5)
    second = shop.reserve(ticket)
    clock.forward(minutes=4)
    refused(
        shop,
        shop.body(second, first),
        entry("reservation_ended", "/tickets/1/reservation"),
    )
    assert shop.order(shop.body(second)) == accepted()


@pytest.mark.derived
def test_the_same_order_again_is_answered_alike_whatever_became_of_it(
    shop: Shop, clock: Clock, pay: Callable[[Any], Checkout]
) -> None:
    made = shop.reserve(shop.ticket("Show"))
    body = shop.body(made)
    answer = shop.order(body)
    body["tickets"][0]["products"].reverse()
    assert shop.order(body) == answer
    pay(answer)
    clock.forward(hours=1)
    assert shop.order(body) == answer
    assert Checkout.objects.count() == 1


@pytest.mark.derived
def test_another_order_of_a_used_reservation_is_refused(shop: Shop) -> None:
    ticket = shop.ticket("Show")
    made, other = shop.reserve(ticket), shop.reserve(ticket)
    body = shop.body(made)
    shop.order(body)
    used = entry("reservation_used", "/tickets/0/reservation")
    refused(shop, {**body, "receiver": {**body["receiver"], "firstname": "John"}}, used)
    refused(shop, {**body, "paymentProvider": shop.method("Bancontact")}, used)
    refused(shop, shop.body(made, other), used)
    assert shop.order(shop.body(other))["order_id"] != checkout_of(shop.order(body)).code


def test_places_are_kept_while_the_guest_pays_and_then_given_up(
    shop: Shop, clock: Clock, pay: Callable[[Any], Checkout]
) -> None:
    made = shop.reserve(shop.ticket("Show"))
    clock.forward(minutes=7)
    answer = shop.order(shop.body(made))
    clock.forward(minutes=settings.PAYMENT_MINUTES, seconds=-1)
    expire(clock)
    assert counters() == {"cinema 14:00": "1+0"}
    clock.forward(seconds=1)
    expire(clock)
    assert (counters(), checkout_of(answer).status) == ({}, "Expired")
    page = shop.client.get(answer["redirectUrl"])
    assert page.status_code == 200
    assert "Je bestelling is gestopt" in page.content.decode()


def test_orders_stand_in_the_partners_feed(
    shop: Shop, free: Package, cinema: Attraction, api: ApiClient
) -> None:
    answer = shop.order(shop.body(shop.reserve(shop.ticket("Toddler"))))
    order = checkout_of(answer).order
    assert order is not None
    assert order.buy_from_order_reference.startswith("CM26-")
    assert api.get(f"/channelManager/{order.pk}").status_code == 404, "another partner's"
