"""From a new partner to its first sale: what its page asks for next, and what it has seen."""

from __future__ import annotations

import datetime
import json
import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from catalog.models import Package, PackageMapping
from orders.models import Order
from partners.admin.golive import GoLive, read_golive
from partners.models import (
    ApiKey,
    Milestone,
    Partner,
    PartnerStatus,
    TokenBucket,
    WebhookEndpoint,
)
from partners.webhooks.endpoints import send_test
from tests.conftest import TOMORROW, ApiClient
from tests.staff import messages_of, person, signed_in, text_of
from tests.webhooks.conftest import make_endpoint

PARTNERS = "/admin/partners/partner/"
ORDERS = "/admin/orders/order/"
Issue = Callable[[str], Order]


@pytest.fixture
def desk(order_desk: User) -> Client:
    """The browser of somebody who keeps the partners."""
    return signed_in(order_desk)


def page_of(desk: Client, partner: Partner) -> Any:
    return desk.get(f"{PARTNERS}{partner.pk}/change/")


def seen(partner: Partner) -> list[str]:
    """Return the words of what was seen, in the order of the checklist."""
    golive: GoLive = read_golive(partner)
    return [step.proof.text for step in golive.steps if step.proof]


def unmapped(number: str = "SKU-9") -> dict[str, Any]:
    return {"itemNumber": number, "visitDate": TOMORROW.isoformat()}


def test_a_new_partner_sends_its_first_test_order_as_its_message_says(
    desk: Client, day: Package, issue: Issue
) -> None:
    form = desk.get(f"{PARTNERS}add/").context["adminform"]
    assert list(form.form.fields) == [
        "name",
        "venue",
        "contact_email",
        "sell_by_package_code",
        "unmapped_items",
    ]
    assert form.form.initial["venue"] == day.venue_id
    answers = {"name": "Sunny's Trips", "venue": day.venue_id, "unmapped_items": "accept"}
    page = desk.post(f"{PARTNERS}add/", answers, follow=True)
    partner = Partner.objects.get()
    assert (partner.status, partner.draft_lifetime_days, partner.hold_minutes) == (
        "Onboarding",
        7,
        8,
    )
    assert page.redirect_chain == [(f"{PARTNERS}{partner.pk}/change/", 302)]
    assert "Next: Make a test key and hand it over." in text_of(page)
    make_key = f"{PARTNERS}{partner.pk}/keys/new/?mode=test"
    assert f'href="{make_key}"' in page.content.decode()
    assert desk.get(make_key).context["form"]["mode"].value() == "test"
    made = desk.post(
        make_key, {"mode": "test", "name": "Sandbox", "scopes": ["orders:read", "orders:write"]}
    )
    message = made.context["welcome"]
    key = made.context["shown"]
    assert key not in message
    for needed in ("/channelManager\n", "/docs\n", str(partner.pk), "x-api-key"):
        assert needed in message
    body = json.loads(re.search(r"<<EOF\n(.*?)\nEOF", message, re.DOTALL)[1])  # type: ignore[index]
    tester = ApiClient(key, partner)
    created = tester.post(body)
    assert created.status_code == 201
    assert issue(created.json()["orderId"]).status == "Issued"
    page = page_of(desk, partner)
    assert "Next: The partner sends the same order a second time." in text_of(page)
    assert "Make test key" not in text_of(page)


def test_the_checklist_tells_what_really_happened(
    desk: Client, partner: Partner, tester: ApiClient, issue: Issue
) -> None:
    Partner.objects.filter(pk=partner.pk).update(status="Onboarding", sell_by_package_code=False)
    partner = Partner.objects.get(pk=partner.pk)
    key = ApiKey.objects.get()
    assert seen(partner) == [f"Without a name ({key})"]
    done = tester.create({"itemNumber": "TEST-OK"})
    sent = read_golive(partner).before[1].lack
    assert sent is not None
    assert sent.text == f"Order {done['buyFromOrderReference']} was sent and is Submitted."
    issue(done["orderId"])
    first = issue(
        tester.create({"itemNumber": "TEST-UNMAPPED"}, sellToOrderReference="U")["orderId"]
    )
    assert tester.post(tester.order_body({"itemNumber": "TEST-OK"})).status_code == 400
    tester.delete(done["orderId"])
    endpoint = make_endpoint(partner, "https://shop.example/hook", test_mode=True)
    send_test(endpoints=WebhookEndpoint.objects.all(), endpoint_id=endpoint.pk, now=timezone.now())
    WebhookEndpoint.objects.update(last_success_at=timezone.now())
    issued = Order.objects.get(pk=done["orderId"])
    assert seen(partner) == [
        f"Without a name ({key})",
        f"Order {issued}",
        "A second one was refused with duplicate_order",
        "Cancelled by the partner",
        f"Order {first} ended in Error: its item is not mapped",
        "https://shop.example/hook answered last",
        "A test event was sent to https://shop.example/hook",
    ]
    page = page_of(desk, partner)
    assert page.context["golive"].in_words == "7 of 9"
    order_url = reverse("admin:orders_order_change", args=[issued.pk])
    assert f'href="{order_url}">A second one was refused with duplicate_order</a>' in (
        page.content.decode()
    )
    failed = issue(tester.create(unmapped(), sellToOrderReference="S")["orderId"])
    lack = read_golive(partner).before[7].lack
    assert lack is not None
    assert lack.text == "1 item number of its failed orders means nothing yet."
    assert failed in desk.get(lack.url).context["cl"].result_list
    tester.delete(str(failed.pk))
    PackageMapping.objects.create(
        partner=partner, item_number="S", package=Package.objects.get(code="DAY")
    )
    assert seen(partner)[-1] == "1 mapping, the last one made"
    activate = text_of(desk.get(f"{PARTNERS}{partner.pk}/activate/"))
    assert "Done of the go-live checklist, 8 of 9" in activate
    assert "Not done yet: Make a live key and hand it over." in activate
    ApiKey.objects.update(revoked_at=timezone.now())
    revoked = read_golive(partner).before[0]
    assert (revoked.proof, revoked.lack and revoked.lack.text) == (
        None,
        "It had one that works no more.",
    )
    desk.post(f"{PARTNERS}{partner.pk}/activate/", {"reason": ""})
    told = text_of(page_of(desk, partner))
    assert "7 of 9 steps done" in told
    assert "Status and keys play_arrow Activated" in told
    assert Partner.objects.get(pk=partner.pk).status == "Active"


def test_a_live_order_ends_the_checklist(partner: Partner, api: ApiClient, issue: Issue) -> None:
    order = issue(api.create()["orderId"])
    assert seen(partner) == [
        "It sells by the venue's package codes",
        f"Without a name ({ApiKey.objects.get()})",
        f"Order {order}",
    ]


@pytest.mark.parametrize(
    ("act", "told"),
    [
        (lambda api: api.post(api.order_body(), idempotency_key="K"), "replayed"),
        (lambda api: api.post(api.order_body()), "duplicate_order"),
    ],
    ids=["replayed", "refused"],
)
def test_what_was_seen_is_written_once(
    partner: Partner,
    api: ApiClient,
    statements: Callable[[], Any],
    act: Callable[[ApiClient], Any],
    told: str,
) -> None:
    act(api)
    taken = []
    for _ in range(2):
        with statements() as count:
            act(api)
        taken.append(sum("partners_milestone" in text for text in count.statements))
    assert taken == [1, 0]
    row = Milestone.objects.get()
    assert (row.name, row.told, row.test_mode) == ("repeat_answered", told, False)
    assert Order.objects.get().pk == row.order_id


@pytest.mark.parametrize("repeat", ["a webhook's creation", "a deletion"])
def test_only_a_repeated_creation_of_an_order_is_one(
    api: ApiClient, issue: Issue, repeat: str
) -> None:
    if repeat == "a deletion":
        order_id = issue(api.create()["orderId"]).pk
        answers = [api.delete(order_id, idempotency_key="K") for _ in range(2)]
    else:
        hook = {"url": "https://shop.example.com/hook"}
        answers = [
            api.post(hook, "/channelManager/webhooks", idempotency_key="K") for _ in range(2)
        ]
    assert answers[1]["Idempotent-Replayed"] == "true"
    assert not Milestone.objects.filter(name="repeat_answered").exists()


def test_a_refusal_of_somebody_who_was_not_let_in_is_nobodys(partner: Partner) -> None:
    stranger = ApiClient("cm_live_unknown", partner)
    assert stranger.post(stranger.order_body()).status_code == 401
    assert not Milestone.objects.exists()


def test_pausing_and_closing_tell_first_what_is_under_way(
    desk: Client, api: ApiClient, tester: ApiClient, issue: Issue
) -> None:
    partner = api.partner
    for number in range(2):
        api.create(sellToOrderReference=f"F-{number}")
    issue(api.create(paymentReference=None, sellToOrderReference="D")["orderId"])
    tester.create({"itemNumber": "TEST-OK"})
    make_endpoint(partner, "https://shop.example/hook")
    address = f"{PARTNERS}{partner.pk}/pause/"
    page = desk.get(address)
    told = text_of(page)
    assert "2 orders in flight : issued as ordered, and the partner is told." in told
    assert "1 draft : the partner cannot confirm any, staff can." in told
    assert "0 holds." in told
    assert "1 webhook endpoint: told as before" in told
    links = [
        url.replace("&amp;", "&")
        for url in re.findall(rf'href="({ORDERS}[^"]*)"', page.content.decode())
    ]
    counts = [desk.get(url).context["cl"].result_count for url in links if "partner__id" in url]
    assert counts == [2, 1]
    assert desk.post(address, {"reason": ""}).status_code == 422
    done = desk.post(address, {"reason": "Storm"}, follow=True)
    assert messages_of(done) == ["Sunny Trips is paused."]
    assert "2 orders in flight" in text_of(desk.get(f"{PARTNERS}{partner.pk}/close/"))
    keeper = signed_in(person("keeper", "partners.view_partner", "partners.change_partner"))
    told = keeper.get(f"{PARTNERS}{partner.pk}/close/").content.decode()
    assert "2 orders in flight: issued" in told
    assert ORDERS not in told


def test_closed_is_final_for_whoever_writes(partner: Partner) -> None:
    rows = Partner.objects.filter(pk=partner.pk)
    rows.update(status=PartnerStatus.CLOSED)
    for status in ("Active", "Onboarding", "Paused"):
        with pytest.raises(IntegrityError, match="stays closed"), transaction.atomic():
            rows.update(status=status)
    rows.update(name="Former Trips", status=PartnerStatus.CLOSED)


def test_a_partners_health_is_told_with_the_lists_it_counts(
    desk: Client, api: ApiClient, rival: ApiClient, tester: ApiClient, issue: Issue
) -> None:
    def received(client: ApiClient, days_ago: float, *items: dict[str, Any]) -> Order:
        reference = str(uuid.uuid4())
        order_id = client.create(*items, sellToOrderReference=reference)["orderId"]
        issue(order_id)
        moment = timezone.now() - datetime.timedelta(days=days_ago)
        Order.objects.filter(pk=order_id).update(received_at=moment)
        return Order.objects.get(pk=order_id)

    for days in (0.5, 6, 8):
        received(api, days)
    received(api, 3, unmapped())
    last = received(api, 0.1, unmapped())
    received(rival, 20, unmapped())
    received(tester, 1)
    now = timezone.now()
    key = ApiKey.objects.get(partner=api.partner, test_mode=False)
    TokenBucket.objects.filter(key=key).update(refused_at=now)
    make_endpoint(api.partner, "https://shop.example/hook", failing_since=now)
    page = page_of(desk, api.partner)
    figures = {figure.label: figure for figure in page.context["health"]}
    assert {label: figure.text for label, figure in figures.items() if "ast " not in label[:5]} == {
        "Error rate, 7 days": "50.0 %",
        "Webhooks failing now": "1 of 1",
        "Over its rate limit": figures["Over its rate limit"].text,
    }
    for label, count in (
        ("Last 24 hours: orders", 2),
        ("Last 24 hours: failed", 1),
        ("Last 7 days: orders", 4),
        ("Last 7 days: failed", 2),
        ("Webhooks failing now", 1),
    ):
        assert figures[label].text.startswith(str(count)), label
        assert desk.get(figures[label].url).context["cl"].result_count == count, label
    assert figures["Last live order"].url == reverse("admin:orders_order_change", args=[last.pk])
    ours, theirs = desk.get("/admin/").context["partnerships"].partners
    assert (ours.name, ours.received, ours.failed, ours.rate) == ("Sunny Trips", 4, 2, "50.0 %")
    assert (theirs.name, theirs.received, theirs.failed, theirs.rate) == ("Rival Tours", 0, 0, "–")
    assert [trouble.text[:14] for trouble in ours.troubles] == ["Over its limit"]
    for url, count in ((ours.received_url, 4), (ours.failed_url, 2)):
        assert desk.get(url).context["cl"].result_count == count
    orders_only = signed_in(person("reader", "orders.view_order")).get("/admin/")
    ours = orders_only.context["partnerships"].partners[0]
    assert (ours.url, ours.troubles) == ("", [])


def test_the_page_takes_as_many_statements_whatever_was_sold(
    desk: Client, api: ApiClient, tester: ApiClient, issue: Issue, statements: Callable[[], Any]
) -> None:
    taken = []
    page_of(desk, api.partner)  # what Django keeps in memory has been read
    for number in range(3):
        for client in (api, tester):
            issue(client.create(sellToOrderReference=f"W-{number}")["orderId"])
            PackageMapping.objects.create(
                partner=api.partner,
                item_number=f"S-{number}-{client.key[-4:]}",
                package=Package.objects.get(code="DAY"),
            )
        with statements() as count:
            page_of(desk, api.partner)
        taken.append(len(count))
    assert len(set(taken)) == 1, taken
    assert taken[0] <= 20
