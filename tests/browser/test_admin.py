"""The admin in a real browser: the daily work, and how it looks on two screens, light and dark."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from catalog.models import Package, PackageMapping
from orders.models import Batch, Order, OrderEvent
from partners.keys import create_key, hash_key
from partners.models import ApiKey, WebhookDelivery, WebhookEndpoint
from partners.webhooks.endpoints import pause_endpoint
from tests.browser.appearance import PHONE, TABLET, AdminLooks, photograph
from tests.conftest import TOMORROW, ApiClient
from tests.factories import (
    AttractionFactory,
    CalendarDayFactory,
    PartnerFactory,
    SessionFactory,
    VenueFactory,
)
from tests.orders.test_batches import run_once
from tests.webhooks.conftest import Clock, Sender, make_endpoint
from wallets.models import Wallet

pytestmark = pytest.mark.django_db(transaction=True)

DAY = {"itemNumber": "DAY", "visitDate": TOMORROW.isoformat()}
LONG = "Jürgen Müller-Lüdenscheidt van den Berg-Zandvoort"


@pytest.fixture
def orders(api: ApiClient, issue: Callable[[str], Order], order_desk: User) -> dict[str, Order]:
    """One order of each state, with texts that are as long as they come."""
    bodies: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
        "issued": ({**DAY, "quantity": 2, "wallet": {"names": ["Noah", LONG]}}, {}),
        "draft": ({"itemNumber": "BUNDLE", "visitDate": DAY["visitDate"], "quantity": 30}, {}),
        "failed": ({**DAY, "itemNumber": "SKU-9"}, {"sellToOrderReference": "R" * 128}),
        "cancelled": (DAY, {}),
    }
    bodies["draft"][1]["paymentReference"] = None
    made = {}
    for name, (line, members) in bodies.items():
        header = {
            "sellToName": LONG,
            "sellToEmail": f"{'guest' * 8}@example.com",
            "sellToOrderReference": f"WEB-{name}",
            **members,
        }
        made[name] = issue(api.create(line, **header)["orderId"])
    api.delete(str(made["cancelled"].pk))
    return {name: Order.objects.get(pk=order.pk) for name, order in made.items()}


@pytest.fixture
def endpoints(orders: dict[str, Order]) -> dict[str, WebhookEndpoint]:
    """An endpoint that fails, with texts that are as long as they come, and one we paused."""
    clock = Clock()
    clock.now = timezone.now()
    partner = orders["issued"].partner
    paused = make_endpoint(
        partner, "https://shop.example/test", test_mode=True, last_success_at=clock()
    )
    pause_endpoint(
        endpoints=WebhookEndpoint.objects.all(),
        endpoint_id=paused.pk,
        reason="It took nothing for three days. Last: It answered 503.",
        actor="worker",
        now=clock(),
    )
    failing = make_endpoint(partner, f"https://127.0.0.1/{'long' * 60}", description=LONG)
    Sender(clock).tick()
    for delivery in WebhookDelivery.objects.filter(endpoint=failing).order_by("-id")[:2]:
        delivery.tries.update(status_code=503, error="", answer=f"<h1>Busy</h1> {'x' * 700}")
        WebhookDelivery.objects.filter(pk=delivery.pk).update(status="Failed", next_attempt_at=None)
    since = clock() - datetime.timedelta(hours=3)
    WebhookEndpoint.objects.filter(pk=failing.pk).update(failing_since=since)
    return {"endpoint": failing, "paused": paused}


@pytest.fixture
def coming_days(orders: dict[str, Order]) -> None:
    """A day with many sessions, one that is closed, another park, and an order that stands still."""
    venue = orders["issued"].venue
    today = timezone.now().astimezone(venue.zone).date()
    ride = AttractionFactory.create(venue=venue, name=LONG)
    show = AttractionFactory.create(venue=venue, name="Cinema")
    for hour in range(24):
        SessionFactory.create(attraction=show, date=today, time=datetime.time(hour), sold=4 * hour)
    SessionFactory.create(attraction=ride, date=today, capacity=12_000, sold=11_987)
    for offset in range(1, 9):
        day = today + datetime.timedelta(days=offset)
        SessionFactory.create(attraction=ride, date=day, sold=90, is_on_sale=offset != 3)
    closed = today + datetime.timedelta(days=3)
    CalendarDayFactory.create(venue=venue, date=closed, reason=f"A storm is coming, says {LONG}")
    VenueFactory.create(name="Far park")
    waiting = ApiClient(create_key(partner=orders["issued"].partner)[1], orders["issued"].partner)
    late = waiting.create(DAY, sellToOrderReference="WEB-late")["orderId"]
    moment = timezone.now() - datetime.timedelta(hours=5)
    Order.objects.filter(pk=late).update(status_since=moment, received_at=moment)


def message(page: Page, text: str) -> None:
    """Expect a message on the page."""
    expect(page.locator("#main").get_by_text(text, exact=True)).to_be_visible()


def choose(page: Page, field: str, text: str) -> None:
    """Choose something in a field that searches as one types."""
    page.locator(f".field-{field} .select2-selection").first.click()
    page.locator(".select2-search__field").fill(text)
    page.locator(".select2-results__option", has_text=text).first.click()


def test_somebody_signs_in_finds_a_failed_order_maps_and_replays_it(
    page: Page,
    live_server: LiveServer,
    orders: dict[str, Order],
    day: Package,
    issue: Callable[[str], Order],
) -> None:
    failed, desk = orders["failed"], page
    desk.goto(f"{live_server.url}/admin")
    desk.get_by_label("Username").fill("desk")
    desk.get_by_label("Password").fill("desk-password")
    desk.get_by_role("button", name="Log in").click()
    expect(desk).to_have_url(f"{live_server.url}/admin/")
    desk.locator(".cm-tile").get_by_role("link", name=re.compile("Unmapped")).click()
    desk.get_by_role("link", name=str(failed)).click()
    desk.get_by_role("link", name="Map SKU-9").click()
    expect(desk.locator(".field-partner .select2-selection")).to_contain_text("Sunny Trips")
    expect(desk.get_by_label("Item number")).to_have_value("SKU-9")
    choose(desk, "package", "DAY")
    desk.get_by_role("button", name="Save", exact=True).click()
    expect(desk.get_by_role("heading", name="Orders that wait")).to_be_visible()
    expect(desk.get_by_role("link", name=str(failed))).to_be_visible()
    desk.get_by_role("link", name="Back", exact=True).click()
    expect(desk.get_by_text("SKU-9 means DAY now and can be issued.")).to_be_visible()
    assert PackageMapping.objects.get().item_number == "SKU-9"
    desk.get_by_role("link", name="Replay").click()
    desk.get_by_role("button", name="Replay order").click()
    message(desk, f"Order {failed} was submitted again.")
    assert issue(str(failed.pk)).status == "Issued"


def test_a_draft_is_confirmed_and_then_cancelled_with_a_reason(
    desk: Page, live_server: LiveServer, orders: dict[str, Order]
) -> None:
    draft = orders["draft"]
    desk.goto(f"{live_server.url}{reverse('admin:orders_order_change', args=[draft.pk])}")
    desk.get_by_role("link", name="Confirm", exact=True).click()
    desk.get_by_label("Payment reference").fill("TILL-1")
    desk.get_by_role("button", name="Confirm order").click()
    message(desk, f"Order {draft} is confirmed and issued.")
    desk.get_by_role("link", name="Cancel order").click()
    desk.get_by_text("Wallets (30)").click()
    number = Wallet.objects.filter(order=draft).values_list("reference_number", flat=True)[0]
    expect(desk.get_by_text(number)).to_be_visible()
    desk.get_by_role("button", name="Cancel order").click()
    expect(desk.get_by_label("Reason")).to_be_focused()  # the browser asks for it
    desk.get_by_label("Reason").fill("The guest is ill")
    desk.get_by_role("button", name="Cancel order").click()
    message(desk, f"Order {draft} is cancelled.")
    assert Order.objects.get(pk=draft.pk).status == "Cancelled"
    expect(desk.locator(".cm-timeline")).to_contain_text("The guest is ill")


def test_any_number_leads_to_its_order(
    desk: Page, live_server: LiveServer, orders: dict[str, Order]
) -> None:
    issued = orders["issued"]
    number = Wallet.objects.filter(order=issued).values_list("reference_number", flat=True)[0]
    desk.goto(f"{live_server.url}/admin/orders/order/")
    desk.get_by_placeholder("Any number, guest or e-mail address, or part of it").fill(
        number.lower()
    )
    desk.keyboard.press("Enter")
    desk.get_by_role("link", name=str(issued)).click()
    expect(desk.get_by_role("heading", name=str(issued), level=2)).to_be_visible()


def test_many_wallets_are_folded_until_somebody_opens_them(
    desk: Page, live_server: LiveServer, orders: dict[str, Order]
) -> None:
    draft = orders["draft"]
    wallet = Wallet.objects.filter(order=draft, seq_no=30).get()
    desk.goto(f"{live_server.url}{reverse('admin:orders_order_change', args=[draft.pk])}")
    expect(desk.get_by_text(wallet.reference_number)).to_be_hidden()
    desk.get_by_text("30 wallets").click()
    expect(desk.get_by_text(wallet.reference_number)).to_be_visible()


def test_chosen_orders_are_worked_off_while_one_watches(
    desk: Page, live_server: LiveServer, orders: dict[str, Order]
) -> None:
    looks = AdminLooks(desk, live_server.url)
    desk.goto(f"{live_server.url}/admin/orders/order/")
    desk.locator("#result_list thead input[type=checkbox]").check()
    desk.locator("select[name=action]").select_option("move_chosen")
    desk.get_by_role("button", name="Run").click()
    expect(desk.get_by_text("1 order is left out: Cancelled.")).to_be_visible()
    looks.look("bulk-move")
    desk.set_viewport_size({"width": 1280, "height": 900})
    desk.get_by_label("New day").fill((TOMORROW + datetime.timedelta(days=1)).isoformat())
    desk.get_by_label("Reason").fill("A storm")
    desk.get_by_role("button", name="Move 3 orders").click()
    expect(desk.get_by_text("0 of 3 orders done.")).to_be_visible()
    expect(desk.get_by_role("button", name="Stop")).to_be_visible()
    looks.look("batch-running")
    run_once(Batch.objects.get())
    expect(desk.get_by_text("Done with all 3 orders.")).to_be_visible()
    expect(desk.get_by_role("button", name="Stop")).to_have_count(0)
    looks.look("batch-done")
    desk.go_back()  # not to the form that started it
    expect(desk.locator("#result_list tbody")).to_have_count(4)
    looks.look_at({"batch-list": "/admin/orders/batch/"})
    assert looks.wrong == {}


def test_filters_are_chosen_in_a_sheet(
    desk: Page, live_server: LiveServer, orders: dict[str, Order]
) -> None:
    desk.goto(f"{live_server.url}/admin/orders/order/")
    desk.locator("a", has_text="Filters").click()
    sheet = desk.locator("#changelist-filter")
    expect(sheet).to_be_visible()
    photograph(desk, "filters-1280-light")
    sheet.locator("select[name=cause]").select_option("unmapped_item")
    sheet.get_by_role("button", name=re.compile("Apply")).click()
    expect(desk.locator("#result_list tbody")).to_have_count(1)
    expect(desk.locator("#result_list")).to_contain_text(str(orders["failed"]))
    desk.set_viewport_size(TABLET)
    expect(desk.locator("#result_list tbody tr")).to_have_css("display", "table-row")
    expect(desk.locator("#result_list")).to_have_css("width", "788px")  # as wide as its window
    desk.set_viewport_size(PHONE)
    expect(desk.locator("#result_list tbody tr")).to_have_css("display", "block")


def test_a_new_key_is_made_copied_and_gone(
    desk: Page, live_server: LiveServer, api: ApiClient
) -> None:
    address = reverse("admin:partners_partner_change", args=[api.partner.pk])
    desk.context.grant_permissions(["clipboard-read", "clipboard-write"])
    desk.goto(f"{live_server.url}{address}")
    desk.get_by_role("link", name="New key").click()
    desk.get_by_label("Name").fill("Web shop")
    desk.locator("input[value=reports]").uncheck()
    photograph(desk, "new-key-1280-light")
    desk.get_by_role("button", name="Make key").click()
    key = desk.locator("#api-key").inner_text()
    row = ApiKey.objects.get(key_hash=hash_key(key))
    assert "reports" not in row.scopes
    desk.get_by_role("button", name="Copy", exact=True).click()
    expect(desk.get_by_role("button", name="Copied")).to_be_visible()
    assert desk.evaluate("navigator.clipboard.readText()") == key
    photograph(desk, "key-shown-1280-light")
    desk.get_by_role("link", name="I have copied it").click()
    expect(desk.get_by_text("Web shop")).to_be_visible()
    assert key not in desk.content()
    for load in (desk.go_back, desk.reload):  # it is not kept, and not made again
        load()
        expect(desk.get_by_text("Web shop")).to_be_visible()
        assert key not in desk.content()
    assert ApiKey.objects.filter(name="Web shop").count() == 1


def test_a_package_takes_another_component_and_price(
    desk: Page, live_server: LiveServer, api: ApiClient, day: Package
) -> None:
    desk.goto(f"{live_server.url}/admin/catalog/package/{day.pk}/change/")
    desk.get_by_text("Add another Price").click()
    desk.locator("input[name=prices-1-amount_incl_vat]").fill("30")
    desk.locator("input[name=prices-1-visit_from]").fill("2027-01-01")
    desk.get_by_role("button", name="Save and continue editing").click()
    expect(desk.locator("input[name=prices-1-visit_from]")).to_have_count(1)
    expect(desk.get_by_text("was changed successfully")).to_be_visible()
    assert day.prices.count() == 2


PAGES = {
    "home": "/admin/",
    "orders": "/admin/orders/order/",
    "failures": "/admin/orders/order/?status=Error",
    "nothing": "/admin/orders/order/?q=nothing-like-it",
    "issued": "/admin/orders/order/{issued}/change/",
    "failed": "/admin/orders/order/{failed}/change/",
    "draft": "/admin/orders/order/{draft}/change/",
    "cancelled": "/admin/orders/order/{cancelled}/change/",
    "confirm": "/admin/orders/order/{draft}/confirm/",
    "cancel": "/admin/orders/order/{issued}/cancel/",
    "replay": "/admin/orders/order/{failed}/replay/",
    "history": "/admin/orders/orderevent/",
    "event": "/admin/orders/orderevent/{event}/change/",
    "ledger": "/admin/orders/ledgerentry/",
    "wallets": "/admin/wallets/wallet/",
    "wallet": "/admin/wallets/wallet/{wallet}/change/",
    "assets": "/admin/wallets/asset/",
    "packages": "/admin/catalog/package/",
    "package": "/admin/catalog/package/{package}/change/",
    "withdraw": "/admin/catalog/package/{package}/withdraw/",
    "items": "/admin/catalog/item/",
    "mapping": "/admin/catalog/packagemapping/add/",
    "partners": "/admin/partners/partner/",
    "partner": "/admin/partners/partner/{partner}/change/",
    "close": "/admin/partners/partner/{partner}/close/",
    "onboarding": "/admin/partners/partner/{newcomer}/change/",
    "venue": "/admin/partners/venue/{venue}/change/",
    "webhooks": "/admin/partners/webhookendpoint/",
    "webhook": "/admin/partners/webhookendpoint/{endpoint}/change/",
    "webhook-new": "/admin/partners/webhookendpoint/add/?partner={partner}",
    "webhook-resume": "/admin/partners/webhookendpoint/{paused}/resume/",
    "webhook-replay": "/admin/partners/webhookendpoint/{endpoint}/replay_range/",
    "users": "/admin/auth/user/",
    "jobs": "/admin/procrastinate/procrastinatejob/",
    "missing": "/admin/nothing/",
}


def test_every_page_fits_its_screen_and_can_be_read(
    desk: Page,
    live_server: LiveServer,
    orders: dict[str, Order],
    endpoints: dict[str, WebhookEndpoint],
    coming_days: None,
) -> None:
    event = OrderEvent.objects.filter(name="cancelled").get()
    keys = {
        **{name: order.pk for name, order in orders.items()},
        **{name: endpoint.pk for name, endpoint in endpoints.items()},
        "event": event.pk,
        "wallet": Wallet.objects.filter(status="Destroyed").get().pk,
        "package": Package.objects.get(code="BUNDLE").pk,
        "partner": orders["issued"].partner_id,
        "newcomer": PartnerFactory.create(venue=orders["issued"].venue, status="Onboarding").pk,
        "venue": orders["issued"].venue_id,
    }
    looks = AdminLooks(desk, live_server.url)
    looks.look_at({name: address.format(**keys) for name, address in PAGES.items()})
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 hour'"
        )
    looks.look_at({"no-worker": "/admin/", "no-worker-list": "/admin/orders/order/"})
    assert looks.wrong == {}
