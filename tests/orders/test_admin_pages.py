"""Every page of the admin opens: for a superuser, and for somebody who may only look."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from catalog.models import Component, ComponentSource, Item, Package, PackageMapping
from channel_manager.history import roles
from orders.checkouts import open_checkout
from orders.gate.admission import admit
from orders.models import Batch, Closure, Export, Order, Statement
from orders.virtual_queues import Settings, open_queue
from partners.models import Dialect, Partner, Venue
from partners.storefronts import open_storefront
from tests.catalog.calendars import hold
from tests.conftest import TOMORROW, ApiClient
from tests.dialects.ordino.speaking import Park
from tests.factories import (
    AllotmentFactory,
    AttractionFactory,
    CalendarDayFactory,
    OpeningHoursFactory,
    SeatPlanFactory,
    SessionExceptionFactory,
    SessionFactory,
    SessionRuleFactory,
    sellable_package,
)
from tests.finance.agreed import agree
from tests.finance.months import month
from tests.orders.elsewhere import begun
from tests.staff import person, signed_in, text_of, viewer
from tests.wallets.elsewhere import FakeConnector, connect, put_in
from tests.webhooks.conftest import make_endpoint
from wallets.devices import create_device
from wallets.models import Asset

MADE_BY_HAND = {
    "contract",
    "period",
    "allotment",
    "attraction",
    "calendarday",
    "closure",
    "connection",
    "gatedevice",
    "group",
    "guestissuer",
    "item",
    "openinghours",
    "package",
    "packagemapping",
    "partner",
    "seatplan",
    "sessionexception",
    "sessionrule",
    "user",
    "venue",
    "virtualqueue",
    "webhookendpoint",
}
# Whose page of adding leads to where they are made.
MADE_ELSEWHERE = {"statement", "export", "componentsource"}
REGISTRY = sorted(admin.site._registry, key=lambda model: model._meta.label)


@pytest.fixture
def everything(
    api: ApiClient,
    rival: ApiClient,
    day: Package,
    issue: Callable[[str], Order],
    monkeypatch: pytest.MonkeyPatch,
) -> dict[str, str]:
    """At least one row of everything, orders in every state that rests."""
    PackageMapping.objects.create(partner=api.partner, item_number="SKU-1", package=day)
    Group.objects.create(name="Order desk")
    visit = TOMORROW.isoformat()
    a_queue_of(api.partner, issue)
    orders = {
        "issued": api.create(),
        "draft": rival.create(paymentReference=None),
        "failed": api.create(
            {"itemNumber": "SKU-9", "visitDate": visit},
            sellToOrderReference="WEB-2",
        ),
        "cancelled": api.create(sellToOrderReference="WEB-3"),
        "deleted": api.create(sellToOrderReference="WEB-4", paymentReference=None),
    }
    for order in orders.values():
        issue(order["orderId"])
    for name in ("cancelled", "deleted"):
        assert api.delete(orders[name]["orderId"]).status_code == 200
    api.create(sellToOrderReference="WEB-5")
    Batch.objects.create(
        action="replay",
        fingerprint="stalled",
        title="Stood still",
        started_by="staff:1",
        started_at=timezone.now(),
    )
    a_calendar(day.venue)
    make_endpoint(api.partner, "https://shop.example/hook")
    open_checkout(
        storefront=open_storefront(
            partner=api.partner, dialect=Dialect.VOORDEMENSEN, now=timezone.now()
        ),
        public_id="CART-1",
        now=timezone.now(),
        lasts=datetime.timedelta(minutes=8),
    )
    device, _key = create_device(venue=day.venue, name="North entrance", admits_every_item=True)
    admit(
        device=device,
        reference_number=Asset.objects.filter(status="Valid")[0].reference_number,
        request_id="R-1",
        now=timezone.now(),
    )
    a_month_of(api.partner)
    somewhere_else(Order.objects.get(pk=orders["issued"]["orderId"]), monkeypatch)
    return {name: order["orderId"] for name, order in orders.items()}


def somewhere_else(order: Order, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a connection, an outside id of a component there, and an order that is there."""
    put_in(monkeypatch, FakeConnector(), "onebox")
    onebox = connect(order.venue)
    component = Component.objects.filter(package__venue=order.venue)[0]
    ComponentSource.objects.create(component=component, connection=onebox, outside_item="55")
    begun(order, onebox)


def a_month_of(partner: Partner) -> None:
    """Make one row of everything that finance has beside the ledger."""
    agree(partner)
    period = month(partner, 2026, 11)
    Statement.objects.create(
        partner=partner,
        period=period,
        status="Read",
        file_name="november.csv",
        sha256="0" * 64,
        uploaded_by="staff:1",
        uploaded_at=timezone.now(),
    )
    Export.objects.create(
        report="register",
        format="csv",
        title="Order register",
        started_by="staff:1",
        started_at=timezone.now(),
    )


def a_queue_of(partner: Partner, issue: Callable[[str], Order]) -> None:
    """Make a storefront whose guest waits in a virtual queue."""
    park = Park(partner)
    package = sellable_package(partner.venue, "RIDE", dating="open")
    attraction = AttractionFactory.create(venue=partner.venue, code="ride", name="Ride")
    Item.objects.filter(components__package=package).update(attraction=attraction)
    open_queue(attraction=attraction, settings=Settings(), now=timezone.now())
    body = {"guest_email": "guest@example.com", "packages": [{"package_id": "RIDE"}]}
    assert park.order(body).status_code == 200
    issue(str(Order.objects.order_by("pk").last().pk))  # type: ignore[union-attr]
    later = int(timezone.now().timestamp()) + 60
    app = park.guest("guest@example.com", exp=later)
    app.reserved("ride", app.entitlements()[0]["session_key"])


def a_calendar(venue: Venue) -> None:
    """Make one row of everything that the calendar has, and of an allotment and a hold."""
    attraction = AttractionFactory.create(venue=venue)
    SessionRuleFactory.create(attraction=attraction)
    SessionExceptionFactory.create(attraction=attraction)
    OpeningHoursFactory.create(venue=venue, valid_from=TOMORROW)
    CalendarDayFactory.create(venue=venue, date=TOMORROW + datetime.timedelta(days=9))
    SeatPlanFactory.create(venue=venue, rows={"A": 3})
    AllotmentFactory.create(partner=Partner.objects.filter(venue=venue)[0])
    hold(SessionFactory.create(attraction=attraction), 2)
    Closure.objects.create(
        venue=venue,
        date=TOMORROW,
        plan="keep",
        reason="A storm is coming",
        started_by="staff:1",
        started_at=timezone.now(),
    )


@pytest.mark.parametrize("may", ["act", "look"])
def test_every_list_form_and_page_opens(
    may: str, everything: dict[str, str], order_desk: User
) -> None:
    client = signed_in(order_desk if may == "act" else viewer())
    for model in REGISTRY:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        listed = client.get(reverse(f"{name}_changelist"))
        assert listed.status_code == 200, model
        # What a phone calls each cell: only a box to tick is for selecting a row.
        selecting = re.findall(rb'data-label="Select record">\s*(.{0,9})', listed.content)
        assert set(selecting) <= {b"<input ty"}, model
        if admin.site._registry[model].search_fields:
            found = client.get(reverse(f"{name}_changelist"), {"q": "WEB-1"})
            assert found.status_code == 200, model
        row = model._default_manager.first()
        assert row is not None, model
        page = client.get(reverse(f"{name}_change", args=[row.pk]))
        assert page.status_code == 200, model
        adding = client.get(reverse(f"{name}_add")).status_code
        expected = {**dict.fromkeys(MADE_BY_HAND, 200), **dict.fromkeys(MADE_ELSEWHERE, 302)}
        if may == "look":
            expected = {}
        assert adding == expected.get(model._meta.model_name or "", 403), model


def test_a_status_is_never_a_field_of_a_form(everything: dict[str, str], order_desk: User) -> None:
    client = signed_in(order_desk)
    for model in REGISTRY:
        row = model._default_manager.first()
        assert row is not None, model
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}_change"
        page = client.get(reverse(name, args=[row.pk]))
        assert page.status_code == 200, model
        assert b'name="status"' not in page.content, model


def test_the_home_page_counts_what_needs_somebody(
    everything: dict[str, str], order_desk: User, statements: Callable[[], Any]
) -> None:
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=3)
    Order.objects.filter(pk=everything["draft"]).update(draft_expires_at=soon)
    client = signed_in(order_desk)
    with statements() as count:
        page = client.get("/admin/")
    tiles = {tile.title: (tile.number, tile.url) for tile in page.context["tiles"]}
    list_url = reverse("admin:orders_order_changelist")
    assert tiles == {
        "Failed": (1, f"{list_url}?status=Error"),
        "Unmapped": (1, f"{list_url}?cause=unmapped_item"),
        "In flight": (1, f"{list_url}?status=in_flight"),
        "Drafts expiring": (1, f"{list_url}?status=expiring"),
    }
    for _number, url in tiles.values():
        assert client.get(url).context["cl"].result_count == 1
    assert len(count) <= 20, "\n".join(count.statements)


def test_somebody_who_may_not_see_orders_sees_no_numbers(
    everything: dict[str, str], django_user_model: type[User]
) -> None:
    nobody = django_user_model.objects.create_user("new", is_staff=True)
    page = signed_in(nobody).get("/admin/")
    assert page.status_code == 200
    assert "tiles" not in page.context
    assert "traffic" not in page.context
    assert "CM26" not in text_of(page)


def test_signing_in_leads_home_and_to_the_page_that_was_asked_for(
    client: Client, order_desk: User
) -> None:
    assert client.get("/admin").headers["Location"] == "/admin/"
    answers = {"username": "desk", "password": "desk-password"}
    form = client.get("/admin/login/")
    assert b'name="next" value="/admin/"' in form.content
    signed = client.post("/admin/login/", {**answers, "next": "/admin/orders/order/"})
    assert signed.headers["Location"] == "/admin/orders/order/"


def test_a_stranger_is_led_to_the_log_in(client: Client, db: None) -> None:
    asked = client.get("/admin/orders/order/")
    assert asked.status_code == 302
    assert asked.headers["Location"] == "/admin/login/?next=/admin/orders/order/"


def test_a_missing_page_and_a_forbidden_one_say_so_inside_the_admin(
    db: None, order_desk: User
) -> None:
    missing = signed_in(order_desk).get("/admin/nothing/here/")
    assert (missing.status_code, "There is nothing here" in text_of(missing)) == (404, True)
    slashless = signed_in(order_desk).get("/admin/orders/order")
    assert (slashless.status_code, slashless.headers["Location"]) == (302, "/admin/orders/order/")
    forbidden = signed_in(viewer()).get(reverse("admin:partners_partner_add"))
    assert (forbidden.status_code, "You may not do this" in text_of(forbidden)) == (403, True)


def test_somebody_who_is_refused_reads_as_whom_and_in_which_role(order_desk: User) -> None:
    address = reverse("admin:orders_order_add")
    anna = person("anna")
    assert "signed in as anna, with no role." in text_of(signed_in(anna).get(address))
    anna.groups.set([roles.group_of("viewer"), roles.group_of("finance")])
    assert "anna, with the roles finance and viewer." in text_of(signed_in(anna).get(address))
    assert "Nobody does this by hand" in text_of(signed_in(order_desk).get(address))


def test_a_forged_form_is_refused_with_a_page_for_people(order_desk: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(order_desk)
    refused = client.post(reverse("admin:partners_partner_add"), {"name": "Forged"})
    assert refused.status_code == 403
    assert "This page was open for too long" in text_of(refused)
    assert b'<a href="/admin/">' in refused.content


def test_jobs_are_listed_with_what_they_work_on(
    everything: dict[str, str], order_desk: User
) -> None:
    page = signed_in(order_desk).get(reverse("admin:procrastinate_procrastinatejob_changelist"))
    job = ProcrastinateJob.objects.latest("id")
    assert job.args["order_id"] in text_of(page)
