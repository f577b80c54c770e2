"""The pages that show what an order would become: of a mapping as filled in, and of a package."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.test import Client

from catalog.models import Attraction, Package, PackageMapping
from partners.models import Partner, Venue
from tests.conftest import ApiClient
from tests.factories import (
    PackageFactory,
    PackageMappingFactory,
    PartnerFactory,
    sellable_package,
)
from tests.orders.expected import NOBODY, VISIT, Clock, line, stored
from tests.orders.sessions import counted, session
from tests.staff import messages_of, person, signed_in, text_of, viewer

pytestmark = pytest.mark.usefixtures("clock")
MAPPING = "/admin/orders/order/preview/mapping/"


@pytest.fixture
def desk(order_desk: User) -> Client:
    """The browser of somebody who keeps the catalogue."""
    return signed_in(order_desk)


def filled_in(partner: Partner, package: Package, **answers: Any) -> dict[str, Any]:
    """Return a mapping's form as it is sent before it was ever saved."""
    return {
        "partner": str(partner.pk),
        "item_number": "SKU-1",
        "package": str(package.pk),
        "valid_from": "",
        "valid_until": "",
        "is_active": "on",
        **answers,
    }


def of_package(package: Package, **answers: Any) -> str:
    """Return the address of a package's preview."""
    sent = {f"for-{name}": value for name, value in answers.items()}
    return f"/admin/orders/order/preview/package/{package.pk}/?{urlencode(sent)}"


def test_a_mapping_is_shown_before_it_is_saved(
    desk: Client, partner: Partner, show: Package, cinema: Attraction
) -> None:
    session(cinema, "14:00", "2026-11-21", capacity=0)
    session(cinema, "16:00", "2026-11-22")
    form = text_of(desk.get("/admin/catalog/packagemapping/add/"))
    assert (
        "Preview What an order would become, and what of those that wait, in a tab of its own."
        in form
    )
    before = stored()
    answer = desk.post(MAPPING, filled_in(partner, show))
    told = text_of(answer)
    # The next session with room is chosen by itself.
    assert "An order for SKU-1 that is received today, Fri 20 Nov 2026" in told
    assert "is sold under this mapping, once it is saved: valid always." in told
    assert "Total EUR 12.00 EUR 11.01 without VAT" in told
    assert "Cinema Sun 22 Nov 2026, 16:00 100 0 0 → 1 100 → 99" in told
    assert "Sun 22 Nov 2026, 16:00 22 Nov 2026, 16:00 – 17:00" in told
    assert "PREVIEW-WALLET-1" in told
    assert "PREVIEW-TICKET-1" in told
    shown = {**filled_in(partner, show), "for-quantity": "12", "for-visit_date": "2026-11-22"}
    more = desk.post(MAPPING, {**shown, "for-visit_time": "16:00", "for-names": ""})
    assert "EUR 144.00" in text_of(more)
    assert "2 more wallets" in text_of(more)
    assert "And 2 wallets more." in text_of(more)
    assert (stored(), PackageMapping.objects.count()) == (before, 0)


def test_the_manifest_is_the_guests_own_page_without_scripts_or_links(
    desk: Client, partner: Partner, day: Package
) -> None:
    answer = desk.post(MAPPING, filled_in(partner, day))
    manifest = answer.context["manifest_html"]
    assert "Dune Park" in manifest
    assert "PREVIEW-TICKET-1" in manifest
    assert "Sunny Trips" in manifest
    assert "<script" not in manifest
    assert "<a " not in manifest
    page = answer.content.decode()
    assert "sandbox srcdoc=" in page
    assert manifest not in page  # escaped, it cannot leave its attribute


def test_fields_that_a_sold_mapping_no_longer_asks_for_are_its_own(
    desk: Client, api: ApiClient, day: Package
) -> None:
    mapping = PackageMappingFactory.create(partner=api.partner, item_number="SKU-1", package=day)
    api.create(line("SKU-1"))
    assert f"{MAPPING}{mapping.pk}/" in (
        desk.get(f"/admin/catalog/packagemapping/{mapping.pk}/change/").content.decode()
    )
    ended = {"valid_from": "", "valid_until": "2026-11-19", "is_active": "on"}
    told = text_of(desk.post(f"{MAPPING}{mapping.pk}/", ended))
    assert "is not sold under this mapping, which is valid until 19 Nov 2026." in told
    assert "The number is not mapped today." in told
    switched_off = text_of(desk.post(f"{MAPPING}{mapping.pk}/", {"valid_from": ""}))
    assert "under this mapping, which is not active." in switched_off
    as_stored = text_of(signed_in(viewer()).post(f"{MAPPING}{mapping.pk}/"))
    assert "is received today, Fri 20 Nov 2026, is sold under this mapping" in as_stored
    assert "once it is saved" not in as_stored


def test_another_mapping_that_holds_today_is_named(
    desk: Client, partner: Partner, day: Package, group: Package
) -> None:
    PackageMappingFactory.create(
        partner=partner, item_number="SKU-1", package=group, valid_until="2026-11-30"
    )
    told = text_of(desk.post(MAPPING, filled_in(partner, day, valid_from="2026-12-01")))
    assert "It is sold as GROUP Name of GROUP, by" in told
    assert "is valid until 30 Nov 2026. Below is what it becomes under this one." in told


def test_a_preview_stands_where_one_came_from(desk: Client, partner: Partner, day: Package) -> None:
    for answer, name in (
        (desk.post(MAPPING, filled_in(partner, day)), "Package mappings"),
        (desk.get(of_package(day)), "Packages"),
    ):
        groups = answer.context["sidebar_navigation"]
        active = [item["title"] for group in groups for item in group["items"] if item["active"]]
        assert active == [name]
        assert f"Catalogue chevron_right {name}" in text_of(answer)


def test_a_package_is_shown_for_anybody_and_for_a_partner(
    desk: Client, partner: Partner, day: Package
) -> None:
    sold = of_package(day, quantity="2", visit_date=VISIT)
    page = desk.get(f"/admin/catalog/package/{day.pk}/change/")
    assert sold.split("?")[0] in page.content.decode()
    told = text_of(desk.get(sold))
    assert "EUR 69.00" in told
    partner.prices.create(package=day, amount_incl_vat="30")
    told = text_of(desk.get(of_package(day, quantity="2", visit_date=VISIT, partner=partner.pk)))
    assert "EUR 60.00" in told


def test_a_draft_is_shown_with_what_the_api_says_today(desk: Client, day: Package) -> None:
    Package.objects.update(status="Draft")
    told = text_of(desk.get(of_package(day)))
    assert "an order is refused with not_on_sale , “DAY is not on sale.”" in told
    assert "EUR 34.50" in told


def test_a_partner_that_may_not_sell_is_told(desk: Client, partner: Partner, day: Package) -> None:
    Partner.objects.filter(pk=partner.pk).update(status="Paused")
    told = text_of(desk.post(MAPPING, filled_in(partner, day)))
    assert "Sunny Trips is paused: its orders are refused with partner_not_active ." in told


def test_refusals_are_told_as_the_api_says_them(
    desk: Client, show: Package, cinema: Attraction
) -> None:
    session(cinema, "14:00", capacity=5)
    session(cinema, "16:00", capacity=50)
    asked = {"quantity": "6", "visit_date": VISIT}
    told = text_of(desk.get(of_package(show, **asked, visit_time="14:00")))
    assert "An order would be refused 409 sold_out" in told
    assert "5 places are left for SHOW entry on 2026-11-23 at 14:00, and 6 are needed." in told
    assert "2026-11-23 16:00 50 left" in told
    told = text_of(desk.get(of_package(show, **asked, visit_time="15:00")))
    assert "400 unknown_session" in told
    assert "14:00 Cinema · 5 left 16:00 Cinema · 50 left" in told


def test_an_order_that_would_fail_is_told(desk: Client, partner: Partner, day: Package) -> None:
    day.components.all().delete()
    told = text_of(desk.post(MAPPING, filled_in(partner, day)))
    assert "An order would be accepted, and fail" in told
    assert "item number SKU-1 is a package with nothing to issue. no_active_component" in told
    assert "400 package_not_ready" in text_of(desk.get(of_package(day)))


@pytest.mark.usefixtures("partner")
def test_a_component_may_have_a_time_of_its_own(
    desk: Client, bundle: Package, cinema: Attraction
) -> None:
    for time in ("10:00", "14:00"):
        session(cinema, time)
    counted(bundle, cinema, "CINEMA")
    asked = of_package(bundle, quantity="1", visit_date=VISIT, visit_time="09:00", time_1="14:00")
    told = text_of(desk.get(asked))
    assert "Cinema Mon 23 Nov 2026, 14:00 100 0 0 → 1" in told
    assert "ticket CINEMA 1 Mon 23 Nov 2026, 14:00" in told


def test_an_open_dated_package_asks_for_no_date(desk: Client, venue: Venue) -> None:
    package = sellable_package(venue, "ANYDAY", dating="open", validity_days=30)
    answer = desk.get(of_package(package))
    assert "for-visit_date" not in answer.content.decode()
    assert "20 Nov 2026, 12:00 – 20 Dec 2026, 20:00" in text_of(answer)


@pytest.mark.usefixtures("partner")
def test_odd_input_is_told_beside_its_field(desk: Client, partner: Partner, day: Package) -> None:
    odd = {"quantity": "0", "visit_date": "soon", "visit_time": "late", "names": "A" * 101}
    answer = desk.get(of_package(day, **odd, language="xx", partner="nobody"))
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {*odd, "language"}
    assert "partner" in answer.context["partner_form"].errors
    elsewhere = PackageFactory.create()
    for answers, told in (
        ({}, "Partner: This field is required."),
        (filled_in(partner, elsewhere), "This package belongs to another venue"),
        ({**filled_in(partner, day), "partner": "x"}, "Partner: “x” is not a valid UUID."),
        (filled_in(partner, day, item_number=""), "Item number: This field is required."),
        (filled_in(partner, day, valid_from="x"), "Valid from: Enter a valid date."),
    ):
        refused = desk.post(MAPPING, answers)
        assert refused.status_code == 422
        assert told in text_of(refused)
    assert messages_of(desk.get(f"{MAPPING}{NOBODY}/", follow=True)) == [
        "This mapping no longer exists."
    ]
    gone = desk.get(f"/admin/orders/order/preview/package/{NOBODY}/", follow=True)
    assert messages_of(gone) == ["This package no longer exists."]


def test_who_may_see_mappings_or_packages_may_see_their_previews(
    partner: Partner, day: Package
) -> None:
    answers = filled_in(partner, day)
    for permission, seen in (
        ("catalog.view_packagemapping", (200, 403)),
        ("catalog.view_package", (403, 200)),
        ("orders.view_order", (403, 403)),
    ):
        browser = signed_in(person(permission, permission))
        codes = (
            browser.post(MAPPING, answers).status_code,
            browser.get(of_package(day)).status_code,
        )
        assert codes == seen, permission


def test_a_page_takes_few_statements_whatever_is_chosen(
    desk: Client, venue: Venue, clock: Clock, show: Package, cinema: Attraction, statements: Any
) -> None:
    PartnerFactory.create_batch(5, venue=venue)
    for time in ("10:00", "12:00", "14:00"):
        session(cinema, time)
    asked = {"visit_date": VISIT, "visit_time": "14:00"}
    for quantity in ("1", "50"):
        with statements() as count:
            desk.get(of_package(show, **asked, quantity=quantity))
        assert len(count) <= 12, count.statements
