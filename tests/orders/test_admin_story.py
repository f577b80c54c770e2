"""The story of an order on its page: all that happened, in the order of time."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from orders.admin import story
from orders.models import Order, OrderEvent
from tests.conftest import TOMORROW, ApiClient
from tests.fakes.receiver import Receiver, running_receiver
from tests.orders.test_causes import DESK, fail, run_once, start
from tests.staff import person, signed_in, text_of
from tests.webhooks.conftest import Clock, Sender, make_endpoint
from wallets.devices import create_device
from wallets.models import Asset, Scan

Issue = Callable[[str], Order]


@pytest.fixture
def desk(order_desk: User) -> Client:
    """The browser of somebody at the order desk."""
    return signed_in(order_desk)


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.OUTBOUND_ALLOW_LOOPBACK = True
    with running_receiver() as running:
        yield running


def told(page: Any) -> list[tuple[str, str]]:
    return [(row.look.title, row.who) for row in page.context["story"].happenings]


def change_page(order: Order | str) -> str:
    return reverse(
        "admin:orders_order_change", args=[order if isinstance(order, str) else order.pk]
    )


def refuse_at_a_gate(order: Order) -> Scan:
    device, _key = create_device(venue=order.venue, name="North entrance", admits_every_item=True)
    return Scan.objects.create(
        device=device,
        request_id="scan-1",
        reference_number="X",
        quantity=1,
        admitted=False,
        code="wrong_day",
        reason="This ticket is for another day.",
        asset=Asset.objects.filter(wallet__order=order)[0],
        answer={},
        at=timezone.now(),
    )


def test_the_story_has_all_that_happened_in_the_order_of_time(
    desk: Client,
    api: ApiClient,
    issue: Issue,
    receiver: Receiver,
    statements: Callable[[], Any],
) -> None:
    endpoint = make_endpoint(api.partner, receiver.url, description="Web shop")
    receiver.answer_with(500, b"<b>Down</b> for a while")
    body = api.order_body(sellToName="Anna de Vries")
    made = api.post(body, idempotency_key="key-1", X_Request_Id="req-1").json()["orderId"]
    order = issue(made)
    clock = Clock()
    clock.now = timezone.now()
    Sender(clock).tick()
    scan = refuse_at_a_gate(order)
    api.delete(made)
    with statements() as count:
        page = desk.get(change_page(order))
    assert len(count) <= 20, "\n".join(count.statements)
    assert told(page) == [
        ("Order received", "Sunny Trips"),
        ("Submitted", "Sunny Trips"),
        ("Picked up", "System"),
        ("Issuing started", "System"),
        ("Issued", "System"),
        ("Sale posted", "System"),
        ("Webhook: 500 Internal Server Error", "Web shop"),
        ("Refused at the gate", "North entrance"),
        ("Cancellation received", "Sunny Trips"),
        ("Cancelled", "Sunny Trips"),
        ("Sale taken back", "System"),
    ]
    received, *_, sale, attempt, refused, _, _, _ = page.context["story"].happenings
    assert received.data == {
        "Key": str(api.partner.api_keys.get()),
        "Request id": "req-1",
        "Idempotency key": "key-1",
    }
    assert '"sellToName": "Anna de Vries"' in received.fold.text
    assert sale.data == {"Gross": "EUR 34.50", "VAT": "EUR 2.85"}
    assert sale.fold == ("1 line", "Line 100000: EUR 34.50")
    next_attempt = endpoint.deliveries.get(event__type="ota_cm_order_processed").next_attempt_at
    assert next_attempt is not None
    assert attempt.data == {
        "Event": "Order processed",
        "Attempt": "1",
        "Took": attempt.data["Took"],
        "Next attempt": f"{next_attempt.astimezone(order.venue.zone):%-d %b %Y, %H:%M}",
    }
    assert attempt.fold == ("Answer", "<b>Down</b> for a while")
    assert (refused.at, refused.reason) == (scan.at, "This ticket is for another day.")
    assert "<b>Down" not in page.content.decode()
    looker = signed_in(person("looker", "orders.view_order"))
    assert "Webhook" not in str(told(looker.get(change_page(order))))
    sees_endpoints = signed_in(
        person("partners", "orders.view_order", "partners.view_webhookendpoint")
    )
    its_page = reverse("admin:partners_webhookendpoint_change", args=[endpoint.pk])
    for address in (change_page(order), its_page):
        # An endpoint may answer with names: they are for those who may see them.
        assert "for a while" in text_of(desk.get(address))
        page = sees_endpoints.get(address)
        assert "500 Internal Server Error" in text_of(page)
        assert "for a while" not in page.content.decode()


def test_a_long_story_is_told_in_parts_and_nothing_twice_or_left_out(
    desk: Client, api: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(story, "MOST", 4)
    order = Order.objects.get(pk=api.create()["orderId"])
    first = timezone.now()
    for number in range(9):
        OrderEvent.objects.create(
            kind="order",
            subject_id=order.pk,
            name=f"note_{number}",
            actor="worker",
            at=first + datetime.timedelta(seconds=number // 2),
        )
    pages, address = [], change_page(order)
    while address:
        page = desk.get(address)
        pages.append([title for title, _ in told(page)])
        address = page.context["story"].earlier_url
        assert ("What happened before this" in text_of(page)) == bool(address)
    told_in_all = [title for part in reversed(pages) for title in part]
    assert told_in_all == ["Order received", "Submitted", *(f"Note {n}" for n in range(9))]
    assert max(map(len, pages)) <= 4
    for nonsense in ("x", "2026-11-21T10:00:00", "9999-12-31T23:59:59-14:00"):
        page = desk.get(reverse("admin:orders_order_story", args=[order.pk]), {"until": nonsense})
        assert [title for title, _ in told(page)] == pages[0]
    page = desk.get(page.wsgi_request.path, {"until": "0001-01-01T00:00:00+14:00"})
    assert told(page) == []
    assert "Nothing happened before that." in text_of(page)


def test_the_story_is_for_those_who_may_see_orders(api: ApiClient) -> None:
    address = reverse("admin:orders_order_story", args=[api.create()["orderId"]])
    assert signed_in(person("nobody")).get(address).status_code == 403
    assert signed_in(person("looker", "orders.view_order")).get(address).status_code == 200


def test_guests_are_masked_for_those_who_may_not_see_them(
    desk: Client, api: ApiClient, issue: Issue
) -> None:
    line = {
        "itemNumber": "DAY",
        "visitDate": TOMORROW.isoformat(),
        "sellToName": "Bo Yang",
        "wallet": {"names": ["Zoë Élan"]},
    }
    unmapped = {**line, "itemNumber": "SKU-9", "wallet": {"names": ["Noah Kane"]}}
    people = {"sellToName": "Anna de Vries", "sellToEmail": "anna@example.com"}
    guests = ("Anna de Vries", "anna@example.com", "Bo Yang", "Zoë Élan", "Noah Kane")
    orders = [
        issue(api.create(one, sellToOrderReference=f"WEB-{n}", **people)["orderId"])
        for n, one in enumerate((line, unmapped))
    ]
    wallet = orders[0].wallets.get()
    addresses = [
        *(change_page(order) for order in orders),
        reverse("admin:orders_order_changelist"),
        reverse("admin:orders_order_changelist") + "?q=WEB",
        *(reverse("admin:orders_order_story", args=[order.pk]) for order in orders),
        reverse("admin:wallets_wallet_changelist"),
        reverse("admin:wallets_wallet_change", args=[wallet.pk]),
    ]
    masked = person("masked", "orders.view_order", "wallets.view_wallet")
    seeing = person(
        "seeing", "orders.view_order", "wallets.view_wallet", "orders.view_personal_data"
    )
    shown = [text_of(signed_in(seeing).get(address)) for address in addresses]
    assert all(any(guest in page for guest in guests) for page in shown)
    assert all(any(guest in page for page in shown) for guest in guests)
    hidden = [signed_in(masked).get(address).content.decode() for address in addresses]
    assert "Any number, or part of it" in hidden[2]
    assert not any(guest in page for page in hidden for guest in guests)
    assert "A•••" in hidden[0]
    assert "a•••@•••" in hidden[0]
    assert "Z•••" in hidden[-1]
    assert not any(f"/m/{orders[0].token}" in page for page in hidden)


def test_what_a_batch_could_not_do_is_told(api: ApiClient, issue: Issue, desk: Client) -> None:
    order = fail(api, issue, "SKU-9")
    batch = run_once(start(order.failure_fingerprint))
    happening = desk.get(change_page(order)).context["story"].happenings[-1]
    assert (happening.look.title, happening.who) == ("Could not be done", DESK)
    assert happening.data == {"What": batch.title}
    assert "SKU-9 still cannot be issued" in happening.reason
