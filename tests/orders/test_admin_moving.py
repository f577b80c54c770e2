"""Moving an order from its page: what is asked, told, refused and recorded."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from catalog.models import Attraction, Package
from orders.models import Order, OrderEvent
from partners.models import Venue
from tests.conftest import ApiClient
from tests.factories import CalendarDayFactory
from tests.orders.closures import NEXT
from tests.orders.expected import VISIT, Clock, line, settle
from tests.orders.sessions import counters, session, show
from tests.staff import messages_of, person, signed_in, text_of
from wallets.models import Asset

pytestmark = pytest.mark.usefixtures("clock", "show")
Issue = Callable[[str], Order]


@pytest.fixture
def desk(order_desk: User) -> Client:
    """The browser of somebody at the order desk."""
    return signed_in(order_desk)


@pytest.fixture
def issued(api: ApiClient, issue: Issue, cinema: Attraction) -> Order:
    """Two places of a show, paid; the next day has the same show."""
    for day in (VISIT, NEXT):
        session(cinema, "14:00", day, capacity=5)
    return Order.objects.get(pk=settle(api, issue, show(quantity=2))["orderId"])


def url(order: Order) -> str:
    return reverse("admin:orders_order_move", args=[order.pk])


def press(client: Client, order: Order, **answers: str) -> Any:
    """Open the page, fill it in, press its button and follow where it leads."""
    form = client.get(url(order)).context["form"]
    asked = {name: form[name].value() for name in ("seen", "from_date") if form[name].value()}
    return client.post(url(order), {**asked, "reason": "A storm", **answers}, follow=True)


def test_an_order_is_moved_and_its_history_says_so(
    desk: Client, order_desk: User, issued: Order
) -> None:
    page = desk.get(reverse("admin:orders_order_change", args=[issued.pk]))
    assert "Move to another day" in text_of(page)
    text = text_of(desk.get(url(issued)))
    assert "Everything that is visited on Mon 23 Nov 2026 moves to the new day" in text
    assert "Its tickets and coupons of that day are destroyed, and new ones" in text
    assert "Wallets keep their numbers and links" in text
    done = press(desk, issued, to_date=NEXT)
    assert messages_of(done) == [f"Order {issued} is moved to Tue 24 Nov 2026."]
    assert counters() == {f"cinema {NEXT} 14:00": "0+2"}
    event = OrderEvent.objects.get(name="moved")
    assert (event.actor, event.reason) == (f"staff:{order_desk.pk}", "A storm")
    assert "Moved to another day" in text_of(done)


def test_what_is_not_possible_is_told_and_nothing_changes(
    desk: Client, issued: Order, venue: Venue
) -> None:
    page = press(desk, issued, to_date="2026-11-25")
    assert messages_of(page) == [
        "Cinema has no session on sale at 14:00 on Wed 25 Nov 2026.",
    ]
    form = page.context["form"]
    assert (form["to_date"].value(), form["reason"].value()) == ("2026-11-25", "A storm")
    assert counters() == {"cinema 14:00": "0+2"}
    assert press(desk, issued, to_date="soon").status_code == 422
    assert press(desk, issued, to_date=NEXT, reason=" ").status_code == 422
    assert press(desk, issued, to_date=NEXT, from_date=NEXT).status_code == 422
    assert counters() == {"cinema 14:00": "0+2"}


def test_a_page_that_stood_open_does_not_move_what_a_colleague_has_moved(
    desk: Client, issued: Order, clock: Clock
) -> None:
    form = desk.get(url(issued)).context["form"]
    answers = {
        "seen": form["seen"].value(),
        "from_date": VISIT,
        "to_date": NEXT,
        "reason": "A storm",
    }
    clock.forward(minutes=1)
    press(desk, issued, to_date=NEXT)
    again = desk.post(url(issued), answers, follow=True)
    assert again.status_code == 422  # nothing of it is visited that day any more
    assert OrderEvent.objects.filter(name="moved").count() == 1


def test_an_order_with_several_days_asks_which_one(
    desk: Client, api: ApiClient, issue: Issue, bundle: Package
) -> None:
    schedule = [{"itemNumber": "LUNCH", "visitDate": NEXT}]
    body = line("BUNDLE", wallet={"componentSchedule": schedule})
    order = Order.objects.get(pk=settle(api, issue, body)["orderId"])
    choices = desk.get(url(order)).context["form"].fields["from_date"].choices
    assert choices == [(VISIT, "Mon 23 Nov 2026"), (NEXT, "Tue 24 Nov 2026")]
    press(desk, order, from_date=NEXT, to_date="2026-11-26")
    lunch = Asset.objects.living().get(item__number="LUNCH")
    assert lunch.visit_date == datetime.date(2026, 11, 26)


def test_a_used_order_cannot_be_moved(desk: Client, issued: Order) -> None:
    Asset.objects.update(status="Used", admitted=1)
    page = desk.get(url(issued))
    assert "What was used on a day keeps the order there." in text_of(page)
    assert "Move order</button>" not in page.content.decode()


def test_an_order_without_a_day_has_no_such_button(
    desk: Client, api: ApiClient, issue: Issue, group: Package
) -> None:
    Package.objects.filter(pk=group.pk).update(dating="open")
    order = Order.objects.get(pk=settle(api, issue, line("GROUP", None))["orderId"])
    page = desk.get(reverse("admin:orders_order_change", args=[order.pk]))
    assert "Move to another day" not in text_of(page)
    refused = desk.get(url(order), follow=True)
    assert messages_of(refused) == [f"Order {order} has nothing that is visited on a day."]


def test_only_those_who_may_move_orders_do(issued: Order, venue: Venue) -> None:
    CalendarDayFactory.create(venue=venue)
    clerk = signed_in(person("clerk", "orders.view_order", "orders.cancel_order"))
    page = clerk.get(reverse("admin:orders_order_change", args=[issued.pk]))
    assert "Move to another day" not in text_of(page)
    assert clerk.get(url(issued)).status_code == 403
    mover = signed_in(person("mover", "orders.view_order", "orders.move_order"))
    assert press(mover, issued, to_date=NEXT).status_code == 200
    assert counters() == {f"cinema {NEXT} 14:00": "0+2"}
