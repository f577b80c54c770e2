"""Contracts and the whereabouts of a number in a real browser: agreed anew, applied, found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from orders.models import Order
from tests.browser.appearance import AdminLooks
from tests.conftest import ApiClient
from tests.finance.agreed import agree
from tests.finance.test_whereabouts import WHERE, reconcile
from tests.orders.expected import line, settle

pytestmark = pytest.mark.django_db(transaction=True)
_DESKTOP: Any = {"width": 1280, "height": 900}


def test_a_contract_is_made_and_agreed_anew(
    desk: Page, live_server: LiveServer, api: ApiClient, issue: Callable[[str], Order]
) -> None:
    settle(api, issue, line(), sellToOrderReference="WEB-0")
    partner = api.partner
    looks = AdminLooks(desk, live_server.url)
    desk.goto(f"{live_server.url}{reverse('admin:partners_partner_change', args=[partner.pk])}")
    looks.look("partner-without-contract")
    desk.set_viewport_size(_DESKTOP)
    desk.get_by_role("link", name="New contract").click()
    looks.look("contract-add")
    desk.set_viewport_size(_DESKTOP)
    desk.get_by_label("Percent", exact=False).first.fill("20")
    desk.get_by_label("Terms").select_option("commission_of_gross")
    desk.get_by_role("button", name="Save", exact=True).click()
    contract = partner.contracts.get()
    page = reverse("admin:partners_contract_change", args=[contract.pk])
    desk.goto(f"{live_server.url}{page}")
    looks.look("contract")
    desk.set_viewport_size(_DESKTOP)
    desk.get_by_role("link", name="Apply to entries without terms").click()
    looks.look("contract-apply")
    desk.set_viewport_size(_DESKTOP)
    desk.get_by_role("button", name="Post the commission").click()
    expect(desk.get_by_text("EUR 6.90 of commission was posted.")).to_be_visible()
    desk.get_by_role("link", name="Agree anew from a day").click()
    looks.look("contract-anew")
    desk.set_viewport_size(_DESKTOP)
    desk.get_by_label("Percent", exact=False).first.fill("25")
    desk.get_by_role("button", name="Show what it does").click()
    expect(desk.get_by_text("Version 2 (25 % of gross")).to_be_visible()
    looks.look("contract-anew-shown")
    desk.set_viewport_size(_DESKTOP)
    desk.get_by_role("button", name="Agree from that day").click()
    expect(desk.get_by_text("version 2 holds from")).to_be_visible()
    looks.look("contract-two-versions")
    looks.look_at(
        {
            "contracts": reverse("admin:partners_contract_changelist"),
            "partner-with-contract": reverse("admin:partners_partner_change", args=[partner.pk]),
        }
    )
    assert looks.wrong == {}


def test_a_number_is_found(
    desk: Page, live_server: LiveServer, api: ApiClient, issue: Callable[[str], Order]
) -> None:
    agree(api.partner)
    settled = settle(api, issue, line(quantity=2))
    reconcile(settled, api.partner)
    looks = AdminLooks(desk, live_server.url)
    desk.goto(live_server.url + WHERE)
    looks.look("where-empty")
    desk.set_viewport_size(_DESKTOP)
    desk.get_by_label("Number").fill(settled["buyFromOrderReference"].lower())
    desk.get_by_role("button", name="Find").click()
    expect(desk.get_by_text("november.csv")).to_be_visible()
    looks.look("where-found")
    looks.look_at({"where-nowhere": f"{WHERE}?q=CM26-9999999"})
    assert looks.wrong == {}
