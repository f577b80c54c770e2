"""People in a real browser: a second factor set up and used, roles, and the log of what was done."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from channel_manager.history import roles
from channel_manager.history.models import AuditEntry, SealedTOTPDevice
from partners.models import Partner
from tests.browser.appearance import DESKTOP, AdminLooks
from tests.channel_manager.test_two_factor import code_of, next_code

pytestmark = pytest.mark.django_db(transaction=True)

# What it was and what it is has room in the log all the same.
LONG_NAME = "Sunny Journeys and Holidays of the Northern Provinces and Islands"


def test_an_owner_sets_up_a_second_factor_signs_in_with_it_and_sees_what_was_done(
    page: Page, live_server: LiveServer, living_worker: None, partner: Partner
) -> None:
    owner = User.objects.create_user("olga", password="olga-password", is_staff=True)
    owner.groups.add(roles.group_of("owner"))
    looks = AdminLooks(page, live_server.url)

    def sign_in(leads_to: str) -> None:
        page.goto(f"{live_server.url}/admin/login/?next=/admin/two-factor/")
        page.get_by_label("Username").fill("olga")
        page.get_by_label("Password").fill("olga-password")
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url(f"**{leads_to}")

    sign_in("/admin/two-factor/")
    looks.look("two-factor-start")
    page.get_by_role("button", name="Set it up").click()
    code = page.get_by_label("Code", exact=False).last
    expect(page.get_by_role("img", name="Code that puts the secret")).to_be_visible()
    looks.look("two-factor-set-up")
    code.fill(code_of(SealedTOTPDevice.objects.get()))
    page.get_by_role("button", name="Switch on").click()
    expect(page.get_by_role("heading", name="Your recovery codes")).to_be_visible()
    looks.look("two-factor-codes")
    page.context.clear_cookies()
    page.set_viewport_size(DESKTOP)
    sign_in("/admin/two-factor/code/**")
    looks.look("two-factor-code")
    page.locator("[name=code]").fill(next_code())
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", name="Two-factor sign-in is on")).to_be_visible()
    looks.look("two-factor-on")

    page.set_viewport_size(DESKTOP)
    page.goto(live_server.url + reverse("admin:partners_partner_change", args=[partner.pk]))
    page.locator("[name=name]").fill(LONG_NAME)
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/admin/partners/partner/")
    looks.look_at(
        {
            "audit-log": "/admin/history/auditentry/",
            "audit-entry": f"/admin/history/auditentry/{AuditEntry.objects.latest('at').pk}/change/",
            "audit-history": reverse("admin:partners_partner_history", args=[partner.pk]),
            "roles": "/admin/auth/group/",
            "roles-matrix": "/admin/auth/group/matrix/",
            "people": "/admin/auth/user/",
            "person": f"/admin/auth/user/{owner.pk}/change/",
            "group": "/admin/auth/group/add/",
        }
    )
    page.goto(live_server.url + reverse("admin:partners_partner_history", args=[partner.pk]))
    expect(page.get_by_text(f"Sunny Trips → {LONG_NAME}")).to_be_visible()
    assert looks.wrong == {}
