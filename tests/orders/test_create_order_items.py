"""createOrder: which package an item number means, and how much one order may ask for."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from catalog.models import Component, Package, PackageMapping
from orders import lifecycle
from orders.models import Order, OrderLine
from partners.models import Partner
from tests.conftest import ApiClient
from tests.factories import PackageFactory, PackageMappingFactory, sellable_package
from tests.orders.expected import (
    SENTENCE,
    VISIT,
    Clock,
    assert_problem,
    asset,
    item,
    line,
    moment,
    order,
    settle,
    stored,
    wallet,
)

pytestmark = pytest.mark.usefixtures("clock")

TODAY = datetime.date(2026, 11, 20)
YESTERDAY, TOMORROW = TODAY - datetime.timedelta(days=1), TODAY + datetime.timedelta(days=1)


def set_partner(partner: Partner, **settings: Any) -> None:
    Partner.objects.filter(pk=partner.pk).update(**settings)


def mapped(partner: Partner, number: str, package: Package, **options: Any) -> PackageMapping:
    return PackageMappingFactory.create(
        partner=partner, item_number=number, package=package, **options
    )


def package_of(created: dict[str, Any]) -> str | None:
    code: str | None = created["items"][0]["packageCode"]
    return code


def replay(order_id: str) -> None:
    lifecycle.replay_order(
        orders=Order.objects.all(),
        order_id=Order.objects.get(pk=order_id).pk,
        actor="staff:1",
        now=timezone.now(),
        reason="mapped",
    )


@pytest.mark.parametrize(
    ("valid_from", "valid_until", "known"),
    [
        (None, None, True),
        (TODAY, TODAY, True),
        (YESTERDAY, None, True),
        (None, TOMORROW, True),
        (TOMORROW, None, False),
        (None, YESTERDAY, False),
    ],
)
def test_a_mapping_counts_on_the_date_of_receipt(
    api: ApiClient,
    day: Package,
    valid_from: datetime.date | None,
    valid_until: datetime.date | None,
    known: bool,
) -> None:
    mapped(api.partner, "SKU", day, valid_from=valid_from, valid_until=valid_until)
    assert package_of(api.create(line("SKU"))) == ("DAY" if known else None)


def test_the_date_of_receipt_is_the_venues(api: ApiClient, day: Package, clock: Clock) -> None:
    mapped(api.partner, "SKU", day, valid_from=TOMORROW)
    clock.now = datetime.datetime(2026, 11, 20, 22, 59, 59, tzinfo=datetime.UTC)
    assert package_of(api.create(line("SKU"))) is None
    clock.now = datetime.datetime(2026, 11, 20, 23, 0, tzinfo=datetime.UTC)
    assert package_of(api.create(line("SKU"), sellToOrderReference="WEB-2")) == "DAY"


def test_of_two_mappings_of_one_number_the_one_of_the_day_counts(
    api: ApiClient, day: Package, group: Package
) -> None:
    mapped(api.partner, "SKU", day, valid_until=YESTERDAY)
    mapped(api.partner, "SKU", group, valid_from=TODAY)
    assert package_of(api.create(line("SKU"))) == "GROUP"


def test_a_mapping_wins_over_a_package_code(api: ApiClient, day: Package, group: Package) -> None:
    mapped(api.partner, "DAY", group)
    assert package_of(api.create(line("DAY"))) == "GROUP"


def test_an_inactive_mapping_does_not_count(api: ApiClient, day: Package, group: Package) -> None:
    mapped(api.partner, "DAY", group, is_active=False)
    assert package_of(api.create(line("DAY"))) == "DAY"


def test_numbers_are_compared_exactly(api: ApiClient, day: Package) -> None:
    mapped(api.partner, "SKU", day)
    numbers = ["sku", " SKU", "SKU ", "day"]
    created = api.create(*map(line, numbers))
    assert [row["packageCode"] for row in created["items"]] == [None] * len(numbers)


def test_the_rivals_mapping_is_not_ours(api: ApiClient, rival: ApiClient, day: Package) -> None:
    mapped(rival.partner, "SKU", day)
    assert package_of(rival.create(line("SKU"))) == "DAY"
    assert package_of(api.create(line("SKU"))) is None


def test_package_codes_count_only_where_the_partner_may_sell_by_them(
    api: ApiClient, day: Package
) -> None:
    set_partner(api.partner, sell_by_package_code=False)
    mapped(api.partner, "SKU", day)
    created = api.create(line("DAY"), line("SKU"))
    assert [row["packageCode"] for row in created["items"]] == [None, "DAY"]


def test_several_numbers_may_mean_one_package(api: ApiClient, day: Package) -> None:
    mapped(api.partner, "ADULT", day)
    mapped(api.partner, "CHILD", day)
    created = api.create(line("CHILD"), line("DAY"), line("ADULT"), line("CHILD"))
    assert [row["packageCode"] for row in created["items"]] == ["DAY"] * 4
    assert created["totalInclVat"] == "138.00"


def test_an_unmapped_item_is_accepted_and_ends_in_error_until_it_is_mapped_and_replayed(
    api: ApiClient, day: Package, clock: Clock, issue: Callable[[str], Order], order_desk: User
) -> None:
    named = {"names": ["Renée", "Jürgen"], "externalReferenceNumbers": ["EXT-1", "EXT-2"]}
    created = api.create(line(), line("SKU", quantity=2, wallet=named))
    unmapped = item(
        lineNo=200_000, itemNumber="SKU", packageCode=None, description=None, quantity=2
    )
    submitted = order(item(wallet()), unmapped, totalInclVat=None, totalExclVat=None)
    assert created == submitted
    path = f"/channelManager/{created['orderId']}"

    clock.forward(seconds=2)
    issue(created["orderId"])
    failed = api.get(path).json()
    assert failed == {
        **submitted,
        "status": "Error",
        "statusMessage": SENTENCE,
        "updatedAt": moment(clock.now),
    }
    assert "SKU" in failed["statusMessage"]
    assert Order.objects.get().failure_code == "unmapped_item"
    kept = OrderLine.objects.get(line_no=200_000)
    assert (kept.names, kept.external_reference_numbers) == (
        named["names"],
        named["externalReferenceNumbers"],
    )

    mapped(api.partner, "SKU", day)
    clock.forward(days=2)
    replay(created["orderId"])
    issue(created["orderId"])
    issued = api.get(path).json()
    assert (issued["status"], issued["statusMessage"]) == ("Issued", None)
    assert (issued["totalInclVat"], issued["totalExclVat"]) == ("103.50", "94.95")
    assert (
        issued["items"][0]["wallets"][0]["walletReferenceNumber"]
        == (created["items"][0]["wallets"][0]["walletReferenceNumber"])
    )
    found = issued["items"][1]
    assert (found["packageCode"], found["description"]) == ("DAY", "Name of DAY")
    assert [(row["name"], row["externalReferenceNumber"]) for row in found["wallets"]] == [
        ("Renée", "EXT-1"),
        ("Jürgen", "EXT-2"),
    ]
    assert [row["assets"] for row in found["wallets"]] == [[asset()], [asset()]]


def test_what_an_unmapped_line_asked_for_is_checked_when_it_is_replayed(
    api: ApiClient, bundle: Package, issue: Callable[[str], Order]
) -> None:
    schedule = [{"itemNumber": "CINEMA", "visitTime": "14:00"}]
    created = settle(api, issue, line("SKU", wallet={"componentSchedule": schedule}))
    assert created["items"][0]["componentSchedule"] == [
        {"itemNumber": "CINEMA", "visitDate": None, "visitTime": "14:00:00"}
    ]
    mapped(api.partner, "SKU", bundle)
    replay(created["orderId"])
    issue(created["orderId"])
    (found,) = api.get(f"/channelManager/{created['orderId']}").json()["items"]
    assert found["componentSchedule"] == [
        {"itemNumber": "DINO", "visitDate": VISIT, "visitTime": None},
        {"itemNumber": "CINEMA", "visitDate": VISIT, "visitTime": "14:00:00"},
        {"itemNumber": "LUNCH", "visitDate": VISIT, "visitTime": None},
    ]
    assert [row["itemNumber"] for row in found["wallets"][0]["assets"]] == [
        "DINO",
        "CINEMA",
        "LUNCH",
    ]


def test_an_unmapped_item_is_refused_where_the_partners_setting_says_so(api: ApiClient) -> None:
    set_partner(api.partner, unmapped_items="refuse")
    before = stored()
    assert_problem(
        api.post(api.order_body(line(), line("one"), line("two"))),
        400,
        "unknown_item",
        ("/items/1/itemNumber", "unknown_item"),
        ("/items/2/itemNumber", "unknown_item"),
    )
    assert stored() == before


@pytest.mark.parametrize("setting", ["accept", "refuse"])
@pytest.mark.parametrize("status", ["Withdrawn", "Draft"])
def test_a_package_that_is_not_on_sale_is_refused_by_code_and_by_mapping(
    api: ApiClient, day: Package, status: str, setting: str
) -> None:
    set_partner(api.partner, unmapped_items=setting)
    Package.objects.filter(pk=day.pk).update(status=status)
    mapped(api.partner, "SKU", day)
    before = stored()
    assert_problem(
        api.post(api.order_body(line("GROUP"), line("DAY"), line("SKU"))),
        400,
        "not_on_sale",
        ("/items/1/itemNumber", "not_on_sale"),
        ("/items/2/itemNumber", "not_on_sale"),
    )
    assert stored() == before


def test_all_faults_of_all_lines_are_listed_at_once(
    api: ApiClient, rival: ApiClient, day: Package
) -> None:
    set_partner(api.partner, unmapped_items="refuse")
    sellable_package(day.venue, "OLD", status="Withdrawn")
    rival.create(line(wallet={"externalReferenceNumbers": ["TAKEN"]}))
    before = stored()
    assert_problem(
        api.post(
            api.order_body(
                line("OLD"),
                line("unknown"),
                line(visit_date="2026-11-19"),
                line(quantity=2, wallet={"names": ["one"]}),
                line(wallet={"externalReferenceNumbers": ["TAKEN"]}),
                line(wallet={"componentSchedule": []}),
                line("BUNDLE", wallet={"componentSchedule": [{"itemNumber": "DAY-ENTRY"}]}),
            )
        ),
        400,
        "invalid_request",
        ("/items/0/itemNumber", "not_on_sale"),
        ("/items/1/itemNumber", "unknown_item"),
        ("/items/2/visitDate", "visit_in_past"),
        ("/items/3/wallet/names", "names_count"),
        ("/items/4/wallet/externalReferenceNumbers/0", "external_reference_taken"),
        ("/items/5/wallet/componentSchedule", "component_schedule_not_allowed"),
        ("/items/6/wallet/componentSchedule/0/itemNumber", "not_a_component"),
    )
    assert stored() == before


@pytest.mark.parametrize(
    ("number", "quantity", "sent", "fits"),
    [
        ("DAY", 2, 2, True),
        ("DAY", 2, 1, False),
        ("DAY", 2, 3, False),
        ("DAY", 2, 0, False),
        ("BUNDLE", 3, 3, True),
        ("BUNDLE", 3, 9, False),
        ("GROUP", 5, 1, True),
        ("GROUP", 5, 5, False),
        ("GROUP", 1, 0, False),
    ],
)
@pytest.mark.parametrize("member", ["names", "externalReferenceNumbers"])
def test_one_name_and_one_number_are_expected_per_wallet(
    api: ApiClient, number: str, quantity: int, sent: int, fits: bool, member: str
) -> None:
    texts = [f"text {index}" for index in range(sent)]
    response = api.post(api.order_body(line(number, quantity=quantity, wallet={member: texts})))
    if fits:
        assert response.status_code == 201
        return
    codes = {
        "names": "names_count",
        "externalReferenceNumbers": "external_reference_numbers_count",
    }
    pointer = f"/items/0/wallet/{member}"
    assert_problem(response, 400, "invalid_request", (pointer, codes[member]))


@pytest.mark.parametrize(
    ("number", "schedule", "faults"),
    [
        ("DAY", [], [("", "component_schedule_not_allowed")]),
        ("GROUP", [], [("", "component_schedule_not_allowed")]),
        (
            "DAY",
            [{"itemNumber": "DAY-ENTRY"}],
            [("", "component_schedule_not_allowed")],
        ),
        ("BUNDLE", [{"itemNumber": "DAY"}], [("/0/itemNumber", "not_a_component")]),
        ("BUNDLE", [{"itemNumber": "dino"}], [("/0/itemNumber", "not_a_component")]),
        (
            "BUNDLE",
            [{"itemNumber": "DINO"}, {"itemNumber": "LUNCH"}, {"itemNumber": "DINO"}],
            [("/2/itemNumber", "component_twice")],
        ),
        (
            "BUNDLE",
            [
                {"itemNumber": "DINO", "visitDate": "2026-11-19"},
                {"itemNumber": "LUNCH", "visitTime": "07:59"},
            ],
            [("/0/visitDate", "visit_in_past"), ("/1/visitTime", "outside_opening_hours")],
        ),
    ],
)
def test_a_component_schedule_names_components_of_a_package_once_each(
    api: ApiClient, number: str, schedule: list[Any], faults: list[tuple[str, str]]
) -> None:
    codes = {code for _, code in faults}
    assert_problem(
        api.post(api.order_body(line(number, wallet={"componentSchedule": schedule}))),
        400,
        "visit_in_past" if codes == {"visit_in_past"} else "invalid_request",
        *((f"/items/0/wallet/componentSchedule{pointer}", code) for pointer, code in faults),
    )


def test_an_order_may_have_500_lines_and_1000_wallets(api: ApiClient) -> None:
    created = api.create(*[line(quantity=2)] * 500)
    assert [row["lineNo"] for row in created["items"]][-1] == 50_000_000
    assert sum(len(row["wallets"]) for row in created["items"]) == 1000
    assert created["totalInclVat"] == "34500.00"


def test_more_than_500_lines_are_refused_naming_the_limit(api: ApiClient) -> None:
    body = assert_problem(
        api.post(api.order_body(*[line()] * 501)), 400, "invalid_request", ("/items", "max_length")
    )
    assert "500" in body["errors"][0]["detail"]


def test_more_than_1000_wallets_are_refused_naming_the_limit(api: ApiClient) -> None:
    lines = [line(quantity=500), line("unknown", quantity=500), line("GROUP", quantity=1000)]
    body = assert_problem(
        api.post(api.order_body(*lines)), 400, "invalid_request", ("/items", "too_many_wallets")
    )
    assert "1000" in body["errors"][0]["detail"].replace(",", "")
    assert api.post(api.order_body(*lines[1:])).status_code == 201


@pytest.mark.parametrize(("number", "quantity"), [("DAY", 1), ("GROUP", 1000), ("DAY", 1000)])
def test_quantities_of_1_to_1000_are_taken(api: ApiClient, number: str, quantity: int) -> None:
    assert api.create(line(number, quantity=quantity))["items"][0]["quantity"] == quantity


@pytest.mark.parametrize("setting", ["accept", "refuse"])
def test_a_package_without_a_price_or_a_component_is_treated_like_an_unmapped_item(
    api: ApiClient, day: Package, issue: Callable[[str], Order], setting: str
) -> None:
    set_partner(api.partner, unmapped_items=setting)
    PackageFactory.create(venue=day.venue, code="EMPTY")
    sellable_package(day.venue, "FREE?").prices.all().delete()
    body = api.order_body(line("EMPTY"), line("FREE?"))
    if setting == "refuse":
        faults = [(f"/items/{index}/itemNumber", "package_not_ready") for index in (0, 1)]
        assert_problem(api.post(body), 400, "package_not_ready", *faults)
        return
    created = api.post(body).json()
    assert [row["wallets"] for row in created["items"]] == [[], []]
    assert issue(created["orderId"]).status == "Error"
    assert Order.objects.get().failure_code == "no_active_component"


def test_a_component_that_is_not_active_is_left_out(api: ApiClient, bundle: Package) -> None:
    Component.objects.filter(package=bundle, item__number="LUNCH").update(is_active=False)
    (found,) = api.create(line("BUNDLE"))["items"]
    assert [row["itemNumber"] for row in found["componentSchedule"]] == ["DINO", "CINEMA"]
    assert found["isPackage"] is True
