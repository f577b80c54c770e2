"""The admin of items, packages and mappings: what it takes, refuses and records."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_fsm import TransitionNotAllowed

from catalog import selling
from catalog.admin.mappings import PackageMappingAdmin
from catalog.models import Component, Item, Package, PackageMapping, Price
from catalog.selling import NotSellable
from channel_manager.history.models import Event
from channel_manager.lib.errors import NotFound
from orders.models import Order
from partners.models import Partner
from tests.conftest import TOMORROW, ApiClient
from tests.factories import (
    ComponentFactory,
    ItemFactory,
    PackageFactory,
    PartnerFactory,
    PriceFactory,
    VenueFactory,
    sellable_package,
)
from tests.staff import messages_of, signed_in, text_of, viewer

MAPPINGS = "/admin/catalog/packagemapping/"
PACKAGES = "/admin/catalog/package/"


@pytest.fixture
def desk(order_desk: User) -> Client:
    """The browser of somebody who keeps the catalogue."""
    return signed_in(order_desk)


def mapping_answers(partner: Partner, package: Package, **answers: Any) -> dict[str, Any]:
    return {
        "partner": partner.pk,
        "item_number": "SKU-1",
        "package": package.pk,
        "valid_from": "",
        "valid_until": "",
        "is_active": "on",
        **answers,
    }


def package_answers(package: Package, *prices: dict[str, Any], **answers: Any) -> dict[str, Any]:
    """Return the answers of a package's form with its own components and other prices."""
    components = list(package.components.all())
    form: dict[str, Any] = {
        "code": package.code,
        "name": package.name,
        "venue": package.venue_id,
        "dating": package.dating,
        "cut_off_minutes": "",
        "validity_days": 365,
        "components-TOTAL_FORMS": len(components),
        "components-INITIAL_FORMS": len(components),
        "prices-TOTAL_FORMS": len(prices),
        "prices-INITIAL_FORMS": sum("id" in price for price in prices),
        **answers,
    }
    for index, component in enumerate(components):
        form |= {
            f"components-{index}-id": component.pk,
            f"components-{index}-item": component.item_id,
            f"components-{index}-quantity": 1,
            f"components-{index}-price_share": 1,
            f"components-{index}-position": 0,
            f"components-{index}-is_active": "on",
        }
    for index, price in enumerate(prices):
        form |= {f"prices-{index}-{name}": value for name, value in price.items()}
    return form


def errors_of(page: Any) -> str:
    """Return what the form of a page complains about, in one string."""
    assert page.status_code == 200
    forms = [page.context["adminform"].form]
    for formset in page.context["inline_admin_formsets"]:
        forms += formset.formset.forms
    return " ".join(text for form in forms for texts in form.errors.values() for text in texts)


def test_a_mapping_is_made_and_found(desk: Client, partner: Partner, day: Package) -> None:
    made = desk.post(f"{MAPPINGS}add/", mapping_answers(partner, day))
    assert made.headers["Location"] == MAPPINGS
    for text in ("SKU-1", "sku", "DAY", "Sunny"):
        page = desk.get(MAPPINGS, {"q": text})
        (row,) = page.context["cl"].result_list
        assert (row.item_number, row.package) == ("SKU-1", day)
    assert "always" in text_of(page)


def test_mappings_that_clash_are_refused_in_the_form(
    desk: Client, partner: Partner, day: Package, group: Package
) -> None:
    PackageMapping.objects.create(
        partner=partner,
        item_number="SKU-1",
        package=day,
        valid_from=datetime.date(2026, 1, 1),
        valid_until=datetime.date(2026, 12, 31),
    )
    clash = mapping_answers(partner, group, valid_from="2026-12-31")
    complaint = "Both would hold 31 Dec 2026."
    assert complaint in errors_of(desk.post(f"{MAPPINGS}add/", clash))
    after = mapping_answers(partner, group, valid_from="2027-01-01")
    assert desk.post(f"{MAPPINGS}add/", after).status_code == 302
    inactive = mapping_answers(partner, group, is_active="")
    assert desk.post(f"{MAPPINGS}add/", inactive).status_code == 302


def test_dates_in_the_wrong_order_and_foreign_packages_are_refused_in_the_form(
    desk: Client, partner: Partner, day: Package
) -> None:
    backwards = mapping_answers(partner, day, valid_from="2026-12-02", valid_until="2026-12-01")
    assert "The last day is before the first." in errors_of(desk.post(f"{MAPPINGS}add/", backwards))
    foreign = sellable_package(VenueFactory.create(), "FAR")
    complaint = "This package belongs to another venue."
    answers = mapping_answers(partner, foreign)
    assert complaint in errors_of(desk.post(f"{MAPPINGS}add/", answers))


@pytest.mark.parametrize("late", [1, 2], ids=["once", "always"])
def test_a_row_that_the_database_refuses_is_a_message_in_the_constraints_words(
    desk: Client, partner: Partner, day: Package, monkeypatch: pytest.MonkeyPatch, late: int
) -> None:
    """The form was valid when it was checked; somebody else saved before it was stored."""
    store = PackageMappingAdmin.save_model
    clashes = [{"item_number": "SKU-9", "partner": partner, "package": day}] * 2

    def store_too_late(*arguments: Any) -> None:
        nonlocal late
        if late:
            late -= 1
            for clash in clashes:
                PackageMapping.objects.create(**clash)
        store(*arguments)

    monkeypatch.setattr(PackageMappingAdmin, "save_model", store_too_late)
    done = desk.post(f"{MAPPINGS}add/", mapping_answers(partner, day), follow=True)
    assert done.status_code == 200
    complaint = "Another active mapping of this item number covers some of these dates."
    made = PackageMapping.objects.filter(item_number="SKU-1").exists()
    assert (complaint in messages_of(done), made) == (not made, made)


@pytest.mark.django_db(transaction=True)
def test_two_people_who_map_one_number_at_once_map_it_once(
    partner: Partner, day: Package, order_desk: User
) -> None:
    barrier = threading.Barrier(4)
    statuses: list[int] = []

    def save() -> None:
        client = signed_in(order_desk)
        barrier.wait()
        statuses.append(client.post(f"{MAPPINGS}add/", mapping_answers(partner, day)).status_code)
        connection.close()

    people = [threading.Thread(target=save) for _ in range(4)]
    for one in people:
        one.start()
    for one in people:
        one.join()
    assert sorted(statuses) == [200, 200, 200, 302]
    assert PackageMapping.objects.count() == 1


def test_what_was_sold_under_is_fixed_and_may_still_end(
    desk: Client, api: ApiClient, day: Package, group: Package, issue: Callable[[str], Order]
) -> None:
    mapping = PackageMapping.objects.create(partner=api.partner, item_number="SKU-1", package=day)
    address = f"{MAPPINGS}{mapping.pk}/change/"
    assert b'name="item_number"' in desk.get(address).content
    issue(api.create({"itemNumber": "SKU-1", "visitDate": TOMORROW.isoformat()})["orderId"])
    page = desk.get(address)
    assert b'name="item_number"' not in page.content
    assert "Orders were sold under this version" in text_of(page)
    changed = {
        "item_number": "SKU-2",
        "package": group.pk,
        "valid_until": "2027-01-31",
        "is_active": "on",
    }
    assert desk.post(address, changed).status_code == 302
    mapping = PackageMapping.objects.get()
    assert (mapping.item_number, mapping.package, mapping.valid_until) == (
        "SKU-1",
        day,
        datetime.date(2027, 1, 31),
    )
    assert desk.post(f"{MAPPINGS}{mapping.pk}/delete/", {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("address", ["//evil.example/x", "https://evil.example/", "javascript:1"])
def test_a_mapping_leads_back_to_pages_of_ours_only(
    desk: Client, partner: Partner, day: Package, address: str
) -> None:
    made = desk.post(f"{MAPPINGS}add/?next={address}", mapping_answers(partner, day))
    assert made.headers["Location"] == MAPPINGS


def test_autocomplete_finds_partners_packages_and_items(
    desk: Client, partner: Partner, day: Package
) -> None:
    for model, field, term, found in (
        ("packagemapping", "partner", "sunn", "Sunny Trips"),
        ("packagemapping", "package", "day", "DAY Name of DAY"),
        ("component", "item", "day-en", "DAY-ENTRY DAY entry"),
        ("price", "partner", "sunn", "Sunny Trips"),
    ):
        query = {"app_label": "catalog", "model_name": model, "field_name": field, "term": term}
        answer = desk.get("/admin/autocomplete/", query).json()
        assert [row["text"] for row in answer["results"]] == [found]


def test_a_package_is_put_on_sale_and_withdrawn_by_buttons(
    desk: Client, order_desk: User, day: Package
) -> None:
    Package.objects.filter(pk=day.pk).update(status="Draft")
    page = desk.get(f"{PACKAGES}{day.pk}/change/")
    assert [button.label for button in page.context["state_bar"].buttons] == [
        "Preview",
        "Put on sale",
    ]
    done = desk.post(f"{PACKAGES}{day.pk}/put-on-sale/", {"reason": "Season"}, follow=True)
    assert messages_of(done) == ["DAY is on sale."]
    again = desk.post(f"{PACKAGES}{day.pk}/put-on-sale/", follow=True)
    assert messages_of(again) == ["The package is On sale now; put on sale is not possible."]
    done = desk.post(f"{PACKAGES}{day.pk}/withdraw/", {"reason": ""}, follow=True)
    assert messages_of(done) == ["DAY is withdrawn."]
    events = Event.objects.filter(kind="package", subject_id=day.pk)
    actor = f"staff:{order_desk.pk}"
    assert list(events.values_list("name", "from_state", "to_state", "actor", "reason")) == [
        ("put_on_sale", "Draft", "OnSale", actor, "Season"),
        ("withdrawn", "OnSale", "Withdrawn", actor, ""),
    ]
    told = [row.look.title for row in desk.get(f"{PACKAGES}{day.pk}/change/").context["happenings"]]
    assert told == ["Withdrawn", "Put on sale"]


def test_a_package_that_cannot_be_issued_cannot_be_put_on_sale(
    desk: Client, order_desk: User, venue: Any
) -> None:
    package = PackageFactory.create(venue=venue, code="NEW", status="Draft", is_group=True)
    page = desk.get(f"{PACKAGES}{package.pk}/put-on-sale/")
    assert "It has no active component, so there is nothing to issue." in text_of(page)
    refused = desk.post(f"{PACKAGES}{package.pk}/put-on-sale/", follow=True)
    assert messages_of(refused) == [
        "It has no active component, so there is nothing to issue. It has no price."
    ]
    for _ in range(2):
        ComponentFactory.create(package=package)
    PriceFactory.create(package=package)
    refused = desk.post(f"{PACKAGES}{package.pk}/put-on-sale/", follow=True)
    assert messages_of(refused) == [
        "It is a group package and has 2 active components; it needs exactly one."
    ]
    Component.objects.filter(pk=package.components.all()[0].pk).update(is_active=False)
    assert desk.post(f"{PACKAGES}{package.pk}/put-on-sale/", follow=True).status_code == 200
    assert Package.objects.get(pk=package.pk).status == "OnSale"


def test_an_open_dated_package_needs_a_price_without_dates(venue: Any) -> None:
    package = sellable_package(venue, "ANY", dating="open", status="Draft")
    Price.objects.update(visit_from=TOMORROW)
    arguments = {"package_id": package.pk, "actor": "staff:1", "now": timezone.now()}
    with pytest.raises(NotSellable, match="it needs one without"):
        selling.put_on_sale(**arguments)
    PriceFactory.create(package=package, amount_incl_vat=Decimal(9))
    assert selling.put_on_sale(**arguments).status == "OnSale"
    with pytest.raises(TransitionNotAllowed):
        selling.put_on_sale(**arguments)
    with pytest.raises(NotFound):
        selling.withdraw(**{**arguments, "package_id": venue.pk})


def test_buttons_take_the_right_to_change(day: Package) -> None:
    client = signed_in(viewer())
    page = client.get(f"{PACKAGES}{day.pk}/change/")
    assert [button.label for button in page.context["state_bar"].buttons] == ["Preview"]
    for name in ("withdraw", "put-on-sale"):
        assert client.get(f"{PACKAGES}{day.pk}/{name}/").status_code == 403
        assert client.post(f"{PACKAGES}{day.pk}/{name}/").status_code == 403
    assert Package.objects.get(pk=day.pk).status == "OnSale"


def test_a_package_is_made_with_its_components_and_prices(desk: Client, partner: Partner) -> None:
    item = ItemFactory.create(venue=partner.venue)
    answers = {
        "code": "NEW",
        "name": "New ticket",
        "venue": partner.venue_id,
        "dating": "dated",
        "validity_days": 365,
        "components-TOTAL_FORMS": 1,
        "components-INITIAL_FORMS": 0,
        "components-0-item": item.pk,
        "components-0-quantity": 2,
        "components-0-price_share": 1,
        "components-0-position": 0,
        "components-0-is_active": "on",
        "prices-TOTAL_FORMS": 2,
        "prices-INITIAL_FORMS": 0,
        "prices-0-amount_incl_vat": "19.50",
        "prices-1-amount_incl_vat": "18.00",
        "prices-1-partner": partner.pk,
        "status": "OnSale",
    }
    made = desk.post(f"{PACKAGES}add/", answers)
    assert made.status_code == 302
    package = Package.objects.get(code="NEW")
    assert package.status == "Draft"
    assert package.components.get().quantity == 2
    assert set(package.prices.values_list("amount_incl_vat", "partner")) == {
        (Decimal("19.500"), None),
        (Decimal("18.000"), partner.pk),
    }


@pytest.mark.parametrize(
    ("prices", "complaint"),
    [
        (
            [{"amount_incl_vat": "10"}, {"amount_incl_vat": "11"}],
            "Another price here is for the same partner and dates.",
        ),
        (
            [
                {"amount_incl_vat": "10", "visit_from": "2026-12-01"},
                {"amount_incl_vat": "11", "visit_until": "2026-12-01"},
            ],
            "Another price here is for the same partner and dates.",
        ),
        (
            [{"amount_incl_vat": "10", "visit_from": "2026-12-02", "visit_until": "2026-12-01"}],
            "The last day is before the first.",
        ),
        ([{"amount_incl_vat": "-1"}], "greater than or equal to 0"),
    ],
)
def test_prices_that_clash_are_refused_in_the_form(
    desk: Client, day: Package, prices: list[dict[str, Any]], complaint: str
) -> None:
    Price.objects.all().delete()
    page = desk.post(f"{PACKAGES}{day.pk}/change/", package_answers(day, *prices))
    assert complaint in errors_of(page)
    assert not Price.objects.exists()


def test_a_price_that_clashes_with_a_saved_one_is_refused_in_the_form(
    desk: Client, day: Package
) -> None:
    saved = day.prices.get()
    kept = {"id": saved.pk, "amount_incl_vat": "34.50"}
    same = package_answers(day, kept, {"amount_incl_vat": "1"})
    assert "same partner and dates" in errors_of(desk.post(f"{PACKAGES}{day.pk}/change/", same))
    dated = package_answers(day, kept, {"amount_incl_vat": "1", "visit_from": "2026-12-01"})
    assert desk.post(f"{PACKAGES}{day.pk}/change/", dated).status_code == 302
    assert day.prices.count() == 2


def test_items_and_partners_of_another_venue_are_refused_in_the_form(
    desk: Client, day: Package
) -> None:
    stranger = PartnerFactory.create()
    price = {"amount_incl_vat": "1", "partner": stranger.pk}
    page = desk.post(f"{PACKAGES}{day.pk}/change/", package_answers(day, price))
    assert "This partner sells for another venue." in errors_of(page)
    answers = package_answers(day)
    answers["components-0-item"] = ItemFactory.create().pk
    page = desk.post(f"{PACKAGES}{day.pk}/change/", answers)
    assert "This item belongs to another venue." in errors_of(page)


def test_taking_the_last_component_from_what_is_on_sale_is_warned_of(
    desk: Client, day: Package
) -> None:
    answers = package_answers(day, {"id": day.prices.get().pk, "amount_incl_vat": "34.50"})
    del answers["components-0-is_active"]
    done = desk.post(f"{PACKAGES}{day.pk}/change/", answers, follow=True)
    assert any(
        text.startswith("DAY is on sale, but its orders will fail: It has no active component")
        for text in messages_of(done)
    )


def test_only_what_was_never_on_sale_can_be_deleted(desk: Client, day: Package) -> None:
    address = f"{PACKAGES}{day.pk}/delete/"
    assert desk.post(address, {"post": "yes"}).status_code == 403
    Package.objects.filter(pk=day.pk).update(status="Draft")
    assert desk.post(address, {"post": "yes"}).status_code == 302
    assert not Package.objects.filter(pk=day.pk).exists()


def test_an_item_in_use_cannot_be_deleted(desk: Client, day: Package) -> None:
    item = Item.objects.get(number="DAY-ENTRY")
    page = desk.post(f"/admin/catalog/item/{item.pk}/delete/", {"post": "yes"})
    assert page.status_code == 200
    assert "protected" in text_of(page)
    assert Item.objects.filter(pk=item.pk).exists()


def test_an_item_number_is_used_once_per_venue(desk: Client, day: Package) -> None:
    answers = {
        "number": "DAY-ENTRY",
        "description": "Again",
        "venue": day.venue_id,
        "type": "ticket",
        "vat_rate": "9",
    }
    complaint = "Item with this Venue and Number already exists."
    page = desk.post("/admin/catalog/item/add/", answers)
    assert complaint in errors_of(page)


@pytest.mark.parametrize("name", ["item", "package", "packagemapping"])
def test_lists_take_as_many_statements_for_many_rows_as_for_one(
    desk: Client, partner: Partner, statements: Callable[[], Any], name: str
) -> None:
    taken = []
    for number in range(12):
        package = sellable_package(partner.venue, f"P-{number}")
        PackageMapping.objects.create(partner=partner, item_number=f"SKU-{number}", package=package)
        if number in (0, 11):
            with statements() as count:
                assert desk.get(reverse(f"admin:catalog_{name}_changelist")).status_code == 200
            taken.append(len(count))
    assert taken[0] == taken[1] <= 15
