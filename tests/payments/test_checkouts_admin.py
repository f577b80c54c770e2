"""Checkouts in the admin: found, looked at, and settled by those who may."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.test import Client

from catalog.models import Session
from orders import checkouts
from orders.models import Checkout, Order, Payment
from orders.payment import outcomes
from orders.payment.providers.base import Report, Standing
from partners.models import Storefront
from tests.orders.expected import Clock
from tests.orders.sessions import counters
from tests.staff import messages_of, person, signed_in, text_of

LIST = "/admin/orders/checkout/"


@pytest.fixture
def late(under_way: Payment, checkout: Checkout, clock: Clock) -> Checkout:
    """A checkout whose money came when its places were gone."""
    checkouts.expire_checkouts(now=clock.forward(minutes=9))
    report = Report(standing=Standing.PAID, paid=Decimal(24), currency="EUR")
    outcomes.apply(payment_id=under_way.pk, report=report, now=clock.now)
    return Checkout.objects.get(pk=checkout.pk)


@pytest.fixture
def desk(order_desk: User) -> Client:
    return signed_in(order_desk)


def test_money_that_waits_is_on_the_home_page_and_first_in_the_list(
    desk: Client, late: Checkout
) -> None:
    first = desk.get("/admin/").context["tiles"][0]
    assert (first.title, first.number, first.colour) == ("Paid late", 1, "danger")
    listed = desk.get(first.url)
    assert list(listed.context["cl"].result_list) == [late]
    assert "Paid late, to settle" in text_of(listed)


def test_money_of_tests_waits_for_nobody(desk: Client, late: Checkout) -> None:
    Storefront.objects.update(test_mode=True)
    assert desk.get("/admin/").context["tiles"][0].title == "Failed"
    assert not desk.get(LIST).context["cl"].result_list
    assert list(desk.get(LIST, {"test_mode": "only"}).context["cl"].result_list) == [late]


def test_without_such_money_the_home_page_says_nothing_of_it(
    desk: Client, checkout: Checkout
) -> None:
    titles = [tile.title for tile in desk.get("/admin/").context["tiles"]]
    assert titles == ["Failed", "Unmapped", "In flight", "Drafts expiring"]


def test_a_checkout_is_found_by_the_shops_number_and_the_providers(
    desk: Client, late: Checkout
) -> None:
    for term in (late.code, late.public_id, Payment.objects.get().transaction_id):
        found = desk.get(LIST, {"q": term})
        assert list(found.context["cl"].result_list) == [late]
    assert not desk.get(LIST, {"q": "jo@example.org"}).context["cl"].result_list


def test_carts_that_nobody_put_anything_into_are_not_listed(
    desk: Client, checkout: Checkout, clock: Clock
) -> None:
    empty = checkouts.open_checkout(
        storefront=checkout.storefront,
        public_id="EMPTY-CART",
        now=clock.now,
        lasts=datetime.timedelta(minutes=15),
    )
    assert list(desk.get(LIST).context["cl"].result_list) == [checkout]
    assert not desk.get(LIST, {"q": empty.public_id}).context["cl"].result_list


def test_its_page_tells_what_was_bought_and_how_it_was_paid(desk: Client, late: Checkout) -> None:
    text = text_of(desk.get(f"{LIST}{late.pk}/change/"))
    for said in (
        "Jo Smit, jo@example.org",
        "Sunny Trips, VoordeMensen",
        "The payment came when the checkout was Expired.",
        "Money kept for staff",
        "Guest goes to pay",
        Payment.objects.get().transaction_id,
        "Order after all",
        "Note that the money went back",
    ):
        assert said in text, said
    assert text.count("SHOW") == 2


def test_a_buyer_is_masked_for_those_who_may_not_see_guests(late: Checkout) -> None:
    page = signed_in(person("looker", "orders.view_checkout")).get(f"{LIST}{late.pk}/change/")
    text = text_of(page)
    assert "J•••, j•••@•••" in text
    assert "jo@example.org" not in page.content.decode()
    assert "Order after all" not in text


def test_staff_make_the_order_after_all(desk: Client, late: Checkout, matinee: Session) -> None:
    address = f"{LIST}{late.pk}/order_after_all/"
    asked = text_of(desk.get(address))
    assert "2 places are taken from those that are free now" in asked
    assert desk.post(address, {"reason": ""}).status_code == 422  # a reason is asked for
    done = desk.post(address, {"reason": "The show is half empty."}, follow=True)
    order = Order.objects.get()
    assert "The checkout became order" in text_of(done)
    assert order.payment_reference == Payment.objects.get().transaction_id
    assert counters() == {"cinema 14:00": "0+2"}
    assert "The show is half empty." in text_of(done)


def test_places_that_are_gone_are_not_sold_again(
    desk: Client, late: Checkout, matinee: Session, state: Callable[[Checkout], str]
) -> None:
    Session.objects.filter(pk=matinee.pk).update(capacity=1)
    address = f"{LIST}{late.pk}/order_after_all/"
    told = messages_of(desk.post(address, {"reason": "Please."}, follow=True))
    assert state(late) == "PaidLate"
    assert told == ["1 place is left for SHOW entry on 2026-11-23 at 14:00, and 2 are needed."]
    assert not Order.objects.exists()


def test_staff_note_that_the_money_went_back(
    desk: Client, late: Checkout, state: Callable[[Checkout], str]
) -> None:
    address = f"{LIST}{late.pk}/settle/"
    assert "No money moves by this" in text_of(desk.get(address))
    assert desk.post(address, {"reason": ""}).status_code == 422
    done = desk.post(address, {"reason": "Refunded at the provider."}, follow=True)
    assert "It is settled: the money went back." in text_of(done)
    assert state(late) == "Settled"
    assert Payment.objects.get().status == "refunded"
    again = desk.post(address, {"reason": "Twice."}, follow=True)
    assert "The checkout is Settled now" in text_of(again)


def test_part_of_the_money_is_a_caution(desk: Client, late: Checkout) -> None:
    Checkout.objects.filter(pk=late.pk).update(paid_amount=10)
    assert "Only EUR 10.00 of EUR 24.00 was paid." in text_of(
        desk.get(f"{LIST}{late.pk}/order_after_all/")
    )
