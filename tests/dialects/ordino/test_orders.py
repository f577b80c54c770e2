"""`POST /ordino/api/orders`: the seed's request, and what becomes of it."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from catalog.models import Package, PackageStatus
from orders.erasure import erase_guest, erase_order
from orders.models import GuestOrder, Order, OrderLine, ReceivedRequest
from partners.keys import create_key
from tests.conftest import ApiClient
from tests.dialects.ordino.speaking import (
    GUEST,
    ORDERS,
    RECEIVED,
    SEED,
    Park,
    answer,
    invalid,
    missing,
    problem,
    refused,
)
from tests.factories import PackageMappingFactory
from tests.orders.expected import NOON, Clock
from wallets.models import Asset

OK = (200, RECEIVED, "application/json")
Sold = Callable[..., Order]


def test_the_seeds_order_is_an_issued_one_of_the_partner(park: Park, sold: Sold) -> None:
    assert answer(park.order(SEED)) == OK
    order = sold(park)
    assert (
        order.partner,
        order.status,
        order.test_mode,
        order.sell_to_order_reference,
        order.payment_reference,
        order.sell_to_email,
        order.total_incl_vat,
    ) == (
        park.storefront.partner,
        "Issued",
        False,
        "ord_shop_abc123",
        "WEB-12345",
        GUEST,
        Decimal("44.500"),
    )
    lines = OrderLine.objects.filter(order=order).values_list("item_number", "quantity")
    assert sorted(lines) == [("pkg_ride_pass", 1), ("pkg_voucher", 2)]
    assert Asset.objects.filter(wallet__order=order, status="Valid").count() == 3
    kept = ReceivedRequest.objects.get(order=order)
    assert (kept.kind, kept.api_key) == ("createOrder", park.row)


def test_what_is_optional_may_be_left_out_or_null(park: Park, sold: Sold) -> None:
    bare = {"guest_email": "member-77120", "packages": [{"package_id": "pkg_voucher"}]}
    nulls = {
        "redeemable_from": None,
        "redeemable_until": None,
        "max_redemptions": None,
        "metadata": {"order_id": None, "reference": None, "source": None, "total_amount": None},
        "something_new": {"of": "theirs"},
    }
    for members in ({}, nulls, {"metadata": None}):
        assert answer(park.order({**bare, **members})) == OK
    orders = list(Order.objects.all())
    assert len({order.sell_to_order_reference for order in orders}) == 3
    assert {order.payment_reference for order in orders} == {
        order.sell_to_order_reference for order in orders
    }
    # An identity that is no address is kept, and nobody is mailed there.
    assert {order.sell_to_email for order in orders} == {None}
    assert {made.guest for made in GuestOrder.objects.all()} == {"member-77120"}


def test_a_package_that_stands_twice_adds_up(park: Park, sold: Sold) -> None:
    order = sold(park, packages=[{"package_id": "pkg_voucher", "quantity": 2}] * 2)
    assert Asset.objects.filter(wallet__order=order).count() == 4


def test_one_id_is_one_order(park: Park) -> None:
    for _ in range(2):
        assert answer(park.order(SEED)) == OK
    reordered = {name: SEED[name] for name in reversed(SEED)}
    assert answer(park.order({**reordered, "max_redemptions": None})) == OK
    assert Order.objects.count() == GuestOrder.objects.count() == 1
    other = {**SEED, "guest_email": "other@example.com"}
    told = invalid(**{"Metadata.Order_id": "ord_shop_abc123 was used for another order."})
    assert answer(park.order(other)) == refused(told)
    assert Order.objects.count() == 1


def test_an_id_stays_used_when_its_order_is_erased_or_cancelled(park: Park, sold: Sold) -> None:
    order = sold(park)
    erase_order(orders=Order.objects.all(), order_id=order.pk, actor="x", now=NOON, reason="asked")
    assert answer(park.order(SEED)) == OK
    native = ApiClient(create_key(partner=order.partner)[1], order.partner)
    assert native.delete(str(order.pk)).status_code == 200
    assert answer(park.order(SEED)) == OK
    assert Order.objects.get().status == "Cancelled"


def test_the_partners_own_reference_is_not_taken_twice(park: Park, day: Package) -> None:
    partner = park.storefront.partner
    partner.sell_by_package_code = True
    partner.save()
    ApiClient(create_key(partner=partner)[1], partner).create(
        sellToOrderReference="ord_shop_abc123"
    )
    told = invalid(**{"Metadata.Order_id": "ord_shop_abc123 was used for another order."})
    assert answer(park.order(SEED)) == refused(told)
    assert GuestOrder.objects.count() == 0


def test_ids_of_all_lengths_are_kept_apart(park: Park) -> None:
    long = "L" * 255
    for name in (f"{long}1", f"{long}2", f"{long}1"):
        assert answer(park.order({**SEED, "metadata": {"order_id": name}})) == OK
    references = set(Order.objects.values_list("sell_to_order_reference", flat=True))
    assert len(references) == 2
    assert {len(reference) for reference in references} == {128}


def test_everything_wrong_is_told_at_once(park: Park) -> None:
    assert answer(park.order({"packages": []})) == refused(
        invalid(
            Guest_email="The Guest_email field is required.",
            Packages="At least one package is required.",
        )
    )
    length = "must be a string with a minimum length of 1 and a maximum length of 256."
    assert answer(
        park.order(
            {
                "guest_email": "x" * 257,
                "packages": [
                    {"package_id": "", "quantity": 0},
                    {"quantity": 1001},
                    "pkg_voucher",
                    {"package_id": 7, "quantity": "1"},
                    {"package_id": "a\0b", "quantity": True},
                ],
                "metadata": {
                    "order_id": "",
                    "reference": 1,
                    "source": [],
                    "total_amount": "49.99",
                },
                "redeemable_from": "2027-05-01T00:00:00",
                "redeemable_until": "soon",
                "max_redemptions": 1001,
            }
        )
    ) == refused(
        invalid(
            **{
                "Guest_email": f"The field Guest_email {length}",
                "Redeemable_from": "The field Redeemable_from must be an ISO 8601 date-time with "
                "an offset.",
                "Redeemable_until": "The field Redeemable_until must be an ISO 8601 date-time with "
                "an offset.",
                "Max_redemptions": "The field Max_redemptions must be between 1 and 1000.",
                "Packages[0].Package_id": "The Package_id field is required.",
                "Packages[0].Quantity": "The field Quantity must be between 1 and 1000.",
                "Packages[1].Package_id": "The Package_id field is required.",
                "Packages[1].Quantity": "The field Quantity must be between 1 and 1000.",
                "Packages[2]": "A JSON object is expected.",
                "Packages[3].Package_id": "The field Package_id must be a string.",
                "Packages[3].Quantity": "The field Quantity must be an integer.",
                "Packages[4].Package_id": "The field Package_id must not contain control "
                "characters.",
                "Packages[4].Quantity": "The field Quantity must be an integer.",
                "Metadata.Order_id": f"The field Order_id {length}",
                "Metadata.Reference": "The field Reference must be a string.",
                "Metadata.Source": "The field Source must be a string.",
                "Metadata.Total_amount": "The field Total_amount must be a number.",
            }
        )
    )
    assert Order.objects.count() == 0


@pytest.mark.parametrize("body", ["[]", '"order"', "null", "{", '{"a": 1, "a": 2}', "\xff"])
def test_a_body_that_is_no_json_object(park: Park, body: str) -> None:
    response = park.request("POST", ORDERS, raw=body.encode("latin-1"), x_api_key=park.key)
    status, content, _ = answer(response)
    assert (status, content["error_code"], list(content["errors"])) == (
        400,
        "validation_error",
        ["$"],
    )


def test_a_window_that_ends_before_it_begins(park: Park) -> None:
    window = {
        "redeemable_from": "2027-05-02T00:00:00Z",
        "redeemable_until": "2027-05-01T00:00:00+02:00",
    }
    told = "The field Redeemable_until must not be before Redeemable_from."
    assert answer(park.order({**SEED, **window})) == refused(invalid(Redeemable_until=told))


def test_all_packages_that_are_missing_are_told_and_nothing_is_made(park: Park) -> None:
    packages = [
        {"package_id": name} for name in ("pkg_foto", "pkg_voucher", "RIDE", "pkg_foto", "pkg_x")
    ]
    assert answer(park.order({**SEED, "packages": packages})) == refused(
        missing("package", "pkg_foto", "RIDE", "pkg_x")
    )
    packages = [{"package_id": "pkg_foto"}]
    assert answer(park.order({**SEED, "packages": packages})) == refused(
        missing("package", "pkg_foto")
    )
    assert Order.objects.count() == GuestOrder.objects.count() == 0


@pytest.mark.derived
def test_what_cannot_be_issued_without_a_visit_date(park: Park, seller: Any, day: Package) -> None:
    PackageMappingFactory.create(partner=seller, item_number="pkg_day", package=day)
    packages = [{"package_id": "pkg_day"}, {"package_id": "pkg_voucher"}]
    assert answer(park.order({**SEED, "packages": packages})) == refused(
        problem(
            "session_creation_failed",
            "The sessions could not be created",
            "DAY needs a visitDate.",
            error="visit_date_required",
        )
    )
    assert Order.objects.count() == 0


@pytest.mark.derived
def test_what_is_not_on_sale_or_never_redeemable(park: Park, voucher: Package) -> None:
    past = {"redeemable_until": (NOON - datetime.timedelta(days=1)).isoformat()}
    assert answer(park.order({**SEED, **past})) == refused(
        problem(
            "session_creation_failed",
            "The sessions could not be created",
            "RIDE is not valid at any moment of the redeem window. VOUCHER is not valid at any "
            "moment of the redeem window.",
            error="not_redeemable",
        )
    )
    Package.objects.filter(pk=voucher.pk).update(status=PackageStatus.WITHDRAWN)
    assert answer(park.order(SEED)) == refused(
        problem(
            "session_creation_failed",
            "The sessions could not be created",
            "VOUCHER is not on sale.",
            error="not_on_sale",
        )
    )


def test_the_window_and_the_number_of_redemptions_are_the_tickets(
    park: Park, sold: Sold, clock: Clock
) -> None:
    order = sold(
        park,
        redeemable_from="2026-11-21T10:00:00+01:00",
        redeemable_until="2026-11-22T18:00:00+01:00",
        max_redemptions=3,
    )
    rows = Asset.objects.filter(wallet__order=order)
    assert {(row.valid_from, row.valid_until, row.admissions) for row in rows} == {
        (
            datetime.datetime(2026, 11, 21, 9, tzinfo=datetime.UTC),
            datetime.datetime(2026, 11, 22, 17, tzinfo=datetime.UTC),
            3,
        )
    }


def test_a_wide_window_does_not_outlast_the_package(park: Park, sold: Sold) -> None:
    order = sold(
        park,
        packages=[{"package_id": "pkg_ride_pass"}],
        redeemable_from="2020-01-01T00:00:00Z",
        redeemable_until="2030-01-01T00:00:00Z",
    )
    (asset,) = Asset.objects.filter(wallet__order=order)
    # Seven days from its sale, until the park closes.
    assert (asset.valid_from, asset.valid_until, asset.admissions) == (
        NOON,
        datetime.datetime(2026, 11, 27, 19, tzinfo=datetime.UTC),
        1,
    )


def test_an_identity_is_erased_with_everything_else(park: Park, sold: Sold) -> None:
    order = sold(park, guest_email="Member-77120")
    assert park.guest("Member-77120").entitlements()
    erased = erase_guest(address="member-77120", actor="staff:1", now=NOON, reason="asked")
    assert (erased.orders, erased.in_flight) == (1, 0)
    assert GuestOrder.objects.get(order=order).guest == ""
    assert "77120" not in ReceivedRequest.objects.get(order=order).body
    assert park.guest("Member-77120").entitlements() == []
