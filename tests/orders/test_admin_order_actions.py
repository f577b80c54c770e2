"""Confirm, cancel and replay from the admin: what each does, asks, refuses and records."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from catalog.models import Package, PackageMapping
from orders.admin.effects import first_of
from orders.models import LedgerEntry, Order, OrderEvent
from partners.models import Partner
from tests.conftest import TOMORROW, ApiClient
from tests.orders.test_causes import received_on
from tests.staff import messages_of, person, signed_in, text_of, viewer
from wallets.models import Asset, Wallet

LIST = "/admin/orders/order/"
Issue = Callable[[str], Order]
DAY = {"itemNumber": "DAY", "visitDate": TOMORROW.isoformat()}


@pytest.fixture
def desk(order_desk: User) -> Client:
    """The browser of somebody at the order desk."""
    return signed_in(order_desk)


@pytest.fixture
def draft(api: ApiClient, issue: Issue) -> Order:
    """An order of two day tickets that waits for its payment."""
    return issue(api.create({**DAY, "quantity": 2}, paymentReference=None)["orderId"])


@pytest.fixture
def issued(api: ApiClient, issue: Issue) -> Order:
    """A paid order of two day tickets."""
    return issue(api.create({**DAY, "quantity": 2}, sellToOrderReference="WEB-2")["orderId"])


@pytest.fixture
def failed(api: ApiClient, issue: Issue) -> Order:
    """An order for an item number that nobody has mapped, and a day ticket."""
    lines = ({**DAY, "itemNumber": "SKU-9"}, DAY)
    return issue(api.create(*lines, sellToOrderReference="WEB-3")["orderId"])


def url(order: Order, name: str) -> str:
    return reverse(f"admin:orders_order_{name}", args=[order.pk])


def press(client: Client, order: Order, name: str, **answers: str) -> Any:
    """Open an action's page, fill it in, press its button and follow where it leads."""
    page = client.get(url(order, name))
    assert page.status_code == 200
    seen = page.context["form"]["seen"].value()
    return client.post(url(order, name), {"seen": seen, **answers}, follow=True)


def now(order: Order) -> Order:
    return Order.objects.get(pk=order.pk)


def last_event(order: Order) -> tuple[str, str, str, str, str]:
    event = OrderEvent.objects.of(order.pk).last()
    assert event is not None
    return event.name, event.from_state, event.to_state, event.actor, event.reason


def states(order: Order) -> tuple[set[str], set[str]]:
    """Return the states of an order's wallets and of its assets."""
    wallets = Wallet.objects.filter(order=order).values_list("status", flat=True)
    assets = Asset.objects.filter(wallet__order=order).values_list("status", flat=True)
    return set(wallets), set(assets)


def test_confirming_a_draft_does_all_that_a_confirmation_does(
    desk: Client, order_desk: User, draft: Order
) -> None:
    page = desk.get(url(draft, "confirm"))
    text = text_of(page)
    assert "2 wallets with 2 tickets and coupons become valid at once." in text
    assert "The sale of EUR 69.00 is posted to the ledger." in text
    done = press(desk, draft, "confirm", payment_reference="TILL-1", reason="Paid at the till")
    assert messages_of(done) == [f"Order {draft} is confirmed and issued."]
    order = now(draft)
    assert (order.status, order.payment_reference) == ("Issued", "TILL-1")
    assert states(draft) == ({"Active"}, {"Valid"})
    actor = f"staff:{order_desk.pk}"
    assert last_event(draft) == ("confirmed", "Draft", "Issued", actor, "Paid at the till")
    assert LedgerEntry.objects.get(order=draft).gross == Decimal("69.000")


def test_confirming_needs_a_payment_reference(desk: Client, draft: Order) -> None:
    page = press(desk, draft, "confirm", payment_reference=" ")
    assert page.status_code == 422
    assert page.context["form"].errors == {"payment_reference": ["This field is required."]}
    assert now(draft).status == "Draft"


def test_cancelling_an_issued_order_destroys_its_wallets_and_takes_the_sale_back(
    desk: Client, order_desk: User, issued: Order
) -> None:
    text = text_of(desk.get(url(issued, "cancel")))
    assert "2 wallets with 2 tickets and coupons are destroyed." in text
    assert "The sale of EUR 69.00 is taken back in the ledger." in text
    for number in Asset.objects.filter(wallet__order=issued).values_list(
        "reference_number", flat=True
    ):
        assert number in text
    done = press(desk, issued, "cancel", reason="The guest is ill")
    assert messages_of(done) == [f"Order {issued} is cancelled."]
    order = now(issued)
    assert (order.status, order.status_message) == ("Cancelled", "")
    assert states(issued) == ({"Destroyed"}, {"Destroyed"})
    wallet = Wallet.objects.filter(order=issued).first()
    assert wallet is not None
    actor = f"staff:{order_desk.pk}"
    assert (wallet.destroyed_by, wallet.destroyed_why) == (actor, "The guest is ill")
    assert last_event(issued) == ("cancelled", "Issued", "Cancelled", actor, "The guest is ill")
    amounts = LedgerEntry.objects.filter(order=issued).values_list("kind", "gross", "reason")
    assert list(amounts) == [
        ("sale", Decimal("69.000"), ""),
        ("reversal", Decimal("-69.000"), "The guest is ill"),
    ]


@pytest.mark.parametrize("which", ["draft", "failed"])
def test_cancelling_what_was_never_issued_removes_it_for_good(
    desk: Client, order_desk: User, request: pytest.FixtureRequest, which: str
) -> None:
    order: Order = request.getfixturevalue(which)
    text = text_of(desk.get(url(order, "cancel")))
    assert "The order is removed for good" in text
    assert f"may use the reference {order.sell_to_order_reference} again" in text
    done = press(desk, order, "cancel", reason="Sent twice")
    assert done.redirect_chain == [(reverse("admin:orders_order_changelist"), 302)]
    assert messages_of(done) == [
        f"Order {order} was removed for good. The history keeps its numbers."
    ]
    assert not Order.objects.filter(pk=order.pk).exists()
    assert not Wallet.objects.filter(order=order.pk).exists()
    actor = f"staff:{order_desk.pk}"
    assert last_event(order) == ("deleted", order.status, "Cancelled", actor, "Sent twice")
    assert not LedgerEntry.objects.exists()


@pytest.mark.parametrize("which", ["draft", "failed", "issued"])
def test_destroying_needs_a_reason(
    desk: Client, request: pytest.FixtureRequest, which: str
) -> None:
    order: Order = request.getfixturevalue(which)
    page = press(desk, order, "cancel", reason="  ")
    assert page.status_code == 422
    assert page.context["form"].errors == {"reason": ["This field is required."]}
    assert now(order).status == order.status


def test_a_used_ticket_keeps_an_order_from_being_cancelled(issued: Order) -> None:
    desk = signed_in(person("clerk", "orders.view_order", "orders.cancel_order"))
    asset = Asset.objects.filter(wallet__order=issued).first()
    assert asset is not None
    Asset.objects.filter(pk=asset.pk).update(status="Used", admitted=1)
    page = desk.get(url(issued, "cancel"))
    assert f"Already used: {asset.reference_number}." in text_of(page)
    assert "cm-button-danger" not in page.content.decode()
    answers = {"seen": page.context["form"]["seen"].value(), "reason": "Try anyway"}
    done = desk.post(url(issued, "cancel"), answers, follow=True)
    assert messages_of(done) == ["A ticket or coupon of this order has been used."]
    assert now(issued).status == "Issued"


def test_staff_cancel_past_the_partners_deadline_and_are_told(
    desk: Client, api: ApiClient, issued: Order
) -> None:
    assert "could cancel until" not in text_of(desk.get(url(issued, "cancel")))
    Partner.objects.filter(pk=api.partner.pk).update(cancel_deadline_hours=24 * 30)
    assert api.delete(str(issued.pk)).status_code == 409
    text = text_of(desk.get(url(issued, "cancel")))
    assert "Sunny Trips could cancel until" in text
    assert "You cancel as an exception." in text
    press(desk, issued, "cancel", reason="Goodwill")
    assert now(issued).status == "Cancelled"


def test_replaying_submits_the_order_again_once_its_cause_is_mended(
    desk: Client, order_desk: User, api: ApiClient, day: Package, failed: Order, issue: Issue
) -> None:
    kept = Wallet.objects.get(order=failed).reference_number
    text = text_of(desk.get(url(failed, "replay")))
    assert "SKU-9 is not mapped to a package. The replay is refused until that is mended." in text
    refused = press(desk, failed, "replay")
    assert messages_of(refused) == [
        f"Line 100000: SKU-9 still cannot be issued (item number not mapped on "
        f"{received_on(failed)}, its day of receipt)."
    ]
    assert now(failed).status == "Error"
    PackageMapping.objects.create(partner=api.partner, item_number="SKU-9", package=day)
    assert "is refused" not in text_of(desk.get(url(failed, "replay")))
    done = press(desk, failed, "replay", reason="Mapped")
    assert messages_of(done) == [f"Order {failed} was submitted again."]
    actor = f"staff:{order_desk.pk}"
    assert last_event(failed) == ("replayed", "Error", "Submitted", actor, "Mapped")
    assert issue(str(failed.pk)).status == "Issued"
    numbers = Wallet.objects.filter(order=failed).values_list("reference_number", flat=True)
    assert (len(numbers), kept in numbers) == (2, True)


@pytest.mark.parametrize("name", ["confirm", "cancel", "replay"])
def test_who_may_not_act_is_refused_and_nothing_happens(
    api: ApiClient, issue: Issue, draft: Order, failed: Order, name: str
) -> None:
    order = failed if name == "replay" else draft
    answers = {"reason": "Try", "payment_reference": "X", "seen": order.status_since.isoformat()}
    blind = person("blind", f"orders.{name}_order")
    for user in (viewer(), blind):
        client = signed_in(user)
        assert client.get(url(order, name)).status_code == 403
        assert client.post(url(order, name), answers).status_code == 403
    assert now(order).status == order.status
    stranger = Client().post(url(order, name), answers)
    assert stranger.headers["Location"].startswith("/admin/login/")
    forged = Client(enforce_csrf_checks=True)
    forged.force_login(User.objects.create_superuser("owner"))
    assert forged.post(url(order, name), answers).status_code == 403
    assert now(order).status == order.status


@pytest.mark.parametrize(
    ("which", "name"),
    [("issued", "confirm"), ("failed", "confirm"), ("draft", "replay"), ("issued", "replay")],
)
def test_what_the_status_does_not_allow_is_a_plain_message(
    desk: Client, request: pytest.FixtureRequest, which: str, name: str
) -> None:
    order: Order = request.getfixturevalue(which)
    page = desk.get(url(order, name), follow=True)
    assert messages_of(page) == [f"Order {order} is {order.status} now; {name} is not possible."]
    assert now(order).status == order.status


def changed(order: Order) -> str:
    return (
        f"Order {order} has changed since this page was opened; it is Issued now. Nothing was "
        "done: look again."
    )


def test_an_order_that_became_issued_while_its_page_stood_open_is_left_alone(
    desk: Client, api: ApiClient, draft: Order
) -> None:
    page = desk.get(url(draft, "cancel"))
    answers = {"seen": page.context["form"]["seen"].value(), "reason": "Not paid"}
    assert api.confirm(str(draft.pk)).status_code == 200
    done = desk.post(url(draft, "cancel"), answers, follow=True)
    assert messages_of(done) == [changed(draft)]
    assert states(draft) == ({"Active"}, {"Valid"})


def test_of_many_numbers_the_first_are_named() -> None:
    numbers = [f"T{number}" for number in range(12)]
    assert first_of(numbers[:2]) == "T0, T1"
    assert first_of(numbers) == "T0, T1, T2, T3, T4, T5, T6, T7, T8, T9 and 2 more"


def test_the_second_of_two_people_gets_a_plain_message(
    desk: Client, draft: Order, failed: Order
) -> None:
    colleague = signed_in(User.objects.create_superuser("colleague"))
    opened = {
        order: colleague.get(url(order, "cancel")).context["form"]["seen"].value()
        for order in (draft, failed)
    }
    for order, seen in opened.items():
        press(desk, order, "cancel", reason="First")
        late = colleague.post(url(order, "cancel"), {"seen": seen, "reason": "Second"}, follow=True)
        assert late.status_code == 200
        assert messages_of(late) == ["This order was removed for good. This is its history."]
        assert OrderEvent.objects.of(order.pk).filter(name="deleted").count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_people_who_confirm_at_once_confirm_once(
    api: ApiClient, issue: Issue, order_desk: User
) -> None:
    order = issue(api.create(paymentReference=None)["orderId"])
    seen = order.status_since.isoformat()
    barrier = threading.Barrier(4)
    pages: list[str] = []

    def confirm(number: int) -> None:
        client = signed_in(order_desk)
        barrier.wait()
        answers = {"seen": seen, "payment_reference": f"TILL-{number}"}
        # Read off the page: the test client mixes up the contexts of threads.
        pages.append(text_of(client.post(url(order, "confirm"), answers, follow=True)))
        connection.close()

    people = [threading.Thread(target=confirm, args=(number,)) for number in range(4)]
    for one in people:
        one.start()
    for one in people:
        one.join()
    late = changed(order)
    confirmed = [f"Order {order} is confirmed and issued." in page for page in pages]
    assert sorted(confirmed) == [False, False, False, True]
    later = f"Order {order} is Issued now; confirm is not possible."
    assert sum(late in page or later in page for page in pages) == 3
    assert OrderEvent.objects.of(order.pk).filter(name__contains="confirm").count() == 1
    assert LedgerEntry.objects.filter(order=order).count() == 1


@pytest.mark.django_db(transaction=True)
def test_an_order_that_somebody_holds_is_a_plain_message_too(
    api: ApiClient, issue: Issue, order_desk: User
) -> None:
    order = issue(api.create(paymentReference=None)["orderId"])
    seen = order.status_since.isoformat()
    pages: list[str] = []

    def confirm() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '100ms'")
        answers = {"seen": seen, "payment_reference": "TILL-1"}
        client = signed_in(order_desk)
        pages.append(text_of(client.post(url(order, "confirm"), answers, follow=True)))
        connection.close()

    with transaction.atomic():
        Order.objects.select_for_update().get(pk=order.pk)
        somebody = threading.Thread(target=confirm)
        somebody.start()
        somebody.join()
    assert "This is being worked on right now. Try again in a moment." in pages[0]
    assert now(order).status == "Draft"


def test_a_test_order_says_that_nothing_is_posted(desk: Client, draft: Order) -> None:
    Order.objects.update(test_mode=True)
    assert "Nothing is posted to the ledger" in text_of(desk.get(url(draft, "confirm")))
    press(desk, draft, "confirm", payment_reference="TILL-1")
    assert "Nothing is posted to the ledger" in text_of(desk.get(url(draft, "cancel")))
    assert not LedgerEntry.objects.exists()


def test_a_moment_of_the_page_that_was_tampered_with_does_nothing(
    desk: Client, draft: Order
) -> None:
    for seen in ("", "nonsense", datetime.datetime.now(datetime.UTC).isoformat()):
        answers = {"seen": seen, "payment_reference": "TILL-1"}
        assert desk.post(url(draft, "confirm"), answers, follow=True).status_code in (200, 422)
    assert now(draft).status == "Draft"
