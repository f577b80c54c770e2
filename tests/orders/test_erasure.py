"""Erasing what is known of guests: all of it, everywhere, and nothing else."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from catalog.models import Package, PackageMapping
from channel_manager.history.models import Event
from channel_manager.lib import personal
from channel_manager.lib.database import TookTooLong, reading, set_for_now
from orders import erasure, lifecycle
from orders.actions import OrderStateConflict
from orders.models import Order, OrderEvent
from partners.models import WebhookAttempt
from tests.conftest import TOMORROW, ApiClient
from tests.staff import messages_of, person, signed_in, text_of
from tests.webhooks.conftest import Clock, Sender, make_endpoint
from wallets.models import Asset, Wallet

Issue = Callable[[str], Order]
ANNA = {"sellToName": "Anna de Vries", "sellToEmail": "Anna@Example.com"}


@pytest.fixture
def desk(order_desk: User) -> Client:
    """The browser of somebody at the order desk."""
    return signed_in(order_desk)


def rows_with(text: str) -> set[str]:
    """Return the tables in which any column of any row says a text, in any case."""
    tables = connection.introspection.table_names()
    with connection.cursor() as cursor:
        found = set()
        for table in tables:
            cursor.execute(
                f'SELECT EXISTS (SELECT 1 FROM "{table}" AS t WHERE t::text ILIKE %s)',
                [f"%{text}%"],
            )
            if cursor.fetchone() == (True,):
                found.add(table)
    return found


def day(*names: str, **members: Any) -> dict[str, Any]:
    line = {"itemNumber": "DAY", "visitDate": TOMORROW.isoformat(), **members}
    return {**line, "quantity": len(names), "wallet": {"names": list(names)}} if names else line


def erase(order: Order, reason: str = "Asked by letter") -> Order:
    return erasure.erase_order(
        orders=Order.objects.all(),
        order_id=order.pk,
        actor="staff:1",
        now=timezone.now(),
        reason=reason,
    )


def kept_of(order: Order) -> tuple[Any, ...]:
    """Return what an erasure has to leave as it is."""
    columns = (
        *("status", "sell_to_order_reference", "buy_from_order_reference", "payment_reference"),
        *("received_at", "total_incl_vat", "total_excl_vat", "visit_date", "sell_to_language"),
    )
    numbers = ("reference_number", "external_reference_number", "status", "token")
    return (
        Order.objects.values(*columns).get(pk=order.pk),
        list(order.lines.values("item_number", "quantity", "plan", "external_reference_numbers")),
        list(Wallet.objects.filter(order=order).order_by("pk").values(*numbers)),
        list(Asset.objects.filter(wallet__order=order).order_by("pk").values("pk", "status")),
        list(order.ledger_entries.values("gross", "vat", "excl_vat")),
    )


def test_nothing_in_the_database_names_the_guests_afterwards(
    desk: Client, api: ApiClient, issue: Issue
) -> None:
    made = api.order_body(day("Zoë Élan", sellToName="Søren Kierk"), paymentReference=None, **ANNA)
    order = issue(api.post(made, idempotency_key="key-1").json()["orderId"])
    replaced = api.order_body(
        {**day("Noah Kane", "Mia Kane"), "sellToEmail": "bo@example.org"},
        day(),
        paymentReference=None,
        sellToName="Bo Yang",
        sellToLanguage="nl",
    )
    assert api.put(str(order.pk), replaced, idempotency_key="key-2").status_code == 200
    issue(str(order.pk))
    confirmed = api.confirm(str(order.pk), idempotency_key="key-3").json()
    make_endpoint(api.partner, "https://shop.example/hook")
    Sender(_now()).publish()
    assert WebhookAttempt.objects.update(status_code=200, answer="Thank you for Bo Yang")
    guests = ("Anna de Vries", "anna@example.com", "Søren", "Zoë", "Noah", "bo@example", "Bo Yang")
    assert all(rows_with(guest) for guest in guests)
    before = kept_of(order)
    page = reverse("admin:orders_order_erase", args=[order.pk])
    told = text_of(desk.get(page))
    assert "Names and e-mail addresses go for good" in told
    seen = desk.get(page).context["form"].initial["seen"]
    done = desk.post(page, {"reason": "Asked by letter", "seen": seen}, follow=True)
    assert messages_of(done) == [f"Personal data of order {order} are erased."]
    assert {guest: rows_with(guest) for guest in guests if rows_with(guest)} == {}
    assert kept_of(order) == before
    event = OrderEvent.objects.of(order.pk).last()
    assert event is not None
    assert (event.name, event.to_state, event.reason, event.data) == (
        "erased",
        "Issued",
        "Asked by letter",
        {},
    )
    shown = text_of(done)
    assert re.search(r"Name, e-mail Erased \d+ \w+ \d{4}", shown)
    assert "Erase personal data" not in shown
    answer = api.get(f"{api.base}/{order.pk}").json()
    assert (answer["sellToName"], answer["sellToEmail"]) == (None, None)
    assert [wallet["name"] for line in answer["items"] for wallet in line["wallets"]] == [None] * 3
    repeated = api.confirm(str(order.pk), idempotency_key="key-3")
    assert repeated.headers["Idempotent-Replayed"] == "true"
    assert repeated.json()["buyFromOrderReference"] == confirmed["buyFromOrderReference"]
    assert Client().get(f"/m/{order.token}").status_code == 200


def _now() -> Clock:
    clock = Clock()
    clock.now = timezone.now()
    return clock


def test_an_erased_order_goes_on_and_only_new_contents_bring_new_guests(
    api: ApiClient, issue: Issue, day: Package
) -> None:
    line = {"itemNumber": "SKU-9", "visitDate": TOMORROW.isoformat(), "wallet": {"names": ["Zoë"]}}
    order = issue(api.create(line, paymentReference=None, **ANNA)["orderId"])
    assert erase(order).erased_at is not None
    assert erase(order, "Asked twice").erased_at == Order.objects.get(pk=order.pk).erased_at
    assert OrderEvent.objects.of(order.pk).filter(name="erased").count() == 1
    PackageMapping.objects.create(partner=api.partner, item_number="SKU-9", package=day)
    lifecycle.replay_order(
        orders=Order.objects.all(), order_id=order.pk, actor="staff:1", now=timezone.now()
    )
    assert issue(str(order.pk)).status == "Draft"
    assert (Wallet.objects.get(order=order).name, rows_with("Anna")) == (None, set())
    body = api.order_body(paymentReference=None, sellToName="Bo Yang")
    assert api.put(str(order.pk), body).json()["sellToName"] == "Bo Yang"
    order = issue(str(order.pk))
    assert (order.erased_at, rows_with("Anna")) == (None, set())
    assert erase(order).sell_to_name is None


def test_what_endpoints_answer_later_is_forgotten_and_can_be_erased_until_then(
    desk: Client, api: ApiClient, issue: Issue
) -> None:
    make_endpoint(api.partner, "https://shop.example/hook")
    orders = {
        name: issue(api.create(sellToOrderReference=name, paymentReference=None)["orderId"])
        for name in ("erased", "removed", "kept")
    }
    Sender(_now()).publish()
    erase(orders["erased"])
    assert api.delete(str(orders["removed"].pk)).status_code == 200
    for attempt in WebhookAttempt.objects.select_related("delivery__event"):
        attempt.status_code, attempt.answer = 200, "Thank you, Bo Yang"
        attempt.save()
    page = reverse("admin:orders_order_erase", args=[orders["erased"].pk])
    assert page in desk.get(f"/admin/orders/order/{orders['erased'].pk}/change/").content.decode()
    assert erase(orders["erased"], "Came back").erased_at is not None
    again = OrderEvent.objects.of(orders["erased"].pk).filter(name="erased")
    assert [event.reason for event in again.order_by("id")] == ["Asked by letter", "Came back"]
    told = WebhookAttempt.objects.exclude(answer="").values_list("delivery__event__order_id")
    assert {pk for (pk,) in told} == {orders["removed"].pk, orders["kept"].pk}
    assert erasure.forget_late_answers(now=timezone.now() + datetime.timedelta(days=2)) == 0
    assert erasure.forget_late_answers(now=timezone.now()) == 1
    assert {pk for (pk,) in told.all()} == {orders["kept"].pk}


def test_removing_an_order_takes_the_copies_of_its_guests_along(
    api: ApiClient, issue: Issue
) -> None:
    make_endpoint(api.partner, "https://shop.example/hook")
    body = api.order_body(day("Zoë"), paymentReference=None, **ANNA)
    order = issue(api.post(body, idempotency_key="key-1").json()["orderId"])
    Sender(_now()).publish()
    assert WebhookAttempt.objects.update(status_code=200, answer="Thank you, Anna de Vries")
    assert {"partners_webhookattempt", "partners_idempotencyrecord"} <= rows_with("Anna de Vries")
    deleted = api.delete(str(order.pk), idempotency_key="key-2")
    assert (deleted.status_code, deleted.json()["sellToName"]) == (200, "Anna de Vries")
    assert (rows_with("Anna de Vries"), rows_with("Zoë")) == (set(), set())
    repeated = api.post(body, idempotency_key="key-1")
    assert (repeated.status_code, repeated.json()["sellToName"]) == (201, None)
    repeated = api.delete(str(order.pk), idempotency_key="key-2")
    assert repeated.json() == json.loads(personal.blanked(deleted.content.decode()))


def test_an_order_in_flight_is_not_erased(api: ApiClient) -> None:
    order = Order.objects.get(pk=api.create(**ANNA)["orderId"])
    with pytest.raises(OrderStateConflict, match="wait until it has settled"):
        erase(order)
    assert Order.objects.get(pk=order.pk).sell_to_name == "Anna de Vries"


def test_the_database_keeps_names_out_of_an_erased_order(api: ApiClient, issue: Issue) -> None:
    order = erase(issue(api.create(**ANNA)["orderId"]))
    with pytest.raises(IntegrityError, match="erased_order_names_nobody"), transaction.atomic():
        Order.objects.filter(pk=order.pk).update(sell_to_name="Anna")


def test_all_orders_of_a_guest_are_erased_by_the_address(
    desk: Client, api: ApiClient, rival: ApiClient, issue: Issue
) -> None:
    own = issue(api.create(**ANNA)["orderId"])
    gift = {
        "itemNumber": "DAY",
        "visitDate": TOMORROW.isoformat(),
        "sellToEmail": "anna@example.com",
    }
    by_line = issue(rival.create(gift)["orderId"])
    earlier = issue(
        api.create(sellToOrderReference="WEB-2", paymentReference=None, **ANNA)["orderId"]
    )
    body = api.order_body(sellToOrderReference="WEB-2", sellToName="Bo Yang")
    assert api.put(str(earlier.pk), body).status_code == 200
    issue(str(earlier.pk))
    other = issue(
        api.create(sellToOrderReference="WEB-3", sellToEmail="joanna@example.com")["orderId"]
    )
    waiting = api.create(sellToOrderReference="WEB-4", **ANNA)["orderId"]
    page = reverse("admin:orders_order_erase_guest")
    assert desk.post(page, {"address": "anna"}).status_code == 422
    told = text_of(desk.post(page, {"address": "nobody@example.com"}))
    assert "No order names this address" in told
    told = text_of(desk.post(page, {"address": " ANNA@example.com "}))
    assert "Erase personal data of 4 orders" in told
    assert "1 order in flight" in told
    assert rows_with("Anna@Example.com")
    assert desk.post(page, {"address": "anna@example.com", "reason": ""}).status_code == 422
    done = desk.post(page, {"address": "anna@example.com", "reason": "By letter"})
    assert messages_of(done) == ["Personal data of 3 orders are erased."]
    issue(waiting)
    done = desk.post(page, {"address": "anna@example.com", "reason": "By letter"}, follow=True)
    assert done.redirect_chain == [("/admin/orders/order/", 302)]
    erased = Order.objects.exclude(erased_at=None).values_list("pk", flat=True)
    assert {str(pk) for pk in erased} == {str(own.pk), str(by_line.pk), str(earlier.pk), waiting}
    assert Order.objects.get(pk=other.pk).sell_to_email == "joanna@example.com"
    assert {event.reason for event in Event.objects.filter(name="erased")} == {"By letter"}


def test_orders_of_a_guest_are_found_by_indexes(api: ApiClient, issue: Issue) -> None:
    order = issue(api.create(**ANNA)["orderId"])
    with CaptureQueriesContext(connection) as queries:
        assert erasure.orders_of_guest(address="anna@example.com") == [order.pk]
    (asked,) = (row["sql"] for row in queries.captured_queries if "UNION" in row["sql"])
    with reading(), connection.cursor() as cursor:
        set_for_now(enable_seqscan="off", enable_indexscan="off")
        cursor.execute(f"EXPLAIN {asked}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    for index in ("order_searched", "order_in_flight", "line_searched", "received_replacement"):
        assert index in plan, plan
    assert "Seq Scan" not in plan, plan


def test_of_a_common_address_the_newest_orders_are_erased_at_once_and_no_more_are_read(
    desk: Client, api: ApiClient, issue: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasure, "AT_ONCE", 2)
    # Each has two lines that name the address: they are one order nevertheless.
    gift = {**day("Zoë", "Noah"), "sellToEmail": "anna@example.com"}
    ids = [
        issue(api.create(gift, gift, sellToOrderReference=f"WEB-{number}")["orderId"]).pk
        for number in range(5)
    ]
    assert erasure.orders_of_guest(address="anna@example.com") == ids[:1:-1]
    page = reverse("admin:orders_order_erase_guest")
    told = text_of(desk.post(page, {"address": "anna@example.com"}))
    assert "Erase personal data of more than 2 orders" in told
    assert "The newest 2 are erased at once; press again for more." in told
    told = text_of(desk.post(page, {"address": "anna@example.com", "reason": "By letter"}))
    assert "Personal data of 2 orders are erased." in told
    assert "Erase personal data of more than 2 orders" in told
    read, slow_ways = erasure._read, {"enable_indexscan"}

    def read_in_time(rows: Any, **settings: str) -> Any:
        if slow_ways & set(settings):
            raise TookTooLong
        return read(rows, **settings)

    monkeypatch.setattr(erasure, "_read", read_in_time)
    assert erasure.orders_of_guest(address="anna@example.com") == ids[2::-1]
    slow_ways.add("enable_bitmapscan")
    for reason in ("", "By letter"):
        slow = desk.post(page, {"address": "anna@example.com", "reason": reason})
        assert "takes too long right now. Try again in a moment." in text_of(slow)


def test_erasing_takes_a_permission_of_its_own(api: ApiClient, issue: Issue) -> None:
    order = issue(api.create(**ANNA)["orderId"])
    pages = [
        reverse("admin:orders_order_erase", args=[order.pk]),
        reverse("admin:orders_order_erase_guest"),
    ]
    looker = signed_in(person("looker", "orders.view_order", "orders.cancel_order"))
    eraser = signed_in(person("eraser", "orders.view_order", "orders.erase_personal_data"))
    for page in pages:
        answer = {"address": "anna@example.com", "reason": "x", "seen": "x"}
        assert looker.get(page).status_code == looker.post(page, answer).status_code == 403
        assert eraser.get(page).status_code == 200
        assert page not in looker.get("/admin/orders/order/").content.decode()
    assert pages[1] in eraser.get("/admin/orders/order/").content.decode()
    assert pages[0] in eraser.get(f"/admin/orders/order/{order.pk}/change/").content.decode()


def test_visits_long_past_are_erased_by_themselves(
    api: ApiClient, issue: Issue, settings: Any
) -> None:
    past = issue(api.create(sellToOrderReference="WEB-2", **ANNA)["orderId"])
    later = (TOMORROW + datetime.timedelta(days=40)).isoformat()
    line = {"itemNumber": "BUNDLE", "visitDate": later}
    ahead = issue(api.create(line, **ANNA)["orderId"])
    unsettled = api.create(sellToOrderReference="WEB-3", **ANNA)["orderId"]
    in_a_month = timezone.now() + datetime.timedelta(days=33)
    assert erasure.erase_old(now=in_a_month) == 0
    settings.PERSONAL_DATA_DAYS = 30
    assert erasure.erase_old(now=in_a_month - datetime.timedelta(days=5)) == 0
    assert erasure.erase_old(now=in_a_month) == 1
    assert erasure.erase_old(now=in_a_month) == 0
    assert Order.objects.get(pk=past.pk).erased_at == in_a_month
    assert {str(row.pk) for row in Order.objects.filter(erased_at=None)} == {
        str(ahead.pk),
        unsettled,
    }
    event = OrderEvent.objects.of(past.pk).last()
    assert event is not None
    assert (event.actor, event.reason) == ("worker", "30 days have passed since the visit.")
