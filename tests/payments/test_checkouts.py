"""Checkouts: every way from the first held place to an order, to nothing, or to money for staff."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django_fsm import TransitionNotAllowed

from catalog.models import Package, SeatPlan, Session
from channel_manager.history.models import Event
from channel_manager.lib.errors import NotFound
from orders import checkouts, holds, reserving
from orders.checkouts import CheckoutConflict
from orders.models import Allocation, Checkout, CheckoutItem, CheckoutStatus, Hold, Order, Payment
from orders.paying import CannotBePaid
from orders.shortages import SoldOut
from partners.models import Storefront
from tests.orders.expected import NOBODY, NOON, Clock
from tests.orders.sessions import counters, seated
from tests.payments.buying import KEPT, ask_payment, reserve, start

END = NOON + KEPT
ALMOST = END - datetime.timedelta(seconds=1)


def complete(checkout: Checkout, now: datetime.datetime = NOON, paid: int = 24) -> Checkout:
    return checkouts.complete(
        checkout_id=checkout.pk, payment_reference="PAY-1", paid=Decimal(paid), now=now
    )


def history(checkout: Checkout) -> list[str]:
    events = Event.objects.filter(kind="checkout", subject_id=checkout.pk).order_by("id")
    return [event.name for event in events]


def test_paying_makes_one_order_of_the_held_places(checkout: Checkout) -> None:
    assert counters() == {"cinema 14:00": "2+0"}
    done = complete(checkout, ALMOST)
    order = Order.objects.get()
    assert (done.status, done.order_id, done.paid_amount) == ("Ordered", order.pk, 24)
    assert (order.sell_to_order_reference, order.payment_reference) == (checkout.code, "PAY-1")
    assert (order.sell_to_email, order.sell_to_name) == ("jo@example.org", "Jo Smit")
    line = order.lines.get()
    assert (line.quantity, line.unit_price_incl_vat) == (2, 12)
    assert [(item.line_no, item.seq_no) for item in checkout.items.all()] == [
        (line.line_no, 1),
        (line.line_no, 2),
    ]
    assert counters() == {"cinema 14:00": "0+2"}
    assert history(checkout) == ["opened", "payment_asked", "ordered"]
    assert complete(checkout, END).order_id == order.pk
    assert Order.objects.count() == 1


def test_paying_a_second_late_is_kept_for_staff_and_the_places_are_for_sale(
    checkout: Checkout,
) -> None:
    done = complete(checkout, END)
    assert (done.status, done.paid_amount) == ("PaidLate", 24)
    assert done.status_message == (
        "The payment came after the places had been kept for as long as agreed."
    )
    assert counters() == {}
    assert not Order.objects.exists()


@pytest.mark.parametrize("ended", ["cancelled", "expired"])
def test_paying_what_has_ended_is_kept_for_staff(checkout: Checkout, ended: str) -> None:
    if ended == "cancelled":
        checkouts.cancel(checkout_id=checkout.pk, now=NOON, message="Changed their mind.")
    else:
        assert checkouts.expire_checkouts(now=END) == 1
    done = complete(checkout, END)
    assert (done.status, done.paid_amount) == ("PaidLate", 24)
    assert done.status_message == f"The payment came when the checkout was {ended.title()}."


def test_paying_what_cannot_be_sold_any_more_is_kept_for_staff(
    checkout: Checkout, show: Package, state: Callable[[Checkout], str]
) -> None:
    Hold.objects.update(status="Released", ended_at=NOON)
    done = complete(checkout)
    assert done.status == "PaidLate"
    assert done.status_message.startswith("It was paid, but: ")
    assert not Order.objects.exists()


def test_what_no_payment_was_asked_for_cannot_be_completed(
    storefront: Storefront, show: Package, matinee: Session, clock: Clock
) -> None:
    open_one = reserve(storefront, show, matinee, NOON)
    with pytest.raises(CheckoutConflict, match="No payment was asked for yet"):
        complete(open_one)
    with pytest.raises(NotFound):
        checkouts.complete(
            checkout_id=NOBODY,  # type: ignore[arg-type]
            payment_reference="PAY-1",
            paid=Decimal(1),
            now=NOON,
        )


def test_a_part_keeps_the_places_until_time_is_over(checkout: Checkout) -> None:
    done = checkouts.pay_in_part(checkout_id=checkout.pk, paid=Decimal(10), now=ALMOST)
    assert (done.status, done.paid_amount) == ("PartlyPaid", 10)
    assert checkouts.cancel(checkout_id=checkout.pk, now=ALMOST).status == "PartlyPaid"
    assert checkouts.expire_checkouts(now=ALMOST) == 0
    assert counters() == {"cinema 14:00": "2+0"}
    assert checkouts.expire_checkouts(now=END) == 1
    late = Checkout.objects.get()
    assert (late.status, late.paid_amount) == ("PaidLate", 10)
    assert late.status_message == "Its time is over, and only a part was paid."
    assert counters() == {}


def test_a_part_that_comes_too_late_is_kept_for_staff(checkout: Checkout) -> None:
    done = checkouts.pay_in_part(checkout_id=checkout.pk, paid=Decimal(10), now=END)
    assert (done.status, done.paid_amount) == ("PaidLate", 10)


def test_the_rest_makes_the_order(checkout: Checkout) -> None:
    checkouts.pay_in_part(checkout_id=checkout.pk, paid=Decimal(10), now=NOON)
    assert complete(checkout, ALMOST).status == "Ordered"


def test_giving_up_puts_the_places_on_sale_again(checkout: Checkout) -> None:
    done = checkouts.cancel(checkout_id=checkout.pk, now=NOON, message="Too dear.")
    assert (done.status, done.status_message) == ("Cancelled", "Too dear.")
    assert counters() == {}
    assert history(checkout)[-1] == "cancelled"
    checkouts.cancel(checkout_id=checkout.pk, now=NOON, message="Again.")
    assert history(checkout).count("cancelled") == 1


def test_an_order_is_not_given_up_by_its_checkout(checkout: Checkout) -> None:
    complete(checkout)
    assert checkouts.cancel(checkout_id=checkout.pk, now=NOON).status == "Ordered"
    assert checkouts.expire_checkouts(now=END) == 0


def test_a_checkout_that_is_open_can_be_kept_longer(
    storefront: Storefront, show: Package, matinee: Session, clock: Clock
) -> None:
    checkout = reserve(storefront, show, matinee, NOON)
    until = END + datetime.timedelta(minutes=5)
    with transaction.atomic():
        locked = checkouts.lock_checkout(Checkout.objects.filter(pk=checkout.pk))
        checkouts.keep_open(checkout=locked, until=until, now=ALMOST)
    assert checkouts.expire_checkouts(now=END) == 0
    assert set(Hold.objects.values_list("expires_at", flat=True)) == {until}
    assert checkouts.expire_checkouts(now=until) == 1


def test_beginning_to_pay_is_noted_once(checkout: Checkout) -> None:
    checkouts.begin_payment(checkout_id=checkout.pk, now=NOON)
    checkouts.begin_payment(checkout_id=checkout.pk, now=ALMOST)
    assert Checkout.objects.get().payment_began_at == NOON


@pytest.fixture
def late(checkout: Checkout) -> Checkout:
    return complete(checkout, END)


def test_staff_make_an_order_of_what_was_paid_late(late: Checkout) -> None:
    done = checkouts.order_after_all(
        checkout_id=late.pk,
        payment_reference="PAY-1",
        now=END,
        actor="staff:1",
        reason="Room left.",
    )
    order = Order.objects.get()
    assert (done.status, done.order_id, done.paid_amount) == ("Ordered", order.pk, 24)
    assert counters() == {"cinema 14:00": "0+2"}
    assert Event.objects.get(kind="checkout", name="ordered").reason == "Room left."
    with pytest.raises(CheckoutConflict, match="Somebody else was faster"):
        checkouts.order_after_all(
            checkout_id=late.pk, payment_reference="PAY-1", now=END, actor="staff:1"
        )


def test_staff_cannot_make_an_order_of_places_that_are_gone(
    late: Checkout, matinee: Session, state: Callable[[Checkout], str]
) -> None:
    Session.objects.filter(pk=matinee.pk).update(capacity=1)
    with pytest.raises(SoldOut):
        checkouts.order_after_all(
            checkout_id=late.pk, payment_reference="PAY-1", now=END, actor="staff:1"
        )
    assert state(late) == "PaidLate"


def test_staff_settle_what_was_paid_late_saying_why(late: Checkout) -> None:
    done = checkouts.settle(checkout_id=late.pk, reason="Sent back.", now=END, actor="staff:1")
    assert (done.status, done.status_message, done.paid_amount) == ("Settled", "Sent back.", 24)
    for act in (checkouts.settle,):
        with pytest.raises(CheckoutConflict):
            act(checkout_id=late.pk, reason="Again.", now=END, actor="staff:1")


@pytest.mark.parametrize("acts", ["settle", "order_after_all"])
def test_only_what_was_paid_late_is_settled(checkout: Checkout, acts: str) -> None:
    given: dict[str, Any] = {"reason": "?", "now": NOON, "actor": "staff:1"}
    if acts == "order_after_all":
        given["payment_reference"] = "PAY-1"
    with pytest.raises(CheckoutConflict):
        getattr(checkouts, acts)(checkout_id=checkout.pk, **given)


@pytest.mark.parametrize(
    ("status", "transition", "given"),
    [
        ("AwaitingPayment", "keep", {"until": END}),
        ("Open", "pay_in_part", {"now": NOON, "paid": Decimal(1)}),
        ("Cancelled", "ask_payment", {"now": NOON, "until": END}),
        ("Expired", "cancel", {"now": NOON}),
        ("PartlyPaid", "cancel", {"now": NOON}),
        ("PartlyPaid", "expire", {"now": NOON}),
        ("Ordered", "pay_late", {"now": NOON, "paid": Decimal(1), "message": "?"}),
        ("Settled", "become_order", {"now": NOON, "order_id": None, "paid": Decimal(1)}),
        ("Ordered", "settle", {"now": NOON, "message": "?"}),
    ],
)
def test_no_other_way_leads_from_a_state(
    status: str, transition: str, given: dict[str, Any]
) -> None:
    checkout = Checkout(status=CheckoutStatus(status))
    with pytest.raises(TransitionNotAllowed):
        getattr(checkout, transition)(**given)


def test_the_database_knows_no_other_state_and_no_late_money_without_a_reason(
    checkout: Checkout,
) -> None:
    for values in ({"status": "Lost"}, {"status": "PaidLate", "status_message": ""}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Checkout.objects.filter(pk=checkout.pk).update(**values)


def test_a_checkout_has_one_living_payment(payment: Payment) -> None:
    def another() -> Payment:
        return Payment.objects.create(
            checkout=payment.checkout,
            variant="sandbox",
            total=24,
            currency="EUR",
            created=NOON,
            status_since=NOON,
        )

    with pytest.raises(IntegrityError, match="payment_living_once"), transaction.atomic():
        another()
    Payment.objects.filter(pk=payment.pk).update(status="rejected")
    assert another().token != payment.token


def test_units_are_given_back_and_the_others_keep_their_seats(
    storefront: Storefront, play: Package, theatre: Any, hall: SeatPlan, clock: Clock
) -> None:
    session = seated(theatre, hall)
    checkout = reserve(storefront, play, session, NOON, quantity=3, seats=("A1", "A2", "B3"))
    items = list(checkout.items.order_by("position"))
    assert [item.seat for item in items] == ["A1", "A2", "B3"]
    with transaction.atomic():
        checkouts.lock_checkout(Checkout.objects.filter(pk=checkout.pk))
        reserving.give_back(items=[items[1]], actor="worker", now=NOON)
    kept = list(CheckoutItem.objects.order_by("position"))
    assert [(item.pk, item.seat) for item in kept] == [
        (items[0].pk, "A1"),
        (items[2].pk, "B3"),
    ]
    assert counters() == {"theatre 19:30": "2+0"}
    checkouts.count_amount(checkout)
    assert complete(ask_payment(checkout, NOON)).status == "Ordered"
    assert Order.objects.get().lines.get().seats == ["A1", "B3"]


def test_a_unit_can_be_given_back_when_nothing_of_it_is_sold_any_more(
    storefront: Storefront, show: Package, matinee: Session, clock: Clock
) -> None:
    checkout = reserve(storefront, show, matinee, NOON, quantity=3)
    first = checkout.items.order_by("position")[0]
    Package.objects.update(status="Withdrawn")
    reserving.give_back(items=[first], actor="worker", now=NOON)
    assert counters() == {"cinema 14:00": "2+0"}
    (line,) = Hold.objects.get().lines
    assert (line["quantity"], [place["quantity"] for place in line["places"]]) == (2, [2])
    Package.objects.update(status="OnSale")
    checkouts.count_amount(checkout)
    assert complete(ask_payment(checkout, NOON)).status == "Ordered"
    assert counters() == {"cinema 14:00": "0+2"}


def test_a_seat_can_be_given_back_when_nothing_of_it_is_sold_any_more(
    storefront: Storefront, play: Package, theatre: Any, hall: SeatPlan, clock: Clock
) -> None:
    show = seated(theatre, hall)
    checkout = reserve(storefront, play, show, NOON, quantity=3, seats=("A1", "A2", "B3"))
    Package.objects.update(status="Withdrawn")
    reserving.give_back(items=[checkout.items.get(seat="A2")], actor="worker", now=NOON)
    (line,) = Hold.objects.get().lines
    assert [place["seats"] for place in line["places"]] == [["A1", "B3"]]
    taken = Allocation.objects.values_list("seat__label", flat=True)
    assert (sorted(taken), counters()) == (["A1", "B3"], {"theatre 19:30": "2+0"})


def test_what_staff_released_is_not_held_again_when_a_unit_is_given_back(
    storefront: Storefront, show: Package, matinee: Session, clock: Clock
) -> None:
    checkout = reserve(storefront, show, matinee, NOON)
    given_back, kept = checkout.items.order_by("position")
    holds.release_holds(holds=checkouts.holds_of(checkout), actor="staff:1", now=NOON)
    reserving.give_back(items=[given_back], actor="worker", now=NOON)
    assert counters() == {}
    assert CheckoutItem.objects.get().pk == kept.pk
    assert Hold.objects.get().status == "Released"


def test_all_units_can_be_given_back(
    storefront: Storefront, show: Package, matinee: Session, clock: Clock
) -> None:
    checkout = reserve(storefront, show, matinee, NOON)
    reserving.give_back(items=list(checkout.items.all()), actor="worker", now=NOON)
    assert counters() == {}
    assert not CheckoutItem.objects.exists()


def test_units_are_reserved_all_or_none(
    storefront: Storefront, show: Package, matinee: Session, clock: Clock
) -> None:
    with pytest.raises(SoldOut):
        reserve(storefront, show, matinee, NOON, quantity=6)
    assert counters() == {}
    assert not CheckoutItem.objects.exists()


def test_a_payment_of_an_open_checkout_cannot_be_started(
    storefront: Storefront, show: Package, matinee: Session, clock: Clock
) -> None:
    with pytest.raises(CannotBePaid):
        start(reserve(storefront, show, matinee, NOON), NOON)
