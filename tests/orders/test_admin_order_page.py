"""The page of one order: everything about it, in one scroll and a fixed number of statements."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from catalog.models import Component, Package, PackageMapping, Price
from orders import lifecycle
from orders.models import Order, OrderEvent
from tests.conftest import TOMORROW, ApiClient
from tests.staff import messages_of, person, signed_in, text_of, viewer
from wallets.models import Asset, Wallet

Issue = Callable[[str], Order]
VISIT = TOMORROW.isoformat()
DAY = {"itemNumber": "DAY", "visitDate": VISIT}


@pytest.fixture
def desk(order_desk: User) -> Client:
    """The browser of somebody at the order desk."""
    return signed_in(order_desk)


def page_of(client: Client, order: Order) -> Any:
    """Open an order's page, which must be there."""
    response = client.get(reverse("admin:orders_order_change", args=[order.pk]))
    assert response.status_code == 200
    return response


def test_an_issued_order_shows_all_of_it(desk: Client, api: ApiClient, issue: Issue) -> None:
    line = {**DAY, "quantity": 2, "wallet": {"names": ["Noah", "Mia"]}}
    sent = api.create(
        {**line, "wallet": {**line["wallet"], "externalReferenceNumbers": ["X-1", "X-2"]}},  # type: ignore[dict-item]
        {"itemNumber": "BUNDLE", "visitDate": VISIT},
        sellToName="Anna de Vries",
        sellToEmail="anna@example.com",
        sellToLanguage="nl",
    )
    order = issue(sent["orderId"])
    page = page_of(desk, order)
    text = text_of(page)
    wallets = Wallet.objects.filter(order=order)
    assets = Asset.objects.filter(wallet__order=order)
    zone = order.venue.zone
    for expected in (
        "Issued",
        str(order.pk),
        order.buy_from_order_reference,
        "Partner Sunny Trips",
        "Partner's number WEB-1",
        f"Received {order.received_at.astimezone(zone):%-d %b %Y, %H:%M}",
        "Name Anna de Vries",
        "E-mail anna@example.com",
        "Language nl",
        f"First visit {TOMORROW:%a %-d %b %Y}",
        "Total incl. VAT EUR 118.50",
        "VAT EUR 10.24",
        "Total excl. VAT EUR 108.26",
        "Payment PAY-1",
        "2 × Name of DAY Line 100000 · item DAY · package DAY",
        "Unit price EUR 34.50 Total EUR 69.00",
        "1 × Rides and lunch",
        "Noah",
        "external X-1",
        *wallets.values_list("reference_number", flat=True),
        *assets.values_list("reference_number", flat=True),
        "LUNCH coupon",
        "2 wallets",
        "EUR 69.00 EUR 5.70 EUR 0.00 EUR 69.00",
    ):
        assert expected in text, expected
    assert len(wallets) == 3
    assert f'href="http://127.0.0.1:8000/m/{order.token}"' in page.content.decode()
    assert buttons(page) == ["Move to another day", "Send link to partner", "Cancel order"]


def buttons(page: Any) -> list[str]:
    """Return the labels of the page's action buttons."""
    return [button.label for button in page.context["buttons"]]


def test_the_history_names_people_partners_and_the_system(
    desk: Client, order_desk: User, api: ApiClient, issue: Issue
) -> None:
    order = issue(api.create(paymentReference=None)["orderId"])
    lifecycle.confirm_order(
        orders=Order.objects.all(),
        order_id=order.pk,
        payment_reference="PAY-7",
        actor=f"staff:{order_desk.pk}",
        now=timezone.now(),
        reason="Paid at the till",
    )
    api.confirm(str(order.pk), "PAY-8")
    happenings = page_of(desk, order).context["story"].happenings
    told = [(row.look.title, row.who, row.to_state, row.reason) for row in happenings]
    assert told == [
        ("Order received", "Sunny Trips", "", ""),
        ("Submitted", "Sunny Trips", "Submitted", ""),
        ("Picked up", "System", "Scheduled", ""),
        ("Issuing started", "System", "Processing", ""),
        ("Drafted", "System", "Draft", ""),
        ("Confirmed", "desk", "Issued", "Paid at the till"),
        ("Sale posted", "System", "", ""),
        ("Confirmation received", "Sunny Trips", "", ""),
        ("Other payment reference", "Sunny Trips", "Issued", ""),
    ]
    assert happenings[-1].data == {"Given": "PAY-8", "Kept": "PAY-7"}


def test_an_actor_that_is_gone_keeps_its_id(desk: Client, api: ApiClient, issue: Issue) -> None:
    order = issue(api.create(paymentReference=None)["orderId"])
    for actor in ("staff:999999", "staff:x", "partner:x", "somebody"):
        OrderEvent.objects.create(
            kind="order", subject_id=order.pk, name="noted", actor=actor, at=timezone.now()
        )
    who = [row.who for row in page_of(desk, order).context["story"].happenings][-4:]
    assert who == ["staff:999999", "staff:x", "partner:x", "somebody"]


def test_an_unmapped_item_leads_to_a_mapping_form_that_is_filled_in(
    desk: Client, api: ApiClient, day: Package, issue: Issue
) -> None:
    order = issue(api.create({**DAY, "itemNumber": "SKU 9/A"})["orderId"])
    page = page_of(desk, order)
    (remedy,) = page.context["page"].remedies
    assert remedy.what == "Line 100000: SKU 9/A is not mapped to a package."
    target = urlsplit(remedy.link)
    asked = parse_qs(target.query)
    assert target.path == reverse("admin:catalog_packagemapping_add")
    assert asked["partner"] == [str(api.partner.pk)]
    assert asked["item_number"] == ["SKU 9/A"]
    form = desk.get(remedy.link).context["adminform"].form
    assert form.initial["item_number"] == "SKU 9/A"
    saved = desk.post(
        remedy.link,
        {
            "partner": api.partner.pk,
            "item_number": "SKU 9/A",
            "package": day.pk,
            "is_active": "on",
            "_save": "Save",
        },
    )
    follow = urlsplit(saved.headers["Location"])
    assert follow.path == reverse("admin:orders_batch_start")
    assert parse_qs(follow.query) == {
        "cause": [order.failure_fingerprint],
        "next": [reverse("admin:orders_order_change", args=[order.pk])],
    }
    assert PackageMapping.objects.filter(item_number="SKU 9/A", package=day).exists()
    (remedy,) = page_of(desk, order).context["page"].remedies
    assert (remedy.what, remedy.is_mended) == (
        "Line 100000: SKU 9/A means DAY now and can be issued.",
        True,
    )


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        (lambda: Component.objects.update(is_active=False), "has no active component to issue"),
        (lambda: Price.objects.all().delete(), f"has no price for {TOMORROW:%-d %b %Y}."),
    ],
    ids=["component", "price"],
)
def test_what_a_package_lacks_leads_to_the_package(
    desk: Client,
    api: ApiClient,
    day: Package,
    issue: Issue,
    spoil: Callable[[], Any],
    what: str,
) -> None:
    spoil()
    order = issue(api.create()["orderId"])
    page = page_of(desk, order)
    (remedy,) = page.context["page"].remedies
    assert what in remedy.what
    assert remedy.link == reverse("admin:catalog_package_change", args=[day.pk])
    assert "Open DAY" in text_of(page)
    assert (page.context["buttons"][0].label, page.context["buttons"][0].look) == (
        "Replay",
        "quiet",
    )


def test_a_line_that_came_off_sale_meanwhile_says_so(
    desk: Client, api: ApiClient, day: Package, issue: Issue
) -> None:
    order = issue(api.create({**DAY, "itemNumber": "SKU-9"})["orderId"])
    PackageMapping.objects.create(partner=api.partner, item_number="SKU-9", package=day)
    Package.objects.filter(pk=day.pk).update(status="Withdrawn")
    (remedy,) = page_of(desk, order).context["page"].remedies
    assert remedy.what == "Line 100000: SKU-9 (DAY) is not on sale."


def test_a_fault_of_ours_says_what_to_do(desk: Client, api: ApiClient, issue: Issue) -> None:
    order = issue(api.create()["orderId"])
    for code, advice in (("stalled", "Its numbers and prices stay"), ("internal", "worker's log")):
        Order.objects.filter(pk=order.pk).update(
            status="Error", failure_code=code, status_message="Issuing failed."
        )
        assert advice in text_of(page_of(desk, order))


def test_wallets_of_earlier_contents_are_listed_apart(
    desk: Client, api: ApiClient, issue: Issue
) -> None:
    order = issue(api.create(paymentReference=None)["orderId"])
    (old,) = Wallet.objects.filter(order=order)
    body = api.order_body({"itemNumber": "BUNDLE", "visitDate": VISIT}, paymentReference=None)
    assert api.put(str(order.pk), body).status_code == 200
    order = issue(str(order.pk))
    shown = page_of(desk, order)
    old.refresh_from_db()
    ended = f"{old.destroyed_at.astimezone(order.venue.zone):%-d %b %Y, %H:%M}"
    assert f"{old} Wallet Destroyed destroyed {ended}" in text_of(shown)
    page = shown.context["page"]
    assert [view.wallet for view in page.replaced] == [old]
    assert [view.wallet for line in page.lines for view in line.wallets] == list(
        Wallet.objects.filter(order=order, line__isnull=False)
    )
    assert [wallet.pk for wallet in page.living_wallets] != [old.pk]


def test_a_page_takes_as_many_statements_for_300_wallets_as_for_one(
    desk: Client, api: ApiClient, issue: Issue, statements: Callable[[], Any]
) -> None:
    taken = []
    for number, quantity in enumerate((1, 300)):
        line = {"itemNumber": "BUNDLE", "visitDate": VISIT, "quantity": quantity}
        order = issue(api.create(line, line, sellToOrderReference=f"WEB-{number}")["orderId"])
        with statements() as count:
            page_of(desk, order)
        assert len(count) <= 20, "\n".join(count.statements)
        assert not any('"logo"' in statement for statement in count.statements)
        taken.append(len(count))
    assert taken[0] == taken[1]


def test_a_thousand_wallets_are_folded_away_and_all_there(
    desk: Client, api: ApiClient, issue: Issue
) -> None:
    order = issue(api.create({**DAY, "quantity": 1000})["orderId"])
    page = page_of(desk, order).content.decode()
    assert "1000 wallets" in re.sub(r"\s+", " ", page)
    assert "<details >" in page
    numbers = Wallet.objects.filter(order=order).values_list("reference_number", flat=True)
    assert all(number in page for number in numbers)


@pytest.mark.parametrize(
    ("reference", "message", "expected"),
    [
        ("PAY-1", None, ["Move to another day", "Send link to partner", "Cancel order"]),
        (None, None, ["Confirm", "Move to another day", "Cancel order"]),
        (None, "failed", ["Replay", "Move to another day", "Cancel order"]),
    ],
    ids=["Issued", "Draft", "Error"],
)
def test_buttons_follow_the_status_and_the_role(
    desk: Client,
    api: ApiClient,
    issue: Issue,
    reference: str | None,
    message: str | None,
    expected: list[str],
) -> None:
    number = "SKU-9" if message else "DAY"
    sent = api.create({**DAY, "itemNumber": number}, paymentReference=reference)
    order = issue(sent["orderId"])
    assert buttons(page_of(desk, order)) == expected
    assert buttons(page_of(signed_in(viewer()), order)) == []
    replayer = signed_in(person("replayer", "orders.view_order", "orders.replay_order"))
    assert buttons(page_of(replayer, order)) == (["Replay"] if message else [])


def test_an_order_in_flight_has_no_buttons(desk: Client, api: ApiClient) -> None:
    order = Order.objects.get(pk=api.create()["orderId"])
    assert buttons(page_of(desk, order)) == []


def test_somebody_who_may_only_look_is_offered_no_way_to_change(
    api: ApiClient, issue: Issue
) -> None:
    order = issue(api.create({**DAY, "itemNumber": "SKU-9"})["orderId"])
    page = page_of(signed_in(viewer()), order)
    assert "Map SKU-9" not in text_of(page)
    assert reverse("admin:catalog_packagemapping_add") not in page.content.decode()


def test_texts_of_partners_and_guests_are_never_markup(
    desk: Client, api: ApiClient, issue: Issue
) -> None:
    script = "<script>alert(1)</script>"
    order = issue(
        api.create(
            {**DAY, "itemNumber": script, "wallet": {"names": [script]}},
            sellToName=script,
            sellToOrderReference=script,
            paymentReference=script,
        )["orderId"]
    )
    for address in (
        reverse("admin:orders_order_change", args=[order.pk]),
        reverse("admin:orders_order_cancel", args=[order.pk]),
        reverse("admin:orders_order_replay", args=[order.pk]),
        reverse("admin:orders_order_changelist") + "?status=Error&q=%3Cscript%3E",
        reverse("admin:orders_order_changelist") + "?status=Error",
        "/admin/",
    ):
        page = desk.get(address)
        assert page.status_code == 200
        assert script not in page.content.decode(), address


def test_the_address_of_a_deleted_order_leads_to_its_history(
    desk: Client, api: ApiClient, issue: Issue
) -> None:
    order = issue(api.create(paymentReference=None)["orderId"])
    api.delete(str(order.pk))
    page = desk.get(reverse("admin:orders_order_change", args=[order.pk]), follow=True)
    assert messages_of(page) == ["This order was removed for good. This is its history."]
    assert "Deleted" in text_of(page)


@pytest.mark.parametrize("key", ["nonsense", "019aa0d0-0000-7000-8000-00000000dead"])
def test_an_unknown_order_says_so(desk: Client, key: str) -> None:
    page = desk.get(f"/admin/orders/order/{key}/change/", follow=True)
    assert messages_of(page) == ["There is no such order."]


def test_a_deleted_order_is_found_by_every_number_it_had(
    desk: Client, api: ApiClient, rival: ApiClient, issue: Issue
) -> None:
    line = {**DAY, "wallet": {"externalReferenceNumbers": ["GYG-77"]}}
    order = issue(api.create(line, paymentReference=None)["orderId"])
    issue(rival.create(sellToOrderReference="OTHER")["orderId"])
    wallet = order.wallets.get()
    numbers = [
        str(order.pk),
        order.buy_from_order_reference,
        order.buy_from_order_reference.lower(),
        "WEB-1",
        wallet.reference_number.lower(),
        "GYG-77",
        wallet.assets.get().reference_number,
    ]
    api.delete(str(order.pk))
    for number in numbers:
        page = desk.get(reverse("admin:orders_orderevent_changelist"), {"q": number})
        rows = page.context["cl"].result_list
        assert {row.subject_id for row in rows} == {order.pk}, number
        assert {row.subject.number for row in rows} == {order.buy_from_order_reference}
        deleted = desk.get(
            reverse("admin:orders_orderevent_changelist"), {"q": number, "name": "deleted"}
        )
        assert len(deleted.context["cl"].result_list) == 1


def test_the_history_list_takes_as_many_statements_for_many_rows(
    desk: Client, api: ApiClient, issue: Issue, statements: Callable[[], Any]
) -> None:
    taken = []
    for number in range(6):
        order = issue(
            api.create(sellToOrderReference=f"WEB-{number}", paymentReference=None)["orderId"]
        )
        api.delete(str(order.pk))
        if number in (0, 5):
            with statements() as count:
                desk.get(reverse("admin:orders_orderevent_changelist"))
            taken.append(len(count))
    assert taken[0] == taken[1] <= 15
