"""Versions of an item number: what was sold under one stays, and what comes next is another one."""

from __future__ import annotations

import datetime
import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db import IntegrityError, OperationalError, connection, transaction
from django.test import Client
from django.utils import timezone

from catalog import versions
from catalog.admin.mappings import PackageMappingAdmin
from catalog.models import Package, PackageMapping
from catalog.versions import NotChangeable
from channel_manager.history.models import Event
from orders import intake
from orders.models import Order, OrderLine
from partners.models import Partner
from tests.conftest import TOMORROW, ApiClient
from tests.factories import PackageMappingFactory, VenueFactory, sellable_package
from tests.staff import messages_of, person, signed_in, text_of

MAPPINGS = "/admin/catalog/packagemapping/"
TODAY = TOMORROW - datetime.timedelta(days=1)
YESTERDAY = TODAY - datetime.timedelta(days=1)
SKU = {"itemNumber": "SKU-1", "visitDate": TOMORROW.isoformat()}


@pytest.fixture
def desk(order_desk: User) -> Client:
    """The browser of somebody who keeps the catalogue."""
    return signed_in(order_desk)


@pytest.fixture
def mapping(partner: Partner, day: Package) -> PackageMapping:
    """SKU-1 is the day ticket, always."""
    return PackageMappingFactory.create(partner=partner, item_number="SKU-1", package=day)


def change(mapping: PackageMapping, package: Package, day: datetime.date) -> PackageMapping:
    return versions.change_from(
        mapping_id=mapping.pk, package=package, day=day, actor="staff:7", now=timezone.now()
    )


def stored(partner: Partner) -> list[tuple[Any, ...]]:
    """Return every version of SKU-1: number, package, first and last day."""
    rows = PackageMapping.objects.filter(partner=partner, item_number="SKU-1").order_by("version")
    return [(row.version, row.package.code, row.valid_from, row.valid_until) for row in rows]


def set_in_place(mapping: PackageMapping, **columns: Any) -> None:
    with transaction.atomic():
        PackageMapping.objects.filter(pk=mapping.pk).update(**columns)


def test_the_database_counts_the_versions_of_each_number(
    partner: Partner, rival: ApiClient, day: Package
) -> None:
    def add(number: str, of: Partner = partner, **values: Any) -> PackageMapping:
        return PackageMappingFactory.create(
            partner=of, item_number=number, package=day, is_active=False, **values
        )

    made = [add("A"), add("A"), add("B"), add("A", rival.partner), add("A", version=7)]
    assert [one.version for one in made] == [1, 2, 1, 1, 3]
    set_in_place(made[1], item_number="B")
    assert PackageMapping.objects.get(pk=made[1].pk).version == 2


def test_what_was_sold_under_a_version_cannot_change_in_place(
    api: ApiClient, rival: ApiClient, mapping: PackageMapping, group: Package
) -> None:
    set_in_place(mapping, package=group)
    set_in_place(mapping, package=Package.objects.get(code="DAY"))
    api.create(SKU)
    for columns, constraint in (
        ({"package": group}, "line_sold_under_mapping"),
        ({"item_number": "SKU-2"}, "line_sold_under_mapping"),
        ({"partner": rival.partner}, "mapping_partner_stays"),
    ):
        with pytest.raises(IntegrityError) as refusal:
            set_in_place(mapping, **columns)
        assert refusal.value.__cause__.diag.constraint_name == constraint  # type: ignore[union-attr]
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM catalog_packagemapping WHERE id = %s", [mapping.pk])
    set_in_place(mapping, valid_until=TOMORROW, is_active=False)


def test_an_order_whose_mapping_changes_meanwhile_is_planned_anew(
    api: ApiClient, mapping: PackageMapping, group: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert, tried = intake.insert_rows, []

    def insert_what_has_changed(lines: list[OrderLine], *others: Any) -> None:
        if not tried:
            lines[0].package = group  # as it was when the order was planned
        tried.append(lines)
        insert(lines, *others)

    monkeypatch.setattr(intake, "insert_rows", insert_what_has_changed)
    assert api.create(SKU)["items"][0]["packageCode"] == "DAY"
    assert len(tried) == 2


def test_from_a_day_on_a_number_means_another_package_and_orders_keep_theirs(
    api: ApiClient, mapping: PackageMapping, group: Package, day: Package
) -> None:
    before = api.create(SKU)
    PackageMapping.objects.filter(pk=mapping.pk).update(valid_until=datetime.date(2099, 12, 31))
    following = change(mapping, group, TODAY)
    after = api.create(SKU, sellToOrderReference="WEB-2")
    assert stored(api.partner) == [
        (1, "DAY", None, YESTERDAY),
        (2, "GROUP", TODAY, datetime.date(2099, 12, 31)),
    ]
    sold = {line.order_id: (line.mapping_id, line.package) for line in OrderLine.objects.all()}
    assert sold == {
        uuid.UUID(before["orderId"]): (mapping.pk, day),
        uuid.UUID(after["orderId"]): (following.pk, group),
    }
    told = Event.objects.filter(kind=versions.NUMBER_KIND).order_by("id")
    assert [(event.name, event.data["version"]) for event in told] == [
        ("mapping_changed", 1),
        ("mapping_added", 2),
    ]
    assert (told[0].data["was"], told[0].data["becomes"]) == (
        "SKU-1 is DAY, until 31 Dec 2099",
        f"SKU-1 is DAY, until {YESTERDAY:%-d %b %Y}",
    )


def test_a_change_that_would_rewrite_history_is_refused(
    api: ApiClient, mapping: PackageMapping, group: Package, day: Package
) -> None:
    api.create(SKU)
    far = sellable_package(VenueFactory.create(), "FAR")
    for package, first, why in (
        (group, YESTERDAY, "Orders were sold under Version 1"),
        (day, TOMORROW, "means DAY already"),
        (far, TOMORROW, "another venue"),
        (group, datetime.date.min, "cannot end the day before"),
    ):
        with pytest.raises(NotChangeable, match=why):
            change(mapping, package, first)
    PackageMapping.objects.filter(pk=mapping.pk).update(valid_from=TOMORROW)
    with pytest.raises(NotChangeable, match="cannot end the day before"):
        change(mapping, group, TOMORROW)
    assert stored(api.partner) == [(1, "DAY", TOMORROW, None)]


def test_two_people_who_add_the_next_version_at_once_hear_of_each_other(
    desk: Client, mapping: PackageMapping, group: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    def add_too_late(*_: Any, **__: Any) -> None:
        raise IntegrityError("mapping_version_once")

    monkeypatch.setattr(versions, "record", add_too_late)
    sent = {"package": group.pk, "day": TOMORROW.isoformat()}
    page = desk.post(f"{MAPPINGS}{mapping.pk}/change-from/", sent)
    assert messages_of(page) == [
        "Somebody else has just changed what this number means. Look again."
    ]
    assert stored(mapping.partner) == [(1, "DAY", None, None)]


def test_a_clash_is_named_with_its_days_and_a_link(
    desk: Client, partner: Partner, day: Package, group: Package
) -> None:
    first, last = datetime.date(2026, 1, 1), datetime.date(2026, 12, 31)
    there = PackageMappingFactory.create(
        partner=partner, item_number="SKU-1", package=day, valid_from=first, valid_until=last
    )
    answers = {"partner": partner.pk, "item_number": "SKU-1", "package": group.pk}
    page = desk.post(f"{MAPPINGS}add/", {**answers, "valid_from": "2026-12-24", "is_active": "on"})
    assert (
        "Version 1 of this item number, DAY Name of DAY, holds 1 Jan 2026 – 31 Dec 2026. "
        "Both would hold 24 Dec 2026 – 31 Dec 2026."
    ) in text_of(page)
    assert f'href="{MAPPINGS}{there.pk}/change/">Version 1</a>' in page.content.decode()


def test_all_versions_stand_on_one_page_with_what_was_sold_under_each(
    desk: Client, api: ApiClient, tester: ApiClient, mapping: PackageMapping, group: Package
) -> None:
    for number in range(2):
        api.create(SKU, SKU, sellToOrderReference=f"WEB-{number}")
    tester.create(SKU)
    address = f"{MAPPINGS}{mapping.pk}/change-from/"
    assert "Version 1 (DAY, always) ends on the day before" in text_of(desk.get(address))
    sent = {"package": group.pk, "day": TOMORROW.isoformat(), "reason": "New season"}
    shown = desk.post(address, sent)
    assert stored(api.partner) == [(1, "DAY", None, None)]
    done = desk.post(address, {**sent, "_agreed": shown.context["shown"]}, follow=True)
    assert messages_of(done) == [
        f"Version 2: SKU-1 is GROUP, from {TOMORROW:%-d %b %Y}.",
    ]
    shown = done.context["versions"]
    assert [(one.mapping.version, text_of_badge(one.standing)) for one in shown] == [
        (2, "To come"),
        (1, "Today"),
    ]
    assert [one.sold.counted for one in shown] == ["0 orders", "3 orders"]
    listed = desk.get(shown[1].sold.url).context["cl"]
    assert listed.result_count == 3
    page = text_of(done)
    assert "Version added desk" not in page
    assert "New season" in page
    assert "Orders were sold under this version" in text_of(
        desk.get(f"{MAPPINGS}{mapping.pk}/change/")
    )
    order = Order.objects.filter(test_mode=False)[0]
    assert "mapping, version 1" in text_of(desk.get(f"/admin/orders/order/{order.pk}/change/"))


def test_what_a_change_does_is_shown_first_and_anew_when_a_colleague_was_faster(
    desk: Client,
    api: ApiClient,
    issue: Callable[[str], Order],
    mapping: PackageMapping,
    group: Package,
) -> None:
    api.create(SKU)
    PackageMapping.objects.update(is_active=False)
    failed = issue(api.create(SKU, sellToOrderReference="WEB-2")["orderId"])
    assert failed.status == "Error"
    PackageMapping.objects.update(is_active=True)
    Package.objects.filter(pk=group.pk).update(status="Withdrawn")
    address = f"{MAPPINGS}{mapping.pk}/change-from/"
    sent = {"package": group.pk, "day": TODAY.isoformat(), "reason": ""}
    shown = desk.post(address, sent)
    assert shown.context["effects"] == [
        f"Version 1 (DAY) held always. It ends on {YESTERDAY:%-d %b %Y}.",
        f"Version 2 begins: SKU-1 is GROUP, from {TODAY:%-d %b %Y}. What is received from then on "
        "is sold as GROUP.",
        "Orders that were sold until now, today's included, stay DAY: an order keeps the version it "
        "was sold under.",
        "Sold under Version 1 so far, and not touched: 1 order.",
        "1 order waits for this number. Replayed after this: It would not be issued as things stand. "
        "The preview says why.",
    ]
    assert "GROUP is not on sale: as things stand, orders for it are refused" in text_of(shown)
    carried = dict(
        re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', shown.content.decode())
    )
    preview = desk.post("/admin/orders/order/preview/mapping/", carried)
    assert "GROUP is not on sale." in text_of(preview)
    agreed = {**sent, "_agreed": shown.context["shown"]}
    assert (
        desk.post(address, {**agreed, "_back": "1"}).context["form"]["day"].value() == sent["day"]
    )
    PackageMapping.objects.update(valid_until=TOMORROW)
    outdated = text_of(desk.post(address, agreed))
    assert "A colleague has changed this number since you looked." in outdated
    assert stored(api.partner) == [(1, "DAY", None, TOMORROW)]


def text_of_badge(badge: Any) -> str:
    return " ".join(str(badge).replace(">", "<").split("<")[2::4]).strip() or str(badge)


def test_what_nobody_sold_under_is_edited_and_removed_and_both_are_told(
    desk: Client, partner: Partner, day: Package, group: Package
) -> None:
    answers = {"item_number": "SKU-1", "package": day.pk, "is_active": "on"}
    desk.post(f"{MAPPINGS}add/", {"partner": partner.pk, **answers})
    mapping = PackageMapping.objects.get()
    address = f"{MAPPINGS}{mapping.pk}/"
    assert desk.post(f"{address}change/", {**answers, "package": group.pk}).status_code == 302
    assert desk.post(f"{address}change/", {**answers, "package": group.pk}).status_code == 302
    assert stored(partner) == [(1, "GROUP", None, None)]
    told = text_of(desk.get(f"{address}change/"))
    assert "Was SKU-1 is DAY, always Becomes SKU-1 is GROUP, always" in told
    assert desk.post(f"{address}delete/", {"post": "yes"}).status_code == 302
    names = Event.objects.filter(kind=versions.NUMBER_KIND).order_by("id")
    assert list(names.values_list("name", flat=True)) == [
        "mapping_added",
        "mapping_changed",
        "mapping_removed",
    ]


class Locked:
    """Somebody else holds the row for as long as anybody waits."""

    def __getattr__(self, name: str) -> Any:
        raise OperationalError("canceling statement due to lock timeout")


def test_a_version_sold_under_while_it_is_removed_or_edited_stays(
    desk: Client,
    api: ApiClient,
    mapping: PackageMapping,
    group: Package,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    api.create(SKU)
    monkeypatch.setattr("catalog.admin.mappings._is_sold", lambda _mapping: False)
    monkeypatch.setattr(PackageMappingAdmin, "get_deleted_objects", lambda *_: ([], {}, set(), []))
    page = f"{MAPPINGS}{mapping.pk}/"
    for address, answers in (
        (f"{page}delete/", {"post": "yes"}),
        (f"{page}change/", {"item_number": "SKU-1", "package": group.pk, "is_active": "on"}),
    ):
        done = desk.post(address, answers, follow=True)
        assert messages_of(done) == ["An order was sold under this version just now."]
        with monkeypatch.context() as patch:
            patch.setattr("catalog.admin.mappings.versions", Locked())
            done = desk.post(address, answers, follow=True)
        assert messages_of(done) == ["This is being worked on right now. Try again in a moment."]
    assert stored(api.partner) == [(1, "DAY", None, None)]


def test_the_next_version_takes_the_right_to_add_and_to_change(mapping: PackageMapping) -> None:
    half = signed_in(person("half", "catalog.view_packagemapping", "catalog.change_packagemapping"))
    address = f"{MAPPINGS}{mapping.pk}/change-from/"
    assert half.get(address).status_code == 403
    assert half.post(address, {}).status_code == 403
    page = text_of(half.get(f"{MAPPINGS}{mapping.pk}/change/"))
    assert "Change from a date" not in page
    assert "Sold under it Version 1" in page
    gone = f"{MAPPINGS}{uuid.uuid4()}/change-from/"
    whole = signed_in(
        person("whole", *(f"catalog.{verb}_packagemapping" for verb in ("view", "add", "change")))
    )
    assert messages_of(whole.get(gone, follow=True)) == ["This mapping was removed meanwhile."]


def test_the_page_takes_as_many_statements_for_many_versions(
    desk: Client, mapping: PackageMapping, day: Package, statements: Callable[[], Any]
) -> None:
    taken = []
    ContentType.objects.get_for_model(PackageMapping)  # known from the first page on
    for more in (0, 8):
        for _ in range(more):
            PackageMappingFactory.create(
                partner=mapping.partner, item_number="SKU-1", package=day, is_active=False
            )
        with statements() as count:
            assert desk.get(f"{MAPPINGS}{mapping.pk}/change/").status_code == 200
        taken.append(len(count))
    assert taken[0] == taken[1] <= 20
