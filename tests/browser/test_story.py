"""An order's story in a real browser: read from the request to the gate, then its guest erased."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from orders.models import Order
from partners.models import WebhookAttempt
from tests.browser.appearance import AdminLooks
from tests.conftest import ApiClient
from tests.orders.test_admin_story import refuse_at_a_gate
from tests.webhooks.conftest import Clock, Sender, make_endpoint

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_story_is_read_and_its_guest_erased(
    desk: Page, live_server: LiveServer, api: ApiClient, issue: Callable[[str], Order]
) -> None:
    make_endpoint(api.partner, "https://shop.example/hook", description="Web shop")
    guest = {"sellToName": "Anna de Vries", "sellToEmail": "anna@example.com"}
    order = issue(api.create(**guest)["orderId"])
    clock = Clock()
    clock.now = timezone.now()
    Sender(clock).publish()
    WebhookAttempt.objects.update(status_code=500, answer="<html>" + "Down for a while. " * 20)
    refuse_at_a_gate(order)
    looks = AdminLooks(desk, live_server.url)
    page = reverse("admin:orders_order_change", args=[order.pk])
    desk.goto(f"{live_server.url}{page}")
    story = desk.locator(".cm-timeline")
    expect(story).to_contain_text("This ticket is for another day.")
    for title in ("As received", "Answer", "1 line"):
        story.get_by_text(title, exact=True).click()
    expect(story.get_by_text('"sellToName": "Anna de Vries"')).to_be_visible()
    looks.look("order-story")
    desk.set_viewport_size({"width": 1280, "height": 900})
    desk.get_by_role("link", name="Erase personal data").click()
    expect(desk.get_by_role("button", name="Erase personal data")).to_be_visible()
    looks.look("order-erase")
    desk.set_viewport_size({"width": 1280, "height": 900})
    desk.get_by_label("Reason").fill("Asked by letter")
    desk.get_by_role("button", name="Erase personal data").click()
    expect(desk.get_by_text(f"Personal data of order {order} are erased.")).to_be_visible()
    expect(desk.get_by_text("Anna de Vries")).to_have_count(0)
    looks.look("order-erased")
    desk.set_viewport_size({"width": 1280, "height": 900})
    desk.goto(f"{live_server.url}/admin/orders/order/")
    desk.get_by_role("link", name="Erase a guest’s data").click()
    desk.get_by_label("The guest's e-mail address").fill("anna@example.com")
    looks.look("guest-asked")
    desk.set_viewport_size({"width": 1280, "height": 900})
    desk.get_by_role("button", name="Look for orders").click()
    expect(desk.get_by_text("No order names this address")).to_be_visible()
    looks.look("guest-told")
    assert looks.wrong == {}
